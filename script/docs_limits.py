"""What each limit is, beside its default: the parts of the limits tables that stand nowhere in the source."""

from __future__ import annotations

import ast
import enum
import inspect
from collections.abc import Iterator
from dataclasses import dataclass

from manimatic import jobs, service
from manimatic.api import app, streams
from manimatic.runner import Pace
from manimatic.sandbox import intake, slots
from manimatic_worker import protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A limit that a setting moves."""

    setting: str
    what: str
    unit: str
    happens: str
    verdict: str
    of_a_run: bool = False


def _run(setting: str, what: str, unit: str, happens: str, verdict: str) -> Limit:
    return Limit(setting=setting, what=what, unit=unit, happens=happens, verdict=verdict, of_a_run=True)


def _other(setting: str, what: str, unit: str, happens: str, verdict: str) -> Limit:
    return Limit(setting=setting, what=what, unit=unit, happens=happens, verdict=verdict)


_PARTS = "The run is killed; what was finished is joined and delivered as partial."
LIMITS = (
    _run("MANIMATIC_TIMEOUT_S", "wall clock", "s", _PARTS, "`timeout`"),
    _run("MANIMATIC_MEMORY_MB", "memory, no swap", "MiB", _PARTS, "`memory_limit`"),
    _run("MANIMATIC_CPU_SHARE", "CPU", "× the cores available", "The run is slowed down.", "none"),
    _run(
        "MANIMATIC_MAX_PROCESSES",
        "processes and threads",
        "at once",
        "The kernel refuses the next one; a scene that bears that goes on.",
        "`process_limit`",
    ),
    _run(
        "MANIMATIC_MAX_FILES",
        "open files",
        "for each process",
        "The next `open` fails in the scene.",
        "`scene_error`",
    ),
    _run("MANIMATIC_MAX_LOG_KB", "log", "KiB", _PARTS, "`output_limit`"),
    _run("MANIMATIC_MAX_ARTEFACT_MB", "bytes that leave", "MiB", _PARTS, "`output_limit`"),
    _run(
        "MANIMATIC_DISK_MB",
        "temporary disk (counts as memory too)",
        "MiB",
        "The next write fails; a scene that bears that goes on.",
        "`disk_limit`",
    ),
    _other("MANIMATIC_JOB_TIMEOUT_S", "a whole job", "s", "The job is stopped.", "`expired`"),
    _other("MANIMATIC_MAX_REPAIRS", "repairs", "rounds", "The job fails with its last verdict.", "the last verdict"),
    _other("MANIMATIC_MAX_TOKENS", "tokens of a job", "tokens", "The job fails.", "`budget_exceeded`"),
    _other("MANIMATIC_MAX_COST_USD", "cost of a job", "US dollars", "The job fails.", "`budget_exceeded`"),
    _other("MANIMATIC_MODEL_TIMEOUT_S", "silence of the model", "s", "The job fails.", "`model_unavailable`"),
    _other("MANIMATIC_MAX_QUEUED", "waiting jobs", "jobs", "New ones are refused with 503.", "`queue_full`"),
    _other(
        "MANIMATIC_RATE_LIMIT",
        "requests of one API key",
        "",
        "Further ones are refused with 429.",
        "`too_many_requests`",
    ),
    _other(
        "MANIMATIC_SUBMIT_RATE_LIMIT",
        "scenes that one API key submits or has checked",
        "",
        "Further ones are refused with 429.",
        "`too_many_requests`",
    ),
    _other(
        "MANIMATIC_REQUEST_TIMEOUT_S",
        "a request's arrival",
        "s",
        "The connection is ended with 408.",
        "`request_timeout`",
    ),
    _other("MANIMATIC_CONCURRENCY", "jobs at once", "jobs", "Further jobs wait.", "none"),
    _other(
        "MANIMATIC_LEASE_S",
        "silence of a dispatcher",
        "s",
        f"Its job goes to another; after {Pace().max_tries} claims it fails.",
        "`worker_lost`",
    ),
    _other("MANIMATIC_RETENTION_H", "age of a local video", "h", "The video is removed; the job stays.", "none"),
)


def fixed() -> Iterator[tuple[str, str, str]]:
    """Yield the limits that nothing moves: name, value, what happens."""
    refused = "422 `invalid_input`"
    yield "prompt", f"{service.MAX_PROMPT_CHARS} characters", refused
    yield "code", f"{jobs.MAX_CODE_BYTES // 1024} KiB", refused
    yield "metadata", f"{service.MAX_METADATA_ITEMS} items of {service.MAX_METADATA_CHARS} characters", refused
    yield "deadline_seconds", f"{service.MAX_DEADLINE_S} s", refused
    yield "fps", f"{jobs.MAX_FPS}", refused
    yield "body of a request", f"{app.MAX_BODY_BYTES // 1024} KiB", "413 `too_large`"
    yield "event streams of one api process", f"{streams.MAX_STREAMS}", "503 `too_many_streams`"
    yield "message from a worker", f"{protocol.MAX_JSON_BYTES // 1024} KiB", "verdict `invalid_output`"
    yield "chunk from a worker", f"{protocol.MAX_CHUNK_BYTES // 1024} KiB", "verdict `invalid_output`"
    yield "artefacts of a run", f"{intake.MAX_ARTEFACTS}", "verdict `invalid_output`"
    yield "runs at once on a machine", f"{slots.SLOTS}", "verdict `sandbox_error`"


def enum_docs(kind: type[enum.Enum]) -> dict[str, str]:
    """Return the text below each member of an enum."""
    body = ast.parse(inspect.getsource(kind)).body[0]
    assert isinstance(body, ast.ClassDef)
    found: dict[str, str] = {}
    for member, text in zip(body.body, body.body[1:], strict=False):
        if isinstance(member, ast.Assign) and isinstance(member.targets[0], ast.Name) and isinstance(text, ast.Expr):
            assert isinstance(text.value, ast.Constant)
            found[member.targets[0].id] = str(text.value.value)
    return found
