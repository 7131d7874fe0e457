"""What a container is made of: the engine's own JSON, with every wall in it, and what the worker inside is told."""

from __future__ import annotations

import base64
import functools
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from manimatic.ports import Limits
from manimatic.sandbox import seccomp
from manimatic.sandbox.bwrap_command import ENVIRON, JOB_DIR, SYSTEM
from manimatic.sandbox.cgroup.base import CPU_PERIOD_US, CPU_SHARES, quota_us
from manimatic.sandbox.docker.profile import profile
from manimatic.sandbox.supervised import cpu_rlimit_s, process_rlimit

FIRST_UID = 60834
"""Start of a range that no distribution hands out, above that of the slots of runs without an engine."""
SLOTS = 256
LAUNCHER, RUN, LIFETIME = "manimatic.launcher", "manimatic.run", "manimatic.lifetime_s"
"""Labels: whose it is, which run, and after how many seconds it may be removed whoever made it."""
GRACE_S = 600
"""A container lives no longer than its run's limit and this: its start, its end and a busy engine between them."""
HEADROOM = 8
"""A runtime that is a kernel of its own has threads besides its guest's; so often the guest's number it gets."""
SPARE_THREADS = 256
_SMALL_BYTES = 64 * 1024**2
_PROGRAM = (
    "import sys, os, site; site.setquit(); sys.path[:0] = ['/runtime/worker', '/runtime/site']; "
    "from manimatic_worker.init import main; os._exit(main(sys.argv))"
)
_READABLE = (*SYSTEM, "/bin", "/lib", "/lib64", "/runtime", "/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
_PROC = ("/proc/self/maps", "/proc/self/stat", "/proc/self/statm", "/proc/self/status")
_WRITABLE = (JOB_DIR, "/tmp", "/dev/shm", "/dev/null", "/dev/zero")  # noqa: S108
_MASKED = (
    "/proc/acpi",
    "/proc/asound",
    "/proc/cmdline",
    "/proc/kallsyms",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys",
)
_READ_ONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What all containers of a launcher have in common.

    Attributes:
        image: The id of the worker's image: not a name, which could come to mean another.
        launcher: The launcher's id.
        runtime: The engine's runtime; empty for its own default.
        own_filter: The worker loads the system-call filter itself, because the runtime does not.
        counts_processes: The engine's group holds the number of processes.
    """

    image: str
    launcher: str
    runtime: str = ""
    own_filter: bool = False
    counts_processes: bool = True


def config(recipe: Recipe, run_id: str, limits: Limits, uid: int, argv: list[str]) -> dict[str, Any]:
    """Return what the engine is asked to create.

    `argv` is `serve` or `probe` and what the worker is told; `uid` is the run's own.
    """
    return {
        "Image": recipe.image,
        "Entrypoint": ["/usr/bin/python3", "-I", "-S", "-B", "-c", _PROGRAM, *argv],
        "Cmd": [],
        "Env": [f"{name}={value}" for name, value in ENVIRON.items()],
        "WorkingDir": JOB_DIR,
        "User": f"{uid}:{uid}",
        "Hostname": "job",
        "NetworkDisabled": True,
        "Tty": False,
        "AttachStdin": True,
        "AttachStdout": True,
        "AttachStderr": True,
        "OpenStdin": True,
        "StdinOnce": True,
        "StopSignal": "SIGKILL",
        "Healthcheck": {"Test": ["NONE"]},
        "Labels": {
            LAUNCHER: recipe.launcher,
            RUN: run_id,
            LIFETIME: str(math.ceil(limits.timeout_s) + GRACE_S),
        },
        "HostConfig": _host_config(recipe, limits, uid),
    }


def _host_config(recipe: Recipe, limits: Limits, uid: int) -> dict[str, Any]:
    return {
        "NetworkMode": "none",
        "ReadonlyRootfs": True,
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges", f"seccomp={_profile()}"],
        "IpcMode": "private",
        "CgroupnsMode": "private",
        "Memory": limits.memory_bytes,
        "MemorySwap": limits.memory_bytes,
        "CpuPeriod": CPU_PERIOD_US,
        "CpuQuota": quota_us(limits.cpu_cores),
        "CpuShares": CPU_SHARES,
        "PidsLimit": pids_limit(recipe, limits.max_processes),
        "OomScoreAdj": 500,
        "Tmpfs": tmpfs(limits, uid),
        "ShmSize": min(_SMALL_BYTES, limits.disk_bytes),
        "Ulimits": [
            {"Name": "core", "Soft": 0, "Hard": 0},
            {"Name": "nofile", "Soft": limits.max_files, "Hard": limits.max_files},
        ],
        "MaskedPaths": list(_MASKED),
        "ReadonlyPaths": list(_READ_ONLY),
        "LogConfig": {"Type": "none"},
        "RestartPolicy": {"Name": "no"},
        "AutoRemove": False,
        "Init": False,
        **({"Runtime": recipe.runtime} if recipe.runtime else {}),
    }


def pids_limit(recipe: Recipe, max_processes: int) -> int:
    """Return what the engine's group is told: more for a runtime whose threads are counted with the guest's."""
    return max_processes * HEADROOM + SPARE_THREADS if recipe.own_filter else max_processes


def tmpfs(limits: Limits, uid: int) -> dict[str, str]:
    """Return the file systems in memory, the run's own alone."""
    options = f"rw,noexec,nosuid,nodev,mode=0700,uid={uid},gid={uid}"
    sizes = {JOB_DIR: limits.disk_bytes, "/tmp": min(_SMALL_BYTES, limits.disk_bytes)}  # noqa: S108
    return {path: f"{options},size={size}" for path, size in sizes.items()}


def process_limit(recipe: Recipe, max_processes: int) -> int:
    """Return the user's own limit of processes: exact where only a kernel of the runtime's own counts the guest's."""
    if recipe.own_filter:
        return max_processes
    return process_rlimit(max_processes, group_counts=recipe.counts_processes)


def confinement(recipe: Recipe, limits: Limits) -> str:
    """Return what the worker is told to put in force on itself, as JSON."""
    wanted: Mapping[str, Any] = {
        "open_files": limits.max_files,
        "processes": process_limit(recipe, limits.max_processes),
        "file_bytes": limits.disk_bytes,
        "cpu_s": cpu_rlimit_s(limits),
        "read_only": [*_READABLE, *_PROC],
        "writable": list(_WRITABLE),
        "filters": [base64.b64encode(seccomp.filter_bytes()).decode()] if recipe.own_filter else [],
    }
    return json.dumps(wanted)


@functools.cache
def _profile() -> str:
    return json.dumps(profile())
