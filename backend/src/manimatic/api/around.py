"""What happens around every request: its id, its line in the log, headers that keep browsers careful."""

from __future__ import annotations

import re
import time
import uuid

from apiflask import APIFlask
from flask import Response, g, request

from manimatic.api.parts import parts

STRICT_CSP = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
REVALIDATE = "private, no-cache"
"""May be kept, but has to be asked about each time; such responses carry an ETag."""
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)
_QUIET = frozenset({"health.live", "health.ready", "health.health", "metrics.metrics"})


def install(app: APIFlask) -> None:
    """Run the steps of this module around every request of the app."""
    app.before_request(_begin)
    for step in (_log, _secure, _revalidate):  # Flask takes the last one first
        app.after_request(step)


def _begin() -> None:
    given = request.headers.get("X-Request-Id", "")
    g.request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
    g.started = time.monotonic()


def _revalidate(response: Response) -> Response:
    """Give an ETag to what may be kept, and answer 304 where the client has it."""
    if response.headers.get("Cache-Control") == REVALIDATE and response.status_code == 200:
        response.add_etag()
        response.make_conditional(request)
    return response


def _secure(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Cache-Control", "no-store")
    headers.setdefault("Content-Security-Policy", STRICT_CSP)
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    headers.setdefault("Referrer-Policy", "no-referrer")
    if response.status_code == 204:
        headers.pop("Content-Type", None)
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers["X-Request-Id"] = g.get("request_id", "")
    return response


def _about() -> dict[str, str]:
    """Return which job and whose key the request is about, where it is about any."""
    key = g.caller.key if "caller" in g else None
    job_id = g.get("job_id") or (request.view_args or {}).get("job_id", "")[:64]
    return ({"job_id": job_id} if job_id else {}) | ({"key": key.prefix} if key else {})


def _log(response: Response) -> Response:
    """Write the request's line: neither query nor body, so neither prompts nor keys."""
    level = parts().log.debug if request.endpoint in _QUIET and response.status_code < 400 else parts().log.info
    level(
        "request",
        request_id=g.get("request_id", ""),
        method=request.method,
        path=request.path[:200],
        status=response.status_code,
        **_about(),
        ms=round((time.monotonic() - g.get("started", time.monotonic())) * 1000, 1),
    )
    return response
