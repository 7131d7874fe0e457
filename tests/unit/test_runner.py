"""The dispatcher's loop: claims, the keeper of each running job, and upkeep."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from job_bench import CODE, JobBench, S, bench, draft
from manimatic.errors import LeaseLost, SandboxUnavailable, StorageError, StoreError
from manimatic.jobs import Job
from manimatic.outcomes import video_name
from manimatic.ports import Claim
from manimatic.recorder import Stop
from manimatic.runner import Pace, Runner
from manimatic.sandbox.scripted import ScriptedRun
from manimatic.storage.flaky import FlakyStorage
from manimatic.wakeup import InProcessWakeup

__all__ = ["bench"]
PACE = Pace(lease_s=30.0, heartbeat_s=0.05, watch_s=0.02, idle_s=0.05, upkeep_s=0.05)
SOON_S = 8.0  # what takes so long on a busy machine will not happen any more
LONG = ScriptedRun(lasts_s=60.0)


class RunnerBench:
    """A runner on the fakes of a job bench."""

    def __init__(self, jobs: JobBench) -> None:
        self.jobs = jobs
        self.wakeup = InProcessWakeup()
        self.shutdown = threading.Event()

    def make(self, **changes: Any) -> Runner:
        """Wire a runner."""
        wired: dict[str, Any] = {
            "name": "one",
            "store": self.jobs.store,
            "pipeline": self.jobs.pipeline(),
            "storage": self.jobs.storage,
            "wakeup": self.wakeup,
            "work_folder": self.jobs.folders.work,
            "job_timeout_s": 600.0,
            "pace": PACE,
            "warn": self.jobs.warnings.append,
        }
        return Runner(**{**wired, **changes})

    @contextmanager
    def running(self, runner: Runner) -> Iterator[None]:
        """Serve during the block; afterwards the loop has ended within a second."""
        thread = threading.Thread(target=runner.run, args=(self.shutdown,))
        thread.start()
        try:
            yield
        finally:
            self.shutdown.set()
            thread.join(SOON_S)
            assert not thread.is_alive()

    def wait_for(self, condition: Callable[[], object]) -> None:
        """Wait until it is so."""
        give_up_at = time.monotonic() + SOON_S
        while not condition():
            assert time.monotonic() < give_up_at, "it did not happen"
            time.sleep(0.01)

    def state(self, job: Job) -> str:
        """Return where the job stands."""
        return self.jobs.store.get(job.id).state


@pytest.fixture
def runners(bench: JobBench) -> RunnerBench:
    """Give a bench whose clock is the real one."""
    bench.store._clock = bench.local._clock = time.time
    return RunnerBench(bench)


# ---------------------------------------------------------------- claiming


def test_waiting_jobs_are_run_oldest_first(runners: RunnerBench) -> None:
    """One after the other, each once."""
    jobs = [runners.jobs.submit(code=f"x = {number}") for number in range(3)]
    runner = runners.make()
    while runner.run_next(runners.shutdown):
        pass
    assert [request.code for request in runners.jobs.sandbox.requests] == ["x = 0", "x = 1", "x = 2"]
    assert {runners.state(job) for job in jobs} == {"complete"}


def test_named_job_is_run_before_older_ones(runners: RunnerBench) -> None:
    """The command line wants its own job, and no other."""
    first, second = runners.jobs.submit(code=CODE), runners.jobs.submit(code=CODE)
    assert runners.make().run_next(runners.shutdown, job_id=second.id)
    assert (runners.state(first), runners.state(second)) == ("queued", "complete")
    assert not runners.make().run_next(runners.shutdown, job_id=second.id)


def test_job_that_was_tried_too_often_is_not_taken(runners: RunnerBench) -> None:
    """Upkeep ends it instead."""
    runners.jobs.submit(code=CODE)
    assert not runners.make(pace=dataclasses.replace(PACE, max_tries=0)).run_next(runners.shutdown)


def test_notified_job_starts_at_once(runners: RunnerBench) -> None:
    """The dispatcher sleeps until it is called, not until its next look."""
    runner = runners.make(pace=dataclasses.replace(PACE, idle_s=60.0))
    with runners.running(runner):
        time.sleep(0.1)
        job = runners.jobs.submit(code=CODE)
        runners.wakeup.notify(job.id)
        runners.wait_for(lambda: runners.state(job) == "complete")
        runners.shutdown.set()
        runners.wakeup.notify(job.id)


def test_as_many_jobs_run_at_once_as_allowed(runners: RunnerBench) -> None:
    """Two of three run; the third waits for its turn."""
    meeting = threading.Barrier(3)
    runners.jobs.sandbox.before = lambda: meeting.wait(SOON_S) and None
    jobs = [runners.jobs.submit(code=CODE) for _ in range(3)]
    for _ in jobs[:2]:
        runners.jobs.sandbox.add(LONG)
    with runners.running(runners.make(concurrency=2)):
        meeting.wait(SOON_S)
        assert [runners.state(job) for job in jobs] == ["rendering", "rendering", "queued"]
    assert [runners.state(job) for job in jobs] == ["queued"] * 3


def test_shutdown_hands_running_jobs_back(runners: RunnerBench) -> None:
    """The try is not counted and the work folder is gone."""
    runners.jobs.script(runs=[LONG])
    job = runners.jobs.submit(code=CODE)
    with runners.running(runners.make()):
        runners.wait_for(lambda: runners.jobs.sandbox.requests)
    after = runners.jobs.store.get(job.id)
    assert (after.state, after.tries, after.owner) == (S.QUEUED, 0, None)


# ---------------------------------------------------------------- the keeper


def test_cancel_is_heard_within_a_second(runners: RunnerBench) -> None:
    """With the pace that is shipped: it looks several times a second."""
    runners.jobs.script(runs=[LONG])
    job = runners.jobs.submit(code=CODE)
    asked_at: list[float] = []

    def cancel() -> None:
        runners.jobs.store.request_cancel(job.id)
        asked_at.append(time.monotonic())

    runners.jobs.sandbox.before = cancel
    runners.make(pace=Pace()).run_next(runners.shutdown)
    assert time.monotonic() - asked_at[0] < 1.0
    assert runners.state(job) == "cancelled"


def test_keeper_prolongs_the_lease(runners: RunnerBench) -> None:
    """A run that is longer than the lease stays ours."""
    runners.jobs.script(runs=[ScriptedRun(lasts_s=0.6)])
    job = runners.jobs.submit(code=CODE)
    runners.make(pace=dataclasses.replace(PACE, lease_s=0.3)).run_next(runners.shutdown)
    after = runners.jobs.store.get(job.id)
    assert (after.state, after.tries) == (S.COMPLETE, 1)


def test_lost_lease_ends_the_run(runners: RunnerBench) -> None:
    """The runner goes on to the next job, and the other's row stays untouched."""
    runners.jobs.script(runs=[LONG])
    job = runners.jobs.submit(code=CODE)

    def take_over() -> None:
        runners.jobs.store._clock = lambda: time.time() + 100
        runners.jobs.store.reap(max_tries=9)
        runners.jobs.claim("other")

    runners.jobs.sandbox.before = take_over
    assert runners.make().run_next(runners.shutdown)
    after = runners.jobs.store.get(job.id)
    assert (after.owner, after.fence, after.state) == ("other", 2, S.QUEUED)


