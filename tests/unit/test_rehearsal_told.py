"""What a guest tells of its rehearsal arrives, and what it may not tell is refused."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from manimatic.errors import SandboxError
from manimatic.ports import RunRequest
from manimatic.rehearsal import LayoutFinding, LayoutObject, Rehearsal, Rehearse
from manimatic.sandbox import wire
from manimatic.sandbox.intake import Intake
from manimatic.sandbox.scripted import ScriptedRun, ScriptedSandbox
from manimatic.sandbox.wire_rehearsal import rehearsal_from_dict, rehearsal_to_dict
from manimatic.verdicts import Verdict
from manimatic_worker.protocol import (
    MAX_FINDING_CHARS,
    MAX_FINDINGS,
    Begin,
    Chunk,
    Done,
    End,
    Finding,
    Frame,
    Progress,
    Ready,
    Rehearsed,
    Request,
)
from pipe_guest import SMALL, Heard, PipeGuest, Plot, supervise

FOUND = Finding(
    "text_over_text",
    "title covers axes\x1b[2J",
    "move it",
    0.5,
    2.0,
    9,
    "title",
    3,
    (-1.0, 2.0, 1.0, 3.0),
    "axes",
    4,
    (0.0, 0.0, 2.0, 2.5),
)
END = Rehearsed(ended=True, animations=2, duration_s=1.5, predicted_render_s=0.25)
OK = Done(outcome="ok", scene="A", animations=2, video_s=1.5)
REHEARSAL = Rehearsal(
    ended=True,
    animations=2,
    duration_s=1.5,
    predicted_render_s=0.25,
    findings=(
        LayoutFinding(
            rule="text_over_text",
            message="title covers axes\\x1b[2J",
            hint="move it",
            objects=(
                LayoutObject(name="title", line=3, box=(-1.0, 2.0, 1.0, 3.0)),
                LayoutObject(name="axes", line=4, box=(0.0, 0.0, 2.0, 2.5)),
            ),
            start_s=0.5,
            end_s=2.0,
            line=9,
        ),
    ),
)


def tells(*frames: Frame) -> Plot:
    """Return a plot that gets ready, says this and waits."""

    def plot(guest: PipeGuest) -> None:
        guest.send(Ready({}))
        guest.read_request()
        guest.send(*frames)
        guest.sleep()

    return plot


def test_rehearsal_arrives_printable_before_the_render() -> None:
    """The listener hears it at once, the result has it, and the host measures how long it took."""
    plot = tells(FOUND, END, Progress(1, 0.5, 3, total=2), OK)
    result, heard, _ = supervise(plot, rehearse=Rehearse.FIRST)
    assert result.rehearsal == REHEARSAL
    assert heard.rehearsals == [REHEARSAL]
    assert heard.totals == [2]
    assert 0 <= result.figures["rehearsal_s"] < 5


def test_worker_is_told_to_rehearse_and_what_it_may_take() -> None:
    """Joining parts rehearses nothing."""
    seen: list[Request] = []

    def plot(guest: PipeGuest) -> None:
        guest.send(Ready({}))
        seen.append(guest.read_request())
        guest.send(OK)
        guest.sleep()

    supervise(plot, rehearse=Rehearse.ONLY)
    assert (seen[0].rehearse, seen[0].limit_s) == ("only", SMALL.timeout_s)
    assert seen[0].max_log_bytes == SMALL.max_log_bytes


def test_failed_scene_keeps_what_was_rehearsed() -> None:
    """The verdict is the scene's, the rehearsal says that it did not end."""
    result, _, _ = supervise(tells(replace(END, ended=False), Done(outcome="scene_error")), rehearse=Rehearse.FIRST)
    assert result.verdict is Verdict.SCENE_ERROR
    assert result.rehearsal == replace(REHEARSAL, ended=False, findings=())


