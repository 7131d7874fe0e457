"""`manimatic serve` whole: real processes, real sandboxes, real Manim, a client over TCP."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.events import Follower
from harness.processes import alive, descendants, of_role, until
from harness.service import Service, is_drawing, serving
from harness.shell import Shell
from manimatic.sandbox.mp4 import inspect_mp4

PROMPT = "Create a simple circle animation"
CANCEL_S = 10.0
STOP_S = 15.0
SHORT_S = 15
"""Wall-clock limit of a run that never ends: room for its start on a busy machine."""
SCENE = """from manim import *
import os, time


class Small(Scene):
    def construct(self):
        self.play(Create(Circle()), run_time=0.2)
        {then}
"""
LOOPS = SCENE.format(then="while True: pass")
FAILS = SCENE.format(then="self.play(Circle().no_such_thing())")
TAKES_LONG = SCENE.format(then="time.sleep(4); self.wait(0.2)")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for all tests that leave it as it was."""
    with serving(tmp_path_factory.mktemp("serve")) as started:
        yield started


@pytest.fixture(scope="module")
def circle(service: Service) -> dict[str, Any]:
    """The job that the first description of the system shows, as it ended."""
    answer = service.ask("POST", "/generate", {"prompt": PROMPT})
    assert (answer.status, answer.json["status"]) == (202, "started")
    return service.wait(answer.json["job_id"])


def path_of(url: str) -> str:
    """Return an address without its host."""
    return re.sub(r"^http://127\.0\.0\.1:\d+", "", url)


def test_the_three_addresses_answer_as_first_described(service: Service, circle: dict[str, Any]) -> None:
    """POST /generate, GET /status/<id> and GET /health."""
    assert circle["status"] == "complete"
    assert circle["url"].startswith(f"http://127.0.0.1:{service.port}/videos/")
    assert circle["url"].endswith(".mp4")
    assert circle["code"].startswith("from manim import *\n")
    assert len(circle["explanation"]) > 20
    assert service.ask("GET", "/health").status == 200


def test_an_unknown_job_is_a_problem(service: Service) -> None:
    """The id of the first description's example is not one of ours."""
    answer = service.ask("GET", "/status/abc12345")
    assert (answer.status, answer.json["code"]) == (404, "job_not_found")


def test_the_video_downloads_and_is_one(service: Service, circle: dict[str, Any], tmp_path: Path) -> None:
    """Whole and in ranges it is the same valid MP4, of the size that the job says."""
    path = path_of(circle["url"])
    whole = service.ask("GET", path)
    assert (whole.status, whole.headers["Content-Type"]) == (200, "video/mp4")
    (tmp_path / "video.mp4").write_bytes(whole.body)
    facts = inspect_mp4(tmp_path / "video.mp4", max_bytes=2**29)
    assert (facts.width, facts.height, facts.fps) == (1280, 720, 30)
    assert circle["video"]["bytes"] == len(whole.body)
    begin, rest = (service.ask("GET", path, Range=f"bytes={part}") for part in ("0-99", "100-"))
    assert (begin.status, rest.status) == (206, 206)
    assert begin.headers["Content-Range"] == f"bytes 0-99/{len(whole.body)}"
    assert begin.body + rest.body == whole.body
    assert service.ask("GET", path, If_None_Match=whole.headers["ETag"]).status == 304


def test_health_names_dispatcher_isolation_and_queue(service: Service, circle: dict[str, Any]) -> None:
    """The dispatcher reports itself and what its launcher enforces."""
    health = service.ask("GET", "/health").json
    assert (health["status"], health["database"]["status"]) == ("ok", "ok")
    assert [item["generator"] for item in health["dispatchers"]] == ["offline"]
    assert health["launchers"][0]["state"] == "ready"
    assert health["launchers"][0]["isolation"]["layers"]["network"] == "none"
    assert (health["queue"]["queued"], health["queue"]["running"]) == (0, 0)
    assert circle["isolation"]["layers"] == health["launchers"][0]["isolation"]["layers"]


def test_events_go_on_where_a_client_stopped(service: Service) -> None:
    """Two events read, the line cut, the rest read later: every number once."""
    job_id = service.submit(prompt=PROMPT)
    first = Follower(service, job_id)
    seen = [first.next(), first.next()]
    first.close()
    numbers = [event["id"] for event in seen if event]
    service.wait(job_id)
    later = Follower(service, job_id, Last_Event_ID=str(numbers[-1])).rest()
    numbers += [event["id"] for event in later]
    assert numbers == list(range(1, len(numbers) + 1))
    assert (later[-1]["event"], later[-1]["state"]) == ("end", "complete")
    assert [event["state"] for event in [*seen, *later] if event and event["event"] == "state"] == [
        *("queued", "generating", "checking", "rendering", "uploading", "complete")
    ]
    assert service.ask("GET", f"/status/{job_id}/events", Last_Event_ID=str(numbers[-1])).status == 204


def test_own_code_is_rendered_and_its_prints_are_kept(service: Service) -> None:
    """No model is asked; the log holds what the scene printed, without its escapes."""
    code = SCENE.format(then="print('half way \\x1b[31m×')")
    job = service.make(code=code, scene="Small")
    assert (job["status"], job["code"], job["generator"]) == ("complete", code, "user")
    answer = service.ask("GET", f"/status/{job['job_id']}/logs")
    assert "half way" in answer.body.decode()
    assert "×" in answer.body.decode()
    assert b"\x1b" not in answer.body


