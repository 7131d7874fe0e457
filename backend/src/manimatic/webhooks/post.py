"""One POST to an address that was looked at before, bounded in time and in bytes."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

from manimatic.webhooks.guard import Guard

TIMEOUT_S = 15.0
"""From the first look at the name to the end of the answer; looking it up alone is bounded by the system's resolver."""
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
    give_up_at = time.monotonic() + timeout_s
    address = guard.resolve(host, port)
    with contextlib.ExitStack() as stack:
        raw = stack.enter_context(socket.create_connection((address, port), timeout=_left_s(give_up_at)))
        raw.settimeout(_left_s(give_up_at))
        connected = _through_tls(raw, host) if is_tls else raw
        stack.enter_context(connected)
        stack.enter_context(_ended_after(connected, _left_s(give_up_at)))
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


def _through_tls(raw: socket.socket, host: str) -> ssl.SSLSocket:
    """Shake hands, for which Python keeps to the socket's time as a whole; the raw socket is of no use afterwards."""
    return ssl.create_default_context().wrap_socket(raw, server_hostname=host)


def _left_s(give_up_at: float) -> float:
    left_s = give_up_at - time.monotonic()
    if left_s <= 0:
        raise TimeoutError
    return left_s


@contextmanager
def _ended_after(connected: socket.socket, timeout_s: float) -> Iterator[None]:
    """Cut the connection after this time, whatever trickles over it; who reads then finds its end."""
    over = threading.Event()

    def cut() -> None:
        over.set()
        with contextlib.suppress(OSError):
            socket.socket.shutdown(connected, socket.SHUT_RDWR)  # TLS would first take itself off the socket

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
