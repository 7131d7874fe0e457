"""How jobs end when something comes in between: a cancel, a deadline, a lost lease, a storage that fails, a bug."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest
from job_bench import CODE, JobBench, S, bench, draft
from manimatic.errors import JobCancelled, LeaseLost, SandboxUnavailable, StoreError
from manimatic.jobs import Failure, Job, JobState, NewJob
from manimatic.outcomes import place_of, video_name
from manimatic.recorder import Stop
from manimatic.sandbox.scripted import ScriptedRun
from manimatic.storage.flaky import FlakyStorage
from manimatic.verdicts import Verdict

__all__ = ["bench"]
STAGES = ["generating", "generated", "rendering", "rendered", "uploading", "uploaded"]
SECRET = "sk-very-secret"


def stop_at(bench: JobBench, stage: str, reason: str) -> None:
    """Have the job told to stop in this stage."""
    hooks = {
        "generating": (bench.generator, "before"),
        "generated": (bench.generator, "after"),
        "rendering": (bench.sandbox, "before"),
        "rendered": (bench.sandbox, "after"),
        "uploading": (bench.storage, "before"),
        "uploaded": (bench.storage, "after"),
    }
    fake, name = hooks[stage]
    setattr(fake, name, bench.stops(reason))


# ---------------------------------------------------------------- told to stop


@pytest.mark.parametrize("stage", STAGES)
def test_cancelled_job_ends_cancelled_and_stores_nothing(bench: JobBench, stage: str) -> None:
    """In whatever stage the user's wish comes; a video that was just stored is removed again."""
    bench.script(draft())
    stop_at(bench, stage, "cancelled")
    job = bench.run()
    assert job.state is S.CANCELLED
    assert job.failure is not None
    assert (job.failure.code, job.video, bench.videos()) == ("cancelled", None, [])
    assert bench.events(job)[-1].kind == "end"


@pytest.mark.parametrize("stage", STAGES[:4])
def test_job_past_its_time_ends_expired(bench: JobBench, stage: str) -> None:
    """Until the upload; what is done by then is delivered."""
    bench.script(draft())
    stop_at(bench, stage, "expired")
    job = bench.run()
    assert (job.state, job.failure and job.failure.code) == (S.EXPIRED, "expired")


@pytest.mark.parametrize("stage", STAGES[:4])
def test_shutdown_hands_the_job_back_without_counting_the_try(bench: JobBench, stage: str) -> None:
    """Another dispatcher may take it at once, as if it had never been tried."""
    bench.script(draft(), draft())
    stop_at(bench, stage, "shutdown")
    job = bench.run()
    assert (job.state, job.tries, job.owner, job.failure) == (S.QUEUED, 0, None, None)
    for fake in (bench.generator, bench.sandbox):
        fake.before = fake.after = lambda: None
    bench.stop = Stop(time.monotonic() + 600)
    assert bench.run_waiting().state is S.COMPLETE


@pytest.mark.parametrize("stage", STAGES[4:])
def test_job_that_is_being_stored_is_finished_before_a_shutdown(bench: JobBench, stage: str) -> None:
    """What is nearly done is not done again."""
    bench.script(draft())
    stop_at(bench, stage, "shutdown")
    assert bench.run().state is S.COMPLETE


def test_first_reason_to_stop_counts(bench: JobBench) -> None:
    """A cancelled job that is killed by a shutdown stays cancelled."""
    bench.script(draft())
    bench.sandbox.before = lambda: (bench.stop.set("cancelled"), bench.stop.set("shutdown"))[0]
    assert bench.run().state is S.CANCELLED


def test_cancel_between_two_tries_of_a_failed_sandbox_is_heard(bench: JobBench) -> None:
    """The second chance is not taken."""
    bench.script(draft(), runs=[ScriptedRun(verdict=Verdict.SANDBOX_ERROR)] * 2)
    bench.sandbox.after = bench.stops("cancelled")
    assert bench.run().state is S.CANCELLED
    assert len(bench.sandbox.requests) == 1


