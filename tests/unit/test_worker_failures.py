"""How a scene's failure is told: in the author's own lines."""

from __future__ import annotations

import pytest
from manimatic_worker.failures import error_line, failure, trimmed_traceback
from manimatic_worker.protocol import Done
from manimatic_worker.rehearsal.watch import TimeIsUp
from manimatic_worker.scene_source import SCENE_FILE, NoScene


def raised(source: str, **names: object) -> BaseException:
    """Run a source as a scene's, and return what it raises."""
    with pytest.raises(BaseException) as told:
        exec(compile(source, SCENE_FILE, "exec"), dict(names))  # noqa: S102
    return told.value


def test_failure_has_the_scenes_line_and_frames() -> None:
    """And how far the scene had come."""
    error = raised("def f():\n    return 1 / 0\n\nf()\n")
    told = failure(error, scene="A", animations=2, video_s=1.5)
    assert (told.outcome, told.scene, told.animations, told.video_s) == ("scene_error", "A", 2, 1.5)
    assert (told.error_type, told.error_message, told.error_line) == ("ZeroDivisionError", "division by zero", 2)
    assert 'File "scene.py", line 4' in (told.traceback or "")
    assert __file__ not in (told.traceback or "")


def test_frames_of_the_worker_are_left_out() -> None:
    """An error that the worker raises looks like one of the line that it was raised in."""

    def play() -> None:
        raise TimeIsUp("too long")

    error = raised("play()\n", play=play)
    assert error_line(error) == 1
    assert trimmed_traceback(error).endswith("TimeIsUp: too long\n")
    assert "manimatic_worker" not in trimmed_traceback(error)


def test_scene_that_is_not_there_and_one_that_plays_nothing_are_no_errors() -> None:
    """They have outcomes of their own."""
    assert failure(NoScene("none"), scene=None, animations=0, video_s=0) == Done("no_scene", error_message="none")
    nothing = RuntimeError("A has no play calls, so the output cannot be produced")
    assert failure(nothing, scene="A", animations=0, video_s=0) == Done("no_output", scene="A")
    assert failure(nothing, scene="A", animations=1, video_s=0).outcome == "scene_error"


def test_exit_and_broken_syntax_are_told() -> None:
    """By what the scene did, and where."""
    assert failure(SystemExit(3), scene=None, animations=0, video_s=0).error_message == "the scene called exit(3)"
    with pytest.raises(SyntaxError) as told:
        compile("x = (\n", SCENE_FILE, "exec")
    assert error_line(told.value) == 1
