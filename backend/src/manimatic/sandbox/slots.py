"""Slots: which unprivileged uid a run gets, each uid used by one run at a time on the whole machine.

A service that runs as root gives every run a uid of its own, so that process limits, kills and clean-up are exact.
A service of a plain user has only that user. A slot is held by two locks, both of which the kernel frees when their
holder dies: a locked file, for launchers that share a file system, and an abstract socket's name, for launchers in
another root file system that share the network namespace; either kind would else kill the other's processes.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL

from manimatic.errors import SandboxError

FIRST_UID = 60578
"""Start of a range that no distribution hands out: systemd's UIDS-GIDS document lists 60578 to 61183 as unused."""
SLOTS = 256
_KILL_WAIT_S = 60.0
"""The kernel takes seconds to tear down a file system of a million files, and does so before its owner is gone."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Who a run is; `uid` is None where the service cannot change its own."""

    uid: int | None

    def kill_all(self) -> None:
        """End every process of the slot's uid, whatever group or namespace it has fled to.

        Raises:
            SandboxError: Some process is still there after seconds of killing.
        """
        if self.uid is None:
            return
        deadline = time.monotonic() + _KILL_WAIT_S
        while pids := list(processes_of(self.uid)):
            for pid in pids:
                _kill(pid)
            if time.monotonic() > deadline:
                raise SandboxError(f"{len(pids)} process(es) of uid {self.uid} cannot be ended.")
            time.sleep(0.005)


@contextmanager
def take_slot(folder: Path) -> Iterator[Slot]:
    """Hold a free slot; its lock file is freed by the kernel when this process dies.

    Raises:
        SandboxError: All slots are taken.
    """
    if os.geteuid() != 0:
        yield Slot(None)
        return
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for number in range(SLOTS):
        with ExitStack() as stack:
            if not _lock(folder / str(number), FIRST_UID + number, stack):
                continue
            slot = Slot(FIRST_UID + number)
            slot.kill_all()
            yield slot
            slot.kill_all()
            return
    raise SandboxError(f"All {SLOTS} slots of this machine are in use.")


def _lock(path: Path, uid: int, stack: ExitStack) -> bool:
    """Take both locks of a slot for as long as the stack lasts, or tell that one is held."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    stack.callback(os.close, lock)
    name = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        name.bind(f"\0manimatic-slot-{uid}")
    except OSError as error:
        if error.errno in {errno.EWOULDBLOCK, errno.EADDRINUSE}:
            return False
        raise
    return True


def processes_of(uid: int) -> Iterator[int]:
    """Yield the ids of this machine's processes that run under the uid."""
    wanted = b"\nUid:\t%d\t" % uid
    for entry in os.scandir("/proc"):
        name = entry.name
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/status", "rb", buffering=0) as file:  # noqa: PTH123  each end of a run looks at all
                status = file.read()
        except OSError:
            continue
        if wanted in status and b"\nState:\tZ" not in status:
            yield int(name)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, SIGKILL)
    except ProcessLookupError:
        return
