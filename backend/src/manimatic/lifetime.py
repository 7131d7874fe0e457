"""Tie a process's life to its parent's: ``python -m manimatic.lifetime PARENT_PID COMMAND…`` runs the command so.

The kernel sends the process SIGTERM when its parent dies, however it dies; nothing is left running behind a service
that was killed.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def end_with(parent: int) -> None:
    """Have the kernel end this process when its parent ends; exit if that has happened already."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(0)


def tied(command: list[str]) -> list[str]:
    """Return the command that runs `command` tied to this process."""
    return [sys.executable, "-m", "manimatic.lifetime", str(os.getpid()), *command]


if __name__ == "__main__":
    end_with(int(sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606
