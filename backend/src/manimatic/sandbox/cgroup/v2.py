"""Resource groups by the second version of control groups: folders below one that was delegated to us."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from manimatic.sandbox.cgroup import base
from manimatic.sandbox.cgroup.base import GroupError, GroupLimits, GroupReport, Usage
from manimatic.sandbox.cgroup.mounts import Hierarchy, makes_groups, named_below

_CONTROLLERS = ("memory", "pids", "cpu")
_ROOM = "manimatic.service"
"""The group for processes that stood where groups are to be made; no name of a run's group."""
_MOVES = 20
_MARK = "user.delegate"


@dataclass(frozen=True, slots=True)
class V2Group:
    """One run's folder."""

    folder: Path

    @property
    def name(self) -> str:
        """Give the group's name."""
        return self.folder.name

    def attach(self, pid: int) -> None:
        """Move a process into the group."""
        base.attach_to(self.folder, pid)

    def yields(self, *, to_all: bool) -> None:
        """Set the weight."""
        file = self.folder / "cpu.weight"
        if file.exists():
            base.write_weight(file, base.IDLE_WEIGHT if to_all else base.CPU_WEIGHT)

    def kill(self, timeout_s: float = 5.0) -> None:
        """Kill the group at one stroke, where the kernel has `cgroup.kill` (5.14), else one by one."""
        base.kill_until_empty(self.processes, self._strike, timeout_s)

    def processes(self) -> set[int]:
        """List the group's processes."""
        return base.read_pids(self.folder)

    def usage(self) -> Usage:
        """Read the kernel's counters."""
        cpu_us = base.read_field(self.folder / "cpu.stat", "usage_usec")
        return Usage(
            peak_memory_bytes=base.read_int(self.folder / "memory.peak"),
            cpu_s=None if cpu_us is None else cpu_us / 1e6,
            oom_kills=base.read_field(self.folder / "memory.events", "oom_kill"),
            pids_denied=base.read_field(self.folder / "pids.events", "max"),
        )

    def remove(self) -> None:
        """Take the folder away."""
        base.remove_folder(self.folder)

    def set_limits(self, limits: GroupLimits, controllers: Iterable[str]) -> None:
        """Write the limits of these controllers; out of memory kills the whole group."""
        files = {
            "memory.max": limits.memory_bytes,
            "memory.oom.group": 1,
            "pids.max": limits.max_processes,
            "cpu.max": f"{base.quota_us(limits.cpu_cores)} {base.CPU_PERIOD_US}",
            "cpu.weight": base.CPU_WEIGHT,
        }
        for file, value in files.items():
            if file.partition(".")[0] in controllers:
                (self.folder / file).write_text(str(value))
        with contextlib.suppress(OSError):  # absent on a kernel without swap
            (self.folder / "memory.swap.max").write_text("0")

    def _strike(self) -> None:
        """Kill all processes, and those that they are just starting."""
        try:
            (self.folder / "cgroup.kill").write_text("1")
        except OSError:
            base.kill_all(self.processes())


@dataclass(frozen=True, slots=True, kw_only=True)
class V2Groups:
    """Makes groups below one folder."""

    parent: Path
    controllers: frozenset[str]  # those that groups below the parent have
    mount: Path
    reasons: tuple[str, ...] = ()

    def describe(self) -> GroupReport:
        """Say which controllers are there."""
        have = self.controllers
        return GroupReport(
            kind="v2", memory="memory" in have, cpu="cpu" in have, pids="pids" in have, reasons=self.reasons
        )

    def create(self, name: str, limits: GroupLimits) -> V2Group:
        """Make the folder and set the limits."""
        group = V2Group(self.parent / base.checked_name(name))
        try:
            group.folder.mkdir()
        except OSError as error:
            raise GroupError(f"cannot make {name}: {error}") from error
        try:
            group.set_limits(limits, self.controllers)
        except OSError as error:
            group.remove()
            raise GroupError(f"cannot limit {name}: {error}") from error
        return group

    def leftovers(self, alive: Callable[[str], bool]) -> tuple[V2Group, ...]:
        """Find groups of dead launchers in the whole tree, wherever their launcher stood."""
        folders = {path.name: path for path in named_below(self.mount, "manimatic-")}
        return tuple(V2Group(folders[name]) for name in base.orphans(folders, alive))


def find_v2(trees: Iterable[Hierarchy]) -> V2Groups | str:
    """Find a folder whose groups can have memory limits, or say why there is none.

    Looked at are this process's own group, the one above it (this process, or a service manager that knows
    `DelegateSubgroup=`, may have made room there) and the top. A group that holds processes itself cannot hand on
    controllers: those of an own group that was handed over are moved one below first.
    """
    tree = next((tree for tree in trees if tree.version == 2), None)
    if tree is None:
        return "control groups v2: not mounted"
    above = [tree.own.parent] if tree.own != tree.mount and _is_delegated(tree.own.parent) else []
    for folder in dict.fromkeys((tree.own, *above, tree.mount)):
        controllers = _handed_on(folder)
        if "memory" not in controllers and _is_delegated(folder):
            _make_room(folder)
            controllers = _handed_on(folder)
        if "memory" in controllers and makes_groups(folder):
            lacking = [f"control groups v2: no {one} controller in {folder}" for one in _CONTROLLERS]
            reasons = tuple(why for one, why in zip(_CONTROLLERS, lacking, strict=True) if one not in controllers)
            return V2Groups(parent=folder, controllers=controllers, mount=tree.mount, reasons=reasons)
    return f"control groups v2: no folder near {tree.own} hands on the memory controller; delegate one (Delegate=yes)"


def mark_delegated(trees: Iterable[Hierarchy]) -> None:
    """Leave the mark on this process's own group; systemd (252) leaves it out where it is a user's."""
    for tree in trees:
        if tree.version == 2:
            with contextlib.suppress(OSError):
                os.setxattr(tree.own, _MARK, b"1")


def _is_delegated(folder: Path) -> bool:
    """Ask for the mark that systemd (251 and later) leaves on a subtree that it hands over."""
    with contextlib.suppress(OSError):
        return os.getxattr(folder, _MARK) == b"1"
    return False


def _make_room(folder: Path) -> None:
    """Move the processes of a group into one below it; those that are started meanwhile too."""
    below = folder / _ROOM
    with contextlib.suppress(OSError):
        below.mkdir(exist_ok=True)
        for _ in range(_MOVES):
            pids = base.read_pids(folder)
            if not pids:
                return
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    (below / "cgroup.procs").write_text(str(pid))


def _handed_on(folder: Path) -> frozenset[str]:
    """Give the controllers that groups below a folder have, after asking for those that we want.

    All are asked for at once: single ones the kernel may grant where it refuses memory, which then is of no use.
    """
    handed_on = folder / "cgroup.subtree_control"
    offered = _words(folder / "cgroup.controllers") & set(_CONTROLLERS)
    lacking = offered - _words(handed_on)
    if lacking and "memory" in offered:
        with contextlib.suppress(OSError):
            handed_on.write_text(" ".join(f"+{one}" for one in sorted(lacking)))
    return frozenset(_words(handed_on) & set(_CONTROLLERS))


def _words(path: Path) -> set[str]:
    """Read a file of words; none when it cannot be read."""
    with contextlib.suppress(OSError):
        return set(path.read_text().split())
    return set()
