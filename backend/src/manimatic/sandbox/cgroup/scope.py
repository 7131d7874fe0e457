"""A subtree of control groups from the user's own systemd, for a plain user on a machine whose groups belong to it.

Only systemd may move a process of a plain user from the session's group to another, so what is asked of it is a scope
for this process itself, with the right to make groups below it. Scopes for single runs will not do: such a scope is
taken away with its last process, and with it the counter that says why that process was killed.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

Run = Callable[[Sequence[str]], subprocess.CompletedProcess[str]]
_TIMEOUT_S = 10.0
_PATIENCE_S = 5.0  # systemd answers before it has moved the process
_PAUSE_S = 0.01
_MANAGER = ("org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager")


def run_quietly(argv: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a command of systemd; one that is missing or hangs counts as failed."""
    try:
        return subprocess.run(argv, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(list(argv), 127, "", str(error))


def enter_scope(run: Run = run_quietly, proc: Path = Path("/proc"), patience_s: float = _PATIENCE_S) -> str | None:
    """Have systemd move this process into a scope of its own; return None, or why it did not.

    The scope goes when the last process in it does.
    """
    pid = os.getpid()
    name = f"manimatic.{pid}.{time.monotonic_ns()}.scope"
    done = run(_start_unit(name, pid))
    if done.returncode:
        return f"systemd: no scope of its own ({done.stderr.strip() or f'busctl ended with {done.returncode}'})"
    give_up_at = time.monotonic() + patience_s
    while not (proc / "self" / "cgroup").read_text().strip().endswith(f"/{name}"):
        if time.monotonic() > give_up_at:
            return f"systemd: this process was not moved to {name}"
        time.sleep(_PAUSE_S)
    return None


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
