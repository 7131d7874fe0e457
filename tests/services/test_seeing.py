"""What an operator sees of a running service: one request followed through every log, figures, a webhook's receiver."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from harness.processes import until
from harness.service import Service, serving
from harness.shell import Shell
from loopback.webhook_receiver import Receiver, receiving
from manimatic import bootstrap
from standardwebhooks import Webhook as Verifier

REQUEST_ID = "seen-everywhere-0001"
PROMPT = "Create a simple circle animation"


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    """Give a receiver of webhooks."""
    with receiving() as started:
        yield started


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Give a folder for the service, and the secret of its account."""
    folder = tmp_path_factory.mktemp("seeing")
    (folder / ".env").touch()
    made = Shell(folder=folder, data=folder / "data").run("webhooks", "rotate", "local")
    assert made.status == 0, made.err
    return folder, made.out.strip()


@pytest.fixture(scope="module")
def service(secret: tuple[Path, str]) -> Iterator[Service]:
    """Give a service whose webhooks may reach this machine."""
    with serving(secret[0], MANIMATIC_WEBHOOK_ADDRESSES="127.0.0.1") as started:
        yield started


@pytest.fixture(scope="module")
def job(service: Service, receiver: Receiver) -> dict[str, Any]:
    """Give a job that has ended, asked for under a request id of the client's."""
    wanted = {"prompt": PROMPT, "quality": "low", "webhook": {"url": receiver.url}}
    answer = service.ask("POST", "/generate", wanted, X_Request_Id=REQUEST_ID)
    assert answer.headers["X-Request-Id"] == REQUEST_ID
    return service.wait(answer.json["job_id"])


def lines(service: Service) -> list[dict[str, Any]]:
    """Return the log's lines."""
    return [json.loads(line) for line in service.log().splitlines() if line.startswith("{")]


def test_request_is_followed_through_every_part(service: Service, job: dict[str, Any]) -> None:
    """Its id and its job's stand in the lines of api, dispatcher and launcher; a worker's by its run."""
    until(lambda: "job rests" in service.log(), "the dispatcher's last word, which comes after the job's end")
    mine = [line for line in lines(service) if line.get("request_id") == REQUEST_ID]
    assert {line["job_id"] for line in mine} == {job["job_id"]}
    assert [line["event"] for line in mine if line["part"] == "api"] == ["request"]
    inside = [line for line in mine if line["part"] != "api"]
    assert [(line["part"], line["event"]) for line in inside] == [
        *(("dispatcher", "job begins"), ("launcher", "worker starts")),
        *(("launcher", "worker ended"), ("dispatcher", "job rests")),
    ]
    _, starts, ended, rests = inside
    assert starts["run_id"] == ended["run_id"]
    assert (ended["verdict"], rests["state"], rests["verdict"], rests["code"]) == ("ok", "complete", "ok", None)
    assert rests["seconds"]["rendering"] > 0


def test_no_log_holds_what_was_asked_for(service: Service, job: dict[str, Any]) -> None:
    """Neither the prompt nor the scene."""
    assert PROMPT not in service.log()
    assert "construct" not in service.log()


def test_webhook_is_told_and_can_be_verified(
    service: Service, receiver: Receiver, secret: tuple[Path, str], job: dict[str, Any]
) -> None:
    """By the dispatcher, with the account's secret."""
    until(lambda: receiver.received, "a delivery")
    body = Verifier(secret[1]).verify(receiver.received[0].body, receiver.received[0].headers)
    assert (body["type"], body["data"]["job_id"], body["data"]["status"]) == ("job.complete", job["job_id"], "complete")

    def deliveries() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = service.ask("GET", f"/status/{job['job_id']}/deliveries").json["deliveries"]
        return found

    until(lambda: deliveries()[0]["tries"], "the answer, which the sender writes down")
    (delivery,) = deliveries()
    assert (delivery["state"], delivery["tries"][0]["status"]) == ("delivered", 204)


def test_figures_of_the_dispatcher_reach_the_api(service: Service, job: dict[str, Any]) -> None:
    """With its next report, seconds later."""

    def told() -> bool:
        text = service.ask("GET", "/metrics").body.decode()
        return 'state="complete",verdict="ok"} 1.0' in text and "manimatic_video_seconds_total{" in text

    until(told, "the dispatcher's figures")


def test_several_server_processes_count_together(tmp_path: Path) -> None:
    """Whichever answers a scrape tells of all requests."""
    (tmp_path / "figures").mkdir()
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        environ = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": ":".join(sys.path),
            "MANIMATIC_DATA_DIR": str(tmp_path / "data"),
            "PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "figures"),
        }
        *options, app = bootstrap.api_server_options(listener.fileno())
        command = [sys.executable, "-m", "gunicorn", *options, "--workers", "2", app]
        process = subprocess.Popen(command, env=environ, pass_fds=[listener.fileno()], stderr=subprocess.DEVNULL)
        try:
            port = listener.getsockname()[1]
            for _ in range(40):
                assert ask(port, "/jobs")[0] == 200
                time.sleep(0.01)
            for _ in range(6):
                text = ask(port, "/metrics")[1]
                assert 'manimatic_request_seconds_count{method="GET",route="/jobs",status="200"} 40.0' in text
                assert "manimatic_database_up 1.0" in text
        finally:
            process.terminate()
            assert process.wait(30) == 0
    assert len(list((tmp_path / "figures").glob("histogram_*.db"))) == 2


def ask(port: int, path: str) -> tuple[int, str]:
    """Get something over a connection of its own."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
