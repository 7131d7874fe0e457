"""What may come in and what goes out, as pydantic models; the OpenAPI document is made from them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from manimatic.jobs import ASPECT_RATIOS, MAX_CODE_BYTES, MAX_FPS, QUALITY_ALIASES, JobState, Quality
from manimatic.service import MAX_DEADLINE_S, MAX_METADATA_CHARS, MAX_METADATA_ITEMS, MAX_PROMPT_CHARS
from manimatic.verdicts import Verdict

MAX_NUMBER = 2**31 - 1
"""Largest number that an event may have."""
MAX_PAGE = 100


def one_of(allowed: Iterable[str], instead: str = "it is not one of {allowed}") -> tuple[Any, ...]:
    """Return what makes a text field take only these values."""
    names = tuple(allowed)

    def check(value: str) -> str:
        if value not in names:
            raise PydanticCustomError("one_of", instead, {"allowed": ", ".join(names)})
        return value

    return AfterValidator(check), Field(json_schema_extra={"enum": list(names)})


_QUALITY = one_of([*(item.value for item in Quality), *QUALITY_ALIASES])
_FORMAT = one_of(["mp4"], "only {allowed} is made so far")
_ASPECT = one_of(ASPECT_RATIOS)
_STATE = one_of(item.value for item in JobState)

_Seconds = Annotated[float, Field(allow_inf_nan=False)]
_Metadata = dict[str, Annotated[str, Field(max_length=MAX_METADATA_CHARS)]]
_Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


class GenerateIn(BaseModel):
    """What is to be made: a prompt, or the code of a scene."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "anyOf": [
                {"required": ["prompt"], "properties": {"prompt": {"minLength": 1}}},
                {"required": ["code"], "properties": {"code": {"type": "string"}}},
            ],
        },
    )

    prompt: str = Field(
        "",
        max_length=MAX_PROMPT_CHARS,
        description="What to show, in any language. It needs a word or a number, and no control characters.",
        examples=["Create a simple circle animation"],
    )
    code: str | None = Field(
        None,
        min_length=1,
        max_length=MAX_CODE_BYTES,
        description="A Manim scene to render instead of asking a model; the prompt is then its caption.",
    )
    scene: str | None = Field(
        None, min_length=1, max_length=200, description="The class to render, where the code has several."
    )
    quality: Annotated[str, *_QUALITY] | None = Field(
        None, description="How fine the picture is, as with Manim's -q; medium where it is not given."
    )
    format: Annotated[str, *_FORMAT] | None = Field(None, description="The file's format.")
    aspect_ratio: Annotated[str, *_ASPECT] | None = Field(None, description="Width to height; 16:9 by default.")
    fps: int | None = Field(None, ge=1, le=MAX_FPS, description="Frames a second; the quality's own by default.")
    background: str | None = Field(
        None,
        pattern=r"^#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})$",
        description="The background's colour.",
        examples=["#1c1c1c"],
    )
    seed: int | None = Field(None, ge=0, le=2**32 - 1, description="Seed of the scene's random numbers.")
    model: str | None = Field(
        None, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$", description="The model that writes the scene."
    )
    duration_hint_seconds: _Seconds | None = Field(None, ge=1, le=600, description="About how long it should be.")
    deadline_seconds: _Seconds | None = Field(
        None, ge=1, le=MAX_DEADLINE_S, description="After so many seconds the job expires if it is not done."
    )
    metadata: _Metadata | None = Field(
        None, max_length=MAX_METADATA_ITEMS, description="Texts of your own, handed back with the job."
    )


class AfterIn(BaseModel):
    """From where to go on."""

    model_config = ConfigDict(extra="forbid")

    after: int = Field(0, ge=0, le=MAX_NUMBER, description="Number of the last event that you have.")


class JobsIn(BaseModel):
    """Which jobs to list."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(20, ge=1, le=MAX_PAGE, description="Jobs on one page.")
    cursor: str | None = Field(None, max_length=100, description="next_cursor of the page before.")
    state: Annotated[str, *_STATE] | None = Field(None, description="Only jobs in this state.")


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    pointer: str = Field(description="JSON pointer (RFC 6901) into the body, or the parameter's name after #/.")
    detail: str


class Problem(BaseModel):
    """An error, as RFC 9457 has it."""

    type: str = Field(description="Address of what is known about this kind of error.")
    title: str
    status: int
    detail: str
    instance: str = Field(description="The address that was asked for.")
    code: str = Field(description="Stable name of the error; match on this.")
    hint: str = Field(description="What to do about it.")
    retryable: bool = Field(description="Whether the same request may succeed later.")
    request_id: str = Field(description="Stands in the service's log beside this request.")
    errors: list[FieldProblem] = Field(description="The fields that are wrong; empty for other errors.")


class JobProblem(BaseModel):
    """Why a job, or one of its attempts, failed."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str = Field(description="Stable name of the error; match on this.")
    hint: str
    retryable: bool
    stage: str | None = Field(description="The state in which it failed.")
    line: int | None = Field(description="The line of the scene.")
    traceback: str | None


