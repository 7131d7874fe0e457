"""deploy/nginx.conf in a real nginx, in front of a real api: what the world meets in production."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from harness import servers
from harness.nginx import Proxy, proxy_to
from harness.processes import until
from harness.service import Client, clean_environ


@contextmanager
def api_in(folder: Path) -> Iterator[int]:
    """Run an api without any dispatcher, and give its port."""
    port = servers.free_port()
    environ = clean_environ(folder / "data", MANIMATIC_PORT=str(port))
    with (folder / "api.log").open("wb") as log:
        command = [sys.executable, "-m", "manimatic.api"]
        api = subprocess.Popen(command, env=environ, cwd=folder, stdout=log, stderr=log, start_new_session=True)
    try:
        until(lambda: api.poll() is not None or is_there(Client(port=port)), "the api")
        assert api.poll() is None, (folder / "api.log").read_text()
        yield port
    finally:
        end(api)


def end(api: subprocess.Popen[bytes]) -> None:
    """Kill an api with all its processes."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(api.pid, signal.SIGKILL)
    api.wait()


def is_there(client: Client) -> bool:
    """Tell whether an api answers."""
    try:
        return client.ask("GET", "/health/live").status == 200
    except OSError:
        return False


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy whose api lives."""
    folder = tmp_path_factory.mktemp("proxy")
    (folder / ".env").touch()
    with api_in(folder) as port, proxy_to(port) as started:
        yield started


def send(proxy: Proxy, request: bytes) -> None:
    """Send bytes through TLS; the proxy may hang up in the midst of them."""
    trust = ssl.create_default_context(cafile=str(proxy.https.certificate))
    with (
        socket.create_connection(("127.0.0.1", proxy.https.port), timeout=60) as plain,
        trust.wrap_socket(plain, server_hostname="localhost") as secure,
        contextlib.suppress(OSError),
    ):
        secure.sendall(request)
        secure.makefile("rb").readline()


def test_plain_http_is_sent_to_https(proxy: Proxy) -> None:
    """But for the certificate's issuer, and nobody else asks how the proxy is."""
    answer = proxy.http.ask("GET", "/jobs?limit=1")
    assert (answer.status, answer.headers["Location"]) == (308, "https://127.0.0.1/jobs?limit=1")
    assert proxy.http.ask("GET", "/.well-known/acme-challenge/none").status == 404


def test_answers_pass_with_their_own_headers(proxy: Proxy) -> None:
    """What the api says of itself stays; browsers are told to come back by HTTPS alone."""
    answer = proxy.https.ask("GET", "/jobs", X_Request_Id="asked-by-me-1")
    assert answer.status == 200
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Request-Id"] == "asked-by-me-1"
    assert "nginx/" not in answer.headers["Server"]
    missing = proxy.https.ask("GET", "/status/abc12345")
    assert (missing.status, missing.json["code"]) == (404, "job_not_found")


def test_events_arrive_while_the_job_waits(proxy: Proxy) -> None:
    """Nothing of a stream is held back until it ends; this job never does."""
    job_id = proxy.https.submit(prompt="a circle")
    with closing(proxy.https.connect()) as connection:
        connection.request("GET", f"/status/{job_id}/events")
        answer = connection.getresponse()
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        lines = [answer.readline() for _ in range(4)]
    assert b"event: state\n" in lines, lines


@pytest.mark.parametrize(
    ("size", "says"),
    [(2_500_000, "at most 2 MiB"), (3_500_000, "at most 2 MiB")],
    ids=["refused by the api", "refused by nginx"],
)
def test_body_that_is_too_large_gets_the_same_answer(proxy: Proxy, size: int, says: str) -> None:
    """Whoever of the two refuses it."""
    answer = proxy.https.ask("POST", "/generate", {"prompt": "x" * size})
    assert (answer.status, answer.json["code"]) == (413, "too_large")
    assert says in answer.json["hint"]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"x" * 65_536 + b"\r\n\r\n", 431),
        (b"GET /" + b"x" * 65_536 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
    ],
    ids=["header of 64 KB", "address of 64 KB", "two hosts", "unknown coding"],
)
def test_malformed_requests_do_not_reach_the_api(proxy: Proxy, request_: bytes, status: int) -> None:
    """They are refused before, and the next request is served."""
    send(proxy, request_)
    until(lambda: (status, "") in answered(proxy), f"an answer {status} in the log")
    assert proxy.https.ask("GET", "/health/live").status == 200


def answered(proxy: Proxy) -> set[tuple[int, str]]:
    """Return the statuses of the proxy's log, each with the api that was asked."""
    lines = [json.loads(line) for line in proxy.log.read_text().splitlines()]
    return {(line["status"], line["api"]) for line in lines}


def test_api_that_is_away_gets_an_honest_503() -> None:
    """In the form of every other error, with a time to try again."""
    with proxy_to(servers.free_port()) as alone:
        answer = alone.https.ask("POST", "/generate", {"prompt": "a circle"})
    assert (answer.status, answer.json["code"], answer.headers["Retry-After"]) == (503, "unavailable", "5")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Strict-Transport-Security"]
