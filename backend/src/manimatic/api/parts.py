"""What a request's handler works with, kept in the Flask app that it belongs to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from flask import current_app, g, request
from structlog.typing import FilteringBoundLogger

from manimatic.api.streams import Streams
from manimatic.error_tracking import Tracker
from manimatic.errors import JobNotFound
from manimatic.jobs import Job
from manimatic.keys import ApiKey
from manimatic.ports import Checker, JobStore, KeyStore, Signer, Storage, WebhookStore
from manimatic.service import JobService
from manimatic.settings import Settings

EXTENSION = "manimatic"
_JOB_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything that one app needs; nothing of it is shared between apps."""

    settings: Settings
    store: JobStore
    keys: KeyStore
    webhooks: WebhookStore
    service: JobService
    storage: Storage
    signer: Signer | None
    checker: Checker
    streams: Streams
    log: FilteringBoundLogger
    tracker: Tracker
    studio: Path
    """Where the built files of the studio page lie; nowhere where they were not built."""


def parts() -> Parts:
    """Return the parts of the app that serves this request."""
    found: Parts = current_app.extensions[EXTENSION]
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks; `key` is None where no key is needed and none was brought."""

    account: str
    key: ApiKey | None = None


def caller() -> Caller:
    """Return who asks, as `auth` has found out."""
    found: Caller = g.caller
    return found


def known_job(job_id: str) -> Job:
    """Return the job, where the caller may see it. Raises JobNotFound, StoreError."""
    require_job_id(job_id)
    return parts().service.get(job_id, account=caller().account)


def require_job_id(job_id: str) -> None:
    """Keep what no job's id can be away from the database. Raises JobNotFound."""
    if not _JOB_ID.fullmatch(job_id):
        raise JobNotFound(f"No job has the id {job_id[:64]!r}.")


def base_url() -> str:
    """Return the address under which this user reaches the API, without a slash at its end."""
    return parts().settings.public_url or request.url_root.rstrip("/")
