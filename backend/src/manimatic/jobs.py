"""Jobs, their states, and everything that is recorded about them.

A job is what a user asked for. It lives in one row of the store; `TRANSITIONS` is the only truth about which state
may follow which. Times are seconds since the epoch (UTC).
"""

from __future__ import annotations

import enum
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from manimatic.deliveries import Webhook
from manimatic.diagnostics import Applied, Diagnostic
from manimatic.errors import InvalidInput
from manimatic.keys import Quotas
from manimatic.verdicts import Verdict


class JobState(enum.StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    """Waiting for a dispatcher."""
    GENERATING = "generating"
    """A model or the offline composer is writing the scene."""
    CHECKING = "checking"
    """The scene is being looked over before it runs."""
    RENDERING = "rendering"
    """A worker is rendering the scene."""
    UPLOADING = "uploading"
    """The video is on its way to the storage."""
    COMPLETE = "complete"
    """The video is stored; it may be partial."""
    FAILED = "failed"
    """The job ended without a video; the error says why."""
    CANCELLED = "cancelled"
    """The user stopped it."""
    EXPIRED = "expired"
    """Its deadline passed first."""


FINAL_STATES = frozenset({JobState.COMPLETE, JobState.FAILED, JobState.CANCELLED, JobState.EXPIRED})
RUNNING_STATES = frozenset({JobState.GENERATING, JobState.CHECKING, JobState.RENDERING, JobState.UPLOADING})
_ENDS = frozenset({JobState.FAILED, JobState.CANCELLED, JobState.EXPIRED})
_BACK = frozenset({JobState.QUEUED})  # the reaper hands back what a dead dispatcher held

TRANSITIONS: Mapping[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset({JobState.GENERATING, JobState.CHECKING, JobState.UPLOADING}) | _ENDS | _BACK,
    JobState.GENERATING: frozenset({JobState.CHECKING}) | _ENDS | _BACK,
    JobState.CHECKING: frozenset({JobState.RENDERING, JobState.GENERATING}) | _ENDS | _BACK,
    JobState.RENDERING: frozenset({JobState.UPLOADING, JobState.GENERATING}) | _ENDS | _BACK,
    JobState.UPLOADING: frozenset({JobState.COMPLETE}) | _ENDS | _BACK,
    JobState.COMPLETE: frozenset(),
    JobState.FAILED: frozenset({JobState.QUEUED}),  # only to store a kept video again
    JobState.CANCELLED: frozenset(),
    JobState.EXPIRED: frozenset(),
}


class Quality(enum.StrEnum):
    """How fine the picture is; the names and figures are those of Manim's -q flag."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    PRODUCTION = "production"
    FOURK = "fourk"


QUALITY_ALIASES: Mapping[str, Quality] = {
    "l": Quality.LOW,
    "m": Quality.MEDIUM,
    "h": Quality.HIGH,
    "p": Quality.PRODUCTION,
    "k": Quality.FOURK,
}
_SHORT_SIDE_AND_FPS = {
    Quality.LOW: (480, 15),
    Quality.MEDIUM: (720, 30),
    Quality.HIGH: (1080, 60),
    Quality.PRODUCTION: (1440, 60),
    Quality.FOURK: (2160, 60),
}
ASPECT_RATIOS: Mapping[str, tuple[int, int]] = {
    "16:9": (16, 9),
    "9:16": (9, 16),
    "1:1": (1, 1),
    "4:5": (4, 5),
    "4:3": (4, 3),
}
SHORT_SIDE_UNITS = 8.0
"""The frame's short side in Manim's units; 8 is Manim's own frame height."""
MAX_FPS = 120
MAX_CODE_BYTES = 1024 * 1024
LOCAL = "local"
"""The account of the command line, and of an API that asks for no keys."""
DOOMED = 0.0
"""The `expires_at` of a video that the user has deleted and whose storage has not removed it yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The frame in pixels and in Manim's units."""

    width: int
    height: int
    fps: int
    frame_width: float
    frame_height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the user asked for beside the prompt."""

    quality: Quality = Quality.MEDIUM
    aspect_ratio: str = "16:9"
    fps: int | None = None
    background: str = "#000000"
    seed: int | None = None
    scene: str | None = None
    model: str | None = None
    duration_hint_seconds: float | None = None

    def picture(self) -> Picture:
        """Return the frame: the quality gives the short side, the aspect ratio the long one."""
        short_px, fps = _SHORT_SIDE_AND_FPS[self.quality]
        across, down = ASPECT_RATIOS[self.aspect_ratio]
        stretch = max(across, down) / min(across, down)
        long_px, long_units = 2 * -(-short_px * stretch // 2), SHORT_SIDE_UNITS * stretch
        wide = across >= down
        return Picture(
            width=int(long_px if wide else short_px),
            height=int(short_px if wide else long_px),
            fps=self.fps or fps,
            frame_width=long_units if wide else SHORT_SIDE_UNITS,
            frame_height=SHORT_SIDE_UNITS if wide else long_units,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """What is to be changed in a scene that there is."""

    instruction: str
    code: str
    """The scene as it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Which job another one is a version of."""

    parent: str
    """The job that it was made from."""
    lineage: str
    """The first version of all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """A request that has passed validation; `code` is the user's own scene, if any."""

    prompt: str
    code: str | None = None
    options: Options = Options()
    deadline_at: float | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    account: str = LOCAL
    """Whose job it is."""
    api_key: str | None = None
    """The prefix of the key that asks for it, to which it is charged."""
    quotas: Quotas = Quotas()
    """What that key may use."""
    webhook: Webhook | None = None
    request_id: str | None = None
    """The id of the request that asked for it, which stands in every log."""
    origin: Origin | None = None
    """The job that this one is a version of, if any."""
    revision: Revision | None = None
    """What is to be changed, where a model changes it."""


@dataclass(frozen=True, slots=True)
class RequestKey:
    """What an Idempotency-Key stands for."""

    key: str
    digest: str
    """Of the request that came with it."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """A job that was submitted, now or by an earlier request with the same key."""

    job: Job
    replayed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a job ended without a (whole) video."""

    code: str
    message: str
    hint: str
    retryable: bool = False
    stage: str | None = None
    line: int | None = None
    traceback: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """The stored result."""

    name: str
    url: str
    bytes: int
    sha256: str
    width: int
    height: int
    fps: float
    duration_s: float
    expires_at: float | None = None
    """When the storage may remove it; `DOOMED` where its job is to go with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a model charged for one answer; cost is None where the price is unknown."""

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = None

    def __add__(self, other: Usage) -> Usage:
        """Return the sum; a cost that is not known adds nothing, and the sum is unknown only where both are."""
        known = [usage.cost_usd for usage in (self, other) if usage.cost_usd is not None]
        return Usage(
            requests=self.requests + other.requests,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cost_usd=sum(known) if known else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One round of generating, checking and rendering."""

    number: int
    origin: str
    """Who wrote the scene: `offline`, `user`, or the model's name."""
    code: str
    """The source after the fixes, as it ran or would have run."""
    fixes: tuple[Applied, ...] = ()
    """What was mended without a model, in order."""
    diagnostics: tuple[Diagnostic, ...] = ()
    """What the checker found in the mended source."""
    verdict: Verdict | None = None
    failure: Failure | None = None
    usage: Usage = Usage()
    started_at: float = 0.0
    ended_at: float | None = None
    isolation: Mapping[str, Any] | None = None
    figures: Mapping[str, float] = field(default_factory=dict)
    """Peak memory, CPU seconds, wall seconds and number of animations of the run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One row of the store."""

    id: str
    state: JobState
    prompt: str
    brought_code: str | None
    options: Options
    metadata: Mapping[str, Any]
    created_at: float
    updated_at: float
    deadline_at: float | None
    ended_at: float | None = None
    account: str = LOCAL
    """Whose job it is; nobody else sees it."""
    request_id: str | None = None
    """The id of the request that asked for it."""
    owner: str | None = None
    """The dispatcher that holds the lease."""
    lease_until: float | None = None
    fence: int = 0
    tries: int = 0
    cancel_requested: bool = False
    generator: str | None = None
    title: str | None = None
    explanation: str | None = None
    code: str | None = None
    verdict: Verdict | None = None
    partial: bool = False
    partial_reason: str | None = None
    """Why the video is not whole."""
    failure: Failure | None = None
    video: Video | None = None
    held_video: str | None = None
    """Path of a rendered video that could not be stored yet."""
    progress: Mapping[str, Any] = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)
    isolation: Mapping[str, Any] | None = None
    parent: str | None = None
    """The job that this one is a version of; it may be gone."""
    lineage: str | None = None
    """The first version; None where this is the first."""
    revision: Revision | None = None
    share_token: str | None = None
    """What its page for everybody is found by, while its owner shares it."""

    @property
    def first_version(self) -> str:
        """Return the id that all versions have in common."""
        return self.lineage or self.id

    @property
    def is_final(self) -> bool:
        """Tell whether nothing more will happen to the job."""
        return self.state in FINAL_STATES

    @property
    def is_doomed(self) -> bool:
        """Tell whether the user has deleted the job; only its video still has to be removed."""
        return self.video is not None and self.video.expires_at == DOOMED


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One numbered thing that happened to a job; numbers start at 1 and have no gaps."""

    job_id: str
    number: int
    at: float
    kind: str
    """`state`, `draft`, `attempt`, `rehearsal`, `progress`, `log`, or `end`."""
    data: Mapping[str, Any]


def new_id() -> str:
    """Return an unguessable id: 26 characters, 130 bits, safe in URLs and file names."""
    return "".join(secrets.choice("abcdefghijkmnpqrstuvwxyz23456789") for _ in range(26))


def check_source(code: str) -> None:
    """Refuse text that no Python program can be; everything finer is the checker's.

    Raises:
        InvalidInput: The source is empty, too long, or holds NUL.
    """
    if not code.strip():
        raise InvalidInput("The scene is empty.")
    if len(code.encode(errors="surrogatepass")) > MAX_CODE_BYTES:
        raise InvalidInput(f"The scene is longer than {MAX_CODE_BYTES} bytes.")
    if "\0" in code:
        raise InvalidInput("The scene holds a NUL character.")
