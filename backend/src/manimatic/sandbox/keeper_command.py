"""What a keeper and its worker are told: the walls to put up, the environment, the program."""

from __future__ import annotations

import base64
import functools
import json
import os
from dataclasses import dataclass
from pathlib import Path

from manimatic.ports import Limits
from manimatic.sandbox import seccomp
from manimatic.sandbox.bwrap_command import ENVIRON, SYSTEM
from manimatic.sandbox.cgroup.base import GroupReport
from manimatic.sandbox.run_folder import SCRATCH
from manimatic.sandbox.runtime import GuestRuntime
from manimatic.sandbox.slots import Slot
from manimatic.sandbox.supervised import cpu_rlimit_s, process_rlimit
from manimatic.sandbox.watchdog import read_processes

STACK_BYTES = 16 * 1024**2
"""Of each thread. It counts as address space, so less than where a group counts memory."""
CODE_BYTES = 512 * 1024**2
"""Address space for libraries and what is mapped but not touched."""
_PROC = ("/proc/self/maps", "/proc/self/stat", "/proc/self/statm", "/proc/self/status")
_READABLE = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom", *_PROC)
_WRITABLE = ("/dev/null", "/dev/zero")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is particular to one run.

    Attributes:
        folder: The run's own folder, the only place to write.
        lifeline: The descriptor on which the keeper hears of the start and of the launcher's end.
        slot: Who the run is.
        held: What the run's resource group counts; without one its address space is limited too.
        probe: Only try the walls.
    """

    folder: Path
    lifeline: int
    slot: Slot
    held: GroupReport
    probe: bool = False


def command(runtime: GuestRuntime, limits: Limits, told: Told) -> list[str]:
    """Return the argument list that starts the keeper."""
    wanted = {
        "folder": str(told.folder),
        "lifeline": told.lifeline,
        "alone": told.slot.uid is not None,
        "worker": confinement(runtime, limits, told),
        "probe": told.probe,
    }
    return [runtime.host_python, "-I", "-S", "-B", "-c", _program(runtime), json.dumps(wanted)]


def _program(runtime: GuestRuntime) -> str:
    """Return the source that starts the keeper from the guest runtime on the host."""
    paths = [str(runtime.worker), str(runtime.site)]
    return (
        f"import sys, os, site; site.setquit(); sys.path[:0] = {paths!r}; "
        "from manimatic_worker.keeper import main; os._exit(main(sys.argv))"
    )


def confinement(runtime: GuestRuntime, limits: Limits, told: Told) -> str:
    """Return what the worker is told to put in force on itself, as JSON."""
    slot = told.slot
    own = [str(path) for path in (runtime.site, runtime.worker, runtime.interpreter) if path]
    processes = process_rlimit(limits.max_processes, group_counts=told.held.pids)
    space = limits.memory_bytes + limits.max_processes * STACK_BYTES + CODE_BYTES
    wanted = {
        "open_files": limits.max_files,
        "processes": processes if slot.uid is not None else processes + threads_of(os.geteuid()),
        "file_bytes": limits.disk_bytes,
        "stack_bytes": STACK_BYTES,
        "address_space_bytes": None if told.held.memory else space,
        "cpu_s": cpu_rlimit_s(limits),
        "read_only": [*_existing(SYSTEM), *_READABLE, *own],
        "writable": [str(told.folder), *_WRITABLE],
        "filters": _filters("seccomp", "landlock", *(["landlock_shared_user"] if slot.uid is None else [])),
        "insist": True,
    }
    return json.dumps(wanted)


@functools.cache
def _filters(*policies: str) -> tuple[str, ...]:
    """Return the system-call filters of these policies; they add up."""
    return tuple(base64.b64encode(seccomp.filter_bytes(policy=name)).decode() for name in policies)


def _existing(paths: tuple[str, ...]) -> list[str]:
    return [path for path in (*paths, "/bin", "/lib", "/lib64") if Path(path).exists()]


def threads_of(uid: int) -> int:
    """Count a user's threads on this machine: its process limit counts them all."""
    total = 0
    for pid, process in read_processes().items():
        try:
            total += process.threads if Path(f"/proc/{pid}").stat().st_uid == uid else 0
        except OSError:
            continue
    return total


def environ(folder: Path) -> dict[str, str]:
    """Return the guest's whole environment: bubblewrap's, with the run's folder as its only place."""
    scratch = folder / SCRATCH
    places = {
        "HOME": folder,
        "TMPDIR": scratch,
        "XDG_CACHE_HOME": scratch / ".cache",
        "TEXMFVAR": scratch / ".texmf",
        "TEXMFHOME": scratch / ".texmf",
    }
    return ENVIRON | {"MALLOC_ARENA_MAX": "2"} | {name: str(path) for name, path in places.items()}
