"""`manimatic serve` as a user starts it, and a client that knows no more than its address."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.processes import WAIT_S, until

FINAL = {"complete", "failed", "cancelled", "expired"}
STOP_S = 30.0
KEPT = ("PATH", "HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR")


def clean_environ(data: Path, **settings: str) -> dict[str, str]:
    """Return a user's environment: nothing of Manimatic's but what is given here."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return {**kept, "LANG": "C.UTF-8", "MANIMATIC_DATA_DIR": str(data), "MANIMATIC_POOL_SIZE": "0", **settings}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the service answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """What asks a service, which has to be told no more than its port."""

    port: int
    key: str = ""
    """The API key that every request brings, where the service asks for one."""

    def connect(self) -> http.client.HTTPConnection:
        """Open a connection."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT_S)

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """Send a request."""
        sent = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = None
        if body is not None:
            data, sent["Content-Type"] = json.dumps(body), "application/json"
        with closing(self.connect()) as connection:
            connection.request(method, path, body=data, headers=sent)
            answer = connection.getresponse()
            return Answer(status=answer.status, headers=dict(answer.getheaders()), body=answer.read())

    def submit(self, **fields: object) -> str:
        """Ask for a small animation and return the job's id."""
        answer = self.ask("POST", "/generate", {"quality": "low", **fields})
        assert answer.status == 202, answer.body
        job_id: str = answer.json["job_id"]
        return job_id

    def job(self, job_id: str) -> dict[str, Any]:
        """Look at a job."""
        answer = self.ask("GET", f"/status/{job_id}")
        assert answer.status == 200, answer.body
        found: dict[str, Any] = answer.json
        return found

    def wait(self, job_id: str, wanted: Callable[[dict[str, Any]], object] | None = None) -> dict[str, Any]:
        """Wait for a job's end, or for something to be so before it."""
        give_up_at = time.monotonic() + WAIT_S
        while True:
            job = self.job(job_id)
            if wanted(job) if wanted else job["status"] in FINAL:
                return job
            assert job["status"] not in FINAL, (job, self.log())
            assert time.monotonic() < give_up_at, (job, self.log())
            time.sleep(0.1)

    def make(self, **fields: object) -> dict[str, Any]:
        """Ask for an animation and wait for its end."""
        return self.wait(self.submit(**fields))

    def log(self) -> str:
        """Return what the service has said so far, where that is known."""
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service(Client):
    """A running service."""

    process: subprocess.Popen[str]
    folder: Path
    data: Path

    def log(self) -> str:
        """Return what the service's processes have said so far."""
        return (self.folder / "serve.log").read_text()

    def stop(self) -> int:
        """Ask the service to stop, as a service manager does, and return its exit status."""
        self.process.terminate()
        return self.process.wait(STOP_S)


def is_drawing(job: dict[str, Any]) -> bool:
    """Tell whether a job's worker has finished its first animation."""
    return job["status"] == "rendering" and bool(job["progress"])


@contextmanager
def serving(folder: Path, *, python: str | Path = sys.executable, key: str = "", **settings: str) -> Iterator[Service]:
    """Run a service with its data in `folder/data`; one that was there before goes on."""
    (folder / ".env").touch()  # keeps a checkout's own .env out of this
    environ = clean_environ(folder / "data", **settings)
    command = [str(python), "-m", "manimatic.cli", "serve", "--port", "0"]
    with (folder / "serve.log").open("a") as log:
        process = subprocess.Popen(command, env=environ, cwd=folder, stdout=subprocess.PIPE, stderr=log, text=True)
    assert process.stdout is not None
    with process.stdout:
        line = process.stdout.readline()
        assert line.startswith("Manimatic serves on http://127.0.0.1:"), (folder / "serve.log").read_text()
        service = Service(
            process=process, port=int(line.rsplit(":", 1)[1]), folder=folder, data=folder / "data", key=key
        )
        try:
            until(lambda: _is_ready(service), "a healthy service")
            yield service
        finally:
            assert service.stop() == 0
            assert "Traceback" not in service.log()


def _is_ready(service: Service) -> bool:
    answer = service.ask("GET", "/health")
    return answer.status == 200 and bool(answer.json["status"] == "ok")
