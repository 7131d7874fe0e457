"""What Manimatic needs from the outside world, as small interfaces.

`CodeGenerator` writes scenes, `Checker` looks them over, `JobStore` remembers jobs, `KeyStore` API keys, `WebhookStore`
what is told to webhooks, `Sandbox` runs scenes, `Storage` keeps videos, `Signer` gives addresses of them, `Wakeup` says
that there is work. Each has one contract suite in `tests/contract` that every implementation passes, and a fake that is
shipped; the three stores have a database in memory instead, and `Signer` has one implementation, which is tested with
its storage. Nothing here imports an implementation.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from manimatic.deliveries import Delivery, Due, Try
from manimatic.diagnostics import CheckReport, Severity
from manimatic.jobs import (
    Attempt,
    Event,
    Failure,
    Job,
    JobState,
    NewJob,
    Options,
    RequestKey,
    Revision,
    Submitted,
    Usage,
)
from manimatic.keys import ApiKey, Used
from manimatic.rehearsal import Rehearsal, Rehearse
from manimatic.settings import MAX_LEASE_S
from manimatic.verdicts import Verdict

# ---------------------------------------------------------------- code generation


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """An earlier answer and what was wrong with it."""

    code: str
    complaint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """What the generator is asked: the prompt, every failed round so far (oldest first), and what they have cost."""

    prompt: str
    options: Options
    rounds: tuple[Round, ...] = ()
    revision: Revision | None = None
    """A scene that there is, and what is to be changed in it."""
    spent: Usage = Usage()


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A scene with the words that go with it."""

    title: str
    explanation: str
    code: str
    generator: str
    model: str | None = None
    usage: Usage = Usage()


class DraftListener(Protocol):
    """Hears a draft while it is written."""

    def draft(self, *, title: str, explanation: str, code: str) -> None:
        """Take the draft as far as it is written."""


@runtime_checkable
class CodeGenerator(Protocol):
    """Writes Manim scenes."""

    name: str
    """Shown to the user as `generator`."""
    can_repair: bool
    """Whether asking again with `rounds` may give another answer."""

    def generate(self, brief: Brief, listener: DraftListener, cancel: threading.Event) -> Draft:
        """Write a scene, or mend the last round's.

        Raises:
            NoOfflineAnswer: Nothing here fits the prompt.
            ModelRefused: The vendor declined.
            ModelUnavailable: The vendor did not answer, after retries.
            ModelRejectedKey: The vendor refused the key.
            UnusableAnswer: The answer holds no scene, even after asking again.
            BudgetExceeded: The answer went over its token or money limit.
            JobCancelled: `cancel` was set.
        """
        ...


