"""Running one attempt's scene, and making a video of what the run left."""

from __future__ import annotations

import dataclasses
import time

from manimatic.errors import SandboxError
from manimatic.jobs import JobState
from manimatic.outcomes import Rendered, judged
from manimatic.ports import RunResult
from manimatic.recorder import Recorder, Stop
from manimatic.rehearsal import Rehearse
from manimatic.repair import Tried, layout_advice, partial_reason
from manimatic.runs import Runs
from manimatic.verdicts import Blame, Verdict

MACHINERY_TRIES = 2
"""A sandbox that fails gets one more chance with the same scene."""
MACHINERY_PAUSE_S = 1.0
"""Time for a launcher that died to be started again."""


class Renders:
    """Runs the scenes of one job's attempts and records how they ended. Make one per claim.

    Args:
        runs: How to run.
        recorder: Takes down what happens, and knows the job's state.
        stop: Says when to stop.
        rehearse: How a scene is rehearsed that was not run before.
    """

    def __init__(self, runs: Runs, *, recorder: Recorder, stop: Stop, rehearse: Rehearse) -> None:
        self._runs = runs
        self._recorder = recorder
        self._stop = stop
        self._rehearse = rehearse
        self._unjoinable: set[int] = set()

    def ran(self, tried: Tried, *, rehearse: Rehearse | None = None) -> Tried:
        """Run a scene.

        Raises:
            JobCancelled: The job has to stop.
            SandboxError: The sandbox failed, twice.
        """
        rehearse = rehearse or self._rehearse
        for again in range(MACHINERY_TRIES):
            if again:
                self._stop.event.wait(MACHINERY_PAUSE_S)
                self._stop.check()
            elif self._recorder.state is not JobState.RENDERING:
                self._recorder.enter(JobState.RENDERING, self._stop, code=tried.draft.code)
            started = time.time()
            result = self._runs.render(tried.draft.code, rehearse)
            attempt = judged(tried.attempt, result, started_at=started, ended_at=time.time())
            advice = layout_advice(result.rehearsal.findings if result.rehearsal else ())
            attempt = dataclasses.replace(attempt, diagnostics=tried.report.diagnostics + advice)
            self._recorder.attempt(attempt)
            if result.verdict.blame is not Blame.MACHINERY:
                return dataclasses.replace(tried, attempt=attempt, result=result)
        raise SandboxError(result.message)

    def deliverable(self, tried: Tried) -> Rendered | None:
        """Return the whole video, or what a limit left of it; None where the scene itself failed."""
        result = tried.result
        if result is None:
            return None
        if result.verdict is Verdict.OK:
            return Rendered(result=result, draft=tried.draft)
        return self._partial(tried, result) if result.verdict.blame is Blame.LIMIT else None

    def shown(self, tried: Tried) -> Rendered | None:
        """Return the whole video, or the part of it that was finished, whatever ended it."""
        return self.deliverable(tried) or (self._partial(tried, tried.result) if tried.result else None)

    def _partial(self, tried: Tried, result: RunResult) -> Rendered | None:
        """Return the part that was finished; parts that could not be joined once are not tried again."""
        number = tried.attempt.number
        joined = None if number in self._unjoinable else self._runs.joined(result)
        if joined is None:
            self._unjoinable.add(number)
            return None
        return Rendered(result=joined, draft=tried.draft, partial_reason=partial_reason(result))

    def back_at(self, tried: Tried) -> Tried:
        """Bring the job back to an earlier scene, and render it where it was not run or only rehearsed."""
        if self._recorder.state is JobState.GENERATING:
            self._recorder.enter(JobState.CHECKING, self._stop, code=tried.draft.code)
        if tried.result is None:
            tried = self.ran(tried)
        if _was_only_rehearsed(tried):
            return self.ran(tried, rehearse=Rehearse.NO)
        if self._recorder.state is JobState.CHECKING:
            self._recorder.enter(JobState.RENDERING, self._stop, code=tried.draft.code)
        return tried


def is_rendered(tried: Tried) -> bool:
    """Tell whether an attempt gave the whole video."""
    return tried.result is not None and tried.result.verdict is Verdict.OK


def _was_only_rehearsed(tried: Tried) -> bool:
    """Tell whether something of the scene could be shown that no run has rendered yet."""
    result = tried.result
    if result is None or result.verdict is not Verdict.SCENE_ERROR or not result.animations:
        return False
    return not any(item.kind == "part" for item in result.artefacts)
