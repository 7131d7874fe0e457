"""From values to what the API shows of them."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from manimatic.diagnostics import applied_to_json, diagnostic_for_people, diff_of
from manimatic.errors import ManimaticError, SceneFailed
from manimatic.jobs import Attempt, Event, Failure, Job, Usage, Video

MAX_DIAGNOSTICS = 100
"""Findings of one attempt that are shown."""
MAX_DIFF_CHARS = 65_536
PROBLEM_PAGE = "/docs#problem-"


def iso(at: float | None) -> str | None:
    """Return the time as ISO 8601 in UTC, to the millisecond."""
    if at is None:
        return None
    moment = datetime.datetime.fromtimestamp(at, datetime.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def links(job_id: str) -> dict[str, str]:
    """Return where to go on from a job."""
    here = f"/status/{job_id}"
    return {"self": here, "events": f"{here}/events", "logs": f"{here}/logs", "cancel": f"{here}/cancel"}


def job_summary(job: Job, base_url: str) -> dict[str, Any]:
    """Show a job as one of many."""
    return {
        "job_id": job.id,
        "status": job.state.value,
        "url": video_url(job.video, base_url),
        "title": job.title,
        "prompt": job.prompt,
        "generator": job.generator,
        "parent": job.parent,
        "lineage": job.first_version,
        "instruction": job.revision.instruction if job.revision else None,
        "partial": job.partial,
        "partial_reason": job.partial_reason,
        "verdict": job.verdict,
        "error": problem_of_failure(job.id, job.failure),
        "metadata": dict(job.metadata),
        "created_at": iso(job.created_at),
        "updated_at": iso(job.updated_at),
        "ended_at": iso(job.ended_at),
        "links": links(job.id),
    }


def job_details(job: Job, attempts: Sequence[Attempt], queue_position: int | None, base_url: str) -> dict[str, Any]:
    """Show everything about a job."""
    return {
        **job_summary(job, base_url),
        "code": job.code,
        "explanation": job.explanation,
        "progress": dict(job.progress) or None,
        "queue_position": queue_position,
        "cancel_requested": job.cancel_requested,
        "attempts": [_attempt(job.id, item, before) for before, item in pairwise([None, *attempts]) if item],
        "timings": {state: round(seconds, 3) for state, seconds in job.timings.items()},
        "isolation": job.isolation,
        "video": _video(job.video),
        "share_url": share_url(job, base_url),
        "deadline_at": iso(job.deadline_at),
    }


def video_url(video: Video | None, base_url: str) -> str | None:
    """Return the video's absolute address; one that lies here has an address of the API."""
    if video is None or not video.url:
        return None
    return base_url + video.url if video.url.startswith("/") else video.url


def share_url(job: Job, base_url: str) -> str | None:
    """Return the address of the job's page for everybody, while it is shared."""
    return f"{base_url}/v/{job.share_token}" if job.share_token else None


def problem_of_failure(job_id: str, failure: Failure | None) -> dict[str, Any] | None:
    """Show why a job failed in the form that every error of the API has."""
    if failure is None:
        return None
    kind = _error_classes().get(failure.code, SceneFailed)
    return {
        "type": PROBLEM_PAGE + failure.code,
        "title": default_message(kind),
        "status": kind.http_status,
        "detail": failure.message,
        "instance": f"/status/{job_id}",
        "code": failure.code,
        "hint": failure.hint,
        "retryable": failure.retryable,
        "stage": failure.stage,
        "line": failure.line,
        "traceback": failure.traceback,
    }


def default_message(kind: type[ManimaticError]) -> str:
    """Return what an error's class says without knowing more."""
    return (kind.__doc__ or "").splitlines()[0]


def event_frame(event: Event) -> str:
    """Write an event in the event-stream format."""
    data = dict(event.data)
    if "failure" in data:
        failure = data.pop("failure")
        data["error"] = problem_of_failure(event.job_id, _failure(failure)) if failure else None
    data["at"] = iso(event.at)
    return f"id: {event.number}\nevent: {event.kind}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n"


def _failure(data: Mapping[str, Any]) -> Failure:
    known = {name: data[name] for name in Failure.__dataclass_fields__ if name in data}
    return Failure(**known)


def _attempt(job_id: str, attempt: Attempt, before: Attempt | None) -> dict[str, Any]:
    shown = attempt.diagnostics[:MAX_DIAGNOSTICS]
    return {
        "number": attempt.number,
        "origin": attempt.origin,
        "code": attempt.code,
        "diff": diff_of(before.code, attempt.code, MAX_DIFF_CHARS) if before and before.code else None,
        "fixes": [applied_to_json(one) for one in attempt.fixes],
        "diagnostics": [diagnostic_for_people(found, attempt.code) for found in shown],
        "verdict": attempt.verdict,
        "error": problem_of_failure(job_id, attempt.failure),
        "usage": _usage(attempt.usage),
        "started_at": iso(attempt.started_at or None),
        "ended_at": iso(attempt.ended_at),
        "isolation": attempt.isolation,
        "figures": dict(attempt.figures),
    }


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "requests": usage.requests,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cost_usd": usage.cost_usd,
    }


def _video(video: Video | None) -> dict[str, Any] | None:
    if video is None:
        return None
    return {
        "bytes": video.bytes,
        "sha256": video.sha256,
        "width": video.width,
        "height": video.height,
        "fps": video.fps,
        "duration_seconds": video.duration_s,
        "expires_at": iso(video.expires_at),
    }


def _error_classes() -> dict[str, type[ManimaticError]]:
    """Return the error class of each code; where a subclass shares its parent's code, the parent stands for both."""
    found: dict[str, type[ManimaticError]] = {}
    waiting: list[type[ManimaticError]] = [ManimaticError]
    for kind in waiting:
        found.setdefault(kind.code, kind)
        waiting.extend(kind.__subclasses__())
    return found


def problem_kinds() -> dict[str, type[ManimaticError]]:
    """Return every code that an error of the API or of a job may have, with its class, but for the verdicts."""
    return dict(sorted(_error_classes().items()))