# ---------------------------------------------------------------- checking


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What the checker is to do."""

    fix: bool = False
    """Make the fixes that are certain, and check again until nothing changes."""
    policy: Severity = Severity.WARNING
    """How bad it is when a scene reaches out for what it has no business with."""


@runtime_checkable
class Checker(Protocol):
    """Says what can be known of a scene without running it. Safe to use from several threads."""

    def check(self, code: str, options: CheckOptions) -> CheckReport:
        """Look a source over; one that no checker survives is a finding too.

        Raises:
            CheckerError: The checker itself failed.
        """
        ...

    def close(self) -> None:
        """Let go of what it holds; doing so twice is harmless."""
        ...


# ---------------------------------------------------------------- job store


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to run one job until the lease ends; `fence` makes every older claim worthless."""

    job: Job
    owner: str
    fence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some jobs, newest first; `next_cursor` is None on the last page."""

    jobs: tuple[Job, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueDepth:
    """How much is waiting."""

    queued: int
    running: int
    oldest_queued_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceReport:
    """What a dispatcher or launcher says of itself; `seen_at` is set by the store."""

    name: str
    role: str
    facts: Mapping[str, Any]
    seen_at: float = 0.0


@runtime_checkable
class JobStore(Protocol):
    """Remembers jobs, their events and attempts. Every method may raise StoreError."""

    def submit(self, new: NewJob, *, max_queued: int) -> Job:
        """Insert a queued job. Raises QueueFull where `max_queued` jobs are waiting, and QuotaExceeded."""
        ...

    def submit_once(self, new: NewJob, once: RequestKey, *, max_queued: int) -> Submitted:
        """Insert a queued job, or return the one that the account has submitted with this key in the last 24 hours.

        Key and job are written together, so of requests that come at once, to whatever process, one makes the job.

        Raises:
            RequestKeyReused: The key came with another request.
            QueueFull: `max_queued` jobs are waiting.
            QuotaExceeded: The API key has used what it may.
        """
        ...

    def get(self, job_id: str) -> Job:
        """Return the job. Raises JobNotFound."""
        ...

    def list_jobs(
        self,
        *,
        limit: int,
        cursor: str | None = None,
        state: JobState | None = None,
        account: str | None = None,
        lineage: str | None = None,
    ) -> Page:
        """Return jobs, of one account or of all, newest first; with `lineage` the versions of that first one.

        Raises:
            InvalidInput: The cursor was not handed out here.
        """
        ...

    def queue_position(self, job_id: str) -> int | None:
        """Return how many jobs run before this one as things stand, plus one; None when it is not queued."""
        ...

    def claim(self, owner: str, *, lease_s: float, max_tries: int, job_id: str | None = None) -> Claim | None:
        """Take the next queued job (or just `job_id`), or None. Jobs tried `max_tries` times are not taken.

        Accounts take turns: next is the oldest job of the account with the fewest running jobs, and of several such of
        the one that was served longest ago.
        """
        ...

    def heartbeat(self, claim: Claim, *, lease_s: float) -> bool:
        """Prolong the lease; return whether cancelling was asked for. Raises LeaseLost."""
        ...

    def advance(self, claim: Claim, to: JobState, **changes: Any) -> Job:
        """Move the claimed job to another state, with changes to other fields of `Job`, in one step.

        Raises:
            LeaseLost: The claim is no longer the newest.
            Conflict: The transition table does not have this arrow.
        """
        ...

    def update(self, claim: Claim, **changes: Any) -> Job:
        """Change fields of the claimed job without changing its state. Raises LeaseLost."""
        ...

    def record_attempt(
        self, claim: Claim, attempt: Attempt, *, told: Sequence[tuple[str, Mapping[str, Any]]] = ()
    ) -> None:
        """Insert the attempt, or replace the one with the same number, and append events. Raises LeaseLost."""
        ...

    def attempts(self, job_id: str) -> Sequence[Attempt]:
        """Return the job's attempts, first to last."""
        ...

    def add_event(self, claim: Claim, kind: str, data: Mapping[str, Any]) -> Event:
        """Append a numbered event. Raises LeaseLost."""
        ...

    def add_events(
        self, claim: Claim, told: Sequence[tuple[str, Mapping[str, Any]]], **changes: Any
    ) -> Sequence[Event]:
        """Append events, each with its kind, and change fields, all or nothing. Raises LeaseLost."""
        ...

    def events(self, job_id: str, *, after: int = 0, limit: int = 1000) -> Sequence[Event]:
        """Return the events with a number above `after`, in order."""
        ...

    def request_cancel(self, job_id: str) -> Job:
        """Cancel a queued job at once and ask a running one to stop; a final job stays. Raises JobNotFound."""
        ...

    def requeue_held(self, job_id: str) -> Job:
        """Put a job that failed as `storage_error` back in the queue. Raises JobNotFound, Conflict."""
        ...

    def share(self, job_id: str, token: str | None) -> Job:
        """Share a job that has a video under this token, or no more with None; one that is shared keeps its token.

        Raises:
            JobNotFound: There is no such job.
            Conflict: It has no video.
        """
        ...

    def shared(self, token: str) -> Job:
        """Return the job that is shared under this token. Raises JobNotFound."""
        ...

    def delete(self, job_id: str) -> Job:
        """Remove a final job and return what it was. Raises JobNotFound, Conflict while it runs."""
        ...

    def doom(self, job_id: str) -> Job:
        """Hide a complete job at once; `expired_videos` then has it, `Job.is_doomed`, until it is deleted.

        Raises:
            JobNotFound: There is no such job.
            Conflict: It is not complete, or holds no stored video.
        """
        ...

    def reap(self, *, max_tries: int, longest_lease_s: float = MAX_LEASE_S) -> Sequence[Job]:
        """Hand back jobs whose lease ended, fail those tried too often, expire those past their deadline.

        A lease that ends later than the longest is cut to it: it was given before the clock was set back.

        Returns the jobs that changed.
        """
        ...

    def expired_videos(self, limit: int = 100) -> Sequence[Job]:
        """Return complete jobs whose video's retention has ended and that still hold a video."""
        ...

    def drop_ended(self, *, older_than_s: float, limit: int = 100) -> Sequence[Job]:
        """Remove final jobs that ended so long ago and hold no stored video; return what was removed."""
        ...

    def forget_video(self, job_id: str) -> None:
        """Note that the job's video is gone."""
        ...

    def report(self, report: ServiceReport) -> None:
        """Keep the newest report of a service."""
        ...

    def reports(self, *, within_s: float) -> Sequence[ServiceReport]:
        """Return the reports of services seen lately."""
        ...

    def waiting(self, *, older_than_s: float, limit: int = 1000) -> Sequence[str]:
        """Return the ids of jobs that have been queued for so long and that nobody has taken, oldest first."""
        ...

    def depth(self) -> QueueDepth:
        """Return how much is waiting."""
        ...

    def ping(self) -> None:
        """Do nothing, over the real connection."""
        ...


