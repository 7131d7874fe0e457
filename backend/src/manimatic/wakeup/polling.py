"""The wake-up between processes of one machine.

A named pipe in the data folder: `notify` writes a byte into it, a waiting dispatcher sleeps until it can read one. The
kernel does the waking, so it takes well under a millisecond; nothing has to be cleaned up after a crash, since the
bytes vanish with the last process that has the pipe open; and there is no name to be too long, as with a socket.
Where a byte is lost (nobody has the pipe open yet, it is full, the file system has no pipes) the dispatcher's time-out
is the poll that finds the job all the same.
"""

from __future__ import annotations

import fcntl
import os
import select
import stat
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

PIPE_NAME = "wakeup.fifo"
PIPE_BYTES = 4096
"""The smallest pipe there is: calls that pile up while every dispatcher is busy end so many waits at most."""


class PollingWakeup:
    """Wakes one waiting thread, in whatever process, for each call; without a call it is a plain sleep."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / PIPE_NAME
        self._lock = threading.Lock()
        self._descriptor: int | None = None

    def notify(self, job_id: str) -> None:
        """Say that this job waits; never blocks and never fails."""
        with suppress(OSError), _opened(self._path, os.O_WRONLY) as descriptor:
            os.write(descriptor, b"\n")

    def remind(self, job_ids: Sequence[str]) -> None:
        """Say again that these wait; whoever is woken looks for all of them."""
        for job_id in job_ids[:1]:
            self.notify(job_id)

    def wait(self, timeout_s: float) -> None:
        """Sleep until there may be work, at most this long."""
        end = time.monotonic() + max(0.0, timeout_s)
        with self._reading_end() as descriptor:
            if descriptor is None:
                time.sleep(max(0.0, timeout_s))
                return
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            while (left_s := end - time.monotonic()) > 0:
                if poll.poll(left_s * 1000) and _took_a_byte(descriptor):
                    return

    def close(self) -> None:
        """Close the pipe; threads that wait go on waiting, and the next wait opens it again."""
        with self._lock:
            self._close()

    @contextmanager
    def _reading_end(self) -> Iterator[int | None]:
        """Give this thread its own descriptor of the pipe, which stays open here so that no byte is lost in between."""
        with self._lock:
            if self._descriptor is None or not _is_still(self._path, self._descriptor):
                self._close()
                with suppress(OSError):
                    self._descriptor = _open_reading(self._path)
            mine = None if self._descriptor is None else os.dup(self._descriptor)
        try:
            yield mine
        finally:
            if mine is not None:
                os.close(mine)

    def _close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _open_reading(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        os.mkfifo(path, 0o660)
    # Reading and writing: with a writing end of its own a poll does not report "hung up" when the last writer leaves.
    descriptor = _open_pipe(path, os.O_RDWR)
    with suppress(OSError):
        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    return descriptor


@contextmanager
def _opened(path: Path, mode: int) -> Iterator[int]:
    descriptor = _open_pipe(path, mode)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _open_pipe(path: Path, mode: int) -> int:
    descriptor = os.open(path, mode | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
    if not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileExistsError(f"{path} is not a pipe")
    return descriptor


def _is_still(path: Path, descriptor: int) -> bool:
    with suppress(OSError):
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    return False


def _took_a_byte(descriptor: int) -> bool:
    """Take one byte; False where another thread or process was quicker."""
    with suppress(BlockingIOError):
        return bool(os.read(descriptor, 1))
    return False
