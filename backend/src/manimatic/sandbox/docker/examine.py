"""Look over the container engine for what the docker backend needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from manimatic.errors import SandboxError
from manimatic.findings import Finding, error, ok
from manimatic.sandbox.docker.engine import Engine


def examine(
    connect: Callable[[], Engine], image: str, attempt: Callable[[], Mapping[str, Any]] | None
) -> Iterator[Finding]:
    """Yield the findings; one that is an error is the last.

    Args:
        connect: Reaches the engine; raises SandboxUnavailable.
        image: The worker image's name.
        attempt: Runs a trial container and returns the isolation report; None for a quick look.
    """
    try:
        engine = connect()
        yield _engine(engine)
    except SandboxError as failure:
        yield error("container engine", failure.message, failure.hint)
        return
    try:
        yield ok("worker image", f"{image} is {engine.image(image)['Id']}")
    except SandboxError as failure:
        yield error("worker image", failure.message, failure.hint)
        return
    finally:
        engine.close()
    if attempt is not None:
        yield _trial(attempt)


def _engine(engine: Engine) -> Finding:
    said = engine.version()
    parts = {str(one.get("Name")): str(one.get("Version")) for one in said.get("Components") or ()}
    shown = ", ".join(f"{name} {parts[name]}" for name in ("containerd", "runc") if name in parts)
    return ok("container engine", f"{said.get('Version')} at {engine.address}" + (f" with {shown}" if shown else ""))


def _trial(attempt: Callable[[], Mapping[str, Any]]) -> Finding:
    try:
        report = attempt()
    except SandboxError as failure:
        return error("docker backend", failure.message, failure.hint)
    missing = ", ".join(report["missing"]) or "nothing"
    return ok(
        "docker backend", f"a trial container's walls stand, under {report['layers']['runtime']}; missing: {missing}"
    )