@runtime_checkable
class KeyStore(Protocol):
    """Remembers API keys and what they have used. Every method may raise StoreError."""

    def add(self, key: ApiKey) -> None:
        """Keep a new key."""
        ...

    def find(self, prefix: str) -> ApiKey | None:
        """Return the key with this prefix."""
        ...

    def all_keys(self) -> Sequence[ApiKey]:
        """Return all keys, oldest first."""
        ...

    def revoke(self, prefix: str) -> ApiKey:
        """Let the key be good for nothing from now on; doing so twice is harmless. Raises KeyNotFound."""
        ...

    def touch(self, prefix: str) -> None:
        """Note that the key is in use."""
        ...

    def used(self, prefix: str) -> Used:
        """Return what the key has used today."""
        ...


@runtime_checkable
class WebhookStore(Protocol):
    """Remembers what is to be told to webhooks and with which secrets. Every method may raise StoreError."""

    def rotate(self, account: str, *, overlap_s: float) -> str:
        """Give the account a new secret and return it; the newest before it goes on signing for this time."""
        ...

    def has_secret(self, account: str) -> bool:
        """Tell whether there is a secret to sign the account's webhooks with."""
        ...

    def claim_due(self, *, lease_s: float) -> Due | None:
        """Take the delivery that has been due longest; unless its end is noted within the lease, others may take it."""
        ...

    def note(self, due: Due, tried: Try, *, next_at: float | None) -> None:
        """Note a try; with a time it is tried again then, without one it is over. An outdated claim changes nothing."""
        ...

    def deliveries(self, job_id: str) -> Sequence[Delivery]:
        """Return what was or is to be told of the job, oldest first."""
        ...


# ---------------------------------------------------------------- sandbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one run of the worker may use."""

    timeout_s: float = 300.0
    memory_bytes: int = 2 * 1024**3
    cpu_cores: float = 1.0
    max_processes: int = 128
    max_files: int = 1024
    max_log_bytes: int = 1024**2
    max_artefact_bytes: int = 512 * 1024**2
    disk_bytes: int = 1024**3


@dataclass(frozen=True, slots=True)
class Trace:
    """Which job and which request a run is for; it stands in logs and decides nothing."""

    job_id: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """One run of the worker; `parts` are finished pieces of video to join instead of rendering `code`."""

    run_id: str
    code: str
    options: Options = Options()
    limits: Limits = Limits()
    parts: tuple[Path, ...] = ()
    trace: Trace = Trace()
    rehearse: Rehearse = Rehearse.NO

    @property
    def wants_video(self) -> bool:
        """Tell whether the run is to deliver a video."""
        return self.rehearse is not Rehearse.ONLY


