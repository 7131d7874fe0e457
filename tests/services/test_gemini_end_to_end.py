"""A service with a model and a cloud storage, both at loopback servers that speak their vendors' protocols."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from harness.events import Follower
from harness.processes import command_line, environment, of_role, until
from harness.service import Service, clean_environ, serving
from loopback.cloudinary_server import CloudinaryServer, Fault
from loopback.gemini_script import ANSWER_TOKENS, FAILS_AT_RUN_TIME, GOOD_SCENE, MODELS, PROMPT_TOKENS, answer, stalls
from loopback.gemini_server import GeminiServer
from manimatic import bootstrap
from manimatic.jobs import JobState
from manimatic.sandbox.mp4 import inspect_mp4
from manimatic.settings import Settings

KEY = "AIza-loopback-key-of-the-whole-way-4711"
KEYLESS = ("api", "launcher", "worker")
SLOW_SCENE = GOOD_SCENE.replace("\n", "\nimport time\n", 1).replace("self.wait(1)", "time.sleep(3)")
SOON_S = 15.0
REFUSED = Fault(status=400, message="This asset is not wanted here")


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A service and its two vendors."""

    service: Service
    model: GeminiServer
    cloud: CloudinaryServer

    @property
    def secrets(self) -> list[bytes]:
        """What must appear nowhere."""
        return [KEY.encode(), self.cloud.account.api_secret.encode(), self.cloud.account.api_key.encode()]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One service for all tests of this file."""
    with GeminiServer(api_key=KEY) as model, CloudinaryServer() as cloud:
        settings = {
            "GEMINI_API_KEY": KEY,
            "MANIMATIC_MODEL_BASE_URL": model.url,
            "CLOUDINARY_CLOUD_NAME": cloud.account.cloud_name,
            "CLOUDINARY_API_KEY": cloud.account.api_key,
            "CLOUDINARY_API_SECRET": cloud.account.api_secret,
            "CLOUDINARY_UPLOAD_PREFIX": cloud.address,
        }
        with serving(tmp_path_factory.mktemp("gemini"), **settings) as service:
            yield World(service=service, model=model, cloud=cloud)


@pytest.fixture(scope="module")
def repaired(world: World) -> dict[str, Any]:
    """A job whose first scene fails at run time and whose second is good."""
    world.model.play(answer(FAILS_AT_RUN_TIME), answer(GOOD_SCENE))
    return world.service.make(prompt="a circle becomes a square")


def stored(world: World, url: str) -> bytes:
    """Return the video as anybody can get it."""
    assert url.startswith(world.cloud.address)
    with urlopen(url) as answered:  # noqa: S310  the loopback server's address
        content: bytes = answered.read()
    return content


def test_a_scene_that_fails_is_repaired_by_the_next_answer(repaired: dict[str, Any]) -> None:
    """Two attempts with their verdicts, tokens and cost; the second one's video."""
    assert (repaired["status"], repaired["partial"]) == ("complete", False)
    assert [item["verdict"] for item in repaired["attempts"]] == ["scene_error", "ok"]
    assert [item["code"] for item in repaired["attempts"]] == [FAILS_AT_RUN_TIME, GOOD_SCENE]
    assert [item["origin"] for item in repaired["attempts"]] == [MODELS[0], MODELS[0]]
    assert "AttributeError" in repaired["attempts"][0]["error"]["detail"]
    for item in repaired["attempts"]:
        assert item["usage"]["requests"] == 1
        assert (item["usage"]["input_tokens"], item["usage"]["output_tokens"]) == (PROMPT_TOKENS, ANSWER_TOKENS)
        assert 0 < item["usage"]["cost_usd"] < 0.1
    assert repaired["code"] == GOOD_SCENE
    assert repaired["explanation"]


def test_the_model_is_told_what_was_wrong(world: World, repaired: dict[str, Any]) -> None:
    """The second request quotes the scene and its error."""
    text = world.model.requests[-1].text
    assert repaired["status"] == "complete"
    assert "get_glow" in text
    assert "AttributeError" in text


def test_the_video_lies_in_the_cloud_and_nowhere_else(world: World, repaired: dict[str, Any], tmp_path: Path) -> None:
    """The url is the storage's own; the service keeps no copy."""
    (tmp_path / "video.mp4").write_bytes(stored(world, repaired["url"]))
    assert inspect_mp4(tmp_path / "video.mp4", max_bytes=2**29).width == repaired["video"]["width"]
    assert not list(world.service.data.rglob("*.mp4"))


def test_health_names_model_and_storage(world: World) -> None:
    """Without a key in it."""
    health = world.service.ask("GET", "/health").json
    assert health["model"] == {"configured": True, "generator": "gemini", "model": MODELS[0]}
    assert health["storage"]["kind"] == "cloudinary"


