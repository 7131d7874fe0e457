"""The resource wall: memory, CPU and process limits that hold for a whole run, and its kill.

`choose()` takes the best that this machine allows: a delegated subtree of control groups v2,
else the v1 controllers, else a subtree that the user's systemd hands over, else nothing;
`describe()` says which, what it can hold, and why not more.

A child is put into its group without a race by starting it stopped: it blocks reading a pipe,
the launcher calls `attach(pid)`, then closes the pipe and the child execs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from manimatic.sandbox.cgroup.base import (
    GroupError,
    GroupLimits,
    GroupReport,
    Groups,
    ResourceGroup,
    Usage,
    checked_name,
    group_name,
    launcher_of,
)
from manimatic.sandbox.cgroup.mounts import hierarchies
from manimatic.sandbox.cgroup.scope import Run, be_handed_over, run_quietly
from manimatic.sandbox.cgroup.v1 import find_v1
from manimatic.sandbox.cgroup.v2 import find_v2, mark_delegated

__all__ = [
    "GroupError",
    "GroupLimits",
    "GroupReport",
    "Groups",
    "NoGroup",
    "NoGroups",
    "ResourceGroup",
    "Usage",
    "choose",
    "group_name",
    "launcher_of",
]


@dataclass(frozen=True, slots=True)
class NoGroup:
    """A name and nothing else: limits and kill are left to rlimits, the watchdog and the uid."""

    name: str

    def yields(self, *, to_all: bool) -> None:
        """Nothing weighs it."""

    def attach(self, pid: int) -> None:
        """Do nothing."""

    def kill(self, timeout_s: float = 5.0) -> None:
        """Do nothing: no list of processes is kept."""

    def usage(self) -> Usage:
        """Know nothing."""
        return Usage(peak_memory_bytes=None, cpu_s=None, oom_kills=None, pids_denied=None)

    def remove(self) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class NoGroups:
    """Stands in where the machine has no kind of group that we may use."""

    reasons: tuple[str, ...]

    def describe(self) -> GroupReport:
        """Say that nothing is held, and why."""
        return GroupReport(kind="none", memory=False, cpu=False, pids=False, reasons=self.reasons)

    def create(self, name: str, limits: GroupLimits) -> NoGroup:
        """Give a group that does nothing."""
        del limits  # nothing holds them
        return NoGroup(checked_name(name))

    def leftovers(self, alive: Callable[[str], bool]) -> tuple[NoGroup, ...]:
        """Find none."""
        del alive
        return ()


def choose(proc: Path = Path("/proc"), run: Run = run_quietly) -> Groups:
    """Take the best kind of group that can limit memory on this machine.

    Where a service manager has to be asked or room to be made, this process is moved to another group.
    """
    trees = hierarchies(proc)
    v2 = find_v2(trees)
    if not isinstance(v2, str):
        return v2
    v1 = find_v1(trees)
    if v1.describe().memory:
        return v1
    if (refused := be_handed_over(run, proc)) is None:
        trees = hierarchies(proc)
        mark_delegated(trees)
        handed_over = find_v2(trees)
        if not isinstance(handed_over, str):
            return handed_over
        refused = f"systemd: a scope without a memory limit ({handed_over})"
    return NoGroups((v2, *v1.reasons, refused))
