"""One job from its claim to a stored video, with fakes of everything outside."""

from __future__ import annotations

import time

import pytest
from job_bench import CODE, JobBench, S, bench, draft, drafts
from manimatic.attempts import Budget
from manimatic.errors import (
    BudgetExceeded,
    GenerationError,
    ModelRefused,
    ModelRejectedKey,
    ModelUnavailable,
    NoOfflineAnswer,
    UnusableAnswer,
)
from manimatic.jobs import Job, Usage
from manimatic.ports import Limits
from manimatic.recorder import Stop
from manimatic.sandbox.scripted import ScriptedRun
from manimatic.verdicts import Verdict

__all__ = ["bench"]
V = Verdict
BROKEN = ScriptedRun(
    verdict=V.SCENE_ERROR, message="NameError: Circel", line=3, traceback="line 3, in construct\n  Circel()"
)
WORK = ["queued", "generating", "checking", "rendering"]


# ---------------------------------------------------------------- the straight way


def test_prompt_becomes_a_stored_video_with_its_facts(bench: JobBench) -> None:
    """The row says everything that is known of the video, the scene and the run."""
    bench.script(draft(), runs=[ScriptedRun(video=b"film", animations=2, figures={"cpu_s": 1.5})])
    job = bench.run()
    assert job.state is S.COMPLETE
    assert (job.title, job.explanation, job.code, job.generator) == ("A title", "Why.", CODE, "scripted")
    assert (job.verdict, job.partial, job.failure, job.held_video) == (V.OK, False, None, None)
    assert job.isolation == bench.sandbox.describe()
    assert job.video is not None
    assert (job.video.bytes, job.video.width, job.video.fps, job.video.duration_s) == (4, 854, 15.0, 2.0)
    assert job.video.expires_at == pytest.approx(bench.clock.now + 3600)
    assert job.video.url == f"http://here/videos/{job.video.name}"
    assert [path.read_bytes() for path in bench.videos()] == [b"film"]
    assert bench.states(job) == [*WORK, "uploading", "complete"]
    assert set(job.timings) == {*WORK, "uploading"}


def test_events_come_in_order_and_end_with_the_end(bench: JobBench) -> None:
    """Log and progress of a run stand before its attempt, and the whole draft before the run."""
    bench.script(draft(), runs=[ScriptedRun(log=("hel", "lo\n"), progress=((1, 0.5, 3), (2, 1.0, 4)))])
    job = bench.run()
    kinds = [event.kind for event in bench.events(job) if event.kind != "state"]
    assert kinds.index("draft") < kinds.index("log") < kinds.index("progress") < kinds.index("attempt")
    events = bench.events(job)
    assert events[-1].kind == "end"
    assert "".join(event.data["text"] for event in events if event.kind == "log") == "hello\n"
    assert [event.data["final"] for event in events if event.kind == "draft"][-1] is True
    assert job.progress == {"animation": 2, "video_s": 1.0, "line": 4}


def test_attempt_is_recorded_with_verdict_usage_and_figures(bench: JobBench) -> None:
    """What the model charged and what the run used stay with the attempt."""
    bench.script(draft(cost=0.02), runs=[ScriptedRun(animations=3, figures={"cpu_s": 2.5})])
    job = bench.run()
    (attempt,) = bench.store.attempts(job.id)
    assert (attempt.number, attempt.origin, attempt.code, attempt.verdict) == (1, "m-1", CODE, V.OK)
    assert attempt.usage == Usage(requests=1, input_tokens=10, output_tokens=10, cost_usd=0.02)
    assert attempt.figures == {"cpu_s": 2.5, "animations": 3}
    assert attempt.isolation == bench.sandbox.describe()
    assert 0 <= (attempt.ended_at or 0) - attempt.started_at < 10


def test_request_to_the_sandbox_carries_options_and_limits(bench: JobBench) -> None:
    """What runs is the draft, within the budget's limits."""
    bench.budget = Budget(limits=Limits(timeout_s=12.0, memory_bytes=123))
    bench.script(draft())
    job = bench.run()
    (request,) = bench.sandbox.requests
    assert (request.code, request.options, request.parts) == (CODE, job.options, ())
    assert request.limits == Limits(timeout_s=12.0, memory_bytes=123)
    assert request.run_id != job.id


# ---------------------------------------------------------------- the user's own code


