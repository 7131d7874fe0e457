"""What /proc tells of the processes below one."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

ROLES = {
    "api": b"gunicorn",
    "dispatcher": b"manimatic.dispatcher",
    "celery": b"manimatic.celery_app",
    "launcher": b"manimatic.launcher",
    "worker": b"worker_entrypoint",
}
WAIT_S = 90.0
"""How long anything may take that takes a second or two where nothing else runs."""


def descendants(pid: int) -> set[int]:
    """Return the ids of all processes below this one."""
    children: dict[int, set[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = int(path.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, set()).add(int(path.parent.name))
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        below = children.get(waiting.pop(), set())
        found |= below
        waiting += below
    return found


def of_role(role: str, below: int) -> set[int]:
    """Return the processes of one role below this one."""
    return {pid for pid in descendants(below) if ROLES[role] in command_line(pid)}


def command_line(pid: int) -> bytes:
    """Return a process's arguments; empty where it is gone."""
    return _read(pid, "cmdline")


def environment(pid: int) -> bytes:
    """Return the environment that a process was started with; empty where it is gone."""
    return _read(pid, "environ")


def alive(pids: set[int]) -> set[int]:
    """Return those that are still there; what has ended and only waits to be reaped is not."""
    return {pid for pid in pids if (text := _read(pid, "stat")) and b") Z " not in text}


def groups_of(below: int) -> set[Path]:
    """Return the resource groups that workers below this process are in, as far as they are ours."""
    groups: set[Path] = set()
    for pid in of_role("worker", below):
        for line in _read(pid, "cgroup").decode().splitlines():
            _, controllers, path = line.split(":", 2)
            if "/manimatic-" in path:
                groups.add(Path("/sys/fs/cgroup", controllers.removeprefix("name="), path.lstrip("/")))
    return groups


def until(found: Callable[[], object], what: str, within_s: float = WAIT_S) -> None:
    """Wait for something to be so."""
    give_up_at = time.monotonic() + within_s
    while not found():
        assert time.monotonic() < give_up_at, f"not within {within_s} s: {what}"
        time.sleep(0.05)


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""
