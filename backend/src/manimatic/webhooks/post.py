"""One POST to an address that was looked at before, bounded in time and in bytes."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

from manimatic.webhooks.guard import Guard

TIMEOUT_S = 15.0
"""From the first look at the name to the end of the answer."""
MAX_ANSWER_BYTES = 65_536
"""What is read of an answer; nobody looks at it."""


def post(url: str, body: bytes, headers: Mapping[str, str], guard: Guard, timeout_s: float = TIMEOUT_S) -> int:
    """Send the body and return the answer's status; redirects are not followed.

    Raises:
        Refused: The address may not be asked.
        OSError: The receiver cannot be reached, or took too long.
        http.client.HTTPException: The answer is no HTTP.
    """
    parts = urlsplit(url)
    is_tls = parts.scheme == "https"
    host, port = parts.hostname or "", parts.port or (443 if is_tls else 80)
    raw = socket.create_connection((guard.resolve(host, port), port), timeout=timeout_s)
    with _ended_after(raw, timeout_s), contextlib.ExitStack() as stack:
        stack.callback(raw.close)
        connected = ssl.create_default_context().wrap_socket(raw, server_hostname=host) if is_tls else raw
        stack.callback(connected.close)
        connection = http.client.HTTPConnection(host, port)
        connection.sock = connected
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.putrequest("POST", path, skip_host=True, skip_accept_encoding=True)
        sent = {"Host": parts.netloc, "Content-Length": str(len(body)), "Connection": "close", **headers}
        for name, value in sent.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        answer.read(MAX_ANSWER_BYTES)
        return answer.status


@contextmanager
def _ended_after(raw: socket.socket, timeout_s: float) -> Iterator[None]:
    """Cut the connection after this time, whatever trickles over it; who reads then finds its end."""
    over = threading.Event()

    def cut() -> None:
        over.set()
        with contextlib.suppress(OSError):
            raw.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(timeout_s, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
        if over.is_set():  # an answer that was cut in its headers reads as one that has ended there
            raise TimeoutError
    except (OSError, http.client.HTTPException) as error:
        if over.is_set():
            raise TimeoutError from error
        raise
    finally:
        timer.cancel()
