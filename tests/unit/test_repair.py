"""What happens to a scene that is not right: checked, mended, sent back, given up, shown in part."""

from __future__ import annotations

import pytest
from job_bench import CODE, JobBench, S, bench, draft, drafts
from manimatic.attempts import Budget
from manimatic.diagnostics import UNSAFE, Applied, CheckReport, Diagnostic, Severity, Span
from manimatic.errors import CheckerError, ModelUnavailable, UnusableAnswer
from manimatic.jobs import Job, Usage
from manimatic.ports import CheckOptions
from manimatic.sandbox.scripted import ScriptedRun
from manimatic.verdicts import Verdict

__all__ = ["bench"]
V = Verdict
GIVEN = ""
"""Stands for the source that a report is about."""


def broken(animations: int = 0, parts: tuple[bytes, ...] = ()) -> ScriptedRun:
    """Return a run that fails behind some animations."""
    return ScriptedRun(verdict=V.SCENE_ERROR, message="NameError: x", line=7, animations=animations, parts=parts)


def found(
    rule: str = "unknown-name", *, severity: Severity = Severity.ERROR, certain: bool = False, line: int = 1
) -> Diagnostic:
    """Return a finding."""
    span = Span(line=line, column=5, end_line=line, end_column=9)
    return Diagnostic(
        rule=rule, severity=severity, span=span, message=f"{rule} here.", hint="Write Circle.", certain=certain
    )


def errors(count: int = 1, **fields: bool) -> CheckReport:
    """Return a report with so many errors."""
    return CheckReport(code=GIVEN, diagnostics=tuple(found(f"rule-{n}", **fields) for n in range(count)))


def mended(code: str) -> CheckReport:
    """Return the report on a source that could be mended."""
    return CheckReport(code=code, applied=(Applied(rule="other-manim-name", line=3, diff="@@\n-a\n+b"),))


def failed_as(job: Job) -> str | None:
    """Return the code of the job's error."""
    return job.failure.code if job.state is S.FAILED and job.failure else None


# ---------------------------------------------------------------- checked and mended


def test_model_is_checked_strictly_and_people_by_the_policy(bench: JobBench) -> None:
    """What reaches out of the scene is an error in a model's scene, in people's as the operator says."""
    bench.script(draft())
    bench.run()
    bench.run(code="x = 1")
    bench.policy = Severity.ERROR
    bench.run(code="x = 1")
    options = [options for _, options in bench.checker.asked]
    strict = Severity.ERROR
    assert options == [CheckOptions(fix=True, policy=strict), CheckOptions(), CheckOptions(policy=strict)]


def test_mended_scene_is_the_one_that_runs_and_is_shown(bench: JobBench) -> None:
    """No model is asked; the fix stands in the attempt, its event and the job's code."""
    bench.checker.add(mended("mended"))
    bench.script(draft())
    job = bench.run()
    (attempt,) = bench.store.attempts(job.id)
    assert [request.code for request in bench.sandbox.requests] == ["mended"]
    assert (job.code, attempt.code, len(bench.generator.briefs)) == ("mended", "mended", 1)
    assert attempt.fixes == (Applied(rule="other-manim-name", line=3, diff="@@\n-a\n+b"),)
    (event,) = (event for event in bench.events(job) if event.kind == "attempt")
    assert event.data["fixes"] == [{"rule": "other-manim-name", "line": 3, "diff": "@@\n-a\n+b"}]
    assert [e.data["code"] for e in bench.events(job) if e.kind == "draft" and e.data["final"]] == ["mended"]


def test_scene_with_errors_goes_back_without_a_run(bench: JobBench) -> None:
    """The model reads each error with its place and what to write; the attempt keeps the findings."""
    bench.checker.add(errors(2))
    bench.script(*drafts(2))
    job = bench.run()
    assert (job.state, len(bench.sandbox.requests)) == (S.COMPLETE, 1)
    first, second = bench.store.attempts(job.id)
    assert (first.verdict, first.failure and first.failure.code) == (None, "check_failed")
    assert (second.verdict, second.failure) == (V.OK, None)
    assert [one.rule for one in first.diagnostics] == ["rule-0", "rule-1"]
    complaint = bench.generator.briefs[1].rounds[0].complaint
    assert "line 1, column 5 (rule-0): rule-0 here. Write Circle." in complaint
    assert CODE in complaint
    once = ["generating", "checking"]
    assert bench.states(job) == ["queued", *once, *once, "rendering", "uploading", "complete"]


