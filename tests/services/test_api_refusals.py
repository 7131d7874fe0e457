"""What gunicorn refuses before the app sees it, as clients see it."""

from __future__ import annotations

import http.client
import json
import select
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from harness.service import Service, serving

GOOD = b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n"
REQUEST_S = 3.0
SLOW = 250
"""Clients that send their requests byte by byte: more than the server has threads."""
MARK = "<script>mark</script>"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for all tests of this file."""
    with serving(tmp_path_factory.mktemp("refusals"), MANIMATIC_REQUEST_TIMEOUT_S=str(REQUEST_S)) as started:
        yield started


def send(service: Service, data: bytes) -> tuple[http.client.HTTPResponse, Any]:
    """Send bytes as they are; return the answer and its document."""
    with closing(socket.create_connection(("127.0.0.1", service.port), timeout=30)) as connection:
        connection.sendall(data)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return answer, json.loads(answer.read())


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (f"GET {MARK}\r\n\r\n".encode(), 400, "bad_request"),
        (f"G{MARK} / HTTP/1.1\r\n\r\n".encode(), 400, "bad_request"),
        (b"GET / HTTP/9.7\r\n\r\n", 400, "bad_request"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, "bad_request"),
        (b"GET /" + b"x" * 5000 + b" HTTP/1.1\r\n\r\n", 414, "address_too_long"),
        (GOOD + b"X: " + b"y" * 9000 + b"\r\n\r\n", 431, "headers_too_large"),
        (GOOD + b"".join(b"X%d: y\r\n" % n for n in range(150)) + b"\r\n", 431, "headers_too_large"),
        (GOOD + f"Bad Header{MARK}: y\r\n\r\n".encode(), 400, "bad_request"),
        (GOOD + b"Transfer-Encoding: strange\r\n\r\n", 501, "not_implemented"),
        (GOOD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n", 400, "bad_request"),
        (GOOD + b"Expect: miracles\r\n\r\n", 417, "expectation_failed"),
    ],
    ids=[
        *("one word", "no method", "version", "TLS", "long line", "long header", "many headers", "header's name"),
        *("coding", "two lengths", "expectation"),
    ],
)
def test_refused_request_is_answered_with_a_problem(service: Service, data: bytes, status: int, code: str) -> None:
    """Of the same shape as the app's own, with nothing of the client's bytes in it, and the connection is closed."""
    answer, document = send(service, data)
    assert (answer.status, document["status"], document["code"]) == (status, status, code)
    assert answer.getheader("Content-Type") == "application/problem+json"
    assert answer.getheader("X-Content-Type-Options") == "nosniff"
    assert answer.getheader("Connection") == "close"
    assert answer.getheader("X-Request-Id") == document["request_id"]
    assert document["hint"]
    assert document["type"].endswith(code)
    assert "mark" not in json.dumps(document)


def test_refusals_have_the_fields_of_the_apps_own_problems(service: Service) -> None:
    """Clients need one parser."""
    _, refused = send(service, b"GET / HTTP/9.7\r\n\r\n")
    assert refused.keys() == service.ask("GET", "/nowhere").json.keys()


def test_service_goes_on_after_refusals(service: Service) -> None:
    """Also when the client did not wait for the answer."""
    for _ in range(20):
        with closing(socket.create_connection(("127.0.0.1", service.port), timeout=30)) as connection:
            connection.sendall(b"nonsense\r\n\r\n")
    assert service.ask("GET", "/health/live").status == 200
    assert "Traceback" not in service.log()


@pytest.mark.parametrize(
    "begun",
    [
        GOOD,
        b"POST /generate HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{",
    ],
    ids=["headers", "body"],
)
def test_request_that_comes_too_slowly_is_ended(service: Service, begun: bytes) -> None:
    """With 408, although something comes all the time; the connection is closed, and no traceback is logged."""
    with closing(socket.create_connection(("127.0.0.1", service.port), timeout=30)) as connection:
        connection.sendall(begun)
        started = time.monotonic()
        while not select.select([connection], [], [], 0.5)[0]:
            connection.sendall(b"x")
            assert time.monotonic() - started < 20
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        document = json.loads(answer.read())
        assert (answer.status, document["code"]) == (408, "request_timeout")
        assert time.monotonic() - started >= REQUEST_S / 2
        assert connection.recv(1) == b""
    assert "Traceback" not in service.log()


def test_connections_on_which_nothing_comes_hold_nobody_up(service: Service) -> None:
    """More of them than there are threads."""
    idle = [socket.create_connection(("127.0.0.1", service.port), timeout=30) for _ in range(SLOW)]
    started = time.monotonic()
    assert service.ask("GET", "/health/live").status == 200
    assert time.monotonic() - started < REQUEST_S
    for connection in idle:
        connection.close()


def test_slow_clients_that_hold_every_thread_lose_them(service: Service) -> None:
    """The service answers again when their time is over."""
    slow = [socket.create_connection(("127.0.0.1", service.port), timeout=30) for _ in range(SLOW)]
    for connection in slow:
        connection.sendall(GOOD)
    started = time.monotonic()
    assert service.ask("GET", "/health/live").status == 200
    assert time.monotonic() - started < 4 * REQUEST_S
    for connection in slow:
        connection.close()
