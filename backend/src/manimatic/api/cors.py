"""Which other sites' pages may use the API in a browser: those on the list, and none where there is none."""

from __future__ import annotations

from apiflask import APIFlask
from flask_cors import CORS

from manimatic.settings import Settings

TAKEN = ("Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID", "Prefer", "X-Request-Id")
TOLD = ("Idempotent-Replayed", "Location", "Preference-Applied", "RateLimit", "RateLimit-Policy", "Retry-After")
MAX_AGE_S = 600


def install(app: APIFlask, settings: Settings) -> None:
    """Have the origins of the settings allowed; a key is never sent by the browser itself, so no cookies are."""
    if settings.cors_origins:
        CORS(
            app,
            origins=settings.cors_origins.split(","),
            allow_headers=list(TAKEN),
            expose_headers=[*TOLD, "X-Last-Event", "X-Request-Id"],
            max_age=MAX_AGE_S,
        )
