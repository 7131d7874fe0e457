"""`manimatic serve` with Celery: a real Redis, a real PostgreSQL, real Celery workers, and what kills them."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.events import Follower
from harness.postgres import Postgres
from harness.processes import alive, command_line, descendants, environment, of_role, until
from harness.redis import Redis, redis_server
from harness.service import Service, is_drawing, serving
from harness.shell import Shell

LEASE_S = 3
MAX_API_MB = 120
SCENE = """from manim import *
import time


class Small(Scene):
    def construct(self):
        self.play(Create(Circle()), run_time=0.2)
        {then}
"""
QUICK = SCENE.format(then="pass")
TAKES_LONG = SCENE.format(then="time.sleep(4); self.wait(0.2)")
LOOPS = SCENE.format(then="while True: pass")
LOST_S = 60
"""How long a job waits before its message is taken for lost."""


@pytest.fixture(scope="module")
def broker() -> Iterator[Redis]:
    """Give a Redis that the tests may kill."""
    with redis_server() as started:
        yield started


@pytest.fixture(scope="module")
def settings(postgres: Postgres, broker: Redis) -> dict[str, str]:
    """Give the settings of a service on both servers."""
    return {
        "MANIMATIC_DATABASE_URL": postgres.url(postgres.make(), password=postgres.password),
        "MANIMATIC_DISPATCH": "celery",
        "MANIMATIC_BROKER_URL": broker.url,
        "MANIMATIC_LEASE_S": str(LEASE_S),
        "MANIMATIC_CONCURRENCY": "2",
    }


@pytest.fixture(scope="module")
def service(settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Give one service for all tests; each leaves it working."""
    with serving(tmp_path_factory.mktemp("celery"), **settings) as started:
        started.make(code=QUICK)  # from here on the workers are warm
        yield started


def worker_parent(service: Service) -> int:
    """Return the Celery worker's parent process."""
    workers = [pid for pid in of_role("celery", service.process.pid) if b"--worker" in command_line(pid)]
    return next(pid for pid in workers if descendants(pid) & set(workers))


def keeper(service: Service) -> int:
    """Return the process that does the upkeep and starts the worker."""
    return next(pid for pid in of_role("celery", service.process.pid) if b"--worker" not in command_line(pid))


def runs_of(service: Service, job_id: str) -> int:
    """Return how often the job was taken."""
    events = Follower(service, job_id).rest()
    return sum(event.get("state") in {"generating", "checking"} for event in events if event["event"] == "state")


def test_jobs_are_made_side_by_side_and_no_message_is_left(service: Service, broker: Redis) -> None:
    """As many as the worker has processes; nothing of Celery's stays in Redis."""
    ids = [service.submit(code=QUICK) for _ in range(4)]
    assert {service.wait(job_id)["status"] for job_id in ids} == {"complete"}
    assert [runs_of(service, job_id) for job_id in ids] == [1] * 4
    until(lambda: not broker.left(), "nothing left of any message")


def test_health_and_doctor_know_the_workers(
    service: Service, settings: dict[str, str], broker: Redis, tmp_path: Path
) -> None:
    """The upkeep reports for the worker; the broker is tried, and its password not shown."""
    health = service.ask("GET", "/health").json
    assert (health["status"], [item["concurrency"] for item in health["dispatchers"]]) == ("ok", [2])
    (tmp_path / ".env").touch()
    shell = Shell(folder=tmp_path, data=service.data)
    assert "Redis answers" in shell.run("doctor", **settings).out
    wrong = {**settings, "MANIMATIC_BROKER_URL": broker.url.replace("@", "wrong@")}
    said = shell.run("doctor", **wrong)
    assert "MANIMATIC_BROKER_URL" in said.out
    assert broker.password not in said.out + said.err


def test_broker_password_is_in_no_command_line_log_or_launcher(service: Service, broker: Redis) -> None:
    """Only api and workers have it, in their environment."""
    secret = broker.password.encode()
    assert not [pid for pid in descendants(service.process.pid) if secret in command_line(pid)]
    assert not [pid for pid in of_role("launcher", service.process.pid) if secret in environment(pid)]
    assert broker.password not in service.log()


def test_api_stays_small(service: Service) -> None:
    """Celery's and Redis's clients cost no more than what is allowed to the whole process."""
    for pid in of_role("api", service.process.pid):
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        assert pages * os.sysconf("SC_PAGE_SIZE") < MAX_API_MB * 2**20


