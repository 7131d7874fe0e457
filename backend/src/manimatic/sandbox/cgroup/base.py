"""What every kind of resource group shares: limits, usage, names, and reading small files."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

CPU_PERIOD_US = 100_000  # the kernel's default period, and so the longest pause of a throttled group
CPU_WEIGHT = 20  # of cpu.weight's default of 100: a worker yields to the service when the CPU is short
CPU_SHARES = 1024 * CPU_WEIGHT // 100  # cpu.shares has 1024 where cpu.weight has 100
IDLE_WEIGHT, IDLE_SHARES = 1, 2  # the kernel's least: for who prepares work that nobody waits for
_NAME = re.compile(r"manimatic-([a-z0-9]+)-([a-z0-9]+)")
_REMOVE_TRIES = 50
_FIRST_PAUSE_S, _PAUSE_S = 0.001, 0.01


class GroupError(RuntimeError):
    """A resource group could not be made, entered, emptied or removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupLimits:
    """The most that all processes of a group may use together."""

    memory_bytes: int  # swap is off, files on tmpfs count
    cpu_cores: float  # 0.5 is half of one core's time
    max_processes: int  # threads count


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a group has used so far; None where the kernel does not count it."""

    peak_memory_bytes: int | None
    cpu_s: float | None
    oom_kills: int | None  # processes killed because the group was out of memory
    pids_denied: int | None  # forks refused


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupReport:
    """Which limits this machine can hold, and what is missing for the others."""

    kind: str  # "v2", "v1" or "none"
    memory: bool
    cpu: bool
    pids: bool
    reasons: tuple[str, ...] = ()


class ResourceGroup(Protocol):
    """One run's processes, limited and killed together."""

    @property
    def name(self) -> str:
        """Give the group's name, `manimatic-<launcher id>-<run id>`."""

    def attach(self, pid: int) -> None:
        """Move a process, with all its threads, into the group.

        Without a race when the process still waits (say, to read from a pipe) before it execs.

        Raises:
            GroupError: The process is gone, or the kernel refused.
        """

    def yields(self, *, to_all: bool) -> None:
        """Let the group have processor time that nobody else wants, or its usual share.

        Raises:
            GroupError: The kernel refused.
        """

    def kill(self, timeout_s: float = 5.0) -> None:
        """Kill every process of the group and return when none is left.

        Raises:
            GroupError: Some process outlived the timeout.
        """

    def usage(self) -> Usage:
        """Read the kernel's counters; call it before `remove`."""

    def remove(self) -> None:
        """Take the empty group away; nothing happens when it is gone already.

        Raises:
            GroupError: It still holds processes.
        """


class Groups(Protocol):
    """One way of making groups on this machine."""

    def describe(self) -> GroupReport:
        """Say which limits can be held, and why not the others."""

    def create(self, name: str, limits: GroupLimits) -> ResourceGroup:
        """Make an empty group with its limits set.

        Raises:
            GroupError: The kernel refused; nothing is left behind.
        """

    def leftovers(self, alive: Callable[[str], bool]) -> tuple[ResourceGroup, ...]:
        """Find groups whose launcher, by its id, is not alive; kill and remove them."""


def group_name(launcher_id: str, run_id: str) -> str:
    """Give a group's name; the ids are small letters and digits.

    Raises:
        GroupError: An id holds anything else.
    """
    name = f"manimatic-{launcher_id}-{run_id}"
    checked_name(name)
    return name


def checked_name(name: str) -> str:
    """Refuse a name that is not of the form that `group_name` gives: it becomes a path.

    Raises:
        GroupError: The name has another form.
    """
    if _NAME.fullmatch(name) is None:
        raise GroupError(f"{name!r} is not manimatic-<launcher id>-<run id> of small letters and digits")
    return name


def launcher_of(name: str) -> str | None:
    """Give the launcher id in a group's name; None when the group is not ours."""
    found = _NAME.fullmatch(name)
    return found[1] if found else None


def orphans(names: Iterable[str], alive: Callable[[str], bool]) -> list[str]:
    """Keep the names of our groups whose launcher is dead, sorted, each once."""
    owners = {name: launcher_of(name) for name in names}
    return sorted(name for name, owner in owners.items() if owner is not None and not alive(owner))


def quota_us(cores: float) -> int:
    """Give the CPU time per period; the kernel takes no less than a millisecond."""
    return max(1000, round(cores * CPU_PERIOD_US))


def read_int(path: Path) -> int | None:
    """Read a file of one number; None when it is absent or says `max`."""
    with contextlib.suppress(OSError, ValueError):
        return int(path.read_text())
    return None


def read_field(path: Path, key: str) -> int | None:
    """Read one number of a file of `key number` lines."""
    with contextlib.suppress(OSError):
        for line in path.read_text().splitlines():
            name, _, value = line.partition(" ")
            if name == key:
                return int(value)
    return None


def read_pids(folder: Path) -> set[int]:
    """List a group's processes; none when the group is gone."""
    with contextlib.suppress(FileNotFoundError):
        return {int(pid) for pid in (folder / "cgroup.procs").read_text().split()}
    return set()


def kill_all(pids: Iterable[int]) -> None:
    """Send SIGKILL; who is gone already is no error."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def kill_until_empty(processes: Callable[[], set[int]], strike: Callable[[], None], timeout_s: float) -> None:
    """Strike until no process is left.

    Raises:
        GroupError: Some process outlived the timeout.
    """
    deadline_s = time.monotonic() + timeout_s
    pause_s = _FIRST_PAUSE_S
    while left := processes():
        if time.monotonic() > deadline_s:
            raise GroupError(f"{len(left)} processes outlived SIGKILL for {timeout_s} s")
        strike()
        time.sleep(pause_s)
        pause_s = min(_PAUSE_S, 2 * pause_s)


def attach_to(folder: Path, pid: int) -> None:
    """Write a process into a group.

    Raises:
        GroupError: The process is gone, or the kernel refused.
    """
    try:
        (folder / "cgroup.procs").write_text(str(pid))
    except OSError as error:
        raise GroupError(f"cannot move process {pid} to {folder}: {error.strerror}") from error


def write_weight(file: Path, weight: int) -> None:
    """Set a group's weight.

    Raises:
        GroupError: The kernel refused.
    """
    try:
        file.write_text(str(weight))
    except OSError as error:
        raise GroupError(f"cannot set {file}: {error.strerror}") from error


def remove_folder(folder: Path) -> None:
    """Remove a group; the kernel may still be burying its last process.

    Raises:
        GroupError: It stays busy.
    """
    for _ in range(_REMOVE_TRIES):
        try:
            folder.rmdir()
        except FileNotFoundError:
            return
        except OSError as error:
            last = error
            time.sleep(_PAUSE_S)
        else:
            return
    raise GroupError(f"cannot remove {folder}: {last.strerror}")
