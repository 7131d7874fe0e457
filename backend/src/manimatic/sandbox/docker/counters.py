"""What the host counts of a container: in its control group's files where they can be read, else through the engine."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from manimatic.errors import SandboxError
from manimatic.ports import Limits
from manimatic.sandbox.bwrap_command import JOB_DIR
from manimatic.sandbox.cgroup.mounts import Hierarchy, hierarchies
from manimatic.sandbox.cgroup.oom_ear import OomEar
from manimatic.sandbox.cgroup.v1 import V1Group
from manimatic.sandbox.cgroup.v2 import V2Group
from manimatic.sandbox.docker.container import Recipe, pids_limit
from manimatic.sandbox.docker.engine import Engine
from manimatic.sandbox.guest import GuestUsage, counted
from manimatic.sandbox.supervised import FULL_BYTES

FULL_SHARE = 1 / 32
"""Where only memory tells how full a disk is, less free than this part counts as full."""


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk in memory, as far as its memory tells of it."""

    size_bytes: int

    def is_full(self, used_bytes: int) -> bool:
        """Tell whether files take nearly all of it: the kernel's sum lags a little."""
        return used_bytes > self.size_bytes * (1 - FULL_SHARE)


class Counters(Protocol):
    """One way of reading them."""

    def read(self) -> GuestUsage:
        """Look once. Raises SandboxError where the engine does not answer."""

    def has_heard_of_kill(self) -> bool:
        """Tell whether the kernel itself said so; it may be asked when the container has ended."""

    def close(self) -> None:
        """Let go of what is open for it; ask nothing afterwards."""


class FileCounters:
    """Reads the files of the container's control group.

    Args:
        pid: The container's first process, through which its disk can be looked at; None where it cannot be seen.
        disk: What the memory of files may be; None where that says nothing of a disk.
    """

    def __init__(self, group: V1Group | V2Group, pid: int | None, disk: Disk | None) -> None:
        self._group = group
        self._pid = pid
        self._disk = disk
        self._ear: OomEar | None = None
        if isinstance(group, V1Group):
            with contextlib.suppress(OSError):  # a tree that is shown read-only, as in a container
                self._ear = OomEar(group.folders["memory"])

    def has_heard_of_kill(self) -> bool:
        """Tell whether the group ran out of memory, where the kernel says it."""
        return self._ear is not None and self._ear.has_heard()

    def close(self) -> None:
        """Let go of the kernel's word."""
        if self._ear is not None:
            self._ear.close()

    def read(self) -> GuestUsage:
        """Look once; a group that is gone counts nothing."""
        return counted(self._group.usage(), disk_is_full=self._disk_is_full())

    def _disk_is_full(self) -> bool:
        """Look at the run's tmpfs from outside; its mount point is ours, so no path of the guest's is followed."""
        try:
            if self._pid is None:
                return self._disk is not None and self._disk.is_full(self._memory_of_files())
            stat = os.statvfs(f"/proc/{self._pid}/root{JOB_DIR}")
        except OSError:
            return False
        return stat.f_bavail * stat.f_frsize < FULL_BYTES or stat.f_favail == 0

    def _memory_of_files(self) -> int:
        group = self._group
        folder = group.folder if isinstance(group, V2Group) else group.folders["memory"]
        lines = (line.split() for line in (folder / "memory.stat").read_text().splitlines())
        return shared_bytes({fields[0]: fields[1] for fields in lines})


class EngineCounters:
    """Asks the engine for its statistics, which know less: no refused forks, and of disks only their memory."""

    def __init__(self, engine: Engine, container: str, limits: Limits, recipe: Recipe) -> None:
        self._engine = engine
        self._container = container
        self._max_tasks = pids_limit(recipe, limits.max_processes)
        self._disk = disk_of(recipe, limits)

    def has_heard_of_kill(self) -> bool:
        """Tell that the kernel cannot be heard from here."""
        return False

    def close(self) -> None:
        """Nothing is open."""

    def read(self) -> GuestUsage:
        """Look once."""
        found = self._engine.stats(self._container)
        memory = found.get("memory_stats") or {}
        pids = (found.get("pids_stats") or {}).get("current") or 0
        cpu_ns = ((found.get("cpu_stats") or {}).get("cpu_usage") or {}).get("total_usage")
        return GuestUsage(
            peak_memory_bytes=memory.get("max_usage") or memory.get("usage"),
            cpu_s=cpu_ns / 1e9 if cpu_ns else None,
            memory_kills=0,
            refused_processes=1 if pids >= self._max_tasks else 0,
            disk_is_full=self._disk is not None and self._disk.is_full(shared_bytes(memory.get("stats") or {})),
        )


def shared_bytes(stats: Mapping[str, Any]) -> int:
    """Return the memory that files in memory take: version 2 says it, version 1 counts it with the rest but `rss`."""
    if "shmem" in stats:
        return int(stats["shmem"])
    return max(0, sum(int(stats.get(name, 0)) for name in ("active_anon", "inactive_anon")) - int(stats.get("rss", 0)))


def disk_of(recipe: Recipe, limits: Limits) -> Disk | None:
    """Return the run's disk; None where the runtime has a kernel of its own, all of whose memory looks like files."""
    return None if recipe.own_filter else Disk(limits.disk_bytes)


def find_group(container: str, trees: Iterable[Hierarchy] | None = None) -> V1Group | V2Group | None:
    """Return the control group that an engine makes for a container, where this process can see it."""
    found: dict[str, Path] = {}
    for tree in hierarchies() if trees is None else trees:
        for place in (f"docker/{container}", f"system.slice/docker-{container}.scope"):
            folder = tree.mount / place
            if tree.version == 2 and (folder / "memory.events").is_file():
                return V2Group(folder)
            if tree.version == 1 and folder.is_dir():
                found |= dict.fromkeys(tree.controllers, folder)
    return V1Group(container, found) if {"memory", "pids"} <= found.keys() else None


def counters_of(engine: Engine, container: str, limits: Limits, recipe: Recipe) -> Counters:
    """Return the best way of counting for a container that runs."""
    group = find_group(container)
    if group is None:
        return EngineCounters(engine, container, limits, recipe)
    return FileCounters(group, first_process(engine, container), disk_of(recipe, limits))


def first_process(engine: Engine, container: str) -> int | None:
    """Return the id of a container's first process, where it means the same here and its files may be looked at."""
    pid = int(engine.inspect(container)["State"]["Pid"])
    try:
        is_here = container in Path(f"/proc/{pid}/cgroup").read_text()
        os.statvfs(f"/proc/{pid}/root/")
    except OSError:
        return None
    return pid if is_here else None


def read_last(counters: Counters, last: GuestUsage) -> GuestUsage:
    """Return a new look, or the last one where the container has gone meanwhile."""
    try:
        fresh = counters.read()
    except SandboxError:
        return last
    return fresh if fresh.cpu_s or fresh.peak_memory_bytes else last
