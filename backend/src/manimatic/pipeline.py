"""Run one job: generate, check, render, repair, store.

The pipeline knows ports only. It holds a claim on the job's row; every step it takes is a compare-and-set on that
claim, so a dispatcher that was taken for dead cannot spoil what its successor does.
"""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from manimatic.errors import (
    BudgetExceeded,
    JobCancelled,
    JobExpired,
    LeaseLost,
    ManimaticError,
    SandboxError,
    SceneFailed,
    StorageError,
)
from manimatic.jobs import Attempt, Failure, Job, JobState, Usage, Video, check_source, new_id
from manimatic.ports import (
    Brief,
    Claim,
    CodeGenerator,
    Draft,
    JobStore,
    Limits,
    Round,
    RunRequest,
    RunResult,
    Sandbox,
    Storage,
)
from manimatic.recorder import Recorder, Stop
from manimatic.verdicts import Blame, Verdict

MACHINERY_TRIES = 2
"""A sandbox that fails gets one more chance with the same scene."""
MACHINERY_PAUSE_S = 1.0
"""Time for a launcher that died to be started again."""
JOIN_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What one job may use."""

    max_repairs: int = 3
    max_tokens: int = 200_000
    max_cost_usd: float = 0.5
    job_timeout_s: float = 900.0
    limits: Limits = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """Where the pipeline writes: runs in progress, and videos that wait for a storage that failed."""

    work: Path
    held: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A video on disk and how it came about."""

    result: RunResult
    partial: bool = False

    @property
    def path(self) -> Path:
        """Return the video's file."""
        return self.result.artefacts[0].path


