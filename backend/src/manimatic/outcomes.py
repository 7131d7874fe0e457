"""What the end of a run, or an error, means for the job: pure functions."""

from __future__ import annotations

import dataclasses
import hashlib
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from manimatic.errors import ManimaticError, SceneFailed
from manimatic.jobs import Attempt, Failure, JobState, Video
from manimatic.ports import Draft, RunResult
from manimatic.verdicts import Verdict

_FRAMES_TOLD = 4


class GivenUp(SceneFailed):
    """The scene failed and will not be tried again."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A video on disk and how it came about."""

    result: RunResult
    draft: Draft
    partial_reason: str | None = None
    """Why the video is not whole; None for a whole one."""

    @property
    def path(self) -> Path:
        """Return the video's file."""
        return self.result.artefacts[0].path

    def changes(self) -> dict[str, Any]:
        """Return what the job's row is to say of it; the video has no name and no address yet."""
        facts, path = self.result.video, self.path
        assert facts is not None  # noqa: S101  set by every sandbox beside a video
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        video = Video(name="", url="", bytes=path.stat().st_size, sha256=digest, **dataclasses.asdict(facts))
        return {
            "video": video,
            "verdict": self.result.verdict,
            "partial": self.partial_reason is not None,
            "partial_reason": self.partial_reason,
            "code": self.draft.code,
            "title": self.draft.title,
            "explanation": self.draft.explanation,
            "isolation": self.result.isolation,
        }


def video_name(job_id: str, fence: int) -> str:
    """Return the name of the video of one claim: unguessable, and no way back to the job's id."""
    return hashlib.sha256(f"video {job_id} {fence}".encode()).hexdigest()[:40] + ".mp4"


def scene_failure(result: RunResult) -> Failure:
    """Describe a failed run for the user."""
    return Failure(
        code=result.verdict.value,
        message=result.message or SceneFailed().message,
        hint=_HINTS.get(result.verdict, SceneFailed.hint),
        stage=JobState.RENDERING.value,
        line=result.line,
        traceback=result.traceback,
    )


_HINTS = {
    Verdict.TIMEOUT: "Fewer or shorter animations, fewer objects with updaters, or a lower quality take less time.",
    Verdict.MEMORY_LIMIT: "Use fewer objects, smaller arrays or a lower quality.",
    Verdict.PROCESS_LIMIT: "A scene needs no processes of its own.",
    Verdict.DISK_LIMIT: "Write less to disk, or choose a lower quality.",
    Verdict.OUTPUT_LIMIT: "Print less, or choose a lower quality.",
    Verdict.NO_SCENE: "Define a class that derives from Scene, with a construct method.",
    Verdict.NO_OUTPUT: "Play at least one animation, or call self.wait().",
    Verdict.CRASHED: "Native code broke down; the last lines of the log say where.",
}


def failure_of(error: ManimaticError, stage: JobState) -> Failure:
    """Describe an error that ended the job in this state."""
    if isinstance(error, GivenUp):
        return error.failure
    return Failure(
        code=error.code, message=error.message, hint=error.hint, retryable=error.retryable, stage=stage.value
    )


def complaint(result: RunResult) -> str:
    """Say to the model what was wrong with its scene."""
    return "\n".join(filter(None, [f"{result.verdict.value}: {result.message}", result.traceback]))


def judged(attempt: Attempt, result: RunResult, *, started_at: float, ended_at: float) -> Attempt:
    """Return the attempt with what its run came to."""
    return dataclasses.replace(
        attempt,
        verdict=result.verdict,
        failure=None if result.verdict is Verdict.OK else scene_failure(result),
        started_at=started_at,
        ended_at=ended_at,
        isolation=result.isolation,
        figures={**result.figures, "animations": result.animations},
    )


def place_of(error: BaseException) -> str:
    """Say what broke and where, without the error's own words: those may quote a prompt or a key."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES_TOLD:]
    places = (f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(frames))
    return f"{type(error).__name__} at {' < '.join(places)}"
