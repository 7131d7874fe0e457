"""The first process of a container: it starts the worker, buries whatever a run leaves, and tells how the worker ended.

Nothing inside can end it: the kernel keeps signals that it does not handle from the first process of a namespace. So a
status of 128 or more, by which an engine says that a signal ended the container, means that it came from outside; the
worker's own ends are told below that. Standard library only; it runs no guest code and reads nothing a guest wrote.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

from manimatic_worker.confine import drop_dumpable
from manimatic_worker.keeper import FIRST_TO_GO, let_go
from manimatic_worker.protocol import BY_SIGNAL

_LINGER_S = 0.25
"""After a worker that ended badly the container stays this long, empty, so that its counters can be read."""


def main(argv: list[str]) -> int:
    """Run the worker to its end, then end with its status when nothing of it is left.

    Args:
        argv: The second item is `serve` or `probe`; what follows is the program's own.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # which Python handles
    worker = os.fork()
    if worker == 0:
        return _work(argv[1], argv[1:])
    let_go()
    drop_dumpable()
    status = shown(_await(worker))
    _end_others()
    if status:
        time.sleep(_LINGER_S)
    return status


def shown(code: int) -> int:
    """Return the status that tells how the worker ended: its own up to 63, or 64 and the signal's number."""
    return min(code, BY_SIGNAL - 1) if code >= 0 else min(BY_SIGNAL - code, 127)


def _work(program: str, argv: list[str]) -> int:
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(FIRST_TO_GO)
    if program == "probe":
        from manimatic_worker.container_probe import main as run
    else:
        from manimatic_worker.worker_entrypoint import main as run
    return run(argv)


def _await(worker: int) -> int:
    while True:
        pid, status = os.wait()
        if pid == worker:
            return os.waitstatus_to_exitcode(status)


def _end_others() -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()
