"""How many processors there really are: what the affinity and the control groups of this process leave of them."""

from __future__ import annotations

import os
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")


def processors(groups: Path = GROUPS, membership: Path = MEMBERSHIP) -> int:
    """Return the number of processors that this process may keep busy, at least 1.

    Args:
        groups: Where the control groups are mounted, of version 1 or 2.
        membership: Which of them this process is in.
    """
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quotas = [quota for folder in _folders(groups, membership) if (quota := _quota(folder)) is not None]
    return max(1, min([here, *(int(quota + 0.01) for quota in quotas)]))


def _folders(groups: Path, membership: Path) -> list[Path]:
    """Return the folders of this process's groups and of all groups above them."""
    try:
        lines = membership.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        roots = [groups / "cpu", groups / "cpu,cpuacct"] if controllers else [groups]
        for root in roots:
            folder = root / path.lstrip("/")
            found += [folder, *(above for above in folder.parents if above == root or root in above.parents)]
    return found


def _quota(folder: Path) -> float | None:
    """Return how many processors a group may keep busy, or None where it is not bounded."""
    try:
        quota, period = (folder / "cpu.max").read_text(encoding="utf-8").split()
        return None if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError):
        pass
    try:
        limit = int((folder / "cpu.cfs_quota_us").read_text(encoding="utf-8"))
        return limit / int((folder / "cpu.cfs_period_us").read_text(encoding="utf-8")) if limit > 0 else None
    except (OSError, ValueError):
        return None
