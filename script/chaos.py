"""Kill -9 of every process in every stage: every job still ends, once, and nothing of the dead run is left.

    .venv/bin/python script/chaos.py [STAGE…]     each stage (or those named) × each victim, once
    .venv/bin/python script/chaos.py random 50    fifty rounds of chance; CHAOS_SEED=… repeats them
    .venv/bin/python script/chaos.py engine DATA  engine and launcher in each stage, with containers on the engine of
                                                  script/engine with this data folder, which has the worker image

Each round submits a job to a running `manimatic serve`, holds the dispatcher (SIGSTOP) in the stage, kills one process
of the service or of the sandbox, lets the dispatcher go on, starts again what was killed whole, and waits for the job's
end. The job has to be complete (or `crashed` where the worker itself was the victim: from outside that looks like a
scene that killed itself; or our own failure where the engine was), with exactly one end event and one stored video; in
the end no worker, no container, no resource group and no work folder may be left. About eight seconds a round. With
SERVICE_PYTHON the service runs in another environment: where every user may read it, its parts are users of their own.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import engine as engines
from under_fire import Frozen, Service, asked_for, containers, leftovers, stray_videos, trouble_with

STAGES = ("queued", "generating", "checking", "rendering", "part", "uploading")
VICTIMS = ("serve", "api", "dispatcher", "launcher", "bwrap", "worker")
ONLY_WHILE_RENDERING = {"bwrap", "worker"}
EXPLAINED = {"worker": {"crashed"}, "engine": {"sandbox_error", "sandbox_unavailable"}}
"""Failures that a victim's death may end the job with."""
MAX_MISSES = 20
MAX_STARTS = 5
Kill = Callable[[Service, str], bool]
"""Kills a victim, and tells whether there was one."""


def main(arguments: list[str]) -> int:
    """Run the rounds and print what happened."""
    if arguments[:1] == ["engine"]:
        return with_engine(engines.Engine(Path(arguments[1]).absolute()))
    if arguments[:1] != ["random"] and not {*arguments} <= {*STAGES}:
        print(__doc__, file=sys.stderr)
        return 2
    rounds = _chance(int(arguments[1])) if arguments[:1] == ["random"] else _every(arguments)
    chosen = {name: value for name, value in os.environ.items() if name.startswith("MANIMATIC_")}
    return run(list(rounds), chosen, Service.kill)


def with_engine(engine: engines.Engine) -> int:
    """Run containers, and kill their engine."""

    def kill(service: Service, victim: str) -> bool:
        if victim != "engine":
            return service.kill(victim)
        for pid in engine.pids():
            os.kill(pid, signal.SIGKILL)
        _start(engine)
        return True

    rounds = [(stage, victim) for stage in STAGES for victim in ("engine", "launcher")]
    if not engine.is_kept:
        _start(engine)
    try:
        address = f"unix://{engine.socket}"
        status = run(rounds, {"MANIMATIC_SANDBOX": "docker", "MANIMATIC_DOCKER_HOST": address}, kill)
        left = containers(address)
        print(f"containers left: {left or 'none'}")
        return 1 if left else status
    finally:
        engine.stop()


def _start(engine: engines.Engine) -> None:
    """Start the engine as a service manager does: again, where a busy machine was too slow for it."""
    for _ in range(MAX_STARTS - 1):
        with contextlib.suppress(engines.Trouble):
            return engine.start(keep=True)
    return engine.start(keep=True)


def run(rounds: list[tuple[str, str]], settings: dict[str, str], kill: Kill) -> int:
    """Run the rounds on one service; return 0 where all is well."""
    ends: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="manimatic-chaos-") as folder:
        service = Service(Path(folder) / "data", settings)
        try:
            for number, (stage, victim) in enumerate(rounds, 1):
                started = time.monotonic()
                state, tries, trouble = one_round(service, stage, victim, kill)
                ends[state] += 1
                what = f"{number:3}/{len(rounds)} kill {victim:10} at {stage:10} -> {state} tries {tries}"
                print(f"{what} {time.monotonic() - started:5.1f} s {trouble}", flush=True)
                if trouble:
                    print(service.log()[-3000:])
                    return 1
        finally:
            service.stop()
        left = leftovers(service)
    print(dict(ends), left or "nothing left")
    return 1 if left else 0


def _every(stages: Sequence[str] = ()) -> Iterator[tuple[str, str]]:
    for stage in stages or STAGES:
        for victim in VICTIMS:
            if victim not in ONLY_WHILE_RENDERING or stage in {"rendering", "part"}:
                yield stage, victim


def _chance(rounds: int) -> Iterator[tuple[str, str]]:
    seed = int(os.environ.get("CHAOS_SEED", time.time()))
    print(f"seed {seed}")
    chance, every = random.Random(seed), list(_every())
    for _ in range(rounds):
        yield chance.choice(every)


def one_round(service: Service, stage: str, victim: str, kill: Kill) -> tuple[str, int, str]:
    """Submit, hold, kill, and wait for the end; return the job's state, its tries, and what is wrong."""
    for _ in range(MAX_MISSES):
        frozen = Frozen(service)
        try:
            if stage == "queued":
                frozen.hold()
            job = service.submit(**asked_for(stage))
            caught = frozen.catch(job.id, stage, victim if victim in ONLY_WHILE_RENDERING else "dispatcher")
            had_one = caught and kill(service, victim)
        finally:
            frozen.close()
        if victim == "serve" and had_one:
            service.restart_if_dead()
        if not caught:
            service.store.request_cancel(job.id)
        job = service.wait_for_end(job.id)
        allowed = EXPLAINED.get(victim, set()) if caught else {"cancelled"}
        if trouble := trouble_with(service, job, allowed) or stray_videos(service):
            return job.state, job.tries, trouble
        if had_one:
            return job.state, job.tries, ""
    return job.state, job.tries, f"not once was {victim} caught in stage {stage}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
