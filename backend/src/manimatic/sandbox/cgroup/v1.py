"""Resource groups by the first version of control groups: one folder per controller."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from manimatic.sandbox.cgroup import base
from manimatic.sandbox.cgroup.base import GroupError, GroupLimits, GroupReport, Usage
from manimatic.sandbox.cgroup.mounts import Hierarchy, makes_groups, named_below

_CONTROLLERS = ("memory", "pids", "cpu", "cpuacct", "freezer")
_LIMIT_FILE = {"memory": "memory.limit_in_bytes", "pids": "pids.max", "cpu": "cpu.cfs_quota_us"}


@dataclass(frozen=True, slots=True)
class V1Group:
    """One run's folders, one per controller."""

    name: str
    folders: Mapping[str, Path]  # controller -> folder

    def attach(self, pid: int) -> None:
        """Move a process into every controller's folder."""
        for folder in self._distinct():
            base.attach_to(folder, pid)

    def yields(self, *, to_all: bool) -> None:
        """Set the shares."""
        if "cpu" in self.folders:
            base.write_weight(self.folders["cpu"] / "cpu.shares", base.IDLE_SHARES if to_all else base.CPU_SHARES)

    def kill(self, timeout_s: float = 5.0) -> None:
        """Refuse forks, freeze, kill, thaw, until no process is left."""
        self._try_write("pids", "pids.max", "0")
        base.kill_until_empty(self.processes, self._strike, timeout_s)

    def processes(self) -> set[int]:
        """List the group's processes."""
        return set[int]().union(*(base.read_pids(folder) for folder in self._distinct()))

    def usage(self) -> Usage:
        """Read the kernel's counters."""
        cpu_ns = self._read("cpuacct", "cpuacct.usage")
        return Usage(
            peak_memory_bytes=self._read("memory", "memory.max_usage_in_bytes"),
            cpu_s=None if cpu_ns is None else cpu_ns / 1e9,
            oom_kills=self._read("memory", "memory.oom_control", "oom_kill"),
            pids_denied=self._read("pids", "pids.events", "max"),
        )

    def remove(self) -> None:
        """Take the folders away."""
        for folder in self._distinct():
            base.remove_folder(folder)

    def set_limits(self, limits: GroupLimits) -> None:
        """Write the limits; memory before memory and swap, which may not be less."""
        self._write("memory", "memory.limit_in_bytes", limits.memory_bytes)
        self._try_write("memory", "memory.memsw.limit_in_bytes", str(limits.memory_bytes))
        self._try_write("memory", "memory.swappiness", "0")
        self._write("pids", "pids.max", limits.max_processes)
        self._write("cpu", "cpu.cfs_period_us", base.CPU_PERIOD_US)
        self._write("cpu", "cpu.cfs_quota_us", base.quota_us(limits.cpu_cores))
        self._write("cpu", "cpu.shares", base.CPU_SHARES)

    def _distinct(self) -> list[Path]:
        """List each folder once: cpu and cpuacct may share theirs."""
        return list(dict.fromkeys(self.folders.values()))

    def _strike(self) -> None:
        """Kill all processes while they cannot run."""
        self._try_write("freezer", "freezer.state", "FROZEN")
        base.kill_all(self.processes())
        self._try_write("freezer", "freezer.state", "THAWED")

    def _write(self, controller: str, file: str, value: int) -> None:
        """Set one limit, where there is the controller."""
        if controller in self.folders:
            (self.folders[controller] / file).write_text(str(value))

    def _try_write(self, controller: str, file: str, value: str) -> None:
        """Write a file that not every kernel has."""
        if controller in self.folders:
            with contextlib.suppress(OSError):
                (self.folders[controller] / file).write_text(value)

    def _read(self, controller: str, file: str, key: str | None = None) -> int | None:
        """Read one counter; None without the controller."""
        if controller not in self.folders:
            return None
        path = self.folders[controller] / file
        return base.read_int(path) if key is None else base.read_field(path, key)


@dataclass(frozen=True, slots=True, kw_only=True)
class V1Groups:
    """Makes groups below the given folders."""

    parents: Mapping[str, Path]  # controller -> folder to make groups in
    mounts: tuple[Path, ...]  # where to look for leftovers
    reasons: tuple[str, ...] = ()

    def describe(self) -> GroupReport:
        """Say which controllers are there."""
        return GroupReport(
            kind="v1",
            memory="memory" in self.parents,
            cpu="cpu" in self.parents,
            pids="pids" in self.parents,
            reasons=self.reasons,
        )

    def create(self, name: str, limits: GroupLimits) -> V1Group:
        """Make the folders and set the limits."""
        base.checked_name(name)
        group = V1Group(name, {controller: parent / name for controller, parent in self.parents.items()})
        made: list[Path] = []
        try:
            for folder in dict.fromkeys(group.folders.values()):
                folder.mkdir()
                made.append(folder)
            group.set_limits(limits)
        except OSError as error:
            for folder in made:
                base.remove_folder(folder)
            raise GroupError(f"cannot make {name}: {error}") from error
        return group

    def leftovers(self, alive: Callable[[str], bool]) -> tuple[V1Group, ...]:
        """Find groups of dead launchers in all trees, wherever their launcher stood."""
        found = [path for mount in self.mounts for path in named_below(mount, "manimatic-")]
        return tuple(
            V1Group(name, {_label(path): path for path in found if path.name == name})
            for name in base.orphans((path.name for path in found), alive)
        )


def find_v1(trees: Iterable[Hierarchy]) -> V1Groups:
    """Find for each controller a folder to make groups in: below this process's own, else at the top."""
    parents: dict[str, Path] = {}
    reasons: list[str] = []
    trees = [tree for tree in trees if tree.version == 1]
    for controller in _CONTROLLERS:
        parent = _parent(controller, trees)
        if isinstance(parent, Path):
            parents[controller] = parent
        else:
            reasons.append(parent)
    memory = parents.get("memory")
    if memory and not makes_groups(memory, "memory.memsw.limit_in_bytes"):
        reasons.append("control groups v1: the kernel does not count swap, so swap is not limited")
    mounts = tuple(tree.mount for tree in trees if tree.controllers & set(_CONTROLLERS))
    return V1Groups(parents=parents, mounts=mounts, reasons=tuple(reasons))


def _parent(controller: str, trees: Sequence[Hierarchy]) -> Path | str:
    """Give the folder to make groups in, or say why there is none."""
    tree = next((tree for tree in trees if controller in tree.controllers), None)
    if tree is None:
        return f"control groups v1: the {controller} controller is not mounted"
    for folder in dict.fromkeys((tree.own, tree.mount)):
        if makes_groups(folder, _LIMIT_FILE.get(controller, "cgroup.procs")):
            return folder
    return f"control groups v1: no folder of {tree.mount} may be written to"


def _label(path: Path) -> str:
    """Name the controller of a found folder by a file that only this controller has."""
    marks = {**_LIMIT_FILE, "cpuacct": "cpuacct.usage", "freezer": "freezer.state"}
    return next((name for name, mark in marks.items() if (path / mark).exists()), str(path))