def test_own_code_runs_without_a_model(bench: JobBench) -> None:
    """Nothing is generated and nothing is asked."""
    job = bench.run(prompt="mine", code="x = 1")
    assert job.state is S.COMPLETE
    assert bench.generator.briefs == []
    assert (job.title, job.generator, job.code) == ("mine", "user", "x = 1")
    assert bench.states(job) == ["queued", "checking", "rendering", "uploading", "complete"]
    assert bench.store.attempts(job.id)[0].origin == "user"


def test_own_code_that_fails_is_not_repaired(bench: JobBench) -> None:
    """The user gets the verdict, the line and the traceback of their own scene."""
    bench.script(runs=[BROKEN])
    job = bench.run(prompt="", code="x = 1")
    assert (job.state, job.title) == (S.FAILED, "Your scene")
    assert job.failure is not None
    assert (job.failure.code, job.failure.line, job.failure.stage) == ("scene_error", 3, "rendering")
    assert job.failure.traceback == BROKEN.traceback
    assert bench.generator.briefs == []


def test_own_code_that_is_no_source_fails_as_bad_input(bench: JobBench) -> None:
    """What gets past the front door is refused before it runs."""
    job = bench.run(code=" ")
    assert (job.state, job.failure and job.failure.code) == (S.FAILED, "invalid_input")
    assert bench.sandbox.requests == []


# ---------------------------------------------------------------- repair


@pytest.mark.parametrize("verdict", [V.SCENE_ERROR, V.NO_SCENE, V.NO_OUTPUT, V.INVALID_OUTPUT, V.CRASHED, V.TIMEOUT])
def test_failed_scene_goes_back_to_the_model(bench: JobBench, verdict: Verdict) -> None:
    """Everything that another scene may mend is tried again."""
    bench.script(draft("first"), draft("second"), runs=[ScriptedRun(verdict=verdict, message="why")])
    job = bench.run()
    assert (job.state, job.code) == (S.COMPLETE, "second")
    assert [attempt.verdict for attempt in bench.store.attempts(job.id)] == [verdict, V.OK]
    assert bench.states(job) == [*WORK, *WORK[1:], "uploading", "complete"]


def test_repair_is_told_what_was_wrong(bench: JobBench) -> None:
    """Every failed scene so far goes along with its verdict, message and traceback, oldest first."""
    other = ScriptedRun(verdict=V.NO_OUTPUT, message="nothing was played")
    bench.script(draft("first"), draft("second"), draft("third"), runs=[BROKEN, other])
    bench.run(prompt="a circle")
    assert [brief.prompt for brief in bench.generator.briefs] == ["a circle"] * 3
    first, second = bench.generator.briefs[2].rounds
    assert (first.code, second.code) == ("first", "second")
    assert first.complaint == f"scene_error: NameError: Circel\n{BROKEN.traceback}"
    assert second.complaint == "no_output: nothing was played"
    assert bench.generator.briefs[1].rounds == (first,)


@pytest.mark.parametrize("repairs", [0, 2])
def test_scene_that_keeps_failing_is_given_up(bench: JobBench, repairs: int) -> None:
    """One attempt and as many repairs as the budget allows, then the last failure is the job's."""
    bench.budget = Budget(max_repairs=repairs)
    bench.script(*drafts(9), runs=[BROKEN] * 9)
    job = bench.run()
    assert job.failure is not None
    assert (job.state, job.failure.code, job.failure.message) == (S.FAILED, "scene_error", BROKEN.message)
    assert len(bench.sandbox.requests) == len(bench.store.attempts(job.id)) == repairs + 1


def test_generator_that_cannot_repair_is_not_asked_again(bench: JobBench) -> None:
    """The offline composer would only say the same."""
    bench.generator.can_repair = False
    bench.script(draft(), draft(), runs=[BROKEN])
    job = bench.run()
    assert (job.state, len(bench.generator.briefs)) == (S.FAILED, 1)


@pytest.mark.parametrize("verdict", [V.MEMORY_LIMIT, V.PROCESS_LIMIT, V.DISK_LIMIT, V.OUTPUT_LIMIT])
def test_limit_without_a_part_fails_at_once(bench: JobBench, verdict: Verdict) -> None:
    """The verdict is the error's code, and the hint says what to change."""
    bench.script(draft(), draft(), runs=[ScriptedRun(verdict=verdict)])
    job = bench.run()
    assert job.failure is not None
    assert (job.state, job.failure.code) == (S.FAILED, verdict.value)
    assert job.failure.hint
    assert job.failure.message
    assert len(bench.generator.briefs) == 1


