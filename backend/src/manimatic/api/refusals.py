"""Problem documents for what gunicorn itself refuses: requests that are no HTTP, larger than it reads, or too slow.

The app never sees those. gunicorn's own mapping from errors to statuses is kept; only the page that it would send, in
HTML and with the client's own bytes in it, is replaced.

gunicorn's threads read a request for as long as its client takes to send it. Here a request has a time from its first
byte to its last, and a connection on which nothing has come yet holds no thread.
"""

from __future__ import annotations

import json
import secrets
import select
import socket
import time
from http import HTTPStatus
from typing import Any

from gunicorn import util
from gunicorn.workers.gthread import _DEFER, ThreadWorker

from manimatic.api.around import STRICT_CSP
from manimatic.api.parts import EXTENSION
from manimatic.api.present import PROBLEM_PAGE
from manimatic.api.problems import MEDIA_TYPE, http_kinds
from manimatic.errors import RequestError

_UNKNOWN = 400


class TooSlow(RequestError):
    """The request took too long to arrive."""

    code = "request_timeout"
    http_status = 408
    hint = "Send it again, in one go."
    retryable = True


class HurriedSocket(socket.socket):
    """A client's connection, whose request has to arrive within a time.

    After the time it raises TooSlow once, and gives nothing more then, as if the client had gone.
    """

    def __init__(self, within_s: float, sock: socket.socket) -> None:
        super().__init__(fileno=sock.detach())
        self._within_s = within_s
        self._until: float | None = None
        self._is_over = False

    def begin(self) -> None:
        """Expect another request; its time begins when it is first read from."""
        self._until = None

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Return what has arrived. Raises TooSlow, and TimeoutError after the socket's own timeout."""
        if self._until is None:
            self._until = time.monotonic() + self._within_s
        left_s = 0.0 if self._is_over else max(0.0, self._until - time.monotonic())
        own_s = self.gettimeout()
        if own_s == 0.0 or self._arrives(left_s if own_s is None else min(left_s, own_s)):
            return super().recv(size, flags)
        if own_s is not None and own_s < left_s:
            raise TimeoutError
        if self._is_over:
            return b""
        self._is_over = True
        raise TooSlow

    def _arrives(self, within_s: float) -> bool:
        poll = select.poll()
        poll.register(self, select.POLLIN)
        return bool(poll.poll(within_s * 1000))


class ProblemWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """A worker whose refusals are of the same kind as the app's, and that slow clients do not hold up."""

    def enqueue_req(self, conn: Any) -> None:
        """Have the connection's next request read in good time."""
        if not isinstance(conn.sock, HurriedSocket):
            conn.sock = HurriedSocket(self.wsgi.extensions[EXTENSION].settings.request_timeout_s, conn.sock)
        conn.sock.begin()
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        """Handle a request; a connection that has sent nothing yet waits without a thread."""
        if not conn.initialized and not conn.data_ready and not conn.wait_for_data(0):
            return _DEFER
        return super().handle(conn)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Log the error as gunicorn does, and answer with a problem document."""
        status = TooSlow.http_status
        if not isinstance(exc, TooSlow):
            heard = _Heard()
            super().handle_error(req, heard, addr, exc)
            status = heard.status()
        try:
            util.write_nonblock(client, refusal(status))
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
