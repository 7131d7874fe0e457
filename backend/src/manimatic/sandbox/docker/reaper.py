"""Remove the containers that dead launchers left, by the labels that every container of ours has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from manimatic.errors import SandboxError
from manimatic.sandbox.docker.container import LAUNCHER, LIFETIME, RUN
from manimatic.sandbox.docker.engine import Engine
from manimatic.sandbox.identity import LauncherIdentity


def reap(engine: Engine, identity: LauncherIdentity, is_running: Callable[[str], bool]) -> tuple[str, ...]:
    """Remove what is left behind and return the ids of what was removed.

    Raises:
        SandboxError: The engine does not answer; what could be removed is.
    """
    found = engine.labelled(LAUNCHER)
    if not found:
        return ()
    clock_s = engine_clock_s(engine.info())
    removed, failure = [], None
    for one in found:
        if is_left(one, identity, is_running, clock_s):
            try:
                engine.remove(one["Id"])
                removed.append(str(one["Id"]))
            except SandboxError as error:
                failure = error
    if failure:
        raise failure
    return tuple(removed)


def is_left(
    container: Mapping[str, Any], identity: LauncherIdentity, is_running: Callable[[str], bool], clock_s: float
) -> bool:
    """Tell whether nobody watches over a container any more.

    Whether a launcher of another root file system lives cannot be told from here; its containers are removed when they
    are older than a run that is watched can be. Ages are taken on the engine's own clock.
    """
    labels = container.get("Labels") or {}
    if labels.get(LAUNCHER) == identity.id:
        return not is_running(labels.get(RUN, ""))
    if not identity.is_alive(labels.get(LAUNCHER, "")):
        return True
    lifetime = labels.get(LIFETIME, "")
    return lifetime.isdigit() and clock_s - float(container.get("Created", clock_s)) > int(lifetime)


def engine_clock_s(info: Mapping[str, Any]) -> float:
    """Return the engine's time in seconds; the beginning of time where it does not say it."""
    try:
        said = str(info["SystemTime"])
        return datetime.fromisoformat(said[:19] + "+00:00").timestamp() - _offset_s(said)
    except (KeyError, ValueError):
        return 0.0


def _offset_s(said: str) -> float:
    """Return how far a time of RFC 3339 is from UTC; the engine writes nine digits of a second, or none."""
    zone = said[19:].lstrip(".0123456789")
    if zone in {"", "Z"}:
        return 0.0
    offset = datetime.fromisoformat(f"2000-01-01T00:00:00{zone}").utcoffset()
    return offset.total_seconds() if offset else 0.0
