"""Give up rights before untrusted code runs: Landlock, resource limits, seccomp, dumpability.

Standard library only. Each function tightens the calling process, cannot be undone, and is
inherited by everything that it starts. Landlock and seccomp bind the calling thread only:
call these before any other thread exists. Each returns what is in force afterwards, read back
from the kernel where the kernel can be asked.
"""

from __future__ import annotations

import ctypes
import resource
from collections.abc import Iterable
from dataclasses import dataclass

from manimatic_worker.kernel import ConfineError, checked, drop_new_privileges, prctl
from manimatic_worker.landlock import LandlockReport, LandlockRules, apply_landlock, landlock_abi

__all__ = [
    "ConfineError",
    "DumpableReport",
    "LandlockReport",
    "LandlockRules",
    "RlimitReport",
    "Rlimits",
    "SeccompReport",
    "apply_landlock",
    "apply_rlimits",
    "apply_seccomp",
    "drop_capabilities",
    "drop_dumpable",
    "drop_new_privileges",
    "landlock_abi",
]

# linux/prctl.h
_PR_GET_DUMPABLE = 3
_PR_SET_DUMPABLE = 4
_PR_SET_SECCOMP = 22
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_CAPABILITY_VERSION_3 = 0x20080522  # linux/capability.h
_SECCOMP_MODE_FILTER = 2  # linux/seccomp.h
_SOCK_FILTER_BYTES = 8  # struct sock_filter of linux/filter.h
_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Rlimits:
    """Limits that the kernel keeps per process, or per user for `processes`."""

    open_files: int = 1024
    processes: int = 128  # counts the user's threads on the whole machine: one uid per sandbox
    file_bytes: int = 512 * _MIB
    stack_bytes: int = 64 * _MIB  # also reserved per thread: ask for less with `address_space_bytes`
    address_space_bytes: int | None = None
    cpu_s: int | None = None


@dataclass(frozen=True, slots=True)
class RlimitReport:
    """The limits in force, read back: name without `RLIMIT_`, soft, hard (-1 is unlimited)."""

    limits: tuple[tuple[str, int, int], ...]
    refused: tuple[str, ...] = ()  # those that this kernel lets nobody set

    def soft(self, name: str) -> int:
        """Give the soft limit of this name."""
        return next(soft for each, soft, _ in self.limits if each == name)


@dataclass(frozen=True, slots=True)
class SeccompReport:
    """The system-call filter in force."""

    instructions: int


@dataclass(frozen=True, slots=True)
class DumpableReport:
    """Whether other processes of this user may read this one's memory."""

    dumpable: bool


def drop_dumpable() -> DumpableReport:
    """Close this process's memory and /proc files to its own user; exec opens them again.

    Raises:
        ConfineError: The kernel refused.
    """
    prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    return DumpableReport(dumpable=prctl(_PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)


def drop_capabilities() -> None:
    """Give up every capability that a service's user may have handed on.

    Raises:
        ConfineError: The kernel refused.
    """
    prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    none = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable, each of 64 bits
    libc = ctypes.CDLL(None, use_errno=True)
    checked(libc.capset(header, none))


def apply_rlimits(limits: Rlimits) -> RlimitReport:
    """Set soft and hard limits, never above the hard limits already there, and read them back.

    Linux lets everybody lower every limit; a kernel that imitates it may not know some of them.
    """
    refused = tuple(name for name, value in _wanted(limits) if not _lower(name, value))
    return RlimitReport(tuple(_read_back(name) for name, _ in _wanted(limits)), refused)


def _lower(name: str, value: int) -> bool:
    """Set one limit where it is not as low already; tell whether it is."""
    number = getattr(resource, f"RLIMIT_{name}")
    now, ceiling = resource.getrlimit(number)
    hard = value if ceiling == resource.RLIM_INFINITY else min(value, ceiling)
    if (now, ceiling) != (hard, hard):
        try:
            resource.setrlimit(number, (hard, hard))
        except (OSError, ValueError):
            return False
    return True


def apply_seccomp(program: bytes) -> SeccompReport:
    """Put a filter (`struct sock_filter[]`) in front of every system call from here on.

    Raises:
        ConfineError: The kernel refused the program, or is not built with seccomp.
    """
    drop_new_privileges()
    count = len(program) // _SOCK_FILTER_BYTES
    code = ctypes.create_string_buffer(program, len(program))
    header = _SockFprog(count, ctypes.addressof(code))
    prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(header), 0, 0)
    return SeccompReport(instructions=count)


class _SockFprog(ctypes.Structure):
    """`struct sock_fprog` of linux/filter.h."""

    _fields_ = (("len", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def _wanted(limits: Rlimits) -> Iterable[tuple[str, int]]:
    """List the limits to set; what is None stays as it is."""
    wanted: dict[str, int | None] = {
        "CORE": 0,
        "MEMLOCK": 0,
        "MSGQUEUE": 0,
        "NICE": 0,
        "RTPRIO": 0,
        "NOFILE": limits.open_files,
        "NPROC": limits.processes,
        "SIGPENDING": limits.processes,
        "FSIZE": limits.file_bytes,
        "STACK": limits.stack_bytes,
        "AS": limits.address_space_bytes,
        "CPU": limits.cpu_s,
    }
    return [(name, value) for name, value in wanted.items() if value is not None]


def _read_back(name: str) -> tuple[str, int, int]:
    """Ask the kernel for one limit."""
    soft, hard = resource.getrlimit(getattr(resource, f"RLIMIT_{name}"))
    return name, soft, hard
