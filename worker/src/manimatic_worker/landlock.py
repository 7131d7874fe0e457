"""The file wall: Landlock, a kernel's own list of paths that a process may still reach.

Standard library only. It binds the calling thread and all that it starts, for good. The
structures and numbers are those of `linux/landlock.h`.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntFlag

from manimatic_worker.kernel import ConfineError, drop_new_privileges, syscall

# asm-generic/unistd.h; the same numbers on every architecture since Linux 5.13.
_LANDLOCK_CREATE_RULESET = 444
_LANDLOCK_ADD_RULE = 445
_LANDLOCK_RESTRICT_SELF = 446
# linux/landlock.h
_CREATE_RULESET_VERSION = 1
_RULE_PATH_BENEATH = 1
_NET_BIND_AND_CONNECT_TCP = 0b11
_SCOPES = {"abstract_unix_sockets": 0b01, "signals": 0b10}
_ABI_WITH_NET = 4
_ABI_WITH_SCOPES = 6


class Access(IntFlag):
    """What Landlock can forbid on files: `LANDLOCK_ACCESS_FS_*` of linux/landlock.h."""

    EXECUTE = 1 << 0
    WRITE_FILE = 1 << 1
    READ_FILE = 1 << 2
    READ_DIR = 1 << 3
    REMOVE_DIR = 1 << 4
    REMOVE_FILE = 1 << 5
    MAKE_CHAR = 1 << 6
    MAKE_DIR = 1 << 7
    MAKE_REG = 1 << 8
    MAKE_SOCK = 1 << 9
    MAKE_FIFO = 1 << 10
    MAKE_BLOCK = 1 << 11
    MAKE_SYM = 1 << 12
    REFER = 1 << 13  # ABI 2: move or link between folders
    TRUNCATE = 1 << 14  # ABI 3
    IOCTL_DEV = 1 << 15  # ABI 5


@dataclass(frozen=True, slots=True, kw_only=True)
class LandlockRules:
    """Which paths stay reachable; a folder stands for all below it."""

    read_only: tuple[str, ...] = ()  # read and execute
    writable: tuple[str, ...] = ()  # read, write, make and remove files, folders, links; no execute


@dataclass(frozen=True, slots=True, kw_only=True)
class LandlockReport:
    """What Landlock holds in force for this process."""

    abi: int  # 0: the kernel has no Landlock, nothing is in force
    rules: int = 0  # paths that stay reachable
    missing: tuple[str, ...] = ()  # paths that do not exist and so got no rule
    ungoverned: tuple[str, ...] = ()  # file accesses that this kernel cannot forbid
    tcp_denied: bool = False
    scopes: tuple[str, ...] = ()  # what cannot be reached outside this process's own domain
    reason: str = ""  # why nothing is in force

    @property
    def in_force(self) -> bool:
        """Say whether there is a wall at all."""
        return self.abi > 0


def landlock_abi() -> int:
    """Ask the kernel which Landlock ABI it has; 0 when it has none."""
    try:
        return syscall(_LANDLOCK_CREATE_RULESET, None, 0, _CREATE_RULESET_VERSION)
    except ConfineError as error:
        if error.errno in (errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM):
            return 0
        raise


def apply_landlock(rules: LandlockRules) -> LandlockReport:
    """Leave only the given paths reachable; no TCP, no signals and abstract sockets outwards.

    Forbids what the kernel's ABI can forbid, up to what ABI 7 knows, and says what it cannot.
    A kernel without Landlock gives a report with `abi` 0.

    Raises:
        ConfineError: The kernel has Landlock but refused a rule.
    """
    drop_new_privileges()
    abi = landlock_abi()
    if abi < 1:
        return LandlockReport(abi=0, reason="this kernel has no Landlock, or it is switched off")
    handled = governed_accesses(abi)
    ruleset_fd = _create_ruleset(handled, abi)
    try:
        found, missing = _add_rules(ruleset_fd, rules, handled)
        syscall(_LANDLOCK_RESTRICT_SELF, ruleset_fd, 0)
    finally:
        os.close(ruleset_fd)
    return LandlockReport(
        abi=abi,
        rules=found,
        missing=missing,
        ungoverned=tuple(str(one.name) for one in Access if one not in handled),
        tcp_denied=abi >= _ABI_WITH_NET,
        scopes=tuple(_SCOPES) if abi >= _ABI_WITH_SCOPES else (),
    )


def governed_accesses(abi: int) -> Access:
    """Give the file accesses that a Landlock ABI can forbid."""
    newer = {Access.REFER: 2, Access.TRUNCATE: 3, Access.IOCTL_DEV: 5}
    handled = Access(0)
    for access in Access:
        if abi >= newer.get(access, 1):
            handled |= access
    return handled


class _RulesetAttr(ctypes.Structure):
    """`struct landlock_ruleset_attr`; older kernels take it as long as unknown fields are zero."""

    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    """`struct landlock_path_beneath_attr`, which is packed."""

    _pack_ = 1
    _layout_ = "ms"  # what _pack_ means; Python 3.14 wants it said
    _fields_ = (("allowed", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def _create_ruleset(handled: Access, abi: int) -> int:
    """Open a ruleset that forbids all that it handles until a rule allows it."""
    attr = _RulesetAttr(
        fs=int(handled),
        net=_NET_BIND_AND_CONNECT_TCP if abi >= _ABI_WITH_NET else 0,
        scoped=sum(_SCOPES.values()) if abi >= _ABI_WITH_SCOPES else 0,
    )
    return syscall(_LANDLOCK_CREATE_RULESET, ctypes.addressof(attr), ctypes.sizeof(attr), 0)


def _add_rules(ruleset_fd: int, rules: LandlockRules, handled: Access) -> tuple[int, tuple[str, ...]]:
    """Add a rule per path; give how many there are and the paths that do not exist."""
    readable = Access.EXECUTE | Access.READ_FILE | Access.READ_DIR
    never = Access.EXECUTE | Access.MAKE_CHAR | Access.MAKE_BLOCK | Access.MAKE_SOCK
    writable = handled & ~(never | Access.MAKE_FIFO | Access.IOCTL_DEV)
    wanted = [(path, readable) for path in rules.read_only] + [(path, writable) for path in rules.writable]
    missing = tuple(path for path, access in wanted if not _add_rule(ruleset_fd, path, access & handled))
    return len(wanted) - len(missing), missing


def _add_rule(ruleset_fd: int, path: str, access: Access) -> bool:
    """Allow accesses below a path; False when the path does not exist."""
    file_only = Access.EXECUTE | Access.WRITE_FILE | Access.READ_FILE | Access.TRUNCATE
    with contextlib.suppress(FileNotFoundError), _opened(path) as fd:
        if not stat.S_ISDIR(os.fstat(fd).st_mode):
            access &= file_only
        attr = _PathBeneath(allowed=int(access), parent_fd=fd)
        syscall(_LANDLOCK_ADD_RULE, ruleset_fd, _RULE_PATH_BENEATH, ctypes.addressof(attr), 0)
        return True
    return False


@contextlib.contextmanager
def _opened(path: str) -> Iterator[int]:
    """Hold a path without opening what is behind it."""
    fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)