class Links(BaseModel):
    """Where to go on."""

    self: str
    events: str
    logs: str
    cancel: str


class Started(BaseModel):
    """The answer to a request to generate."""

    job_id: str
    status: Annotated[str, Field(json_schema_extra={"const": "started"})]
    state: Annotated[str, *_STATE]
    queue_position: int | None
    links: Links


class UsageOut(BaseModel):
    """What the model charged."""

    requests: int
    input_tokens: int
    output_tokens: int
    cost_usd: float | None = Field(description="null where the model's price is not known.")


class AttemptOut(BaseModel):
    """One round of generating, checking and rendering."""

    number: int
    origin: str = Field(description="Who wrote the scene: offline, user, or the model's name.")
    code: str
    verdict: Verdict | None
    error: JobProblem | None
    usage: UsageOut
    started_at: _Time | None
    ended_at: _Time | None
    isolation: dict[str, Any] | None
    figures: dict[str, float] = Field(description="Peak memory, CPU and wall seconds, number of animations.")


class VideoOut(BaseModel):
    """The stored video."""

    bytes: int
    sha256: str
    width: int
    height: int
    fps: float
    duration_seconds: float
    expires_at: _Time | None


class JobSummary(BaseModel):
    """A job as one of many."""

    job_id: str
    status: JobState
    url: str | None = Field(description="Address of the video, once there is one.")
    title: str | None
    prompt: str
    generator: str | None
    partial: bool = Field(description="Whether a limit cut the video short.")
    verdict: Verdict | None
    error: JobProblem | None
    metadata: dict[str, Any]
    created_at: _Time
    updated_at: _Time
    ended_at: _Time | None
    links: Links


class JobOut(JobSummary):
    """Everything about a job."""

    code: str | None = Field(description="The scene that was rendered last.")
    explanation: str | None
    progress: dict[str, Any] | None = Field(description="The animation last ended, seconds of video, line of code.")
    queue_position: int | None = Field(description="1 for the job that runs next; null once it runs.")
    cancel_requested: bool
    attempts: list[AttemptOut]
    timings: dict[str, float] = Field(description="Seconds spent in each state that it has left.")
    isolation: dict[str, Any] | None = Field(description="The walls that stood around the run.")
    video: VideoOut | None
    deadline_at: _Time | None


class JobPage(BaseModel):
    """Some jobs, newest first."""

    jobs: list[JobSummary]
    next_cursor: str | None = Field(description="Asks for the next page; null on the last one.")


class PartHealth(BaseModel):
    """How one part is."""

    status: Annotated[str, *one_of(["ok", "degraded", "down", "unknown"])]
    detail: str | None


class StorageHealth(PartHealth):
    """How the storage is."""

    kind: str | None = Field(description="local or cloudinary; null while no dispatcher has said so.")


class ModelHealth(BaseModel):
    """Whether a model is configured; it is not called."""

    configured: bool
    generator: str | None
    model: str | None


class DispatcherHealth(BaseModel):
    """A dispatcher seen in the last minute."""

    name: str
    generator: str | None
    model: str | None
    storage: str | None
    concurrency: int | None
    seen_seconds_ago: float


class LauncherHealth(BaseModel):
    """The launcher behind a dispatcher, as that dispatcher last saw it."""

    dispatcher: str
    state: str = Field(description="ready, or the code of the error that it answers with.")
    backend: str | None
    isolation: dict[str, Any]
    message: str | None


class QueueHealth(BaseModel):
    """How much is waiting."""

    queued: int
    running: int
    oldest_age_seconds: float | None


class Disk(BaseModel):
    """The file system of the data folder."""

    total_bytes: int
    free_bytes: int


class Memory(BaseModel):
    """The memory of this machine."""

    total_bytes: int | None
    available_bytes: int | None


class Cpu(BaseModel):
    """The processors that this process may use, and what waits for them."""

    cores: int
    load_1m: float
    load_5m: float


class Resources(BaseModel):
    """What the machine has left that runs the API."""

    disk: Disk | None
    memory: Memory
    cpu: Cpu


class Health(BaseModel):
    """How the service is."""

    status: Annotated[str, *one_of(["ok", "degraded", "down"])]
    version: str
    database: PartHealth
    storage: StorageHealth
    model: ModelHealth
    dispatchers: list[DispatcherHealth]
    launchers: list[LauncherHealth]
    queue: QueueHealth | None
    resources: Resources
    streams: int = Field(description="Event streams open in this process.")


class Alive(BaseModel):
    """A bare yes or no."""

    status: Annotated[str, *one_of(["ok", "down"])]
    detail: str | None