def test_unusable_code_of_a_model_is_the_models_fault(bench: JobBench) -> None:
    """An empty scene is no bad input of the user's, and what it cost is recorded."""
    bench.script(draft("\n"))
    job = bench.run()
    assert (job.state, job.failure and job.failure.code) == (S.FAILED, "unusable_answer")
    assert bench.store.attempts(job.id)[0].usage.cost_usd == 0.01
    assert bench.sandbox.requests == []


# ---------------------------------------------------------------- partial results


@pytest.mark.parametrize("verdict", [V.TIMEOUT, V.MEMORY_LIMIT, V.DISK_LIMIT, V.OUTPUT_LIMIT, V.PROCESS_LIMIT])
def test_limit_with_parts_delivers_them_joined(bench: JobBench, verdict: Verdict) -> None:
    """A second run joins what was finished; the verdict of the first is kept."""
    cut = ScriptedRun(verdict=verdict, parts=(b"one", b"two"), animations=2)
    bench.script(draft(), runs=[cut, ScriptedRun(video=b"onetwo")])
    job = bench.run()
    assert (job.state, job.partial, job.verdict, job.failure) == (S.COMPLETE, True, verdict, None)
    assert (job.partial_reason or "").startswith(verdict.value)
    assert [path.read_bytes() for path in bench.videos()] == [b"onetwo"]
    assert [path.name for path in bench.sandbox.requests[1].parts] == ["00000.part", "00001.part"]
    assert bench.sandbox.requests[1].code == ""
    assert [attempt.verdict for attempt in bench.store.attempts(job.id)] == [verdict]


def test_join_asks_for_no_more_than_the_budget_allows(bench: JobBench) -> None:
    """A launcher refuses a run that asks for more time than its own bounds."""
    bench.budget = Budget(limits=Limits(timeout_s=30.0))
    bench.script(draft(), runs=[ScriptedRun(verdict=V.TIMEOUT, parts=(b"one",))])
    assert bench.run().partial
    assert [request.limits.timeout_s for request in bench.sandbox.requests] == [30.0, 30.0]


def test_parts_that_cannot_be_joined_leave_the_limit_as_the_failure(bench: JobBench) -> None:
    """A join that fails is not shown as the scene's doing."""
    bench.generator.can_repair = False
    cut = ScriptedRun(verdict=V.TIMEOUT, parts=(b"one",))
    bench.script(draft(), runs=[cut, ScriptedRun(verdict=V.SANDBOX_ERROR, message="broke")])
    job = bench.run()
    assert (job.state, job.failure and job.failure.code) == (S.FAILED, "timeout")


def test_parts_of_the_users_own_broken_scene_are_not_delivered(bench: JobBench) -> None:
    """They mend it themselves; half of it is not what they asked for."""
    bench.script(runs=[ScriptedRun(verdict=V.SCENE_ERROR, parts=(b"one",))])
    job = bench.run(code="x = 1")
    assert (job.state, job.video, len(bench.sandbox.requests)) == (S.FAILED, None, 1)


# ---------------------------------------------------------------- our own machinery


def test_failed_sandbox_gets_a_second_chance_with_the_same_scene(bench: JobBench) -> None:
    """The model is not asked again for what is not its doing."""
    bench.script(draft(), runs=[ScriptedRun(verdict=V.SANDBOX_ERROR, message="no launcher")])
    job = bench.run()
    assert job.state is S.COMPLETE
    assert [request.code for request in bench.sandbox.requests] == [CODE, CODE]
    assert len({request.run_id for request in bench.sandbox.requests}) == 2
    assert [attempt.verdict for attempt in bench.store.attempts(job.id)] == [V.OK]


def test_sandbox_that_fails_twice_is_never_the_scenes_fault(bench: JobBench) -> None:
    """The job fails as `sandbox_error`, may be tried again, and nothing goes back to the model."""
    bench.script(draft(), draft(), runs=[ScriptedRun(verdict=V.SANDBOX_ERROR, message="no launcher")] * 2)
    job = bench.run()
    assert job.failure is not None
    assert (job.state, job.failure.code, job.failure.message) == (S.FAILED, "sandbox_error", "no launcher")
    assert job.failure.retryable
    assert (job.failure.line, job.failure.traceback) == (None, None)
    assert len(bench.generator.briefs) == 1


# ---------------------------------------------------------------- budget and generation errors


def fails_as(job: Job, code: str) -> bool:
    """Tell whether the job failed with this code and a hint."""
    return job.state is S.FAILED and job.failure is not None and job.failure.code == code and bool(job.failure.hint)


