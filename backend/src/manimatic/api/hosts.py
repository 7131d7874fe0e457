"""Under which names the API answers.

What listens on this machine alone answers to this machine's names alone: any web page could reach it otherwise, through
a name of its own that leads to 127.0.0.1.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from apiflask import APIFlask
from flask import request
from werkzeug.exceptions import SecurityError

from manimatic.settings import LOOPBACK, Settings


def install(app: APIFlask, settings: Settings) -> None:
    """Have requests under other names refused."""
    trusted = trusted_names(settings)

    def check() -> None:
        name = urlsplit(f"//{request.host}").hostname
        if trusted is not None and name not in trusted:
            raise SecurityError(f"The name {request.host[:100]!r} is not one of this service.")

    app.before_request(check)


def trusted_names(settings: Settings) -> frozenset[str] | None:
    """Return the names under which the API answers, without ports; None for any."""
    if settings.host not in LOOPBACK:
        return None
    public = urlsplit(settings.public_url).hostname
    return LOOPBACK | {public} if public else LOOPBACK
