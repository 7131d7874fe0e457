"""Five hundred runs in a row through one `manimatic serve`: nothing is left of them, and no process grows.

    .venv/bin/python script/soak.py [RUNS]

Most scenes fail at once, which costs little but the start of a sandbox; every tenth renders a video, and one in fifty
runs into a limit. After a warm-up, and then now and again, the service's processes are measured: memory of their own,
open descriptors, threads. In the end no process, resource group, mount or folder of a run and no temporary folder
may be left, descriptors and threads must be as many as after the warm-up, and memory may have grown by 8 MiB
at most: the allocator's own ups and downs are about half of that. SOAK_AT_ONCE=4 runs so many jobs at a time.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from manimatic.sandbox.runtime import runtime_root
from manimatic.service_users import DATABASE
from under_fire import ROLES, Service, all_jobs, command_line, descendants, leftovers, trouble_with

RUNS = 500
WARM_UP = 50
EVERY = 50
AT_ONCE = 8
"""Jobs that wait at a time; more would only lengthen the queue."""
MAX_GROWTH_MIB = 8.0
MEASURED = ("api", "dispatcher", "launcher")
SMALL = "from manim import *\nclass Small(Scene):\n    def construct(self):\n        "
"""What has no scene would be refused before a sandbox starts."""
FAILS = SMALL + "raise ValueError(self)\n"
RENDERS = SMALL + "self.wait(0.1)\n"
FLOODS = SMALL + "for number in range(10**9):\n            print('x' * 1000)\n"
ENDINGS = {"scene_error", "output_limit"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What one process takes."""

    memory_mib: float
    descriptors: int
    threads: int


def main(runs: int) -> int:
    """Run the jobs and print what was measured."""
    with tempfile.TemporaryDirectory(prefix="manimatic-soak-") as folder:
        before = surroundings()
        chosen = {name: value for name, value in os.environ.items() if name.startswith("MANIMATIC_")}
        at_once = os.environ.get("SOAK_AT_ONCE", "2")
        settings = {"MANIMATIC_CPU_SHARE": "1", "MANIMATIC_CONCURRENCY": at_once, **chosen}
        service = Service(Path(folder) / "data", {"MANIMATIC_LEASE_S": "30", **settings})
        try:
            print(f"{'runs':>5} {'seconds':>8}  " + "  ".join(f"{name:>30}" for name in MEASURED))
            trouble = list(_grown(service, runs))
        finally:
            service.stop()
        trouble += leftovers(service) + sorted(surroundings() - before)
        ends = Counter(job.failure.code if job.failure else job.state.value for job in all_jobs(service.store))
    print(dict(ends), *(trouble or ["nothing left, nothing grew"]), sep="\n")
    return 1 if trouble else 0


def _grown(service: Service, runs: int) -> Iterator[str]:
    """Run everything; yield what is wrong."""
    started = time.monotonic()
    first: dict[str, Size] = {}
    last: dict[str, Size] = {}
    waiting: list[str] = []
    for number in range(1, runs + 1):
        waiting.append(service.submit(code=_scene(number)).id)
        if len(waiting) == AT_ONCE or number % EVERY == 0:
            for job_id in waiting:
                if trouble := trouble_with(service, service.wait_for_end(job_id), ENDINGS):
                    yield f"run {number}: {trouble}"
            waiting = []
        if number % EVERY == 0:
            last = {name: measure(service, name) for name in MEASURED}
            first = last if number <= WARM_UP else first
            print(f"{number:5} {time.monotonic() - started:8.1f}  " + "  ".join(map(_shown, last.values())), flush=True)
    for name in MEASURED:
        yield from _growth(name, first[name], last[name])


def _scene(number: int) -> str:
    if number % 50 == 7:
        return FLOODS
    return RENDERS if number % 10 == 3 else FAILS


def measure(service: Service, role: str) -> Size:
    """Measure the processes of a role together."""
    pids = [pid for pid in descendants(service.process.pid) if ROLES[role] in command_line(pid)]
    rollups = [Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines() for pid in pids]
    private_kib = sum(int(line.split()[1]) for rollup in rollups for line in rollup if line.startswith("Private_"))
    return Size(
        memory_mib=private_kib / 1024,
        descriptors=sum(1 for pid in pids for _ in _descriptors(pid)),
        threads=sum(len(list(Path(f"/proc/{pid}/task").iterdir())) for pid in pids),
    )


def _descriptors(pid: int) -> Iterator[str]:
    """Yield what a process has open, but for its connections to the database: it keeps one for each busy thread."""
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            target = descriptor.readlink()
            if not target.name.startswith(DATABASE):
                yield str(target)


def surroundings() -> set[str]:
    """Return what a run could leave outside of the data folder: mounts, temporary folders, folders of runs, zombies."""
    mounts = {f"mount {line.split()[4]}" for line in Path("/proc/self/mountinfo").read_text().splitlines()}
    temporary = {f"temporary folder {path}" for path in Path(tempfile.gettempdir()).glob("manimatic-scratch-*")}
    runs = {f"run {path}" for path in (runtime_root() / "runs").glob("*")}
    return mounts | temporary | runs


def _growth(name: str, first: Size, last: Size) -> Iterator[str]:
    if last.memory_mib - first.memory_mib > MAX_GROWTH_MIB:
        yield f"{name} has grown from {first.memory_mib:.1f} to {last.memory_mib:.1f} MiB"
    if last.descriptors > first.descriptors:
        yield f"{name} had {first.descriptors} descriptors and has {last.descriptors}"
    if last.threads > first.threads:
        yield f"{name} had {first.threads} threads and has {last.threads}"


def _shown(size: Size) -> str:
    return f"{size.memory_mib:9.1f} MiB {size.descriptors:3} fds {size.threads:3} thr"


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else RUNS))