@pytest.mark.parametrize("budget", [Budget(max_tokens=39), Budget(max_cost_usd=0.019)], ids=["tokens", "cost"])
def test_repairs_stop_where_all_attempts_together_exceed_the_budget(bench: JobBench, budget: Budget) -> None:
    """Two answers of 20 tokens and one cent each are too much, one is not."""
    bench.budget = budget
    bench.script(*drafts(9), runs=[BROKEN] * 9)
    job = bench.run()
    assert fails_as(job, "budget_exceeded")
    assert len(bench.generator.briefs) == 2
    assert len(bench.store.attempts(job.id)) == 2


def test_answer_without_a_known_price_counts_its_tokens(bench: JobBench) -> None:
    """No price is no free lunch."""
    bench.budget = Budget(max_tokens=39, max_cost_usd=0)
    bench.script(*drafts(9, cost=None), runs=[BROKEN] * 9)
    assert fails_as(bench.run(), "budget_exceeded")
    assert len(bench.generator.briefs) == 2


@pytest.mark.parametrize(
    "error",
    [
        NoOfflineAnswer,
        ModelRefused,
        ModelUnavailable,
        ModelRejectedKey,
        UnusableAnswer,
        BudgetExceeded,
        GenerationError,
    ],
)
def test_generation_error_ends_the_job_with_its_code(bench: JobBench, error: type[GenerationError]) -> None:
    """The user reads what happened, at which stage, and what to do about it."""
    bench.script(error())
    job = bench.run()
    assert fails_as(job, error.code)
    assert job.failure is not None
    assert (job.failure.stage, job.failure.message) == ("generating", error().message)
    assert job.failure.retryable == error.retryable
    assert list(bench.store.attempts(job.id)) == []


def test_charge_of_an_answer_that_gave_no_scene_is_recorded(bench: JobBench) -> None:
    """A refused answer costs as well, and stands among the attempts."""
    bench.script(
        draft(), UnusableAnswer("no code", usage=Usage(requests=3, input_tokens=7, cost_usd=0.3)), runs=[BROKEN]
    )
    job = bench.run()
    assert fails_as(job, "unusable_answer")
    first, second = bench.store.attempts(job.id)
    assert (first.usage.cost_usd, second.usage.cost_usd, second.usage.requests) == (0.01, 0.3, 3)
    assert (second.number, second.verdict, second.code) == (2, None, "")
    assert second.failure is not None
    assert second.failure.code == "unusable_answer"


def test_attempts_of_an_earlier_claim_stay_and_count(bench: JobBench) -> None:
    """A job that was handed back goes on counting: its attempts are neither lost nor free."""
    bench.budget = Budget(max_tokens=39)
    bench.script(*drafts(9), runs=[BROKEN] * 9)
    bench.generator.after = lambda: (len(bench.generator.briefs) == 2 and bench.stop.set("shutdown")) or None
    assert bench.run().state is S.QUEUED
    bench.generator.after = lambda: None
    bench.stop = Stop(time.monotonic() + 600)
    job = bench.run_waiting()
    assert fails_as(job, "budget_exceeded")
    assert [attempt.number for attempt in bench.store.attempts(job.id)] == [1, 2]


# ---------------------------------------------------------------- time


def test_run_gets_no_more_time_than_the_job_has_left(bench: JobBench) -> None:
    """The sandbox's limit is the smaller of its own and the job's rest."""
    bench.stop = Stop(time.monotonic() + 20)
    bench.script(draft(), draft(), runs=[ScriptedRun(verdict=V.TIMEOUT), ScriptedRun(verdict=V.TIMEOUT, parts=(b"x",))])
    assert bench.run().partial
    assert len(bench.sandbox.requests) == 3
    assert all(0 < request.limits.timeout_s <= 20 for request in bench.sandbox.requests)


def test_run_that_takes_the_jobs_last_second_ends_it_as_expired(bench: JobBench) -> None:
    """The job's own limit is not reported as the limit of a run."""
    now = [0.0]
    bench.stop = Stop(10.0, clock=lambda: now[0])
    bench.sandbox.after = lambda: now.__setitem__(0, 10.0)
    bench.script(draft(), draft(), runs=[ScriptedRun(verdict=V.TIMEOUT, parts=(b"x",))])
    job = bench.run()
    assert (job.state, len(bench.sandbox.requests)) == (S.EXPIRED, 1)
    assert job.failure is not None
    assert job.failure.code == "expired"


def test_video_that_is_done_in_the_last_moment_is_delivered(bench: JobBench) -> None:
    """Time that runs out during the upload takes no finished video away."""
    bench.storage.before = bench.stops("expired")
    bench.script(draft())
    assert bench.run().state is S.COMPLETE