@pytest.mark.parametrize(
    "frames",
    [
        [FOUND] * (MAX_FINDINGS + 1),
        [END, FOUND],
        [END, END],
        [replace(FOUND, rule="made_up")],
        [replace(FOUND, start_s=3.0)],
        [replace(FOUND, start_s=-1.0)],
        [replace(FOUND, box=(1.0, 2.0))],
        [replace(FOUND, other_box=(1.0,) * 5)],
        [replace(FOUND, message="x" * (MAX_FINDING_CHARS + 1))],
        [replace(FOUND, name="x" * (MAX_FINDING_CHARS + 1))],
        [replace(END, duration_s=-1.0)],
        [replace(END, animations=-1)],
        [replace(END, predicted_render_s=-0.1)],
    ],
)
def test_what_is_out_of_bounds_breaks_the_protocol(frames: list[Frame]) -> None:
    """Too many, too late, too long, of no known rule or shape."""
    result, _, _ = supervise(tells(*frames, OK), rehearse=Rehearse.FIRST)
    assert result.verdict is Verdict.INVALID_OUTPUT


@pytest.mark.parametrize("frame", [FOUND, END])
def test_rehearsal_that_nobody_asked_for_breaks_the_protocol(frame: Frame) -> None:
    """A scene that forges one gains nothing."""
    assert supervise(tells(frame, OK))[0].verdict is Verdict.INVALID_OUTPUT


def test_forged_prediction_decides_no_verdict() -> None:
    """Only the host's clock ends a run as too long."""
    plot = tells(replace(END, predicted_render_s=1e11, duration_s=1e11), OK)
    assert supervise(plot, rehearse=Rehearse.FIRST)[0].verdict is Verdict.OK


def test_rehearsal_alone_is_ok_without_a_video(tmp_path: Path) -> None:
    """And a video that comes nevertheless is not delivered."""
    intake = Intake(tmp_path, 1000)
    plot = tells(END, Begin("video"), Chunk(b"film"), End(), OK)
    result, _, _ = supervise(plot, rehearse=Rehearse.ONLY, sink=intake)
    settled = intake.settle(result, wants_video=False)
    assert (settled.verdict, settled.artefacts, settled.video) == (Verdict.OK, (), None)


def test_rehearsal_crosses_the_launchers_wire() -> None:
    """What went in comes out, and what is not one is refused."""
    result, _, _ = supervise(tells(FOUND, END, OK), rehearse=Rehearse.FIRST)
    assert wire.result_from_dict(wire.result_to_dict(result)).rehearsal == REHEARSAL
    with pytest.raises(SandboxError):
        rehearsal_from_dict({"findings": [{}]})
    request = RunRequest(run_id="r", code="x", rehearse=Rehearse.ONLY)
    assert wire.request_from_dict(wire.request_to_dict(request), ()) == request


def test_scripted_sandbox_rehearses_only_where_it_is_asked_to(tmp_path: Path) -> None:
    """As the real ones do."""
    sandbox = ScriptedSandbox([ScriptedRun(rehearsal=REHEARSAL), ScriptedRun(rehearsal=REHEARSAL)])
    heard = Heard()
    request = RunRequest(run_id="r", code="x", rehearse=Rehearse.ONLY)
    result = sandbox.run(request, heard, threading.Event(), tmp_path)
    assert (result.rehearsal, result.artefacts, heard.rehearsals) == (REHEARSAL, (), [REHEARSAL])
    result = sandbox.run(replace(request, rehearse=Rehearse.NO), heard, threading.Event(), tmp_path)
    assert (result.rehearsal, len(heard.rehearsals)) == (None, 1)


@pytest.mark.parametrize(
    "spoilt",
    [
        {"ended": 1},
        {"animations": "2"},
        {"animations": True},
        {"duration_s": None},
        {"findings": 3},
        {"findings": [{}]},
        {"findings": [3]},
        {"more": 1},
    ],
    ids=str,
)
def test_launcher_that_tells_something_else_is_not_believed(spoilt: dict[str, object]) -> None:
    """A field that is ill-typed, unknown or missing."""
    good = rehearsal_to_dict(REHEARSAL)
    assert rehearsal_from_dict(good) == REHEARSAL
    with pytest.raises(SandboxError):
        rehearsal_from_dict({**good, **spoilt})
    with pytest.raises(SandboxError):
        rehearsal_from_dict({name: value for name, value in good.items() if name not in spoilt} | {"x": 1})