def test_a_scene_that_fails_says_where(service: Service) -> None:
    """The line of the scene, the exception and the traceback reach the user."""
    job = service.make(code=FAILS)
    assert (job["status"], job["url"], job["error"]["code"]) == ("failed", None, "scene_error")
    assert job["error"]["line"] == FAILS.splitlines().index("        self.play(Circle().no_such_thing())") + 1
    assert "no_such_thing" in job["error"]["detail"]
    assert "no_such_thing" in job["error"]["traceback"]
    assert str(Path(__file__).parents[2]) not in job["error"]["traceback"]


def test_code_that_calls_the_system_reaches_nothing(service: Service, tmp_path: Path) -> None:
    """Programs run, inside walls: no file of the host's is read or written."""
    secret = tmp_path / "secret"
    secret.write_text("not for guests")
    lines = f"os.system('cat {secret}; touch {tmp_path}/evil; id -u; curl -s http://127.0.0.1:{service.port}/health')"
    job = service.make(code=SCENE.format(then=lines))
    assert job["status"] == "complete"
    log = service.ask("GET", f"/status/{job['job_id']}/logs").body.decode()
    assert "not for guests" not in log
    assert "dispatchers" not in log
    assert list(tmp_path.iterdir()) == [secret]


def test_cancelling_ends_the_worker_within_seconds(service: Service) -> None:
    """Every process of the run is gone, and the service takes the next job."""
    job_id = service.submit(code=LOOPS)
    service.wait(job_id, is_drawing)
    workers = of_role("worker", service.process.pid)
    assert workers
    started = time.monotonic()
    answer = service.ask("POST", f"/status/{job_id}/cancel")
    assert (answer.status, answer.json["cancel_requested"]) == (202, True)
    job = service.wait(job_id)
    assert (job["status"], job["error"]["code"]) == ("cancelled", "cancelled")
    until(lambda: not alive(workers), "the end of the worker's processes")
    assert time.monotonic() - started < CANCEL_S
    assert not list((service.data / "work").iterdir())


def test_a_deleted_job_is_gone_with_its_video(service: Service) -> None:
    """The job, its log, its events and its file."""
    job = service.make(code=SCENE.format(then="pass"))
    address = f"/status/{job['job_id']}"
    assert service.ask("DELETE", address).status == 204
    assert [service.ask("GET", address + tail).status for tail in ("", "/logs", "/events")] == [404, 404, 404]
    assert service.ask("GET", path_of(job["url"])).status == 404
    assert not (service.data / "videos" / Path(job["url"]).name).exists()
    assert service.ask("DELETE", address).status == 404


@pytest.mark.parametrize(
    "prompt", ["", " \n", "a\0b", "🎉🎉", "circle" * 200_000], ids=["empty", "blank", "nul", "emoji", "megabyte"]
)
def test_a_prompt_that_says_nothing_is_refused(service: Service, prompt: str) -> None:
    """Refused before anything is queued, and by name."""
    answer = service.ask("POST", "/generate", {"prompt": prompt})
    assert answer.status in {413, 422}
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json["hint"]


def test_a_prompt_from_right_to_left_ends_in_an_answer(service: Service) -> None:
    """Without a model it is not understood, and the user is told so."""
    job = service.make(prompt="ارسم دائرة زرقاء")
    assert (job["status"], job["error"]["code"]) == ("failed", "no_offline_answer")
    assert job["prompt"] == "ارسم دائرة زرقاء"


def test_the_command_line_works_beside_the_service(service: Service, tmp_path: Path) -> None:
    """On the same data folder: whoever takes the job, the command has its video, and both see all jobs."""
    (tmp_path / ".env").touch()
    shell = Shell(folder=tmp_path, data=service.data)
    done = shell.run("generate", PROMPT, "-ql", "-o", "circle.mp4", "--json")
    assert done.status == 0, done.err
    assert inspect_mp4(tmp_path / "circle.mp4", max_bytes=2**29).width == 854
    assert service.job(done.json["id"])["status"] == "complete"
    job_id = service.submit(code=LOOPS)
    service.wait(job_id, is_drawing)
    assert "is being stopped" in shell.run("jobs", "cancel", job_id).out
    assert service.wait(job_id)["status"] == "cancelled"


def test_what_was_finished_before_the_time_limit_is_delivered(tmp_path: Path) -> None:
    """A scene that never ends gives the video of its first animation."""
    with serving(tmp_path, MANIMATIC_TIMEOUT_S=str(SHORT_S)) as service:
        job = service.make(code=LOOPS)
        assert (job["status"], job["partial"], job["verdict"]) == ("complete", True, "timeout"), job
        assert [item["verdict"] for item in job["attempts"]] == ["timeout"]
        (tmp_path / "video.mp4").write_bytes(service.ask("GET", path_of(job["url"])).body)
    assert inspect_mp4(tmp_path / "video.mp4", max_bytes=2**29).duration_s == pytest.approx(0.2, abs=0.1)


def test_stopping_hands_a_running_job_back_and_the_next_start_completes_it(tmp_path: Path) -> None:
    """Every process ends within seconds, and nothing that was promised is lost."""
    with serving(tmp_path) as service:
        job_id = service.submit(code=TAKES_LONG)
        service.wait(job_id, is_drawing)
        processes = descendants(service.process.pid)
        assert len(processes) >= 5  # api, its worker, dispatcher, launcher, a sandbox
        started = time.monotonic()
        assert service.stop() == 0
        assert time.monotonic() - started < STOP_S
        until(lambda: not alive(processes), "the end of all processes", within_s=5.0)
    with serving(tmp_path) as again:
        job = again.wait(job_id)
        assert (job["status"], job["partial"]) == ("complete", False)
        states = [event["state"] for event in Follower(again, job_id).rest() if event["event"] == "state"]
    assert states == ["queued", "checking", "rendering", "queued", "checking", "rendering", "uploading", "complete"]