def test_each_attempt_is_an_event_with_diff_and_cost(bench: JobBench) -> None:
    """The second one shows what changed."""
    bench.script(*drafts(2, cost=0.01), runs=[broken()])
    job = bench.run()
    first, second = (event.data for event in bench.events(job) if event.kind == "attempt")
    assert (first["diff"], first["cost_usd"], first["tokens"]) == (None, 0.01, 20)
    assert "-x = 0" in second["diff"]
    assert "+x = 1" in second["diff"]


def test_warnings_and_advice_do_not_hold_a_scene_back(bench: JobBench) -> None:
    """They are recorded."""
    bench.checker.add(CheckReport(code=GIVEN, diagnostics=(found(severity=Severity.WARNING),)))
    bench.script(draft())
    job = bench.run()
    assert (job.state, len(bench.generator.briefs)) == (S.COMPLETE, 1)
    assert len(bench.store.attempts(job.id)[0].diagnostics) == 1


def test_checker_that_fails_does_not_stop_a_job(bench: JobBench) -> None:
    """It is advice; the operator hears of it."""
    bench.checker.add(CheckerError())
    bench.script(draft())
    assert bench.run().state is S.COMPLETE
    assert bench.warnings == [f"checker_error: {CheckerError().message}"]


def test_checker_that_fails_stops_a_job_whose_policy_is_to_reject(bench: JobBench) -> None:
    """What was not looked at is not let through, and may be tried again."""
    bench.policy = Severity.ERROR
    bench.checker.add(CheckerError())
    job = bench.run(code="x = 1")
    assert failed_as(job) == "checker_error"
    assert job.failure is not None
    assert job.failure.retryable


# ---------------------------------------------------------------- people's own code


def test_own_scene_with_errors_that_may_not_be_reached_is_rendered(bench: JobBench) -> None:
    """Only the run can tell; the finding is kept."""
    for _ in range(2):
        bench.checker.add(errors())
    job = bench.run(code="x = 1")
    assert (job.state, len(bench.sandbox.requests)) == (S.COMPLETE, 1)
    assert [one.rule for one in bench.store.attempts(job.id)[0].diagnostics] == ["rule-0"]


def test_own_scene_that_certainly_fails_is_not_rendered(bench: JobBench) -> None:
    """The user reads the finding at once."""
    for _ in range(2):
        bench.checker.add(errors(3, certain=True))
    job = bench.run(code="x = 1")
    assert (failed_as(job), bench.sandbox.requests) == ("check_failed", [])
    assert job.failure is not None
    assert (job.failure.line, job.failure.stage) == (1, "checking")
    assert job.failure.message == "rule-0 here. There are 2 more errors."


def test_own_scene_is_mended_only_where_it_would_fail(bench: JobBench) -> None:
    """A scene without errors runs as it was written."""
    bench.checker.add(errors())
    bench.checker.add(mended("y = 1"))
    bench.run(code="x = 1")
    bench.run(code="z = 1")
    assert [request.code for request in bench.sandbox.requests] == ["y = 1", "z = 1"]
    assert [options.fix for _, options in bench.checker.asked] == [False, True, False]


def test_own_unsafe_scene_is_refused_where_the_policy_says_so(bench: JobBench) -> None:
    """With a code of its own."""
    bench.policy = Severity.ERROR
    for _ in range(2):
        bench.checker.add(CheckReport(code=GIVEN, diagnostics=(found("other"), found(UNSAFE))))
    job = bench.run(code="import socket")
    assert (failed_as(job), bench.sandbox.requests) == ("unsafe_code", [])
    assert job.failure is not None
    assert job.failure.message.startswith("unsafe here.")


# ---------------------------------------------------------------- the end of a repair


def test_same_broken_scene_again_ends_the_repair(bench: JobBench) -> None:
    """Comments and empty lines make no new scene."""
    bench.script(draft("x = 1"), draft("# better\n\nx = 1"), draft("y = 1"), runs=[broken()] * 3)
    job = bench.run()
    assert (failed_as(job), len(bench.generator.briefs)) == ("same_answer", 2)
    assert job.failure is not None
    assert "NameError: x" in job.failure.message


def test_repair_that_makes_it_worse_ends_and_the_best_is_kept(bench: JobBench) -> None:
    """Two errors after one: the first scene is run after all, and may be whole."""
    for count in (1, 2):
        bench.checker.add(errors(count))
    bench.script(*drafts(3))
    job = bench.run()
    assert (job.state, job.partial, job.verdict) == (S.COMPLETE, False, V.OK)
    assert len(bench.generator.briefs) == 2
    assert [request.code for request in bench.sandbox.requests] == [drafts(1)[0].code]
    assert job.code == drafts(1)[0].code
    assert [attempt.verdict for attempt in bench.store.attempts(job.id)] == [V.OK, None]


