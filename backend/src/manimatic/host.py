"""What a machine has left."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

FULL_BYTES = 64 * 1024**2
"""With less free space on the data folder's disk nothing more can be stored."""
_MEMINFO = Path("/proc/meminfo")
_STAT = Path("/proc/stat")


def resources(folder: Path) -> dict[str, Any]:
    """Return disk, memory and processors as `/health` shows them."""
    load = os.getloadavg()
    return {
        "disk": disk(folder),
        "memory": memory(_MEMINFO),
        "cpu": {"cores": len(os.sched_getaffinity(0)), "load_1m": round(load[0], 2), "load_5m": round(load[1], 2)},
    }


def busy_s() -> float | None:
    """Return the seconds that all processors together have worked; None where the kernel does not say."""
    try:
        fields = [int(text) for text in _STAT.read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]]
    except (OSError, ValueError):
        return None
    user, nice, system, _idle, _iowait, irq, softirq, steal = fields
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def disk(folder: Path) -> dict[str, int] | None:
    """Return the size and the free space of the folder's file system; None where there is no such folder."""
    try:
        status = os.statvfs(folder)
    except OSError:
        return None
    return {"total_bytes": status.f_blocks * status.f_frsize, "free_bytes": status.f_bavail * status.f_frsize}


def memory(meminfo: Path) -> dict[str, int | None]:
    """Return the machine's memory; None where the kernel does not say."""
    try:
        lines = meminfo.read_text(encoding="ascii").splitlines()
    except OSError:
        lines = []
    found = {name: rest for name, _, rest in (line.partition(":") for line in lines)}
    return {"total_bytes": _bytes(found.get("MemTotal")), "available_bytes": _bytes(found.get("MemAvailable"))}


def _bytes(text: str | None) -> int | None:
    number = (text or "").split()
    return int(number[0]) * 1024 if number and number[0].isdigit() else None
