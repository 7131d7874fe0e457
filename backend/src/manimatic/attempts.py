"""The rounds of one job: generate, check, render, and repair until there is a video."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from manimatic.checks import Checks
from manimatic.diagnostics import CheckReport
from manimatic.errors import BudgetExceeded, GenerationError, ManimaticError, SandboxError
from manimatic.jobs import Attempt, Job, JobState, Usage
from manimatic.outcomes import GivenUp, Rendered, failure_of
from manimatic.ports import Brief, CodeGenerator, Draft, Limits, Round, Sandbox, Trace
from manimatic.recorder import Recorder, Stop
from manimatic.rehearsal import Rehearse
from manimatic.renders import Renders, is_rendered
from manimatic.repair import (
    Tried,
    best_of,
    check_failure,
    complaint_of,
    is_hopeless,
    is_same_again,
    is_unsafe,
    is_worse,
    same_answer,
)
from manimatic.runs import Runs, discard
from manimatic.settings import Settings
from manimatic.verdicts import Blame, Verdict

LAYOUT_REPAIR_S = 120.0
"""Seconds that the job must have left, beside those of the runs, for a repair of the layout alone."""
LAYOUT_RUNS = 2.0
"""Runs like the last one that there must be time for."""
MIN_REPAIR_S = 5.0
"""With less time left for the job, no model is asked again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What one job may use."""

    max_repairs: int = 3
    max_tokens: int = 200_000
    max_cost_usd: float = 0.5
    limits: Limits = Limits()


def budget_of(settings: Settings, limits: Limits) -> Budget:
    """Return what one job may use."""
    return Budget(
        max_repairs=settings.max_repairs,
        max_tokens=settings.max_tokens,
        max_cost_usd=settings.max_cost_usd,
        limits=limits,
    )


class Attempts:
    """Works on one claimed job until it has a video. Make one per claim.

    Args:
        job: What is wanted.
        generator: Who writes the scene, unless the user brought one.
        checks: Who looks it over before it runs.
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
        checks: Checks,
        sandbox: Sandbox,
        budget: Budget,
        stop: Stop,
        recorder: Recorder,
        folder: Path,
        earlier: Sequence[Attempt] = (),
    ) -> None:
        self._job = job
        self._generator = generator
        self._checks = checks
        self._budget = budget
        self._stop = stop
        self._recorder = recorder
        runs = Runs(
            sandbox=sandbox,
            options=job.options,
            limits=budget.limits,
            stop=stop,
            recorder=recorder,
            folder=folder,
            trace=Trace(job.id, job.request_id or ""),
        )
        rehearse = Rehearse.FIRST if self._can_repair else Rehearse.BRIEFLY
        self._renders = Renders(runs, recorder=recorder, stop=stop, rehearse=rehearse)
        self._tried: list[Tried] = []
        self._number = max((attempt.number for attempt in earlier), default=0) + 1
        self._spent = Usage()
        for attempt in earlier:
            self._spent += attempt.usage

    def until_rendered(self) -> Rendered:
        """Return the video, whole or as far as a limit or a scene that stays broken let it come.

        Raises:
            ManimaticError: There is no video; the error says why.
        """
        while True:
            try:
                tried = self._try()
            except GenerationError as error:
                return self._salvaged(error)
            if rendered := self._renders.deliverable(tried):
                if self._layout_is_worth_a_repair(tried):
                    return self._with_better_layout(tried, rendered)
                return rendered
            self._stop.check()
            end = self._end_of_repair(tried)
            self._keep(tried)
            if end:
                return self._salvaged(end)
            self._number += 1

    def _try(self) -> Tried:
        """Write a scene, look it over, and run it unless it has to go back."""
        draft = self._draft()
        report = self._checks.at(draft.code)
        draft = dataclasses.replace(draft, code=report.code)
        attempt = self._begun(draft, report)
        if self._goes_back(report):
            attempt = dataclasses.replace(
                attempt, failure=check_failure(report, is_own=self._job.brought_code is not None), ended_at=time.time()
            )
            self._recorder.attempt(attempt)
            return Tried(attempt=attempt, draft=draft, report=report)
        return self._renders.ran(Tried(attempt=attempt, draft=draft, report=report))

    def _goes_back(self, report: CheckReport) -> bool:
        """Tell whether a scene is not run.

        A model hears of every error. People's own scenes, and those of a generator that would only say the same
        again, are run unless nothing can come of it.
        """
        if self._can_repair:
            return not report.ok
        return is_hopeless(report) or is_unsafe(report)

    # ------------------------------------------------------------ writing

    @property
    def _can_repair(self) -> bool:
        return self._job.brought_code is None and self._generator.can_repair

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
            self._checks.refuse_what_is_no_source(draft)
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
        rounds = tuple(Round(code=one.draft.code, complaint=complaint_of(one)) for one in self._tried)
        job = self._job
        brief = Brief(prompt=job.prompt, options=job.options, rounds=rounds, revision=job.revision, spent=self._spent)
        draft = self._generator.generate(brief, self._recorder, self._stop.event)
        self._spent += draft.usage
        return draft

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

    def _begun(self, draft: Draft, report: CheckReport) -> Attempt:
        """Record the attempt before it runs: what its scene has cost is known even if this process dies."""
        attempt = Attempt(
            number=self._number,
            origin=self._origin(draft),
            code=draft.code,
            fixes=report.applied,
            diagnostics=report.diagnostics,
            usage=draft.usage,
            started_at=time.time(),
        )
        self._recorder.begun(attempt, draft)
        return attempt

    # ------------------------------------------------------------ repair and its end

    def _end_of_repair(self, tried: Tried) -> ManimaticError | None:
        """Return why the scene does not go back to the model, or None where it does."""
        failure = tried.attempt.failure
        assert failure is not None  # noqa: S101  an attempt that is not delivered has failed
        verdict = tried.result.verdict if tried.result else None
        mendable = verdict is None or verdict.blame is Blame.SCENE or verdict is Verdict.TIMEOUT
        if not (self._can_repair and mendable):
            return GivenUp(failure)
        if is_same_again(tried.draft.code, (one.draft.code for one in self._tried)):
            return GivenUp(same_answer(failure))
        out_of_rounds = len(self._tried) >= self._budget.max_repairs or self._stop.left_s() < MIN_REPAIR_S
        if out_of_rounds or is_worse(tried, self._tried):
            return GivenUp(best_of([*self._tried, tried]).attempt.failure or failure)
        return None

    def _keep(self, tried: Tried) -> None:
        """Remember an attempt; of the videos in parts only the best one's stay on disk."""
        self._tried.append(tried)
        best = best_of(self._tried)
        for one in self._tried:
            if one is not best and one.result is not None:
                discard(one.result.artefacts)

    def _salvaged(self, end: ManimaticError) -> Rendered:
        """Return what can be shown of the best scene that a model wrote, else raise why there is nothing."""
        if self._job.brought_code is not None or not self._tried:
            raise end
        best = best_of(self._tried)
        if best.result is None and (is_hopeless(best.report) or is_unsafe(best.report)):
            raise end
        self._stop.check()
        rendered = self._renders.shown(self._renders.back_at(best))
        if rendered is None:
            raise end
        return rendered

    # ------------------------------------------------------------ layout

    def _layout_is_worth_a_repair(self, tried: Tried) -> bool:
        """Tell whether a model is asked once more for a scene that renders, but shows things badly."""
        if not (self._can_repair and tried.layout and self._budget.max_repairs and is_rendered(tried)):
            return False
        return self._stop.left_s() > LAYOUT_REPAIR_S + LAYOUT_RUNS * tried.attempt.figures.get("wall_s", 0.0)

    def _with_better_layout(self, tried: Tried, rendered: Rendered) -> Rendered:
        """Ask once for a better layout, and return the better of both videos; whatever goes wrong, there is one."""
        self._tried.append(tried)
        self._number += 1
        try:
            again = self._try()
        except (GenerationError, SandboxError):
            again = None
        better = again if again and is_rendered(again) and len(again.layout) < len(tried.layout) else None
        if better is None:
            self._renders.back_at(tried)
            return rendered
        return self._renders.deliverable(better) or rendered
