"""What the host counts of a container: in its control group's files where they can be read, else through the engine."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from manimatic.errors import SandboxError
from manimatic.ports import Limits
from manimatic.sandbox.bwrap_command import JOB_DIR
from manimatic.sandbox.cgroup.base import ResourceGroup
from manimatic.sandbox.cgroup.mounts import Hierarchy, hierarchies
from manimatic.sandbox.cgroup.v1 import V1Group
from manimatic.sandbox.cgroup.v2 import V2Group
from manimatic.sandbox.docker.container import Recipe, pids_limit
from manimatic.sandbox.docker.engine import Engine
from manimatic.sandbox.guest import GuestUsage
from manimatic.sandbox.supervised import FULL_BYTES

FULL_SHARE = 1 / 32
"""Where only memory tells how full a disk is, less free than this counts as full: the kernel's sum lags a little."""


class Counters(Protocol):
    """One way of reading them."""

    def read(self) -> GuestUsage:
        """Look once. Raises SandboxError where the engine does not answer."""


class FileCounters:
    """Reads the files of the container's control group, and how full its disk is through its first process."""

    def __init__(self, group: ResourceGroup, pid: int) -> None:
        self._group = group
        self._pid = pid

    def read(self) -> GuestUsage:
        """Look once; a group that is gone counts nothing."""
        usage = self._group.usage()
        return GuestUsage(
            peak_memory_bytes=usage.peak_memory_bytes,
            cpu_s=usage.cpu_s,
            memory_kills=usage.oom_kills or 0,
            refused_processes=usage.pids_denied or 0,
            disk_is_full=self._disk_is_full(),
        )

    def _disk_is_full(self) -> bool:
        """Look at the run's tmpfs from outside; its mount point is ours, so no path of the guest's is followed."""
        try:
            stat = os.statvfs(f"/proc/{self._pid}/root{JOB_DIR}")
        except OSError:
            return False
        return stat.f_bavail * stat.f_frsize < FULL_BYTES or stat.f_favail == 0


class EngineCounters:
    """Asks the engine for its statistics, which know less: no refused forks, and of disks only their memory."""

    def __init__(self, engine: Engine, container: str, limits: Limits, recipe: Recipe) -> None:
        self._engine = engine
        self._container = container
        self._max_tasks = pids_limit(recipe, limits.max_processes)
        self._disk_bytes = limits.disk_bytes
        self._tells_disk = not recipe.own_filter  # where the runtime has a kernel of its own, all memory is files

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
            disk_is_full=self._tells_disk
            and shared_bytes(memory.get("stats") or {}) > self._disk_bytes * (1 - FULL_SHARE),
        )


def shared_bytes(stats: Mapping[str, Any]) -> int:
    """Return the memory that files in memory take: version 2 says it, version 1 counts it with the rest but `rss`."""
    if "shmem" in stats:
        return int(stats["shmem"])
    return max(0, sum(int(stats.get(name, 0)) for name in ("active_anon", "inactive_anon")) - int(stats.get("rss", 0)))


def find_group(container: str, trees: Iterable[Hierarchy] | None = None) -> ResourceGroup | None:
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
    pid = int(engine.inspect(container)["State"]["Pid"])
    return FileCounters(group, pid if _is_in(container, pid) else 0)


def _is_in(container: str, pid: int) -> bool:
    """Tell whether this process's id means the same here as for the engine."""
    try:
        return container in Path(f"/proc/{pid}/cgroup").read_text()
    except OSError:
        return False


def read_last(counters: Counters, last: GuestUsage) -> GuestUsage:
    """Return a new look, or the last one where the container has gone meanwhile."""
    try:
        fresh = counters.read()
    except SandboxError:
        return last
    return fresh if fresh.cpu_s or fresh.peak_memory_bytes else last
