"""What headers ask for around a submission: not to be done twice, and to wait for its end."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from flask import request

from manimatic.api.parts import parts
from manimatic.api.streams import TooManyStreams
from manimatic.errors import ManimaticError, RequestError
from manimatic.jobs import Job, RequestKey

MAX_WAIT_S = 60
MAX_KEY_CHARS = 255
_WAIT = re.compile(r"(?:^|,)\s*wait\s*=\s*\"?([0-9]{1,9})\"?\s*(?:[;,]|$)", re.ASCII | re.IGNORECASE)
_KEY = re.compile(rf"[!-~]{{1,{MAX_KEY_CHARS}}}", re.ASCII)


def request_key(fields: Mapping[str, Any]) -> RequestKey | None:
    """Return what the Idempotency-Key stands for: this request. Raises RequestError."""
    given = request.headers.get("Idempotency-Key")
    if given is None:
        return None
    key = given.strip().strip('"')
    if not _KEY.fullmatch(key):
        raise RequestError(
            f"Idempotency-Key has to be 1 to {MAX_KEY_CHARS} visible ASCII characters.", hint="Send a UUID, say."
        )
    return RequestKey(key, hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest())


def preferred_wait_s() -> int | None:
    """Return how long the client would wait for the job's end; a preference that is not understood is passed over."""
    found = _WAIT.search(request.headers.get("Prefer", ""))
    return None if found is None else min(int(found[1]), MAX_WAIT_S)


def wait_for(job: Job, timeout_s: float) -> Job:
    """Return the job when it has ended, or as it is after this time, or at once where too many wait already."""
    if job.is_final or timeout_s <= 0:
        return job
    try:
        stream = parts().streams.open(job.id, 0)
    except TooManyStreams:
        return job
    try:
        stream.wait_for_end(timeout_s)
    finally:
        stream.close()
    try:
        return parts().store.get(job.id)
    except ManimaticError:  # deleted meanwhile, or the database fails: the job was accepted all the same
        return job