class Pipeline:
    """Runs claimed jobs, one call each; calls from several threads are independent."""

    def __init__(
        self,
        *,
        store: JobStore,
        generator: CodeGenerator,
        sandbox: Sandbox,
        storage: Storage,
        budget: Budget,
        folders: Folders,
    ) -> None:
        self._store = store
        self._generator = generator
        self._sandbox = sandbox
        self._storage = storage
        self._budget = budget
        self._folders = folders

    def run(self, claim: Claim, stop: Stop) -> Job:
        """Take the job to its end, and return it.

        Whatever happens inside ends in the job's row; nothing is raised but LeaseLost and StoreError.

        Raises:
            LeaseLost: Another dispatcher has the job now.
            StoreError: The database cannot be used.
        """
        recorder = Recorder(self._store, claim)
        try:
            with self._work_folder(claim) as folder:
                return self._run(claim, stop, recorder, folder)
        except JobCancelled:
            return self._stopped(stop, recorder)
        except LeaseLost:
            raise
        except ManimaticError as error:
            return recorder.finish(JobState.FAILED, failure=_failure(error, recorder.state))
        except Exception as error:  # noqa: BLE001  a bug of ours must end as the job's error, not as a stuck job
            recorder.log(f"internal error: {type(error).__name__}: {error}\n")
            return recorder.finish(JobState.FAILED, failure=_failure(ManimaticError(), recorder.state))

    def _run(self, claim: Claim, stop: Stop, recorder: Recorder, folder: Path) -> Job:
        for fence in range(1, claim.fence):
            self._storage.delete(video_name(claim.job.id, fence))
        if claim.job.held_video:
            return self._store_held(claim, recorder)
        rendered = self._attempts(claim.job, stop, recorder, folder)
        recorder.advance(JobState.UPLOADING)
        return self._keep(claim, recorder, rendered.path, _video_changes(rendered))

    # ------------------------------------------------------------ attempts

    def _attempts(self, job: Job, stop: Stop, recorder: Recorder, folder: Path) -> Rendered:
        rounds: list[Round] = []
        spent = Usage()
        while True:
            number = len(rounds) + 1
            draft = self._draft(job, tuple(rounds), stop, recorder)
            spent = add_usage(spent, draft.usage)
            attempt = Attempt(number=number, origin=_origin(job, draft), code=draft.code, usage=draft.usage)
            self._check(draft.code, recorder, draft)
            result = self._render(job, attempt, stop, recorder, folder / str(number))
            if rendered := self._deliverable(job, result, stop, recorder, folder / f"{number}-joined"):
                return rendered
            failure = scene_failure(result)
            if not self._may_repair(job, result, rounds):
                raise _Failed(failure)
            self._refuse_over_budget(spent)
            rounds.append(Round(code=draft.code, complaint=complaint(result)))

    def _draft(self, job: Job, rounds: tuple[Round, ...], stop: Stop, recorder: Recorder) -> Draft:
        if job.brought_code is not None:
            return Draft(title=job.prompt or "Your scene", explanation="", code=job.brought_code, generator="user")
        recorder.advance(JobState.GENERATING, generator=self._generator.name)
        brief = Brief(prompt=job.prompt, options=job.options, rounds=rounds)
        return self._generator.generate(brief, recorder, stop.event)

    def _check(self, code: str, recorder: Recorder, draft: Draft) -> None:
        recorder.advance(
            JobState.CHECKING,
            title=draft.title,
            explanation=draft.explanation,
            code=code,
            generator=draft.generator,
        )
        recorder.whole_draft(draft)
        check_source(code)

    def _render(self, job: Job, attempt: Attempt, stop: Stop, recorder: Recorder, folder: Path) -> RunResult:
        recorder.advance(JobState.RENDERING)
        for again in range(MACHINERY_TRIES):
            run_folder = folder / str(again)
            run_folder.mkdir(parents=True)
            request = RunRequest(
                run_id=new_id(),
                code=attempt.code,
                options=job.options,
                limits=self._limits(stop),
            )
            started = time.time()
            result = self._sandbox.run(request, recorder, stop.event, run_folder)
            recorder.attempt(_attempt_with(attempt, result, started))
            if result.verdict.blame is not Blame.MACHINERY:
                return result
            if stop.event.wait(MACHINERY_PAUSE_S):
                raise JobCancelled
        raise SandboxError(result.message)

    def _limits(self, stop: Stop) -> Limits:
        limits = self._budget.limits
        return dataclasses.replace(limits, timeout_s=max(1.0, min(limits.timeout_s, stop.left_s())))

    def _may_repair(self, job: Job, result: RunResult, rounds: list[Round]) -> bool:
        mendable = result.verdict.blame is Blame.SCENE or result.verdict is Verdict.TIMEOUT
        asked = job.brought_code is None and self._generator.can_repair
        return asked and mendable and len(rounds) < self._budget.max_repairs

    def _refuse_over_budget(self, spent: Usage) -> None:
        tokens = spent.input_tokens + spent.output_tokens
        if tokens > self._budget.max_tokens or (spent.cost_usd or 0.0) > self._budget.max_cost_usd:
            raise BudgetExceeded(f"The attempts so far used {tokens} tokens and ${spent.cost_usd or 0:.2f}.")

    def _deliverable(
        self, job: Job, result: RunResult, stop: Stop, recorder: Recorder, folder: Path
    ) -> Rendered | None:
        """Return the video, whole or as far as a limit let it come."""
        if result.verdict is Verdict.OK:
            return Rendered(result=result)
        parts = tuple(item.path for item in result.artefacts if item.kind == "part")
        if result.verdict.blame is not Blame.LIMIT or not parts:
            return None
        folder.mkdir(parents=True)
        limits = dataclasses.replace(self._budget.limits, timeout_s=JOIN_TIMEOUT_S)
        request = RunRequest(run_id=new_id(), code="", options=job.options, limits=limits, parts=parts)
        joined = self._sandbox.run(request, recorder, stop.event, folder)
        if joined.verdict is not Verdict.OK:
            return None
        kept = dataclasses.replace(result, artefacts=joined.artefacts, video=joined.video)
        return Rendered(result=kept, partial=True)

    # ------------------------------------------------------------ storing

    def _keep(self, claim: Claim, recorder: Recorder, path: Path, changes: dict[str, object]) -> Job:
        name = video_name(claim.job.id, claim.fence)
        try:
            stored = self._storage.put(name, path)
        except StorageError as error:
            held = self._hold(claim, path)
            failure = _failure(error, JobState.UPLOADING)
            return recorder.finish(JobState.FAILED, failure=failure, held_video=str(held), **changes)
        facts = changes.pop("video")
        assert isinstance(facts, Video)  # noqa: S101
        video = dataclasses.replace(facts, name=name, url=stored.url, expires_at=stored.expires_at)
        try:
            return recorder.finish(JobState.COMPLETE, video=video, held_video=None, failure=None, **changes)
        except LeaseLost:
            self._storage.delete(name)
            raise

    def _hold(self, claim: Claim, path: Path) -> Path:
        self._folders.held.mkdir(parents=True, exist_ok=True)
        held = self._folders.held / f"{claim.job.id}.mp4"
        if path != held:
            shutil.move(path, held)
        return held

    def _store_held(self, claim: Claim, recorder: Recorder) -> Job:
        path = Path(claim.job.held_video or "")
        if not path.is_file():
            raise StorageError("The video that was kept is gone.", hint="Submit the job again.")
        recorder.advance(JobState.UPLOADING)
        job = self._keep(claim, recorder, path, {"video": claim.job.video})
        if job.state is JobState.COMPLETE:
            path.unlink(missing_ok=True)
        return job

    # ------------------------------------------------------------ ends

    def _stopped(self, stop: Stop, recorder: Recorder) -> Job:
        if stop.reason == "cancelled":
            return recorder.finish(JobState.CANCELLED, failure=_failure(JobCancelled(), recorder.state))
        if stop.reason == "expired":
            return recorder.finish(JobState.EXPIRED, failure=_failure(JobExpired(), recorder.state))
        if stop.reason == "shutdown":
            return recorder.finish(JobState.QUEUED)
        raise LeaseLost

    @contextmanager
    def _work_folder(self, claim: Claim) -> Iterator[Path]:
        folder = self._folders.work / f"{claim.job.id}-{claim.fence}"
        try:
            folder.mkdir(parents=True, mode=0o700)
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