@dataclass(frozen=True, slots=True, kw_only=True)
class Artefact:
    """A file that left the worker: bytes that the host wrote down itself, of a kind that the worker claims."""

    kind: str
    path: Path
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoFacts:
    """What the container of a video says of it; the trusted side never decodes the pictures."""

    width: int
    height: int
    fps: float
    duration_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """How a run ended; `artefacts` are the caller's to read and to remove."""

    verdict: Verdict
    message: str = ""
    error_type: str | None = None
    line: int | None = None
    traceback: str | None = None
    scene: str | None = None
    animations: int = 0
    artefacts: tuple[Artefact, ...] = ()
    video: VideoFacts | None = None
    """Set where there is an artefact of kind `video`, which then is the first."""
    rehearsal: Rehearsal | None = None
    """What the rehearsal found out, where there was one and it got so far as to say so."""
    isolation: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, float] = field(default_factory=dict)


class RunListener(Protocol):
    """Hears of a run while it goes on. Calls come from one thread, in order."""

    def rehearsed(self, rehearsal: Rehearsal) -> None:
        """The rehearsal is over; rendering begins, unless the scene failed or only a rehearsal was asked for."""

    def progress(self, *, animation: int, video_s: float, line: int | None, total: int | None = None) -> None:
        """An animation has been rendered; `total` is how many there are, where a rehearsal has counted them."""

    def log(self, text: str) -> None:
        """The worker or the scene printed this; control characters are already escaped."""


@runtime_checkable
class Sandbox(Protocol):
    """Runs scenes behind walls."""

    def describe(self) -> Mapping[str, Any]:
        """Return the isolation report: backend, layers in force, layers missing with the reason.

        Raises:
            SandboxUnavailable: A layer that Manimatic insists on cannot be had here.
        """
        ...

    def run(self, request: RunRequest, listener: RunListener, cancel: threading.Event, folder: Path) -> RunResult:
        """Run one worker to its end and return how it ended; artefacts are written into `folder`.

        Everything that the scene can do ends in a verdict. When `cancel` is set the run is killed.

        Raises:
            JobCancelled: `cancel` was set.
            SandboxUnavailable: A layer that Manimatic insists on cannot be had here.
        """
        ...


# ---------------------------------------------------------------- storage and wake-up


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """Where a video lies now."""

    url: str
    expires_at: float | None


@runtime_checkable
class Storage(Protocol):
    """Keeps videos and hands out their addresses."""

    name: str

    def put(self, name: str, path: Path) -> Stored:
        """Store the file under an unguessable name; storing the same name again is harmless. Raises StorageError."""
        ...

    def delete(self, name: str) -> None:
        """Remove the video; removing what is not there is harmless. Raises StorageError."""
        ...

    def open_local(self, name: str) -> Path:
        """Return the file that `GET /videos/<name>` serves. Raises VideoNotFound, also where videos live elsewhere."""
        ...

    def ping(self) -> None:
        """Check that the storage could take a video now, without a request that costs. Raises StorageError."""
        ...


@runtime_checkable
class Signer(Protocol):
    """Gives addresses of videos that lie where only keys can get at them."""

    def sign(self, name: str, for_s: float) -> str:
        """Return an address from which anybody can fetch the video for so many seconds.

        Raises:
            VideoNotFound: There is no such video.
            StorageError: The storage cannot be used.
        """
        ...


@runtime_checkable
class Wakeup(Protocol):
    """Says that there is work; a lost or doubled call is harmless, since the store is the truth."""

    def notify(self, job_id: str) -> None:
        """Say that this job waits; what keeps it from being said is no error."""
        ...

    def remind(self, job_ids: Sequence[str]) -> None:
        """Say again that these wait, which have waited long: earlier calls may have been lost."""
        ...

    def wait(self, timeout_s: float) -> None:
        """Sleep until there may be work, at most this long."""
        ...


__all__ = [
    "Artefact",
    "Brief",
    "CheckOptions",
    "CheckReport",
    "Checker",
    "Claim",
    "CodeGenerator",
    "Draft",
    "DraftListener",
    "Failure",
    "JobStore",
    "KeyStore",
    "Limits",
    "Page",
    "QueueDepth",
    "Round",
    "RunListener",
    "RunRequest",
    "RunResult",
    "Sandbox",
    "ServiceReport",
    "Signer",
    "Storage",
    "Stored",
    "Trace",
    "VideoFacts",
    "Wakeup",
    "WebhookStore",
]