def test_deleted_job_ends_its_run(runners: RunnerBench) -> None:
    """A row that is gone belongs to nobody."""
    runners.jobs.script(runs=[LONG])
    job = runners.jobs.submit(code=CODE)

    def delete() -> None:
        runners.jobs.store._clock = lambda: time.time() + 100
        runners.jobs.store.request_cancel(job.id)
        runners.jobs.store.reap(max_tries=9)
        runners.jobs.store.delete(job.id)

    runners.jobs.sandbox.before = delete
    started = time.monotonic()
    assert runners.make().run_next(runners.shutdown)
    assert time.monotonic() - started < SOON_S


def test_jobs_own_limit_ends_it_as_expired(runners: RunnerBench) -> None:
    """However long the run would go on."""
    runners.jobs.script(runs=[LONG])
    job = runners.jobs.submit(code=CODE)
    runners.make(job_timeout_s=0.2).run_next(runners.shutdown)
    assert runners.state(job) == "expired"


def test_deadline_before_the_limit_counts(runners: RunnerBench) -> None:
    """The user's own time is shorter."""
    runners.jobs.script(runs=[LONG])
    job = runners.jobs.submit(code=CODE, deadline_at=time.time() + 0.3)
    runners.make().run_next(runners.shutdown)
    assert runners.state(job) == "expired"


