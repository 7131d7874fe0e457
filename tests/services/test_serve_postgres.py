"""`manimatic serve` on a real PostgreSQL server: a job, the database's absence, and where its password is not."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.postgres import Postgres, postgres_server
from harness.processes import command_line, descendants, environment, of_role, until
from harness.service import Service, serving
from harness.shell import Shell

MAX_API_MB = 120
SCENE = """from manim import *
import time


class Small(Scene):
    def construct(self):
        self.play(Create(Circle()), run_time=0.2)
        {then}
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """Give a server that the tests may kill."""
    with postgres_server() as started:
        yield started


@pytest.fixture(scope="module")
def url(server: Postgres) -> str:
    """Give the address of a database of the server's, with the password."""
    return server.url(server.make(), password=server.password)


@pytest.fixture(scope="module")
def service(server: Postgres, url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Give a service whose jobs are on the server; its password came in a file."""
    folder = tmp_path_factory.mktemp("serve")
    (folder / "database-url").write_text(url)
    (folder / "database-url").chmod(0o600)
    with serving(folder, MANIMATIC_DATABASE_URL_FILE=str(folder / "database-url")) as started:
        yield started


def test_job_is_made_and_nothing_lies_in_sqlite(service: Service) -> None:
    """The whole way, with health as ever."""
    job = service.make(code=SCENE.format(then="pass"))
    assert (job["status"], job["partial"]) == ("complete", False)
    assert service.ask("GET", job["url"].partition(str(service.port))[2]).status == 200
    assert not list(service.data.glob("*.sqlite3*"))
    health = service.ask("GET", "/health").json
    assert (health["status"], health["database"]["status"], len(health["dispatchers"])) == ("ok", "ok", 1)


def test_doctor_names_the_database(service: Service, url: str, tmp_path: Path) -> None:
    """It tries it, and tells when the password is wrong, without showing it."""
    (tmp_path / ".env").touch()
    shell = Shell(folder=tmp_path, data=service.data)
    assert "PostgreSQL opens" in shell.run("doctor", MANIMATIC_DATABASE_URL=url).out
    wrong = shell.run("doctor", MANIMATIC_DATABASE_URL=url.replace("@127", "wrong@127"))
    assert "the user or the password" in wrong.out
    assert "wrong@" not in wrong.out + wrong.err


def test_password_is_in_no_command_line_log_or_launcher(service: Service, server: Postgres) -> None:
    """Only api and dispatcher have it, in their environment."""
    secret = server.password.encode()
    processes = descendants(service.process.pid)
    assert not [pid for pid in processes if secret in command_line(pid)]
    assert not [pid for pid in of_role("launcher", service.process.pid) if secret in environment(pid)]
    assert server.password not in service.log()


def test_api_stays_small(service: Service) -> None:
    """The driver costs no more than what is allowed to the whole process."""
    for pid in of_role("api", service.process.pid):
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        assert pages * os.sysconf("SC_PAGE_SIZE") < MAX_API_MB * 2**20


def test_killed_database_costs_no_job(service: Service, server: Postgres) -> None:
    """While it is away the service says so and refuses; when it is back, what was running ends, once."""
    job_id = service.submit(code=SCENE.format(then="time.sleep(6)"))
    service.wait(job_id, lambda job: job["status"] == "rendering")
    server.stop(signal.SIGQUIT)
    until(lambda: service.ask("GET", "/health").status == 503, "a service that knows")
    refused = service.ask("POST", "/generate", {"prompt": "a circle"})
    assert (refused.status, refused.json["code"]) == (503, "store_error")
    assert server.password not in refused.body.decode()
    assert service.ask("GET", "/health/live").status == 200
    server.start()
    job = service.wait(job_id)
    assert job["status"] == "complete"
    jobs = service.ask("GET", "/jobs").json["jobs"]
    assert {path.name for path in (service.data / "videos").iterdir()} == {Path(job["url"]).name for job in jobs}
    until(lambda: service.ask("GET", "/health").json["status"] == "ok", "a healthy service")
