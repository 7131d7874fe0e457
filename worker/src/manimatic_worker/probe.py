"""Try the walls from inside: put them up as a worker does, then attempt what they forbid and say how it ended."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Callable
from pathlib import Path

from manimatic_worker.worker_entrypoint import confine_worker


def main(argv: list[str]) -> int:
    """Print one JSON object: the `layers` in force and, by name, what each forbidden `deed` came to."""
    layers = confine_worker(argv[1])
    deeds: dict[str, Callable[[], object]] = {
        "list /": lambda: list(Path("/").iterdir()),
        "read /proc/1/cmdline": lambda: Path("/proc/1/cmdline").read_bytes(),
        "write /tmp": lambda: create("/tmp/manimatic-probe"),  # noqa: S108
        "make a socket": lambda: socket.socket(socket.AF_INET).close(),
        "make a unix socket": lambda: socket.socket(socket.AF_UNIX).close(),
        "signal the keeper": lambda: os.kill(os.getppid(), 0),
    }
    outcomes = {name: attempt(deed) for name, deed in deeds.items()}
    own = {"write here": attempt(lambda: create("probe"))}
    print(json.dumps({"layers": layers, "deeds": outcomes, "own": own}), flush=True)  # noqa: T201
    return 0


def attempt(deed: Callable[[], object]) -> str:
    """Return `done`, or the kind of error that the deed met."""
    try:
        deed()
    except OSError as error:
        return type(error).__name__
    return "done"


def create(path: str) -> None:
    """Make a file and take it away again."""
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600))
    with contextlib.suppress(OSError):
        Path(path).unlink()