def test_message_that_comes_three_times_runs_its_job_once(service: Service, broker: Redis) -> None:
    """Two of them find nothing to do."""
    with broker.client() as client:
        watching = threading.Event()

        def triple() -> None:
            while not watching.is_set():
                if message := client.lindex("manimatic", 0):
                    client.rpush("manimatic", message, message)  # type: ignore[arg-type]
                    return

        os.kill(worker_parent(service), signal.SIGSTOP)
        copier = threading.Thread(target=triple)
        copier.start()
        job_id = service.submit(code=QUICK)
        copier.join(10)
        watching.set()
        os.kill(worker_parent(service), signal.SIGCONT)
    assert service.wait(job_id)["status"] == "complete"
    assert runs_of(service, job_id) == 1
    until(lambda: broker.messages() == 0, "an empty queue")
    assert len(service.job(job_id)["attempts"]) == 1


def test_nonsense_in_the_queue_stops_nobody(service: Service, broker: Redis) -> None:
    """Whoever can write into Redis can wake workers and nothing more."""
    with broker.client() as client:
        client.rpush(
            "manimatic", "nonsense", "{}", '{"body": "gASVBw==", "content-type": "application/x-python-serialize"}'
        )
    assert service.make(code=QUICK)["status"] == "complete"


def test_killed_process_of_a_worker_costs_no_job(service: Service) -> None:
    """What it ran is run again when its lease is over; what it drew in is gone."""
    job_id = service.submit(code=TAKES_LONG)
    service.wait(job_id, is_drawing)
    parent = worker_parent(service)
    for pid in of_role("celery", parent) - {parent}:
        os.kill(pid, signal.SIGKILL)
    job = service.wait(job_id)
    assert (job["status"], job["partial"]) == ("complete", False)
    assert runs_of(service, job_id) == 2


def test_killed_parent_of_a_worker_hands_back_at_once(service: Service) -> None:
    """Its processes notice, hand back, and end; another worker is started and takes the job."""
    job_id = service.submit(code=TAKES_LONG)
    service.wait(job_id, is_drawing)
    parent = worker_parent(service)
    left = of_role("celery", parent)
    os.kill(parent, signal.SIGKILL)
    until(lambda: not alive(left), "the end of its processes")
    assert service.wait(job_id)["status"] == "complete"
    assert worker_parent(service) != parent


def test_killed_keeper_takes_its_worker_along(service: Service) -> None:
    """The service starts both again, and the job ends."""
    job_id = service.submit(code=TAKES_LONG)
    service.wait(job_id, is_drawing)
    left = of_role("celery", service.process.pid)
    os.kill(keeper(service), signal.SIGKILL)
    until(lambda: not alive(left), "the end of the worker")
    assert service.wait(job_id)["status"] == "complete"


def test_cancelling_reaches_a_worker(service: Service) -> None:
    """By the row, not by Celery: no task is revoked, no process killed."""
    job_id = service.submit(code=LOOPS)
    service.wait(job_id, is_drawing)
    processes = of_role("celery", service.process.pid)
    service.ask("POST", f"/status/{job_id}/cancel")
    assert service.wait(job_id)["status"] == "cancelled"
    assert alive(processes) == processes


@pytest.mark.timeout(240)
def test_redis_that_is_killed_loses_no_job(service: Service, broker: Redis) -> None:
    """What runs goes on; what is submitted is accepted at once; what was lost is sent again after a minute."""
    running = service.submit(code=TAKES_LONG)
    service.wait(running, is_drawing)
    broker.stop(signal.SIGKILL)
    started = time.monotonic()
    submitted = [service.submit(code=QUICK) for _ in range(3)]
    assert time.monotonic() - started < 10
    assert service.wait(running)["status"] == "complete"
    broker.start()  # with nothing in it
    give_up_at = time.monotonic() + LOST_S + 90
    while time.monotonic() < give_up_at and {service.job(job_id)["status"] for job_id in submitted} != {"complete"}:
        time.sleep(0.5)
    assert {service.job(job_id)["status"] for job_id in submitted} == {"complete"}
    assert [runs_of(service, job_id) for job_id in submitted] == [1] * 3


def test_stopping_hands_back_and_the_next_start_goes_on(settings: dict[str, str], tmp_path: Path) -> None:
    """A deploy loses no job."""
    with serving(tmp_path, **settings) as first:
        job_id = first.submit(code=TAKES_LONG)
        first.wait(job_id, lambda job: job["status"] == "rendering")
        processes = descendants(first.process.pid)
        started = time.monotonic()
        assert first.stop() == 0
        assert time.monotonic() - started < 15
        until(lambda: not alive(processes), "the end of all processes", within_s=5.0)
    with serving(tmp_path, **settings) as second:
        assert second.wait(job_id)["status"] == "complete"
