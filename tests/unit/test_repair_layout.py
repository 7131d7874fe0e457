"""A scene that renders and shows things badly: one more try, and the better of both videos."""

from __future__ import annotations

import pytest
from job_bench import JobBench, S, bench, drafts
from manimatic.attempts import Budget
from manimatic.errors import UnusableAnswer
from manimatic.rehearsal import LayoutFinding, LayoutObject, Rehearsal, Rehearse
from manimatic.sandbox.scripted import ScriptedRun
from manimatic.verdicts import Verdict

__all__ = ["bench"]
V = Verdict
TITLE = LayoutObject(name="title", line=6, box=(-8.0, 3.0, 8.0, 4.0))


def run(findings: int, video: bytes = b"film", verdict: Verdict = V.OK) -> ScriptedRun:
    """Return a run whose rehearsal finds so many faults of the layout."""
    found = LayoutFinding(
        rule="off_frame",
        message="title leaves the frame.",
        hint="Make it smaller.",
        objects=(TITLE,),
        start_s=1.0,
        end_s=2.5,
        line=9,
    )
    rehearsal = Rehearsal(
        ended=True, animations=3, duration_s=4.0, predicted_render_s=2.0, findings=(found,) * findings
    )
    return ScriptedRun(verdict=verdict, message="why", rehearsal=rehearsal, animations=3, video=video)


def test_scene_is_rehearsed_before_it_is_rendered(bench: JobBench) -> None:
    """In the same run."""
    bench.script(*drafts(1))
    bench.run()
    assert [request.rehearse for request in bench.sandbox.requests] == [Rehearse.FIRST]


def test_bad_layout_goes_back_once_and_the_better_video_is_kept(bench: JobBench) -> None:
    """The model reads what is where and when; a second repair for the layout alone is not asked for."""
    bench.script(*drafts(9), runs=[run(2, b"bad"), run(1, b"better"), run(0, b"never")])
    job = bench.run()
    assert (job.state, job.partial, job.code) == (S.COMPLETE, False, drafts(2)[1].code)
    assert [path.read_bytes() for path in bench.videos()] == [b"better"]
    complaint = bench.generator.briefs[1].rounds[0].complaint
    assert "1.0-2.5 s, lines 6, 9 (off_frame): title leaves the frame." in complaint
    assert "title at x -8.0 to 8.0, y 3.0 to 4.0" in complaint
    first, second = bench.store.attempts(job.id)
    assert [one.rule for one in first.diagnostics] == ["layout-off-frame"] * 2
    assert [one.line for one in second.diagnostics] == [6]


@pytest.mark.parametrize("again", [run(2, b"same"), run(0, verdict=V.SCENE_ERROR), run(0, verdict=V.MEMORY_LIMIT)])
def test_layout_that_does_not_get_better_leaves_the_first_video(bench: JobBench, again: ScriptedRun) -> None:
    """A video with advice is better than none."""
    bench.script(*drafts(9), runs=[run(2, b"first"), again])
    job = bench.run()
    assert (job.state, job.code, len(bench.generator.briefs)) == (S.COMPLETE, drafts(1)[0].code, 2)
    assert [path.read_bytes() for path in bench.videos()] == [b"first"]


def test_answer_that_is_none_leaves_the_first_video(bench: JobBench) -> None:
    """Nor does a model that fails now take the video away."""
    bench.script(drafts(1)[0], UnusableAnswer(), runs=[run(1, b"first")])
    job = bench.run()
    assert (job.state, [path.read_bytes() for path in bench.videos()]) == (S.COMPLETE, [b"first"])


def test_layout_is_not_repaired_where_it_cannot_be(bench: JobBench) -> None:
    """People's own scenes, generators that say the same again, no repairs allowed, no time left."""
    bench.script(runs=[run(1)])
    assert bench.run(code="x = 1").state is S.COMPLETE
    bench.budget = Budget(max_repairs=0)
    bench.script(*drafts(1), runs=[run(1)])
    assert bench.run().state is S.COMPLETE
    bench.budget = Budget()
    bench.generator.can_repair = False
    bench.script(*drafts(1), runs=[run(1)])
    assert bench.run().state is S.COMPLETE
    assert len(bench.generator.briefs) == 2


def test_layout_is_not_repaired_in_the_jobs_last_minutes(bench: JobBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A finished video is not put at risk."""
    monkeypatch.setattr("manimatic.attempts.LAYOUT_REPAIR_S", 10_000.0)
    bench.script(*drafts(2), runs=[run(1)])
    assert bench.run().state is S.COMPLETE
    assert len(bench.generator.briefs) == 1


def test_scene_that_was_only_rehearsed_is_rendered_for_its_part(bench: JobBench) -> None:
    """The rehearsal of a broken scene renders nothing; when repairs are used up, what runs of it is rendered."""
    bench.budget = Budget(max_repairs=0)
    told = ScriptedRun(verdict=V.SCENE_ERROR, message="NameError: x", animations=2)
    rendered = ScriptedRun(verdict=V.SCENE_ERROR, message="NameError: x", animations=2, parts=(b"1", b"2"))
    bench.script(*drafts(1), runs=[told, rendered, ScriptedRun(video=b"12")])
    job = bench.run()
    assert (job.state, job.partial) == (S.COMPLETE, True)
    assert [request.rehearse for request in bench.sandbox.requests] == [Rehearse.FIRST, Rehearse.NO, Rehearse.NO]


def test_own_scene_is_rehearsed_briefly_and_rendered_as_far_as_it_comes(bench: JobBench) -> None:
    """The limit cuts it, and the part is theirs."""
    bench.script(runs=[ScriptedRun(verdict=V.TIMEOUT, parts=(b"1",)), ScriptedRun(video=b"1")])
    job = bench.run(code="x = 1")
    assert (job.state, job.partial, job.verdict) == (S.COMPLETE, True, V.TIMEOUT)
    assert [request.rehearse for request in bench.sandbox.requests] == [Rehearse.BRIEFLY, Rehearse.NO]
