"""Run one job from its claim to its end: attempts at a video, then storing it.

The pipeline knows ports only. It holds a claim on the job's row; every step it takes is a compare-and-set on that
claim, so a dispatcher that was taken for dead cannot spoil what its successor does.
"""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from manimatic.attempts import Attempts, Budget
from manimatic.checks import Checks
from manimatic.diagnostics import Severity
from manimatic.errors import JobCancelled, JobExpired, LeaseLost, ManimaticError, StorageError, StoreError
from manimatic.jobs import Job, JobState
from manimatic.outcomes import failure_of, place_of, video_name
from manimatic.ports import Checker, Claim, CodeGenerator, JobStore, Sandbox, Storage
from manimatic.recorder import Recorder, Stop

_NOT_KEPT = "Free some space where MANIMATIC_DATA_DIR lies, then submit the job again: the video could not be kept."


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """Where the pipeline writes: runs in progress, and videos that wait for a storage that failed."""

    work: Path
    held: Path


class Pipeline:
    """Runs claimed jobs, one call each; calls from several threads are independent.

    Args:
        policy: How bad it is when people's own scenes reach for what they have no business with.
        warn: Takes a line for the operator's log; it never holds what a user or a vendor wrote.
        tell_bug: Takes an exception that is a bug of ours, and the id of its job.
    """

    def __init__(
        self,
        *,
        store: JobStore,
        generator: CodeGenerator,
        checker: Checker,
        sandbox: Sandbox,
        storage: Storage,
        budget: Budget,
        folders: Folders,
        policy: Severity = Severity.WARNING,
        warn: Callable[[str], None] = lambda line: None,
        tell_bug: Callable[..., None] = lambda error, **ids: None,
    ) -> None:
        self._store = store
        self._generator = generator
        self._checker = checker
        self._policy = policy
        self._sandbox = sandbox
        self._storage = storage
        self._budget = budget
        self._folders = folders
        self._warn = warn
        self._tell_bug = tell_bug

    def run(self, claim: Claim, stop: Stop) -> Job:
        """Take the job to its end, and return it.

        Whatever happens inside ends in the job's row; nothing is raised but LeaseLost and StoreError.

        Raises:
            LeaseLost: Another dispatcher has the job now.
            StoreError: The database cannot be used; the job goes on when its lease has ended.
        """
        recorder = Recorder(self._store, claim)
        try:
            with self._work_folder(claim) as folder:
                return self._run(claim, stop, recorder, folder)
        except JobCancelled as error:
            return self._stopped(stop, recorder, error)
        except (LeaseLost, StoreError):
            raise
        except ManimaticError as error:
            return recorder.advance(JobState.FAILED, failure=failure_of(error, recorder.state))
        except Exception as error:  # noqa: BLE001  a bug of ours must end as the job's error, not as a stuck job
            return self._broken(recorder, error)

    def _run(self, claim: Claim, stop: Stop, recorder: Recorder, folder: Path) -> Job:
        for fence in range(1, claim.fence):
            self._discard(video_name(claim.job.id, fence))
        if claim.job.held_video:
            # The row names the file and not its folder: who can write the row must not choose what is published.
            return self._store_held(claim, stop, recorder, self._folders.held / Path(claim.job.held_video).name)
        attempts = Attempts(
            claim.job,
            generator=self._generator,
            checks=Checks(
                self._checker, policy=self._policy, is_own=claim.job.brought_code is not None, warn=self._warn
            ),
            sandbox=self._sandbox,
            budget=self._budget,
            stop=stop,
            recorder=recorder,
            folder=folder,
            earlier=self._store.attempts(claim.job.id) if claim.fence > 1 else (),
        )
        rendered = attempts.until_rendered()
        recorder.enter(JobState.UPLOADING, stop)
        return self._keep(claim, stop, recorder, rendered.path, rendered.changes())

    # ------------------------------------------------------------ storing

    def _keep(self, claim: Claim, stop: Stop, recorder: Recorder, path: Path, changes: dict[str, Any]) -> Job:
        name = video_name(claim.job.id, claim.fence)
        try:
            stored = self._storage.put(name, path)
        except StorageError as error:
            _refuse_cancelled(stop)
            return self._hold(claim, recorder, path, {**changes, "failure": failure_of(error, recorder.state)})
        video = dataclasses.replace(changes["video"], name=name, url=stored.url, expires_at=stored.expires_at)
        try:
            _refuse_cancelled(stop)
            return recorder.advance(
                JobState.COMPLETE, **{**changes, "video": video, "held_video": None, "failure": None}
            )
        except (JobCancelled, LeaseLost):
            self._discard(name)
            raise

    def _hold(self, claim: Claim, recorder: Recorder, path: Path, changes: dict[str, Any]) -> Job:
        """Fail the job, and keep its video for a later try."""
        held = path if claim.job.held_video else self._moved_to_held(claim, path)
        if held is None:
            changes["failure"] = dataclasses.replace(changes["failure"], hint=_NOT_KEPT)
        try:
            return recorder.advance(JobState.FAILED, held_video=str(held) if held else None, **changes)
        except LeaseLost:
            if held and not claim.job.held_video:
                held.unlink(missing_ok=True)
            raise

    def _moved_to_held(self, claim: Claim, path: Path) -> Path | None:
        held = self._folders.held / f"{claim.job.id}-{claim.fence}.mp4"
        try:
            held.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            shutil.move(path, held)
        except OSError as error:
            self._warn(f"job {claim.job.id}: the video that could not be stored cannot be kept: {error.strerror}")
            return None
        return held

    def _store_held(self, claim: Claim, stop: Stop, recorder: Recorder, path: Path) -> Job:
        recorder.enter(JobState.UPLOADING, stop)
        if not path.is_file():
            gone = StorageError("The video that was kept is gone.", hint="Submit the job again.")
            return recorder.advance(JobState.FAILED, failure=failure_of(gone, recorder.state), held_video=None)
        job = self._keep(claim, stop, recorder, path, {"video": claim.job.video})
        if job.state is JobState.COMPLETE:
            path.unlink(missing_ok=True)
        return job

    def _discard(self, name: str) -> None:
        """Remove a video that nobody will ask for; where that fails nothing is lost but space."""
        with contextlib.suppress(StorageError):
            self._storage.delete(name)

    # ------------------------------------------------------------ ends

    def _stopped(self, stop: Stop, recorder: Recorder, error: JobCancelled) -> Job:
        match stop.reason:
            case "cancelled":
                return recorder.advance(JobState.CANCELLED, failure=failure_of(JobCancelled(), recorder.state))
            case "expired":
                return recorder.advance(JobState.EXPIRED, failure=failure_of(JobExpired(), recorder.state))
            case "shutdown":
                return recorder.advance(JobState.QUEUED)
            case "lease_lost":
                raise LeaseLost
        return self._broken(recorder, error)

    def _broken(self, recorder: Recorder, error: Exception) -> Job:
        """Fail the job for a bug of ours: the user learns that, the operator where."""
        self._warn(f"job {recorder.job_id}: {place_of(error)}")
        self._tell_bug(error, job_id=recorder.job_id)
        return recorder.advance(JobState.FAILED, failure=failure_of(ManimaticError(), recorder.state))

    @contextmanager
    def _work_folder(self, claim: Claim) -> Iterator[Path]:
        folder = self._folders.work / f"{claim.job.id}-{claim.fence}"
        try:
            folder.mkdir(parents=True, mode=0o700)
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _refuse_cancelled(stop: Stop) -> None:
    """Raise JobCancelled where the user asked for it; a job whose work is done does not stop for less."""
    if stop.reason == "cancelled":
        raise JobCancelled
