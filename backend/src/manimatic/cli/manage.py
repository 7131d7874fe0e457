"""`manimatic jobs …`: look at the jobs of this data folder and steer them."""

from __future__ import annotations

import datetime
import sys
from typing import Any

from manimatic import bootstrap
from manimatic.cli.environment import read_settings
from manimatic.cli.show import as_dict, open_console, show_failure, show_json, show_table
from manimatic.errors import InvalidInput
from manimatic.jobs import Job, JobState
from manimatic.ports import JobStore
from manimatic.service import JobService


def _open() -> tuple[JobStore, JobService]:
    settings = read_settings()
    store = bootstrap.build_store(settings)
    return store, bootstrap.build_service(settings, store, bootstrap.build_storage(settings))


def list_newest(state: str | None, limit: int, *, as_json: bool) -> None:
    """Print the newest jobs."""
    _, service = _open()
    page = service.list_jobs(limit=limit, cursor=None, state=_state(state))
    if as_json:
        show_json([as_dict(job) for job in page.jobs])
        return
    rows = [(job.id, job.state.value, _when(job.created_at), _short(job)) for job in page.jobs]
    show_table(("id", "state", "created", "prompt"), rows)


def show_one(job_id: str, *, as_json: bool) -> None:
    """Print one job and its attempts."""
    store, service = _open()
    job, attempts = service.get(job_id), store.attempts(job_id)
    if as_json:
        show_json(as_dict(job) | {"attempts": [_attempt_dict(item) for item in attempts]})
        return
    console = open_console()
    for name, value in _facts(job).items():
        console.print(f"{name:12} {value}")
    for item in attempts:
        ended = item.failure.code if item.failure else "running"
        console.print(f"attempt {item.number}    {item.origin}: {item.verdict or ended}")
        for fix in item.fixes:
            console.print(f"             mended line {fix.line} ({fix.rule})")
    if job.code:
        console.print(f"\n{job.code}")
    if job.failure:
        show_failure(job)


def print_log(job_id: str) -> None:
    """Print the job's log as it is."""
    _, service = _open()
    sys.stdout.write(service.log(job_id))


def cancel_job(job_id: str) -> None:
    """Cancel, and say where the job stands."""
    _, service = _open()
    job = service.cancel(job_id)
    _say(job, "is being stopped" if not job.is_final else f"is {job.state}")


def store_again(job_id: str) -> None:
    """Queue a kept video for storing."""
    _, service = _open()
    _say(service.store_again(job_id), "waits for a dispatcher")


def delete_job(job_id: str) -> None:
    """Remove a job."""
    _, service = _open()
    _say(service.delete(job_id), "is gone")


def _say(job: Job, what: str) -> None:
    sys.stdout.write(f"{job.id} {what}\n")


def _state(state: str | None) -> JobState | None:
    if state is None:
        return None
    if state not in JobState.__members__.values():
        raise InvalidInput(f"{state!r} is not one of {', '.join(JobState)}.")
    return JobState(state)


def _facts(job: Job) -> dict[str, Any]:
    facts = {
        "job": job.id,
        "state": job.state.value,
        "created": _when(job.created_at),
        "prompt": job.prompt,
        "title": job.title,
        "generator": job.generator,
        "verdict": job.verdict,
        "partial": job.partial_reason,
        "video": job.video.url if job.video else None,
        "expires": _when(job.video.expires_at) if job.video and job.video.expires_at else None,
    }
    return {name: value for name, value in facts.items() if value}


def _attempt_dict(attempt: Any) -> dict[str, Any]:
    return as_dict(attempt)


def _when(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def _short(job: Job) -> str:
    text = " ".join((job.prompt or "(own code)").split())
    return text if len(text) <= 60 else f"{text[:59]}…"