def test_secrets_appear_nowhere(world: World) -> None:
    """Not in a keyless process, an argument, an answer, an event, a log or a file, while a job runs and after it."""
    world.model.play(answer(SLOW_SCENE))
    job_id = world.service.submit(prompt="a circle becomes a square, slowly")
    seen: dict[str, bytes] = {}

    def has_all() -> bool:
        below = world.service.process.pid
        seen.update({f"{role} {pid}": environment(pid) for role in KEYLESS for pid in of_role(role, below)})
        arguments = [command_line(int(path.name)) for path in Path("/proc").glob("[0-9]*")]
        seen["arguments"] = b"\n".join(arguments)
        return {name.split()[0] for name in seen} >= set(KEYLESS)

    until(has_all, "a running worker")
    world.service.wait(job_id)
    for path in ("/health", "/jobs", f"/status/{job_id}", f"/status/{job_id}/logs"):
        seen[path] = world.service.ask("GET", path).body
    seen["events"] = json.dumps(Follower(world.service, job_id).rest()).encode()
    seen["log"] = world.service.log().encode()
    seen.update({str(path): path.read_bytes() for path in world.service.data.rglob("*") if path.is_file()})
    assert any("sqlite3" in name for name in seen)
    assert [name for name, text in seen.items() if any(secret in text for secret in world.secrets)] == []
    assert any(KEY.encode() in environment(pid) for pid in of_role("dispatcher", world.service.process.pid))


def test_a_refused_key_is_named_and_not_shown(world: World) -> None:
    """The vendor quotes the key in its complaint; the user does not see it."""
    world.model.api_key = "another"
    try:
        job = world.service.make(prompt="a circle becomes a square")
    finally:
        world.model.api_key = KEY
    assert (job["status"], job["error"]["code"]) == ("failed", "model_rejected_key")
    assert "GEMINI_API_KEY" in job["error"]["hint"]
    assert KEY not in json.dumps(job)
    assert KEY not in world.service.log()


def test_a_job_whose_model_is_silent_is_cancelled(world: World) -> None:
    """Nobody waits for the model's own time-out."""
    world.model.play(stalls(seconds=600.0))
    asked = len(world.model.requests)
    job_id = world.service.submit(prompt="a circle becomes a square")
    until(lambda: len(world.model.requests) > asked, "a request to the model")
    started = time.monotonic()
    assert world.service.ask("POST", f"/status/{job_id}/cancel").status == 202
    assert world.service.wait(job_id)["status"] == "cancelled"
    assert time.monotonic() - started < SOON_S


def test_a_service_whose_model_is_silent_stops(tmp_path: Path) -> None:
    """And hands the job back to the queue."""
    with GeminiServer([stalls(seconds=600.0)]) as model:
        settings = {"GEMINI_API_KEY": KEY, "MANIMATIC_MODEL_BASE_URL": model.url}
        with serving(tmp_path, **settings) as service:
            job_id = service.submit(prompt="a circle becomes a square")
            until(lambda: model.requests, "a request to the model")
            started = time.monotonic()
            assert service.stop() == 0
            assert time.monotonic() - started < SOON_S
    store = bootstrap.build_store(Settings.from_env(clean_environ(tmp_path / "data")))
    assert store.get(job_id).state is JobState.QUEUED


def test_a_deleted_job_takes_its_video_out_of_the_cloud(world: World) -> None:
    """The job is gone at once, the video a moment later: the dispatcher has the key."""
    world.model.play(answer(GOOD_SCENE))
    before = set(world.cloud.account.files)
    job = world.service.make(prompt="a circle becomes a square")
    assert len(set(world.cloud.account.files) - before) == 1
    assert world.service.ask("DELETE", f"/status/{job['job_id']}").status == 204
    assert world.service.ask("GET", f"/status/{job['job_id']}").status == 404
    until(lambda: set(world.cloud.account.files) == before, "the end of the video in the cloud")


def test_a_video_that_could_not_be_stored_is_stored_later(world: World) -> None:
    """Nothing is rendered again, and nothing is kept here once the cloud has it."""
    world.model.play(answer(GOOD_SCENE))
    world.cloud.fail([REFUSED])
    job = world.service.make(prompt="a circle becomes a square")
    assert (job["status"], job["error"]["code"], job["url"]) == ("failed", "storage_error", None)
    assert (job["error"]["stage"], job["error"]["retryable"]) == ("uploading", True)
    assert REFUSED.message in job["error"]["detail"]
    asked = len(world.model.requests)
    assert world.service.ask("POST", f"/status/{job['job_id']}/retry").status == 202
    again = world.service.wait(job["job_id"])
    assert (again["status"], again["error"]) == ("complete", None)
    assert len(stored(world, again["url"])) == again["video"]["bytes"]
    assert len(again["attempts"]) == 1
    assert len(world.model.requests) == asked
    assert not list(world.service.data.rglob("*.mp4"))
    assert world.service.ask("POST", f"/status/{job['job_id']}/retry").status == 409