def test_own_code_is_cancelled_before_it_runs(bench: JobBench) -> None:
    """A job that was cancelled while it was claimed starts no sandbox."""
    bench.stop.set("cancelled")
    job = bench.run(code=CODE)
    assert (job.state, bench.sandbox.requests) == (S.CANCELLED, [])


def test_cancel_that_nobody_asked_for_is_a_bug_of_ours(bench: JobBench) -> None:
    """A job is not left with its lease because a vendor's library says `cancelled`."""
    bench.script(JobCancelled())
    job = bench.run()
    assert (job.state, job.failure and job.failure.code) == (S.FAILED, "internal_error")


# ---------------------------------------------------------------- the lease is lost


@pytest.mark.parametrize("stage", STAGES)
def test_job_that_another_has_taken_is_not_touched(bench: JobBench, stage: str) -> None:
    """Nothing is written any more, and the loser's video is removed."""
    bench.script(draft(), draft())
    seen: list[Job] = []

    def lose() -> None:
        bench.loses_its_lease()
        seen.append(bench.store.get(bench.other.job.id))

    fake = {"gener": bench.generator, "rende": bench.sandbox, "uploa": bench.storage}[stage[:5]]
    setattr(fake, "before" if stage.endswith("ing") else "after", lose)
    job = bench.submit()
    with pytest.raises(LeaseLost):
        bench.run_waiting()
    assert bench.store.get(job.id) == seen[0]
    assert bench.videos() == []


def test_successor_removes_what_its_predecessor_stored(bench: JobBench) -> None:
    """A dispatcher that died right after the upload leaves no second video."""
    job = bench.submit()
    claim = bench.claim()
    (bench.folder / "film").write_bytes(b"old")
    bench.local.put(video_name(job.id, claim.fence), bench.folder / "film")
    bench.loses_its_lease()
    bench.script(draft())
    done = bench.pipeline().run(bench.other, bench.stop)
    assert done.video is not None
    assert [path.name for path in bench.videos()] == [done.video.name]


def test_lost_lease_without_a_word_of_the_store_ends_the_run(bench: JobBench) -> None:
    """The keeper stops a job whose lease it could not prolong."""
    bench.script(draft())
    bench.sandbox.before = bench.stops("lease_lost")
    bench.submit()
    with pytest.raises(LeaseLost):
        bench.run_waiting()


def test_database_that_fails_leaves_the_job_to_the_next_lease(bench: JobBench) -> None:
    """StoreError is raised; the row is not marked as failed."""

    class Failing(type(bench.store)):  # type: ignore[misc]
        """A store that refuses one state."""

        def advance(self, claim: object, to: JobState, **changes: object) -> Job:
            """Refuse to upload."""
            if to is S.UPLOADING:
                raise StoreError
            done: Job = super().advance(claim, to, **changes)
            return done

    bench.store.__class__ = Failing
    bench.script(draft())
    job = bench.submit()
    with pytest.raises(StoreError):
        bench.run_waiting()
    assert bench.store.get(job.id).state is S.RENDERING


# ---------------------------------------------------------------- the storage fails


def held(bench: JobBench, failures: int = 1) -> Job:
    """Run a job whose video cannot be stored."""
    bench.storage.inner = FlakyStorage(bench.local, failures)
    bench.script(draft(), runs=[ScriptedRun(verdict=Verdict.TIMEOUT, parts=(b"x",)), ScriptedRun(video=b"film")])
    return bench.run()


def test_video_that_cannot_be_stored_is_kept(bench: JobBench) -> None:
    """The job fails as `storage_error`, and the facts of the video stay in its row."""
    job = held(bench)
    assert job.failure is not None
    assert (job.state, job.failure.code, job.failure.stage) == (S.FAILED, "storage_error", "uploading")
    assert job.failure.retryable
    assert (job.verdict, job.partial) == (Verdict.TIMEOUT, True)
    assert job.held_video is not None
    assert Path(job.held_video).read_bytes() == b"film"
    assert bench.videos() == []


