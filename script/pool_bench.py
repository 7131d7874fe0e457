"""Measure claim to finished video: `script/bench pool [JOBS [WAY]]`, warm and cold, with a whole and a halved CPU.

The service is started as users start it, with every wall, and is given a one-second circle at low quality again and
again; between two jobs it has time to fill its pool. From the claim to the end is what a job spends in all states but
the queue. The parts of it are medians too: looking the scene over, the run (of which the worker's start and the
rehearsal), storing.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "script"))

from manimatic.bootstrap import build_launcher_sandbox  # noqa: E402
from manimatic.jobs import Job, JobState  # noqa: E402
from under_fire import Service  # noqa: E402

JOBS = 20
CIRCLE = "from manim import *\n\n\nclass A(Scene):\n    def construct(self):\n        self.play(Create(Circle()))\n"
WAYS = (
    ("warm, no CPU quota", 1, "1"),
    ("cold, no CPU quota", 0, "1"),
    ("warm, quota", 1, "0.5"),
    ("cold, quota", 0, "0.5"),
)
FULL_S = 60.0


def main(arguments: list[str]) -> int:
    """Measure all ways, or those that are wanted."""
    parser = argparse.ArgumentParser(prog="script/bench pool", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("jobs", nargs="?", type=int, default=JOBS, help="in each way; %(default)s")
    parser.add_argument(
        "way", nargs="?", default="", help=f"only those that begin so: {'; '.join(way[0] for way in WAYS)}"
    )
    wanted = parser.parse_args(arguments)
    for name, size, share in WAYS:
        if name.startswith(wanted.way):
            print(f"{name}: {measured(size, share, wanted.jobs)}", flush=True)
    return 0


def measured(size: int, share: str, jobs: int) -> str:
    """Run jobs one after the other and return what they took, the first one left out."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {"MANIMATIC_POOL_SIZE": str(size), "MANIMATIC_CPU_SHARE": share}
        service = Service(Path(folder) / "data", settings)
        try:
            service.await_role("dispatcher")
            ended = [_one(service, size) for _ in range(jobs + 1)][1:]
            runs = [service.store.attempts(job.id)[-1].figures for job in ended]
        finally:
            service.stop()
    return _told(ended, runs)


def _one(service: Service, size: int) -> Job:
    _await_pool(service, size)
    job = service.wait_for_end(service.submit(code=CIRCLE).id)
    if job.state is not JobState.COMPLETE:
        raise SystemExit(f"A job ended as {job.state}: {job.failure}")
    print(".", end="", file=sys.stderr, flush=True)
    return job


def _await_pool(service: Service, size: int) -> None:
    """Wait until so many workers wait, as the launcher tells."""
    command = Path(f"/proc/{service.await_role('launcher')}/cmdline").read_bytes().split(b"\0")
    sandbox = build_launcher_sandbox(Path(os.fsdecode(command[command.index(b"--socket") + 1])))
    give_up_at = time.monotonic() + FULL_S
    while size and time.monotonic() < give_up_at:
        try:
            if dict(sandbox.describe()).get("pool", {}).get("ready") == size:
                return
        except Exception:  # noqa: BLE001  it may still be starting
            time.sleep(0.2)
        time.sleep(0.05)


def _told(ended: list[Job], runs: list[Mapping[str, float]]) -> str:
    whole = sorted(sum(seconds for state, seconds in job.timings.items() if state != "queued") for job in ended)
    p99 = whole[min(len(whole) - 1, round(0.99 * len(whole)))]
    parts = [f"{state} {_median(job.timings.get(state, 0.0) for job in ended)}" for state in ended[0].timings]
    figures = [
        f"{name} {_median(run.get(name, 0.0) for run in runs)}"
        for name in ("wall_s", "ready_s", "rehearsal_s", "cpu_s")
    ]
    return f"p50 {1000 * statistics.median(whole):.0f} ms, p99 {1000 * p99:.0f} ms ({', '.join([*parts, *figures])})"


def _median(values: Iterable[float]) -> str:
    return f"{statistics.median(values):.3f}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
