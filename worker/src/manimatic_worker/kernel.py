"""Call the kernel where Python's library has no function for it. Standard library only."""

from __future__ import annotations

import ctypes
import os

_PR_SET_NO_NEW_PRIVS = 38  # linux/prctl.h


class ConfineError(OSError):
    """The kernel refused to tighten this process."""


def drop_new_privileges() -> None:
    """Make set-uid bits and file capabilities powerless from here on.

    Raises:
        ConfineError: The kernel refused.
    """
    prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def prctl(option: int, *args: int) -> int:
    """Set or ask one property of this process.

    Raises:
        ConfineError: The call failed.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    return checked(libc.prctl(option, *(ctypes.c_ulong(arg) for arg in args)))


def syscall(number: int, *args: int | None) -> int:
    """Call the kernel by number.

    Raises:
        ConfineError: The call failed.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    words = (ctypes.c_void_p(arg) if arg is None else ctypes.c_ulong(arg) for arg in args)
    return checked(libc.syscall(ctypes.c_long(number), *words))


def checked(result: int) -> int:
    """Turn the C library's -1 into an exception.

    Raises:
        ConfineError: The call failed.
    """
    if result < 0:
        code = ctypes.get_errno()
        raise ConfineError(code, os.strerror(code))
    return result