def test_kept_video_is_stored_by_the_retry(bench: JobBench) -> None:
    """Nothing is generated or rendered again, and the kept file is gone afterwards."""
    first = held(bench)
    bench.store.requeue_held(first.id)
    job = bench.run_waiting()
    assert (job.state, job.failure, job.held_video) == (S.COMPLETE, None, None)
    assert (job.verdict, job.partial, job.code, job.title) == (Verdict.TIMEOUT, True, CODE, "A title")
    assert job.video is not None
    assert first.video is not None
    assert (job.video.bytes, job.video.sha256, job.video.duration_s) == (4, first.video.sha256, 2.0)
    assert [path.read_bytes() for path in bench.videos()] == [b"film"]
    assert list(bench.folders.held.iterdir()) == []
    assert (len(bench.generator.briefs), len(bench.sandbox.requests)) == (1, 2)
    assert bench.states(job)[-3:] == ["queued", "uploading", "complete"]


def test_retry_that_fails_again_keeps_the_video_still(bench: JobBench) -> None:
    """As often as it takes; removing what an earlier claim may have stored fails without harm as well."""
    first = held(bench, failures=3)  # put; then delete and put of the retry
    bench.store.requeue_held(first.id)
    second = bench.run_waiting()
    assert (second.state, second.failure and second.failure.code) == (S.FAILED, "storage_error")
    assert second.held_video == first.held_video
    bench.store.requeue_held(first.id)
    assert bench.run_waiting().state is S.COMPLETE


def test_video_stored_although_the_answer_was_lost_is_replaced(bench: JobBench) -> None:
    """The retry leaves one video, not two."""
    bench.storage.inner = FlakyStorage(bench.local, 1, answer_lost=True)
    bench.script(draft())
    first = bench.run()
    assert len(bench.videos()) == 1
    bench.store.requeue_held(first.id)
    job = bench.run_waiting()
    assert job.video is not None
    assert [path.name for path in bench.videos()] == [job.video.name]


def test_kept_video_that_has_gone_ends_the_retries(bench: JobBench) -> None:
    """The job says so and holds nothing any more."""
    first = held(bench)
    Path(first.held_video or "").unlink()
    bench.store.requeue_held(first.id)
    job = bench.run_waiting()
    assert (job.state, job.held_video) == (S.FAILED, None)
    assert job.failure is not None
    assert (job.failure.code, job.failure.stage) == ("storage_error", "uploading")


def test_row_that_names_another_file_does_not_publish_it(bench: JobBench, tmp_path: Path) -> None:
    """Who can write the row (the api can) must not choose which of the dispatcher's files becomes a video."""
    secret = tmp_path / "secret"
    secret.write_text("a key")
    bench.store.submit(NewJob(prompt="a circle"), max_queued=9)
    claim = bench.claim()
    failure = Failure(code="storage_error", message="full", hint="")
    bench.store.advance(claim, S.FAILED, held_video=str(secret), failure=failure)
    bench.store.requeue_held(claim.job.id)
    job = bench.run_waiting()
    assert (job.state, job.held_video) == (S.FAILED, None)
    assert bench.videos() == []
    assert secret.read_text() == "a key"


def test_video_that_can_be_neither_stored_nor_kept_fails_with_another_hint(bench: JobBench) -> None:
    """The user is not promised a retry, and the operator is told."""
    bench.folders.held.write_text("in the way")
    job = held(bench)
    assert (job.state, job.held_video) == (S.FAILED, None)
    assert job.failure is not None
    assert job.failure.code == "storage_error"
    assert "could not be kept" in job.failure.hint
    assert len(bench.warnings) == 1


def test_kept_video_of_a_lost_lease_is_removed(bench: JobBench) -> None:
    """The loser leaves nothing in the folder of kept videos."""
    bench.storage.inner = FlakyStorage(bench.local, 1)
    bench.storage.before = bench.loses_its_lease
    bench.script(draft())
    bench.submit()
    with pytest.raises(LeaseLost):
        bench.run_waiting()
    assert list(bench.folders.held.iterdir()) == []


