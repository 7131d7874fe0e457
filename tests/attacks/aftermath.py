"""What has to hold after every attack: the machine is as it was before."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from manimatic.sandbox.watchdog import descendants, read_processes

LEAVE_S = 1.0
"""How long after the run's end a process may take to vanish."""
CLOCK_DRIFT_S = 1.0
WATCHED = ("/tmp", "/dev/shm", "/run", "/var/tmp")
SHARED_MEMORY = ("/proc/sysvipc/shm", "/proc/sysvipc/msg", "/proc/sysvipc/sem")


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The machine as a session sees it; exact where the session has its own processes, mounts and folders."""

    processes: frozenset[int]
    mounts: frozenset[str]
    files: frozenset[str]
    shared_memory: str
    groups: frozenset[str]
    clock_s: float


def take(places: Iterable[Path], run_ids: Iterable[str], *, exact: bool) -> Snapshot:
    """Look at the machine.

    Args:
        places: Folders of the session in which runs leave nothing.
        run_ids: Runs of which no resource group may be left.
        exact: The session has its own processes and folders; else only what comes from it or is its user's counts.
    """
    return Snapshot(
        processes=frozenset(_processes(exact=exact)),
        mounts=frozenset(Path("/proc/self/mountinfo").read_text().splitlines()),
        files=frozenset(_files([*map(Path, WATCHED), *places], exact=exact)),
        shared_memory="".join(Path(path).read_text() for path in SHARED_MEMORY) if exact else "",
        groups=frozenset(_groups(run_ids)),
        clock_s=time.time() - time.monotonic(),
    )


def differences(before: Snapshot, places: Iterable[Path], run_ids: Iterable[str], *, exact: bool) -> list[str]:
    """Say what is not as it was; processes get a moment to vanish."""
    give_up_at = time.monotonic() + LEAVE_S
    while True:
        now = take(places, run_ids, exact=exact)
        left = now.processes - before.processes
        if not (left or now.groups) or time.monotonic() > give_up_at:
            break
        time.sleep(0.02)
    found = [f"process {pid} is left: {_name(pid)}" for pid in sorted(left)]
    found += [f"group {name} is left" for name in sorted(now.groups)]
    found += [f"file {path} is left" for path in sorted(now.files - before.files)]
    found += [f"file {path} is gone" for path in sorted(before.files - now.files)]
    found += [f"mount {line} is new" for line in now.mounts - before.mounts]
    found += [f"mount {line} is gone" for line in before.mounts - now.mounts if os.path.exists(line.split()[4])]  # noqa: PTH110
    if now.shared_memory != before.shared_memory:
        found.append("System V objects are left")
    if abs(now.clock_s - before.clock_s) > CLOCK_DRIFT_S:
        found.append("the clock was set")
    return found


def _processes(*, exact: bool) -> Iterable[int]:
    """Yield the processes that live: all that are seen, else those that come from this one."""
    found = read_processes()
    watched = found.keys() if exact else descendants(found, [os.getpid()])
    return [pid for pid in watched if found[pid].state not in "ZX"]


def _files(places: Iterable[Path], *, exact: bool) -> Iterable[str]:
    for place in places:
        with contextlib.suppress(OSError):
            for entry in os.scandir(place):
                if exact or entry.stat(follow_symlinks=False).st_uid == os.geteuid():
                    yield entry.path


def _groups(run_ids: Iterable[str]) -> Iterable[str]:
    """Find resource groups by the end of their names; others come and go meanwhile."""
    ends = tuple(run_ids)
    for folder, names, _ in os.walk("/sys/fs/cgroup") if ends else ():
        yield from (str(Path(folder, name)) for name in names if name.endswith(ends))


def _name(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")[:120]
    return "gone meanwhile"