class _Failed(ManimaticError):
    """The scene failed and will not be tried again."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


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


def complaint(result: RunResult) -> str:
    """Say to the model what was wrong with its scene."""
    return "\n".join(filter(None, [f"{result.verdict.value}: {result.message}", result.traceback]))


def add_usage(one: Usage, other: Usage) -> Usage:
    """Return the sum; a cost that is not known stays unknown."""
    costs = [usage.cost_usd for usage in (one, other) if usage.cost_usd is not None]
    return Usage(
        requests=one.requests + other.requests,
        input_tokens=one.input_tokens + other.input_tokens,
        output_tokens=one.output_tokens + other.output_tokens,
        cost_usd=sum(costs) if costs else None,
    )


def _origin(job: Job, draft: Draft) -> str:
    return "user" if job.brought_code is not None else draft.model or draft.generator


def _attempt_with(attempt: Attempt, result: RunResult, started: float) -> Attempt:
    failure = None if result.verdict is Verdict.OK else scene_failure(result)
    return dataclasses.replace(
        attempt,
        verdict=result.verdict,
        failure=failure,
        started_at=started,
        ended_at=time.time(),
        isolation=result.isolation,
        figures={**result.figures, "animations": result.animations},
    )


def _video_changes(rendered: Rendered) -> dict[str, object]:
    facts, path = rendered.result.video, rendered.path
    assert facts is not None  # noqa: S101  set by every sandbox beside a video
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    video = Video(
        name="",
        url="",
        bytes=path.stat().st_size,
        sha256=digest,
        width=facts.width,
        height=facts.height,
        fps=facts.fps,
        duration_s=facts.duration_s,
    )
    return {
        "video": video,
        "verdict": rendered.result.verdict,
        "partial": rendered.partial,
        "isolation": rendered.result.isolation,
    }


def _failure(error: ManimaticError, stage: JobState) -> Failure:
    if isinstance(error, _Failed):
        return error.failure
    return Failure(
        code=error.code, message=error.message, hint=error.hint, retryable=error.retryable, stage=stage.value
    )