def test_repair_that_breaks_what_ran_keeps_what_ran(bench: JobBench) -> None:
    """The part that was rendered of the first scene is delivered, with the reason."""
    bench.checker.add(CheckReport(code=GIVEN))
    bench.checker.add(errors(2))
    bench.script(*drafts(3), runs=[broken(2, (b"one", b"two")), ScriptedRun(video=b"onetwo")])
    job = bench.run()
    assert (job.state, job.partial, job.verdict) == (S.COMPLETE, True, V.SCENE_ERROR)
    assert job.partial_reason == "scene_error: NameError: x (line 7 of the scene)"
    assert job.code == drafts(1)[0].code
    assert [path.read_bytes() for path in bench.videos()] == [b"onetwo"]


def test_part_of_a_scene_that_stays_broken_is_delivered(bench: JobBench) -> None:
    """Of all attempts the one that came furthest."""
    bench.budget = Budget(max_repairs=2)
    runs = [broken(1, (b"1",)), broken(3, (b"1", b"2", b"3")), broken(2, (b"1", b"2")), ScriptedRun(video=b"123")]
    bench.script(*drafts(9), runs=runs)
    job = bench.run()
    assert (job.state, job.partial, job.verdict, job.failure) == (S.COMPLETE, True, V.SCENE_ERROR, None)
    assert job.code == drafts(2)[1].code
    assert len(bench.sandbox.requests[-1].parts) == 3
    assert len(bench.generator.briefs) == 3


def test_scene_that_the_checker_never_let_through_is_run_at_last(bench: JobBench) -> None:
    """A false alarm costs repairs and no video."""
    bench.budget = Budget(max_repairs=1)
    for _ in range(2):
        bench.checker.add(errors())
    bench.script(*drafts(2))
    job = bench.run()
    assert (job.state, job.code, len(bench.sandbox.requests)) == (S.COMPLETE, drafts(2)[1].code, 1)


@pytest.mark.parametrize("rule", [UNSAFE, "syntax-error"])
def test_scene_of_which_nothing_can_come_is_not_run_at_last(bench: JobBench, rule: str) -> None:
    """What is no Python, and what reaches out of the scene, stays unrun."""
    bench.budget = Budget(max_repairs=1)
    for _ in range(2):
        bench.checker.add(CheckReport(code=GIVEN, diagnostics=(found(rule, certain=rule != UNSAFE),)))
    bench.script(*drafts(2))
    job = bench.run()
    assert failed_as(job) == ("unsafe_code" if rule == UNSAFE else "check_failed")
    assert bench.sandbox.requests == []


@pytest.mark.parametrize("error", [UnusableAnswer("prose", usage=Usage(requests=1)), ModelUnavailable()])
def test_answer_that_gives_no_scene_leaves_the_best_so_far(bench: JobBench, error: UnusableAnswer) -> None:
    """The part of the first scene is better than nothing."""
    bench.script(draft(), error, runs=[broken(1, (b"one",)), ScriptedRun(video=b"one")])
    job = bench.run()
    assert (job.state, job.partial, job.verdict) == (S.COMPLETE, True, V.SCENE_ERROR)


def test_budget_that_is_used_up_leaves_the_best_so_far(bench: JobBench) -> None:
    """What was rendered is paid for."""
    bench.budget = Budget(max_tokens=19)
    bench.script(*drafts(2), runs=[broken(1, (b"one",)), ScriptedRun(video=b"one")])
    job = bench.run()
    assert (job.state, job.partial, len(bench.generator.briefs)) == (S.COMPLETE, True, 1)


def test_no_model_is_asked_in_the_jobs_last_seconds(bench: JobBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repair that cannot be rendered any more is not paid for."""
    monkeypatch.setattr("manimatic.attempts.MIN_REPAIR_S", 10_000.0)
    bench.script(*drafts(2), runs=[broken()])
    assert failed_as(bench.run()) == "scene_error"
    assert len(bench.generator.briefs) == 1


def test_parts_of_all_but_the_best_attempt_are_removed(bench: JobBench) -> None:
    """The disk holds one attempt's parts, not all."""
    kept: list[int] = []
    bench.sandbox.before = lambda: kept.append(len(list(bench.folders.work.rglob("*.part"))))
    runs = [broken(3, (b"1", b"2", b"3")), broken(1, (b"1",)), broken(2, (b"1", b"2"))]
    bench.script(*drafts(9), runs=[*runs, broken(), ScriptedRun(video=b"123")])
    bench.run()
    assert kept == [0, 3, 3, 3, 3]
