"""Problem documents for what gunicorn itself refuses: requests that are no HTTP, or larger than it reads.

The app never sees those. gunicorn's own mapping from errors to statuses is kept; only the page that it would send, in
HTML and with the client's own bytes in it, is replaced.
"""

from __future__ import annotations

import json
import secrets
from http import HTTPStatus
from typing import Any

from gunicorn import util
from gunicorn.workers.gthread import ThreadWorker

from manimatic.api.around import STRICT_CSP
from manimatic.api.present import PROBLEM_PAGE
from manimatic.api.problems import MEDIA_TYPE, http_kinds

_UNKNOWN = 400


class ProblemWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """A worker whose refusals are of the same kind as the app's."""

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Log the error as gunicorn does, and answer with a problem document."""
        heard = _Heard()
        super().handle_error(req, heard, addr, exc)
        try:
            util.write_nonblock(client, refusal(heard.status()))
        except OSError:
            self.log.debug("Failed to send error message.")


class _Heard:
    """Takes the place of the client's connection and hears what gunicorn would have answered."""

    def __init__(self) -> None:
        self._data = b""

    def gettimeout(self) -> float:
        """Be one that does not block."""
        return 0.0

    def sendall(self, data: bytes) -> None:
        """Keep the answer."""
        self._data += data

    def status(self) -> int:
        """Return the answer's status."""
        words = self._data.split(maxsplit=2)
        return int(words[1]) if len(words) > 1 and words[1].isdigit() else _UNKNOWN


def refusal(status: int) -> bytes:
    """Return the whole response for a refused request; it holds nothing of what the client sent."""
    kind = http_kinds().get(status) or http_kinds()[_UNKNOWN]
    request_id = secrets.token_hex(16)
    document = {
        "type": PROBLEM_PAGE + kind.code,
        "title": kind.detail.rstrip("."),
        "status": status,
        "detail": kind.detail,
        "instance": "",
        "code": kind.code,
        "hint": kind.hint,
        "retryable": False,
        "request_id": request_id,
        "errors": [],
    }
    body = json.dumps(document).encode()
    headers = {
        "Content-Type": MEDIA_TYPE,
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
        "Content-Security-Policy": STRICT_CSP,
        "X-Content-Type-Options": "nosniff",
        "X-Request-Id": request_id,
        "Connection": "close",
    }
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body
