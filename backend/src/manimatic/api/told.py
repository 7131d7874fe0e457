"""What goes out, as pydantic models; the OpenAPI document is made from them and from `asked`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from manimatic.api.choices import one_of
from manimatic.deliveries import DeliveryState
from manimatic.diagnostics import Severity
from manimatic.jobs import JobState
from manimatic.verdicts import Verdict

_STATE = one_of(item.value for item in JobState)
_Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


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


class FixOut(BaseModel):
    """A fix that was made without a model."""

    rule: str = Field(description="Stable name of the rule; docs/reference/rules.md lists them.")
    line: int
    diff: str = Field(description="What changed, without context.")


class DiagnosticOut(BaseModel):
    """One thing that the checker found."""

    rule: str = Field(description="Stable name of the rule; docs/reference/rules.md lists them.")
    severity: Severity = Field(description="error: the scene will fail; warning and advice: it renders.")
    line: int
    column: int
    end_line: int
    end_column: int
    message: str
    hint: str
    nearest: str | None = Field(description="The name that was probably meant.")
    fix: str | None = Field(description="What the fix changes, as a diff, where one is certain.")


class CheckOut(BaseModel):
    """What can be said of a scene without running it."""

    ok: bool = Field(description="Whether nothing was found that makes the scene fail.")
    diagnostics: list[DiagnosticOut]
    fixed_code: str | None = Field(description="The scene with every certain fix made; null where there is none.")
    fixes: list[FixOut] = Field(description="What was changed in fixed_code.")


class AttemptOut(BaseModel):
    """One round of generating, checking and rendering."""

    number: int
    origin: str = Field(description="Who wrote the scene: offline, user, or the model's name.")
    code: str = Field(description="The scene after the fixes, as it ran or would have run.")
    diff: str | None = Field(description="What changed since the attempt before; null for the first.")
    fixes: list[FixOut]
    diagnostics: list[DiagnosticOut]
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
    parent: str | None = Field(description="The job of which this is another version; it may be gone.")
    lineage: str = Field(description="The job that was the first version; `GET /jobs?lineage=` lists all of them.")
    instruction: str | None = Field(description="What was to be changed, where a model was asked to.")
    partial: bool = Field(description="Whether the video holds only a part of the scene.")
    partial_reason: str | None
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
    share_url: str | None = Field(description="Address of its page for everybody, while it is shared.")
    deadline_at: _Time | None


class SharedOut(BaseModel):
    """Where a job is shared."""

    url: str = Field(description="Address of its page, for everybody who knows it.")


class JobPage(BaseModel):
    """Some jobs, newest first."""

    jobs: list[JobSummary]
    next_cursor: str | None = Field(description="Asks for the next page; null on the last one.")


class TryOut(BaseModel):
    """One try to deliver."""

    at: _Time
    ms: float
    status: int | None = Field(description="What the receiver answered; null where it did not.")
    error: str | None = Field(description="Why it counts as failed; null where it does not.")


class DeliveryOut(BaseModel):
    """Something that is told to the job's webhook."""

    id: str = Field(description="The webhook-id; the same for every try.")
    event: Annotated[str, *_STATE]
    url: str
    state: Annotated[str, *one_of(item.value for item in DeliveryState)]
    created_at: _Time
    next_try_at: _Time | None
    tries: list[TryOut]


class Deliveries(BaseModel):
    """What is told to a job's webhook."""

    deliveries: list[DeliveryOut]


class PartHealth(BaseModel):
    """How one part is."""

    status: Annotated[str, *one_of(["ok", "degraded", "down", "unknown"])]
    detail: str | None


class StorageHealth(PartHealth):
    """How the storage is."""

    kind: str | None = Field(description="local, cloudinary or s3; null while no dispatcher has said so.")


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