class Troubled:
    """Stands before a store; what is named raises."""

    def __init__(self, inner: Any, **errors: Exception) -> None:
        self.inner = inner
        self.errors = errors
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        """Give what the store has."""
        real = getattr(self.inner, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            self.calls.append(name)
            if name in self.errors:
                raise self.errors[name]
            return real(*args, **kwargs)

        return call


@pytest.mark.parametrize("error", [StoreError("busy"), ValueError("a bug")], ids=["store", "bug"])
def test_database_out_of_reach_for_a_moment_does_not_end_the_run(runners: RunnerBench, error: Exception) -> None:
    """The keeper says so and goes on keeping."""
    store: Any = Troubled(runners.jobs.store, heartbeat=error)
    runners.jobs.script(runs=[ScriptedRun(lasts_s=0.3)])
    job = runners.jobs.submit(code=CODE)
    assert runners.make(store=store).run_next(runners.shutdown)
    assert runners.state(job) == "complete"
    assert store.calls.count("heartbeat") > 1
    assert runners.jobs.warnings


def test_database_out_of_reach_for_a_whole_lease_ends_the_run(runners: RunnerBench) -> None:
    """Somebody else may have the job by now."""
    store: Any = Troubled(runners.jobs.store, heartbeat=StoreError("gone"))
    runners.jobs.script(runs=[LONG])
    job = runners.jobs.submit(code=CODE)
    assert runners.make(store=store, pace=dataclasses.replace(PACE, lease_s=0.3)).run_next(runners.shutdown)
    assert runners.state(job) == "rendering"


@pytest.mark.parametrize("error", [StoreError("gone"), KeyError("a bug")], ids=["store", "bug"])
def test_loop_outlives_every_error(runners: RunnerBench, error: Exception) -> None:
    """Claims that fail are tried again, and jobs are run when they succeed."""
    store: Any = Troubled(runners.jobs.store, claim=error, reap=error, reports=error)
    job = runners.jobs.submit(code=CODE)
    with runners.running(runners.make(store=store)):
        runners.wait_for(lambda: store.calls.count("claim") > 2 and store.calls.count("reap") > 1)
        store.errors = {}
        runners.wait_for(lambda: runners.state(job) == "complete")


def test_database_that_fails_in_mid_run_leaves_the_job_to_the_reaper(runners: RunnerBench) -> None:
    """The runner goes on; the job's lease ends and it is tried again."""

    class Failing:
        """A pipeline without a database."""

        def run(self, claim: Claim, stop: Stop) -> Job:
            """Fail."""
            raise StoreError("disk full")

    job = runners.jobs.submit(code=CODE)
    with runners.running(runners.make(pipeline=Failing())):
        runners.wait_for(lambda: any("disk full" in line for line in runners.jobs.warnings))
    assert runners.state(job) == "queued"
    assert runners.jobs.store.get(job.id).tries == 1


# ---------------------------------------------------------------- upkeep


def test_dead_claims_are_reaped_and_told(runners: RunnerBench) -> None:
    """A job of a dead dispatcher waits again, and whoever sleeps is woken."""
    job = runners.jobs.submit(code=CODE)
    runners.jobs.claim("dead")
    runners.jobs.store._clock = lambda: time.time() + 100
    told: list[str] = []
    runners.wakeup.notify = told.append  # type: ignore[method-assign]
    runners.make().upkeep()
    assert (runners.state(job), told) == ("queued", [job.id])


class Told(InProcessWakeup):
    """Notes what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []
        self.reminded: list[str] = []

    def notify(self, job_id: str) -> None:
        """Note one job."""
        self.told.append(job_id)
        super().notify(job_id)

    def remind(self, job_ids: Sequence[str]) -> None:
        """Note all of them."""
        self.reminded += job_ids


def test_job_that_is_handed_back_is_told_to_others(runners: RunnerBench) -> None:
    """Another machine takes it at once, not when it happens to look."""
    runners.jobs.script(runs=[LONG])
    job, wakeup = runners.jobs.submit(code=CODE), Told()
    with runners.running(runners.make(wakeup=wakeup)):
        runners.wait_for(lambda: runners.jobs.sandbox.requests)
    assert runners.state(job) == "queued"
    assert wakeup.told == [job.id]


def test_jobs_that_wait_long_are_told_again(runners: RunnerBench) -> None:
    """Their wake-up may have been lost; a dispatcher that takes no jobs itself sees to it too."""
    job, wakeup = runners.jobs.submit(code=CODE), Told()
    runner = runners.make(wakeup=wakeup, concurrency=0)
    runner.upkeep()
    assert wakeup.reminded == []
    runners.make(wakeup=wakeup, concurrency=0, pace=dataclasses.replace(PACE, remind_s=0.0)).upkeep()
    assert wakeup.reminded == [job.id]
    with runners.running(runner):
        time.sleep(0.2)
    assert runners.state(job) == "queued"


def test_work_of_dead_runs_is_swept_and_of_live_ones_kept(runners: RunnerBench) -> None:
    """Only the newest claim of a job that runs has a right to its folder."""
    live = runners.jobs.submit(code=CODE)
    runners.jobs.claim()
    waiting = runners.jobs.submit(code=CODE)
    work = runners.jobs.folders.work
    names = [f"{live.id}-1", f"{live.id}-0", f"{live.id}-2", f"{waiting.id}-0", "nobody-1", "stray", "-"]
    for name in names:
        (work / name / "inner").mkdir(parents=True)
    runners.make().upkeep()
    assert [path.name for path in work.iterdir()] == [f"{live.id}-1"]
    runners.jobs.store._clock = lambda: time.time() + 100
    runners.make().upkeep()
    assert list(work.iterdir()) == []


def test_nothing_is_swept_while_the_database_does_not_answer(runners: RunnerBench) -> None:
    """Who cannot ask does not destroy."""
    (runners.jobs.folders.work / "job-1").mkdir(parents=True)
    store: Any = Troubled(runners.jobs.store, get=StoreError("gone"))
    runners.make(store=store).upkeep()
    assert (runners.jobs.folders.work / "job-1").is_dir()
    (runners.jobs.folders.work / "job-1").rmdir()


def test_kept_videos_that_no_job_waits_for_are_swept(runners: RunnerBench) -> None:
    """Those of jobs that hold them, and of claims that may be about to, stay."""
    runners.jobs.storage.inner = FlakyStorage(runners.jobs.local, 1)
    runners.jobs.script(draft())
    failed = runners.jobs.run()
    assert failed.held_video
    running = runners.jobs.submit(code=CODE)
    runners.jobs.claim()
    held = runners.jobs.folders.held
    kept = {Path(failed.held_video).name, f"{running.id}-1.mp4"}
    for name in (f"{running.id}-1.mp4", f"{failed.id}-7.mp4", "nobody-1.mp4"):
        (held / name).touch()
    runners.make(held_folder=held).upkeep()
    assert {path.name for path in held.iterdir()} == kept


def test_video_of_a_dispatcher_that_died_too_often_is_removed(runners: RunnerBench) -> None:
    """It was stored, and its job ended without it: nobody would ever ask for it."""
    job = runners.jobs.submit(code=CODE)
    claim = runners.jobs.claim("dead")
    path = runners.jobs.folders.work / "film.mp4"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"film")
    runners.jobs.local.put(video_name(job.id, claim.fence), path)
    path.unlink()
    runners.jobs.store._clock = lambda: time.time() + 100
    runners.make(pace=dataclasses.replace(PACE, max_tries=1)).upkeep()
    assert (runners.state(job), runners.jobs.videos()) == ("failed", [])


def test_old_jobs_are_dropped_with_what_they_kept(runners: RunnerBench) -> None:
    """Once in a while; a job that still has its video stays."""
    runners.jobs.storage.inner = FlakyStorage(runners.jobs.local, 1)
    runners.jobs.script(draft(), draft())
    failed, complete = runners.jobs.run(), runners.jobs.run()
    held = runners.jobs.folders.held
    runner = runners.make(held_folder=held, jobs_kept_s=100.0)
    runner.upkeep()
    assert len(list(held.iterdir())) == 1
    runners.jobs.store._clock = lambda: time.time() + 101
    runner.upkeep()
    assert runners.state(failed) == "failed"  # it looks seldom
    runners.make(held_folder=held, jobs_kept_s=0.0).upkeep()
    assert runners.state(failed) == "failed"
    runners.make(held_folder=held, jobs_kept_s=100.0).upkeep()
    assert [job.id for job in runners.jobs.store.list_jobs(limit=9).jobs] == [complete.id]
    assert list(held.iterdir()) == []


def test_video_past_its_time_is_removed_and_forgotten(runners: RunnerBench) -> None:
    """The job stays, without its video."""
    runners.jobs.script(draft())
    job = runners.jobs.run()
    runners.make().upkeep()
    assert len(runners.jobs.videos()) == 1
    runners.jobs.store._clock = lambda: time.time() + 4000
    runners.make().upkeep()
    assert (runners.jobs.videos(), runners.jobs.store.get(job.id).video) == ([], None)


def test_job_that_its_user_deleted_goes_with_its_video(runners: RunnerBench) -> None:
    """What the api could not remove itself, upkeep does."""
    runners.jobs.script(draft())
    job = runners.jobs.run()
    runners.jobs.store.doom(job.id)
    runners.make().upkeep()
    assert runners.jobs.videos() == []
    assert runners.jobs.store.expired_videos() == []


def test_one_video_that_cannot_be_removed_keeps_no_other(runners: RunnerBench) -> None:
    """The rest is removed, and the one is tried again next time."""
    runners.jobs.script(draft(), draft())
    first, second = runners.jobs.run(), runners.jobs.run()
    runners.jobs.store._clock = lambda: time.time() + 4000
    real = runners.jobs.storage.delete
    assert first.video is not None

    def delete(name: str) -> None:
        if first.video and name == first.video.name:
            raise StorageError("it is stuck")
        real(name)

    runners.jobs.storage.delete = delete  # type: ignore[method-assign]
    runners.make().upkeep()
    assert runners.jobs.store.get(first.id).video is not None
    assert runners.jobs.store.get(second.id).video is None
    assert any("it is stuck" in line for line in runners.jobs.warnings)


def test_dispatcher_reports_itself(runners: RunnerBench) -> None:
    """Under its own name, with its facts of the moment."""
    runners.make(facts=lambda: {"generator": "scripted"}).upkeep()
    (report,) = runners.jobs.store.reports(within_s=60)
    assert (report.name, report.role, report.facts["generator"]) == ("one", "dispatcher", "scripted")


def test_ended_jobs_are_counted_and_reported(runners: RunnerBench) -> None:
    """How they ended, how long each stage took, and what their attempts came to; a later process counts anew."""
    runner = runners.make()
    job = runners.jobs.submit(code="x = 1")
    assert runner.run_next(runners.shutdown)
    runner.upkeep()
    (report,) = runners.jobs.store.reports(within_s=60)
    counts = {(name, *labels.values()): value for name, labels, value in report.facts["tally"]["counts"]}
    ended = runners.jobs.store.get(job.id)
    assert counts["jobs_ended", ended.state.value, ended.verdict or "none"] == 1
    assert sum(value for (name, *_), value in counts.items() if name == "attempts") == 1
    stages = {labels["stage"] for _, labels, _ in report.facts["tally"]["times"]}
    assert stages == set(ended.timings)


def test_job_that_the_reaper_ends_is_counted(runners: RunnerBench) -> None:
    """It ended here, though nobody ran it."""
    job = runners.jobs.submit(code="x = 1", deadline_at=time.time() - 1)
    runner = runners.make()
    runner.upkeep()
    assert runners.state(job) == "expired"
    runner.upkeep()
    (report,) = runners.jobs.store.reports(within_s=60)
    assert ["jobs_ended", {"state": "expired", "verdict": "none"}, 1.0] in report.facts["tally"]["counts"]


def test_log_hears_of_a_jobs_beginning_and_end(runners: RunnerBench) -> None:
    """Under the ids of the job and of the request that asked for it."""
    heard: list[tuple[str, dict[str, Any]]] = []
    runner = runners.make(tell=lambda event, **facts: heard.append((event, facts)))
    job = runners.jobs.submit(code="x = 1", request_id="request-0001")
    assert runner.run_next(runners.shutdown)
    assert [event for event, _ in heard] == ["job begins", "job rests"]
    assert all((facts["job_id"], facts["request_id"]) == (job.id, "request-0001") for _, facts in heard)
    assert heard[1][1]["state"] == runners.state(job)


@pytest.mark.parametrize("error", [SandboxUnavailable("no"), OSError("no"), EOFError()])
def test_facts_that_cannot_be_had_do_not_end_the_upkeep(runners: RunnerBench, error: Exception) -> None:
    """Everything else was done before, and is done again."""

    def facts() -> dict[str, Any]:
        raise error

    runners.make(facts=facts).upkeep()
    assert len(runners.jobs.warnings) == 1


def test_warnings_hold_no_words_of_a_bug(runners: RunnerBench) -> None:
    """They may quote a prompt or a key."""
    store: Any = Troubled(runners.jobs.store, reap=RuntimeError("sk-secret"))
    bugs: list[BaseException] = []
    runners.make(store=store, tell_bug=bugs.append).upkeep()
    (warning,) = runners.jobs.warnings
    assert "RuntimeError" in warning
    assert "sk-secret" not in warning
    assert [type(error) for error in bugs] == [RuntimeError]


def test_lost_lease_is_no_news_for_the_operator(runners: RunnerBench) -> None:
    """It is what leases are for."""
    store: Any = Troubled(runners.jobs.store, reap=LeaseLost())
    runners.make(store=store).upkeep()
    assert runners.jobs.warnings == []