def test_kept_video_outlives_a_lost_lease_of_its_retry(bench: JobBench) -> None:
    """Only whoever stores it may remove it."""
    first = held(bench, failures=3)
    bench.store.requeue_held(first.id)
    bench.storage.before = bench.loses_its_lease
    with pytest.raises(LeaseLost):
        bench.run_waiting()
    bench.storage.before = lambda: None
    assert bench.pipeline().run(bench.other, bench.stop).state is S.COMPLETE


def test_cancel_while_the_storage_fails_is_a_cancel(bench: JobBench) -> None:
    """Nobody wants the video any more: it is not kept."""
    bench.storage.inner = FlakyStorage(bench.local, 1)
    bench.storage.before = bench.stops("cancelled")
    bench.script(draft())
    job = bench.run()
    assert (job.state, job.held_video, bench.folders.held.exists()) == (S.CANCELLED, None, False)


# ---------------------------------------------------------------- bugs of ours


@pytest.mark.parametrize("where", ["generator", "sandbox", "storage"])
def test_bug_ends_the_job_as_internal_error_and_tells_nobody_its_words(bench: JobBench, where: str) -> None:
    """The user gets no traceback, the operator gets the place; the prompt and a key in the error reach neither."""

    def burst() -> None:
        raise RuntimeError(f"{SECRET} in a secret prompt")

    getattr(bench, where).before = burst
    bench.script(draft())
    job = bench.run(prompt="a secret prompt")
    assert job.failure is not None
    assert (job.state, job.failure.code, job.failure.traceback) == (S.FAILED, "internal_error", None)
    told = f"{job.failure} {[event.data for event in bench.events(job)]}"
    assert SECRET not in told
    assert "RuntimeError" not in told
    (warning,) = bench.warnings
    assert job.id in warning
    assert "RuntimeError" in warning
    assert "test_pipeline_ends.py" in warning
    assert "secret" not in warning
    assert [(type(error), ids) for error, ids in bench.bugs] == [(RuntimeError, {"job_id": job.id})]


def test_sandbox_that_this_machine_cannot_give_fails_the_job_with_its_reason(bench: JobBench) -> None:
    """It is tried once, and no scene is blamed."""
    bench.script(draft(), runs=[SandboxUnavailable("no namespaces", hint="allow them")])
    job = bench.run()
    assert job.failure is not None
    assert (job.failure.code, job.failure.message, job.failure.hint) == (
        "sandbox_unavailable",
        "no namespaces",
        "allow them",
    )
    assert len(bench.sandbox.requests) == 1


def test_work_folder_that_cannot_be_made_is_no_fault_of_the_job(bench: JobBench) -> None:
    """A full disk ends in `internal_error`, not in a stuck job."""
    bench.folders.work.parent.mkdir(exist_ok=True)
    bench.folders.work.write_text("in the way")
    job = bench.run(code=CODE)
    assert (job.state, job.failure and job.failure.code) == (S.FAILED, "internal_error")
    bench.folders.work.unlink()


def test_artefacts_are_private_while_they_are_worked_on(bench: JobBench) -> None:
    """Nobody else on the machine looks into a run's folder."""
    modes: list[int] = []

    def look() -> None:
        modes.extend(path.stat().st_mode & 0o777 for path in bench.folders.work.iterdir())

    bench.sandbox.before = look
    bench.script(draft())
    bench.run()
    assert modes == [0o700]


def test_place_of_an_error_names_the_innermost_frame_first() -> None:
    """The operator sees where it broke without the error's words."""
    try:
        shutil.copyfile(os.devnull, "/nonexistent/secret")
    except OSError as error:
        told = place_of(error)
    assert told.startswith("FileNotFoundError at shutil.py:")
    assert "secret" not in told
