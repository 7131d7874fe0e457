"""The fake sandbox does as a real one does, as far as anybody can see."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from manimatic.errors import JobCancelled
from manimatic.ports import RunRequest, Sandbox
from manimatic.sandbox.scripted import ScriptedRun, ScriptedSandbox
from manimatic.verdicts import Verdict
from pipe_guest import Heard, Sink

REQUEST = RunRequest(run_id="r", code="x")


def test_it_is_a_sandbox() -> None:
    """The port's checks take it for one."""
    assert isinstance(ScriptedSandbox(), Sandbox)


def test_runs_end_as_the_script_says_and_then_well(tmp_path: Path) -> None:
    """Artefacts lie in the folder, a video first; the history has every request."""
    sandbox = ScriptedSandbox(
        [ScriptedRun(verdict=Verdict.TIMEOUT, parts=(b"1",), log=("l",), progress=((1, 0.5, 2),))]
    )
    heard = Heard()
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    cut = sandbox.run(REQUEST, heard, threading.Event(), tmp_path / "a")
    assert (cut.verdict, cut.video, heard.text, heard.steps) == (Verdict.TIMEOUT, None, "l", [(1, 0.5, 2)])
    assert [item.path.read_bytes() for item in cut.artefacts] == [b"1"]
    whole = sandbox.run(REQUEST, heard, threading.Event(), tmp_path / "b")
    assert (whole.verdict, whole.artefacts[0].kind) == (Verdict.OK, "video")
    assert whole.video is not None
    assert whole.isolation == sandbox.describe()
    assert sandbox.requests == [REQUEST, REQUEST]


def test_artefacts_may_go_to_a_sink() -> None:
    """As the launcher has it."""
    sink = Sink()
    sandbox = ScriptedSandbox([ScriptedRun(video=b"film", parts=(b"1",))])
    result = sandbox.supervise(REQUEST, Heard(), threading.Event(), sink)
    assert (result.artefacts, sink.done) == ((), [("video", b"film"), ("part", b"1")])


def test_cancel_ends_a_run_that_lasts(tmp_path: Path) -> None:
    """At once, and one that is cancelled before it begins is not in the history."""
    sandbox, cancel = ScriptedSandbox([ScriptedRun(lasts_s=60)]), threading.Event()
    timer = threading.Timer(0.05, cancel.set)
    timer.start()
    started = time.monotonic()
    for _ in range(2):
        with pytest.raises(JobCancelled):
            sandbox.run(REQUEST, Heard(), cancel, tmp_path)
    assert time.monotonic() - started < 5
    assert len(sandbox.requests) == 1
    timer.join()


def test_error_in_the_script_is_raised(tmp_path: Path) -> None:
    """Whatever it is."""
    sandbox = ScriptedSandbox()
    sandbox.add(LookupError("x"))
    with pytest.raises(LookupError):
        sandbox.run(REQUEST, Heard(), threading.Event(), tmp_path)
