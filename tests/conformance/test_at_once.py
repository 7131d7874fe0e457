"""Runs at the same time have limits of their own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from conformance_types import Trials
from manimatic.verdicts import Verdict
from sandbox_bench import SLOWDOWN
from zoo import ZOO

SCENES = {
    "hostile_memory": Verdict.MEMORY_LIMIT,
    "hostile_fork_bomb": Verdict.PROCESS_LIMIT,
    "hostile_endless_loop": Verdict.TIMEOUT,
    "ok_square": Verdict.OK,
}


def test_four_runs_at_once_each_meet_their_own_limit(trials: Trials) -> None:
    """One that eats memory, one that forks, one that spins; the fourth is well."""
    made = {scene: trials.new() for scene in SCENES}

    def run(scene: str) -> Verdict:
        timeout_s = 20.0 if scene == "hostile_endless_loop" else 60.0
        code = (ZOO / f"{scene}.py").read_text()
        return made[scene].run(code, cpu_cores=0.5, timeout_s=timeout_s * SLOWDOWN).verdict

    with ThreadPoolExecutor(len(SCENES)) as pool:
        assert dict(zip(SCENES, pool.map(run, SCENES), strict=True)) == SCENES
