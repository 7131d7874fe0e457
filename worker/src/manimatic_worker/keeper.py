"""The small trusted process between the launcher and a worker, where no process namespace holds the run together.

It starts the worker as its child and becomes the parent of every process of the run that loses its own, so that none
can leave the family. It ends them all when the worker has ended, and when the launcher lets go of its end of the
lifeline, be it because the run is over or because the launcher died. Standard library only; it runs no guest code and
reads nothing that a guest wrote.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from manimatic_worker.confine import drop_capabilities, drop_dumpable
from manimatic_worker.kernel import prctl

_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
_KILLED = 128 + signal.SIGKILL
FIRST_TO_GO = "1000"
"""The `oom_score_adj` of a worker: when memory is short, the kernel takes it and not the keeper."""
_FREEZE_ROUNDS = 20
_PAUSE_S = 0.002
_STATE, _PARENT, _STARTED = 0, 1, 19  # fields of /proc/<pid>/stat after the name


def main(argv: list[str]) -> int:
    """Wait for the word to go, start the worker, and end with its status when nothing of it is left.

    Args:
        argv: The second item is a JSON object: `folder` to work in, the descriptor `lifeline`, whether the run is
            `alone` under its uid, and the `worker`'s own argument; with `probe` the worker only tries its walls.
    """
    wanted = json.loads(argv[1])
    lifeline = int(wanted["lifeline"])
    os.chdir(wanted["folder"])
    prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    if not os.read(lifeline, 1):
        return _KILLED
    woken = _wake_on_death()
    worker = os.fork()
    if worker == 0:
        return _work(wanted, (lifeline, *woken))
    let_go()
    drop_dumpable()
    status = _await(worker, lifeline, woken[0])
    end_family(alone=bool(wanted["alone"]))
    return _KILLED if status is None else status


def _work(wanted: dict[str, Any], ours: tuple[int, ...]) -> int:
    """Be the worker: give back what is the keeper's, then run the program."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for fd in ours:
        os.close(fd)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(FIRST_TO_GO)
    drop_capabilities()
    if wanted.get("probe"):
        from manimatic_worker.probe import main as run
    else:
        from manimatic_worker.worker_entrypoint import main as run
    return run(["worker", wanted["worker"]])


def _wake_on_death() -> tuple[int, int]:
    """Give a pipe that becomes readable when a child has died."""
    read, write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return read, write


def let_go() -> None:
    """Close the worker's pipes on this side, so that their end is seen when the worker's side closes."""
    null = os.open("/dev/null", os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    os.close(null)


def _await(worker: int, lifeline: int, woken: int) -> int | None:
    """Bury the dead until the worker is among them; None when the launcher has let go before."""
    while True:
        ready, _, _ = select.select([lifeline, woken], [], [])
        if lifeline in ready:
            return None
        with contextlib.suppress(BlockingIOError):
            os.read(woken, 4096)
        for pid, status in _bury():
            if pid == worker:
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else 128 - code


def _bury() -> Iterator[tuple[int, int]]:
    """Yield the dead children and how they ended, until no dead one is left."""
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            yield pid, status


def end_family(*, alone: bool) -> None:
    """End every descendant; return when the kernel says that this process has no child.

    Args:
        alone: Everything that runs under this process's uid belongs to the run, so that one call takes all at once.
    """
    while _has_children():
        if alone:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(-1, signal.SIGKILL)
        else:
            _freeze()
            for pid, (_, started, _) in _family().items():
                _strike(pid, started, signal.SIGKILL)
        for _ in _bury():
            pass
        time.sleep(_PAUSE_S)


def _has_children() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _freeze() -> None:
    """Stop the whole family, also whom it made meanwhile, so that none makes more while it is being killed."""
    for _ in range(_FREEZE_ROUNDS):
        running = {pid: started for pid, (_, started, state) in _family().items() if state not in "TZX"}
        if not running:
            return
        for pid, started in running.items():
            _strike(pid, started, signal.SIGSTOP)


def _family() -> dict[int, tuple[int, int, str]]:
    """Return all descendants: pid -> parent, start, state."""
    children: dict[int, list[int]] = {}
    found = dict(_processes())
    for pid, (parent, _, _) in found.items():
        children.setdefault(parent, []).append(pid)
    family, waiting = {}, list(children.get(os.getpid(), ()))
    while waiting:
        pid = waiting.pop()
        if pid not in family:
            family[pid] = found[pid]
            waiting.extend(children.get(pid, ()))
    return family


def _processes() -> Iterator[tuple[int, tuple[int, int, str]]]:
    for entry in os.scandir("/proc"):
        if entry.name.isdigit() and (facts := _facts(int(entry.name))):
            yield int(entry.name), facts


def _facts(pid: int) -> tuple[int, int, str] | None:
    """Return a process's parent, start and state, or None when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2].split()
    except OSError:
        return None
    return int(fields[_PARENT]), int(fields[_STARTED]), fields[_STATE].decode()


def _strike(pid: int, started: int, number: signal.Signals) -> None:
    """Send a signal to this very process, never to a later one with the same pid."""
    try:
        fd = os.pidfd_open(pid)
    except OSError:
        return
    with contextlib.suppress(OSError):
        facts = _facts(pid)
        if facts is not None and facts[1] == started:
            signal.pidfd_send_signal(fd, number)
    os.close(fd)
