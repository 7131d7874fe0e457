"""Describe how a scene failed: for its author, in the lines that the author wrote."""

from __future__ import annotations

import traceback

from manimatic_worker.protocol import Done
from manimatic_worker.scene_source import SCENE_FILE, NoScene

MAX_MESSAGE_CHARS = 2_000
MAX_TRACEBACK_CHARS = 8_000
_OURS = "manimatic_worker"


def failure(error: BaseException, *, scene: str | None, animations: int, video_s: float) -> Done:
    """Return how the run ends after this exception.

    Args:
        error: What the scene raised.
        scene: Name of the scene's class, where it came so far.
        animations: How many had been played.
        video_s: How many seconds of video that was.
    """
    if isinstance(error, NoScene):
        return Done(outcome="no_scene", error_message=str(error))
    if animations == 0 and "has no play calls" in str(error):
        return Done(outcome="no_output", scene=scene)
    message = f"the scene called exit({error.code!r})" if isinstance(error, SystemExit) else str(error)
    return Done(
        outcome="scene_error",
        scene=scene,
        animations=animations,
        video_s=video_s,
        error_type=type(error).__name__[:100],
        error_message=message[:MAX_MESSAGE_CHARS],
        error_line=error_line(error),
        traceback=trimmed_traceback(error)[-MAX_TRACEBACK_CHARS:],
    )


def error_line(error: BaseException) -> int | None:
    """Return the innermost line of the scene that the exception passed through."""
    if isinstance(error, SyntaxError) and error.filename == SCENE_FILE:
        return error.lineno
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == SCENE_FILE]
    return lines[-1] if lines else None


def trimmed_traceback(error: BaseException) -> str:
    """Format the traceback with the scene's own frames and the place in the library where it ended."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _OURS not in frame.filename]
    own = [frame for frame in frames if frame.filename == SCENE_FILE]
    last = frames[-1:] if frames and frames[-1].filename != SCENE_FILE and own else []
    for frame in last:
        frame.filename = frame.filename.rpartition("site-packages/")[2] or frame.filename
    shown = traceback.format_list([*own, *last])
    return "".join(["Traceback:\n", *shown, *_ending(error)])


def _ending(error: BaseException) -> list[str]:
    """Say what was raised; an error of the worker's own needs no module."""
    if type(error).__module__.startswith(_OURS):
        return [f"{type(error).__name__}: {error}\n"]
    return traceback.format_exception_only(error)
