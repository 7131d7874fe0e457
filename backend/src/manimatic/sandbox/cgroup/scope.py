"""A subtree of control groups from the user's own systemd, for a plain user on a machine whose groups belong to it.

Only systemd may move a process of a plain user from the session's group to another, so what is asked of it is a scope
for this process itself, with the right to make groups below it, unless this is a service that has the right already.
Scopes for single runs will not do: such a scope is taken away with its last process, and with it the counter that says
why that process was killed.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

Run = Callable[[Sequence[str]], subprocess.CompletedProcess[str]]
_TIMEOUT_S = 10.0
_PATIENCE_S = 5.0  # systemd answers before it has moved the process
_PAUSE_S = 0.01
_SHOW = ("systemctl", "--user", "show", "--property=Delegate", "--value")
_MANAGER = ("org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager")


def run_quietly(argv: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a command of systemd; one that is missing or hangs counts as failed."""
    try:
        return subprocess.run(argv, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(list(argv), 127, "", str(error))


def be_handed_over(run: Run = run_quietly, proc: Path = Path("/proc"), patience_s: float = _PATIENCE_S) -> str | None:
    """Come to stand in a group that is this process's to divide; return None, or why there is none.

    Where it is not the user's service already, it is a new scope, which goes when the last process in it does.
    """
    unit = _own_group(proc).rpartition("/")[2]
    if unit.endswith(".service") and run((*_SHOW, unit)).stdout.strip() == "yes":
        return None
    pid = os.getpid()
    name = f"manimatic.{pid}.{time.monotonic_ns()}.scope"
    done = run(_start_unit(name, pid))
    if done.returncode:
        return f"systemd: no scope of its own ({done.stderr.strip() or f'busctl ended with {done.returncode}'})"
    give_up_at = time.monotonic() + patience_s
    while not _own_group(proc).endswith(f"/{name}"):
        if time.monotonic() > give_up_at:
            return f"systemd: this process was not moved to {name}"
        time.sleep(_PAUSE_S)
    return None


def _own_group(proc: Path) -> str:
    """Return the path of this process's group; empty where there are none of version 2."""
    with contextlib.suppress(OSError):
        for line in (proc / "self" / "cgroup").read_text().splitlines():
            if line.startswith("0::"):
                return line.removeprefix("0::")
    return ""


def _start_unit(name: str, pid: int) -> tuple[str, ...]:
    """Give the call of systemd's StartTransientUnit; a list of values is preceded by their number."""
    properties = (
        ("PIDs", "au", "1", str(pid)),
        ("Delegate", "b", "true"),
        ("CollectMode", "s", "inactive-or-failed"),
        ("Description", "s", "Manimatic's workers"),
    )
    values = [word for one in properties for word in one]
    head = ("busctl", "--user", "--quiet", "call", *_MANAGER, "StartTransientUnit", "ssa(sv)a(sa(sv))")
    return (*head, name, "fail", str(len(properties)), *values, "0")
