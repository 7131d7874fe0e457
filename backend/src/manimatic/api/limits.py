"""How many requests an API key may send, told in every answer as RateLimit and RateLimit-Policy.

Counters live in this process, or in Redis, where several processes share them; while Redis is out of reach each process
counts for itself. The fields are those of draft-ietf-httpapi-ratelimit-headers.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Sequence
from typing import Any

from apiflask import APIFlask
from flask import Response, request
from flask_limiter import Limit, Limiter, RequestLimit
from limits.errors import StorageError

from manimatic.api.parts import caller
from manimatic.errors import SettingsError
from manimatic.settings import Settings

SUBMITTING = frozenset({"jobs.generate", "jobs.revise", "check.check"})
ALL, SUBMIT = "requests", "submit"
NETWORK = ("redis://", "rediss://")
REDIS_OPTIONS: dict[str, Any] = {"socket_connect_timeout": 1, "socket_timeout": 1, "wrap_exceptions": True}
"""A Redis that does not answer holds a request up for so many seconds, once."""


def install(app: APIFlask, settings: Settings) -> None:
    """Have requests counted that bring a key. Raises SettingsError."""
    counters = _counters(settings)
    limiter = Limiter(
        _who,
        app=app,
        default_limits=[
            Limit(rate, scope=scope, shared=True, exempt_when=exempt_when)
            for rate, scope, exempt_when in (
                (settings.rate_limit, ALL, _brings_no_key),
                (settings.submit_rate_limit, SUBMIT, _submits_nothing),
            )
            if rate != "off"
        ],
        strategy="moving-window",
        storage_uri=counters or "memory://",
        storage_options=dict(REDIS_OPTIONS) if counters else {},
        in_memory_fallback_enabled=bool(counters),
        key_prefix="manimatic",
    )
    app.after_request(lambda response: _tell(limiter.current_limits, response))


def _counters(settings: Settings) -> str:
    """Return the address of the Redis that counts, which may be the broker's; empty for none. Raises SettingsError."""
    if not settings.rate_limit_url:
        return settings.broker_url if settings.broker_url.startswith(NETWORK) else ""
    if not settings.rate_limit_url.startswith(NETWORK):
        raise SettingsError("MANIMATIC_RATE_LIMIT_URL has to start with redis:// or rediss://.")
    return settings.rate_limit_url


def _who() -> str:
    key = caller().key
    return "" if key is None else key.prefix


def _brings_no_key() -> bool:
    return caller().key is None


def _submits_nothing() -> bool:
    return _brings_no_key() or request.endpoint not in SUBMITTING


def _tell(found: Sequence[RequestLimit], response: Response) -> Response:
    """Say what is left of each limit, and when to try again where one is used up."""
    if found:
        with contextlib.suppress(StorageError):  # the counters went away between counting and asking
            response.headers.update(_headers(found))
    return response


def _headers(found: Sequence[RequestLimit]) -> dict[str, str]:
    """Return the fields for these limits. Raises StorageError."""
    named = [(SUBMIT if SUBMIT in limit.request_args else ALL, limit) for limit in found]
    policies = (f'"{name}";q={limit.limit.amount};w={limit.limit.get_expiry()}' for name, limit in named)
    left = (f'"{name}";r={limit.remaining};t={_left_s(limit)}' for name, limit in named)
    told = {"RateLimit-Policy": ", ".join(policies), "RateLimit": ", ".join(left)}
    breached = [_left_s(limit) for _, limit in named if limit.breached]
    return told | ({"Retry-After": str(max(breached))} if breached else {})


def _left_s(limit: RequestLimit) -> int:
    return max(1, math.ceil(limit.reset_at - time.time()))
