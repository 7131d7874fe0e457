"""The API as it runs: gunicorn, a database in a file, clients over TCP."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from harness.api import VIDEO_BYTES, VIDEO_NAME, video
from manimatic import bootstrap
from manimatic.api.streams import MAX_STREAMS
from manimatic.jobs import JobState
from manimatic.ports import Claim
from manimatic.settings import Settings
from manimatic.store import SqlJobStore, open_store

STREAMS = 50
MAX_RSS_MB = 120


@dataclass(frozen=True, slots=True)
class Server:
    """A running API, and the store that it shares with this process."""

    port: int
    process: subprocess.Popen[bytes]
    store: SqlJobStore
    folder: Path

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Send a request; return status, headers and body."""
        with closing(self.connect()) as connection:
            data = None if body is None else json.dumps(body)
            sent = {"Content-Type": "application/json", **headers} if data else headers
            connection.request(method, path, body=data, headers={k.replace("_", "-"): v for k, v in sent.items()})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()

    def connect(self) -> http.client.HTTPConnection:
        """Open a connection."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def generate(self) -> str:
        """Ask for an animation."""
        status, _, body = self.ask("POST", "/generate", {"prompt": "a circle"})
        assert status == 202, body
        job_id: str = json.loads(body)["job_id"]
        return job_id

    def render(self, job_id: str) -> Claim:
        """Take a job as far as rendering, as a dispatcher does."""
        claim = self.store.claim("dispatcher", lease_s=60, max_tries=3, job_id=job_id)
        assert claim
        for state in (JobState.GENERATING, JobState.CHECKING, JobState.RENDERING):
            self.store.advance(claim, state)
        return claim

    def complete(self, claim: Claim) -> None:
        """Take a rendering job to its end."""
        self.store.advance(claim, JobState.UPLOADING)
        self.store.advance(claim, JobState.COMPLETE, video=video())


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """Run gunicorn as `manimatic serve` does, on a socket that is open already."""
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        environ = {"PATH": os.environ["PATH"], "MANIMATIC_DATA_DIR": str(folder), "PYTHONPATH": ":".join(sys.path)}
        command = [sys.executable, "-m", "gunicorn", *bootstrap.api_server_options(listener.fileno())]
        process = subprocess.Popen(command, env=environ, pass_fds=[listener.fileno()], stderr=subprocess.DEVNULL)
        store = open_store(Settings(data_dir=folder).resolved_database_url)
        try:
            yield Server(listener.getsockname()[1], process, store, folder)
        finally:
            process.terminate()
            assert process.wait(30) == 0
            store.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Give one server for all tests of this file."""
    folder = tmp_path_factory.mktemp("data")
    with serving(folder) as started:
        assert started.ask("GET", "/health/live")[0] == 200
        yield started


class Stream:
    """A client of an event stream."""

    def __init__(self, server: Server, job_id: str, **headers: str) -> None:
        self.connection = server.connect()
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request("GET", f"/status/{job_id}/events", headers=sent)
        self.answer = self.connection.getresponse()

    def next_event(self) -> tuple[int, str] | None:
        """Return the next event's number and kind; None at the end."""
        found: dict[str, str] = {}
        while line := self.answer.readline().decode():
            if line == "\n" and "id" in found:
                return int(found["id"]), found["event"]
            name, _, value = line.rstrip("\n").partition(": ")
            found[name] = value
        return None

    def rest(self) -> list[int]:
        """Return the numbers of all events to the end."""
        numbers = []
        while event := self.next_event():
            numbers.append(event[0])
        self.close()
        return numbers

    def close(self) -> None:
        """Go away."""
        self.answer.close()
        self.connection.close()


def test_whole_way_of_a_job_over_tcp(server: Server) -> None:
    """Submitted here, run elsewhere, followed to its video."""
    job_id = server.generate()
    stream = Stream(server, job_id)
    assert stream.next_event() == (1, "state")
    claim = server.render(job_id)
    assert stream.next_event() == (2, "state")
    server.complete(claim)
    assert stream.rest() == [3, 4, 5, 6, 7]
    _, _, body = server.ask("GET", f"/status/{job_id}")
    assert json.loads(body)["url"] == f"http://127.0.0.1:{server.port}/videos/{VIDEO_NAME}"


def test_stream_that_breaks_is_resumed_without_loss(server: Server) -> None:
    """Last-Event-ID leads on, whatever happened in between."""
    job_id = server.generate()
    first = Stream(server, job_id)
    assert first.next_event() == (1, "state")
    first.close()
    server.complete(server.render(job_id))
    assert Stream(server, job_id, Last_Event_ID="1").rest() == [2, 3, 4, 5, 6, 7]
    assert server.ask("GET", f"/status/{job_id}/events", Last_Event_ID="7")[0] == 204


def test_range_of_a_video_over_tcp(server: Server) -> None:
    """A piece, the whole, and the length alone."""
    rendered = server.folder / "rendered.mp4"
    rendered.write_bytes(VIDEO_BYTES)
    bootstrap.build_local_storage(Settings(data_dir=server.folder)).put(VIDEO_NAME, rendered)
    status, headers, body = server.ask("GET", f"/videos/{VIDEO_NAME}", Range="bytes=10-19")
    assert (status, body, headers["Content-Range"]) == (206, VIDEO_BYTES[10:20], f"bytes 10-19/{len(VIDEO_BYTES)}")
    assert server.ask("GET", f"/videos/{VIDEO_NAME}")[2] == VIDEO_BYTES
    status, headers, body = server.ask("HEAD", f"/videos/{VIDEO_NAME}")
    assert (status, body, headers["Content-Length"]) == (200, b"", str(len(VIDEO_BYTES)))


