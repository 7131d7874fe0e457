"""The rounds of one job: generate, check, render, and repair until there is a video."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from manimatic.errors import BudgetExceeded, GenerationError, InvalidInput, SandboxError, UnusableAnswer
from manimatic.jobs import Attempt, Job, JobState, Usage, check_source, new_id
from manimatic.outcomes import GivenUp, Rendered, complaint, failure_of, judged, scene_failure
from manimatic.ports import Brief, CodeGenerator, Draft, Limits, Round, RunRequest, RunResult, Sandbox
from manimatic.recorder import Recorder, Stop
from manimatic.verdicts import Blame, Verdict

MACHINERY_TRIES = 2
"""A sandbox that fails gets one more chance with the same scene."""
MACHINERY_PAUSE_S = 1.0
"""Time for a launcher that died to be started again."""
JOIN_TIMEOUT_S = 60.0
RUN_SHARE = 0.95
"""Of the job's time left, a run may use this; with the rest, what a run leaves unfinished is still joined."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What one job may use."""

    max_repairs: int = 3
    max_tokens: int = 200_000
    max_cost_usd: float = 0.5
    limits: Limits = Limits()


class Attempts:
    """Works on one claimed job until it has a video. Make one per claim.

    Args:
        job: What is wanted.
        generator: Who writes the scene, unless the user brought one.
        sandbox: Where it runs.
        budget: What may be used, over all attempts together.
        stop: Says when to stop.
        recorder: Takes down what happens.
        folder: An empty folder for the runs.
        earlier: The attempts that earlier claims of the job recorded; they count against the budget.
    """

    def __init__(
        self,
        job: Job,
        *,
        generator: CodeGenerator,
        sandbox: Sandbox,
        budget: Budget,
        stop: Stop,
        recorder: Recorder,
        folder: Path,
        earlier: Sequence[Attempt] = (),
    ) -> None:
        self._job = job
        self._generator = generator
        self._sandbox = sandbox
        self._budget = budget
        self._stop = stop
        self._recorder = recorder
        self._folder = folder
        self._rounds: list[Round] = []
        self._number = max((attempt.number for attempt in earlier), default=0) + 1
        self._spent = Usage()
        for attempt in earlier:
            self._spent += attempt.usage

    def until_rendered(self) -> Rendered:
        """Return the video, whole or as far as a limit let it come.

        Raises:
            ManimaticError: There is no video; the error says why.
        """
        while True:
            draft = self._draft()
            result = self._render(self._begun(draft))
            if rendered := self._deliverable(result):
                return rendered
            self._stop.check()
            if not self._may_repair(result):
                raise GivenUp(scene_failure(result))
            self._rounds.append(Round(code=draft.code, complaint=complaint(result)))
            self._number += 1

    # ------------------------------------------------------------ writing

    def _draft(self) -> Draft:
        try:
            draft = self._brought() or self._asked()
            self._recorder.enter(
                JobState.CHECKING,
                self._stop,
                title=draft.title,
                explanation=draft.explanation,
                code=draft.code,
                generator=draft.generator,
            )
            self._recorder.whole_draft(draft)
            self._check(draft)
        except GenerationError as error:
            self._record_charge(error)
            raise
        return draft

    def _brought(self) -> Draft | None:
        code = self._job.brought_code
        if code is None:
            return None
        return Draft(title=self._job.prompt or "Your scene", explanation="", code=code, generator="user")

    def _asked(self) -> Draft:
        self._refuse_over_budget()
        self._recorder.enter(JobState.GENERATING, self._stop, generator=self._generator.name)
        brief = Brief(prompt=self._job.prompt, options=self._job.options, rounds=tuple(self._rounds), spent=self._spent)
        draft = self._generator.generate(brief, self._recorder, self._stop.event)
        self._spent += draft.usage
        return draft

    def _check(self, draft: Draft) -> None:
        try:
            check_source(draft.code)
        except InvalidInput as error:
            if self._job.brought_code is not None:
                raise
            raise UnusableAnswer(error.message, usage=draft.usage) from error

    def _record_charge(self, error: GenerationError) -> None:
        """Keep what a model charged for an answer that gave no scene."""
        if isinstance(error.usage, Usage):
            failure = failure_of(error, self._recorder.state)
            origin = self._job.options.model or self._generator.name
            now = time.time()
            self._recorder.attempt(
                Attempt(
                    number=self._number,
                    origin=origin,
                    code="",
                    failure=failure,
                    usage=error.usage,
                    started_at=now,
                    ended_at=now,
                )
            )

    def _refuse_over_budget(self) -> None:
        tokens, cost = self._spent.input_tokens + self._spent.output_tokens, self._spent.cost_usd or 0.0
        if tokens > self._budget.max_tokens or cost > self._budget.max_cost_usd:
            raise BudgetExceeded(f"The attempts so far used {tokens} tokens and ${cost:.2f}.")

    def _origin(self, draft: Draft) -> str:
        return draft.generator if self._job.brought_code is not None else draft.model or draft.generator

    # ------------------------------------------------------------ running

    def _begun(self, draft: Draft) -> Attempt:
        """Record the attempt before it runs: what its scene has cost is known even if this process dies."""
        attempt = Attempt(
            number=self._number,
            origin=self._origin(draft),
            code=draft.code,
            usage=draft.usage,
            started_at=time.time(),
        )
        self._recorder.begun(attempt)
        return attempt

    def _render(self, attempt: Attempt) -> RunResult:
        for again in range(MACHINERY_TRIES):
            if again:
                self._stop.event.wait(MACHINERY_PAUSE_S)
                self._stop.check()
            else:
                self._recorder.enter(JobState.RENDERING, self._stop)
            started = time.time()
            result = self._run(f"{attempt.number}-{again}", attempt.code)
            self._recorder.attempt(judged(attempt, result, started_at=started, ended_at=time.time()))
            if result.verdict.blame is not Blame.MACHINERY:
                return result
        raise SandboxError(result.message)

    def _run(self, name: str, code: str, *, parts: tuple[Path, ...] = (), timeout_s: float | None = None) -> RunResult:
        folder = self._folder / name
        folder.mkdir()
        longest_s = min(timeout_s or self._budget.limits.timeout_s, self._budget.limits.timeout_s)
        share = 1.0 if parts else RUN_SHARE
        limits = dataclasses.replace(
            self._budget.limits, timeout_s=max(0.001, min(longest_s, share * self._stop.left_s()))
        )
        request = RunRequest(run_id=new_id(), code=code, options=self._job.options, limits=limits, parts=parts)
        return self._sandbox.run(request, self._recorder, self._stop.event, folder)

    def _deliverable(self, result: RunResult) -> Rendered | None:
        if result.verdict is Verdict.OK:
            return Rendered(result=result)
        parts = tuple(item.path for item in result.artefacts if item.kind == "part")
        if result.verdict.blame is not Blame.LIMIT or not parts:
            return None
        self._stop.check()
        joined = self._run(f"{self._number}-joined", "", parts=parts, timeout_s=JOIN_TIMEOUT_S)
        if joined.verdict is not Verdict.OK:
            return None
        kept = dataclasses.replace(result, artefacts=joined.artefacts, video=joined.video)
        return Rendered(result=kept, partial=True)

    def _may_repair(self, result: RunResult) -> bool:
        mendable = result.verdict.blame is Blame.SCENE or result.verdict is Verdict.TIMEOUT
        asked = self._job.brought_code is None and self._generator.can_repair
        return asked and mendable and len(self._rounds) < self._budget.max_repairs
