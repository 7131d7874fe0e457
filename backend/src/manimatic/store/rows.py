"""Between rows and values: what goes into a column, and what is made of it again."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from sqlalchemy import RowMapping

from manimatic.diagnostics import applied_from_json, applied_to_json, diagnostic_from_json, diagnostic_to_json
from manimatic.jobs import Attempt, Event, Failure, Job, JobState, Options, Quality, Revision, Usage, Video
from manimatic.ports import ServiceReport
from manimatic.verdicts import Verdict

T = TypeVar("T")
CHANGEABLE = frozenset(
    {
        "deadline_at",
        "generator",
        "title",
        "explanation",
        "code",
        "verdict",
        "partial",
        "partial_reason",
        "failure",
        "video",
        "held_video",
        "progress",
        "isolation",
    }
)
"""What `advance` and `update` may change; the store itself keeps the rest."""
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def clean(value: Any) -> Any:
    """Return the value as plain JSON data that every database takes.

    NUL and lone surrogates become U+FFFD, and NaN and the infinities None: Postgres refuses them.
    """
    if isinstance(value, str):
        return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", str(value))
    if isinstance(value, Mapping):
        return {clean(str(key)): clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return clean(dataclasses.asdict(value))
    return value


def columns_of(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns for changes to a job.

    Raises:
        TypeError: A name is no field of `Job` that a dispatcher may change.
    """
    if wrong := sorted(set(changes) - CHANGEABLE):
        raise TypeError(f"a claim's holder cannot change {', '.join(wrong)}; it may change {sorted(CHANGEABLE)}")
    values = {name: clean(value) for name, value in changes.items()}
    if "video" in changes:
        video = changes["video"]
        values["video_expires_at"] = video.expires_at if video else None
    return values


def columns_of_attempt(attempt: Attempt) -> dict[str, Any]:
    """Return the columns of an attempt, but for its job."""
    listed = {
        "fixes": [applied_to_json(one) for one in attempt.fixes],
        "diagnostics": [diagnostic_to_json(found) for found in attempt.diagnostics],
    }
    values: dict[str, Any] = clean(attempt) | clean(listed)
    return values


def job_of(row: RowMapping) -> Job:
    """Make a job of its row."""
    return Job(**_decoded(Job, row))


def attempt_of(row: RowMapping) -> Attempt:
    """Make an attempt of its row."""
    return Attempt(**_decoded(Attempt, row))


def event_of(row: RowMapping) -> Event:
    """Make an event of its row."""
    return Event(**_decoded(Event, row))


def report_of(row: RowMapping) -> ServiceReport:
    """Make a service's report of its row."""
    return ServiceReport(**_decoded(ServiceReport, row))


def _decoded(kind: type, row: RowMapping) -> dict[str, Any]:
    decoders = _decoders()
    values = {f.name: row[f.name] for f in dataclasses.fields(kind)}
    return {
        name: decoders[name](value) if name in decoders and value is not None else value
        for name, value in values.items()
    }


def _decoders() -> dict[str, Callable[[Any], Any]]:
    return {
        "state": JobState,
        "verdict": Verdict,
        "options": _options,
        "failure": lambda data: _build(Failure, data),
        "revision": lambda data: _build(Revision, data),
        "video": lambda data: _build(Video, data),
        "usage": lambda data: _build(Usage, data),
        "fixes": lambda data: tuple(map(applied_from_json, data)),
        "diagnostics": lambda data: tuple(map(diagnostic_from_json, data)),
    }


def _options(data: Mapping[str, Any]) -> Options:
    options = _build(Options, data)
    return dataclasses.replace(options, quality=Quality(options.quality))


def _build(kind: type[T], data: Mapping[str, Any]) -> T:
    """Make a value of stored fields; fields that a newer release has added are passed over."""
    known = {f.name for f in dataclasses.fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in data.items() if name in known})