def test_fifty_streams_leave_room_for_others_and_all_end_well(server: Server) -> None:
    """Half of them follow one job, half a job each; some go away; some never read."""
    shared, own = server.generate(), [server.generate() for _ in range(STREAMS // 2)]
    followed = [shared] * (STREAMS // 2) + own
    streams = [Stream(server, job_id) for job_id in followed]
    assert json.loads(server.ask("GET", "/health")[2])["streams"] == STREAMS
    gone, silent = streams.pop(0), streams.pop(0)
    gone.close()
    claims = [server.render(job_id) for job_id in [shared, *own]]
    for claim in claims:
        server.store.add_event(claim, "log", {"text": "x" * 10_000})
    assert server.ask("GET", "/health")[0] == 200
    assert server.ask("POST", "/generate", {"prompt": "one more"})[0] == 202
    for claim in claims:
        server.complete(claim)
    assert [stream.rest() for stream in streams] == [list(range(1, 9))] * len(streams)
    assert silent.rest() == list(range(1, 9))


def test_streams_over_the_limit_are_refused(server: Server) -> None:
    """And their places come back when clients leave."""
    job_id = server.generate()
    streams = [Stream(server, job_id) for _ in range(MAX_STREAMS)]
    assert [stream.answer.status for stream in streams] == [200] * MAX_STREAMS
    status, headers, body = server.ask("GET", f"/status/{job_id}/events")
    assert (status, json.loads(body)["code"]) == (503, "too_many_streams")
    assert int(headers["Retry-After"]) >= 1
    assert server.ask("GET", "/health")[0] == 200
    server.complete(server.render(job_id))
    assert {tuple(stream.rest()) for stream in streams} == {(1, 2, 3, 4, 5, 6, 7)}
    assert json.loads(server.ask("GET", "/health")[2])["streams"] == 0


def test_forwarded_headers_are_passed_over_by_gunicorn_too(server: Server) -> None:
    """Its own default trusts whoever is on this machine."""
    job_id = server.generate()
    server.complete(server.render(job_id))
    forwarded = {"X_Forwarded_Proto": "https", "X_Forwarded_Host": "evil.example", "SCRIPT-NAME": "/evil"}
    _, _, body = server.ask("GET", f"/status/{job_id}", **forwarded)
    assert json.loads(body)["url"].startswith(f"http://127.0.0.1:{server.port}/videos/")


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /generate HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST /generate HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
    ids=["header", "tls", "version", "length", "smuggling"],
)
def test_garbage_on_the_line_harms_nobody(server: Server, sent: bytes) -> None:
    """It is refused or dropped, and the next request is served."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as raw:
        raw.sendall(sent)
        raw.shutdown(socket.SHUT_WR)
        answer = raw.recv(65536)
    assert not answer or answer.startswith(b"HTTP/1.1 4")
    assert server.ask("GET", "/health/live")[0] == 200


def test_chunked_body_over_the_limit_is_refused(server: Server) -> None:
    """A body without a length is counted as it comes."""

    def pieces() -> Iterator[bytes]:
        yield b'{"prompt": "'
        for _ in range(40):
            yield b"a" * 65536
        yield b'"}'

    with closing(server.connect()) as connection:
        connection.request(
            "POST", "/generate", body=pieces(), headers={"Content-Type": "application/json"}, encode_chunked=True
        )
        assert connection.getresponse().status in {400, 413}
    assert server.ask("GET", "/health/live")[0] == 200


def test_memory_stays_small(server: Server) -> None:
    """After all that went before in this file."""
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    for pid in [server.process.pid, *map(int, children)]:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        assert pages * os.sysconf("SC_PAGE_SIZE") < MAX_RSS_MB * 2**20


def test_stopping_ends_open_streams_at_once(tmp_path: Path) -> None:
    """Clients come back to the next process; nobody waits for a time-out."""
    with serving(tmp_path) as server:
        stream = Stream(server, server.generate())
        assert stream.next_event() == (1, "state")
        server.process.send_signal(signal.SIGTERM)
        assert stream.rest() == []
        assert server.process.wait(30) == 0


def test_job_survives_the_death_of_the_server(tmp_path: Path) -> None:
    """What was answered with 202 is in the database, however the process ends."""
    with serving(tmp_path) as server:
        job_id = server.generate()
        assert server.store.get(job_id).state is JobState.QUEUED
        children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGKILL)
        deadline = time.monotonic() + 30
        while True:
            try:
                assert server.ask("GET", f"/status/{job_id}")[0] == 200
                break
            except (ConnectionError, http.client.HTTPException):
                assert time.monotonic() < deadline


def test_start_that_fails_ends_and_says_why(tmp_path: Path) -> None:
    """One line, no second try."""
    (tmp_path / "manimatic.sqlite3").write_bytes(b"this is no database, and it is long enough to be looked at" * 20)
    environ = {"PATH": os.environ["PATH"], "MANIMATIC_DATA_DIR": str(tmp_path), "PYTHONPATH": ":".join(sys.path)}
    command = [sys.executable, "-m", "gunicorn", *bootstrap.api_server_options("127.0.0.1:0")]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 3
    assert "is not a SQLite database" in done.stderr
    assert "Traceback" not in done.stderr


def test_many_submits_at_once_are_all_kept(server: Server) -> None:
    """Every 202 has its own job."""
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(server.generate())) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 40
    assert {server.store.get(job_id).state for job_id in found} == {JobState.QUEUED}
