"""What bounds requests: rates, with the headers that tell of them, repeated requests, waiting, other sites' pages."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.api import Api, open_api
from manimatic.api.streams import MAX_STREAMS

CIRCLE = {"prompt": "a circle"}


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """Give an API with nothing in it."""
    with open_api(tmp_path) as opened:
        yield opened


def look(api: Api, key: str = "") -> Any:
    """List jobs."""
    return api.client.get("/jobs", headers={"Authorization": f"Bearer {key}"} if key else {})


def send(api: Api, body: object = CIRCLE, **headers: str) -> Any:
    """Ask for an animation."""
    return api.client.post("/generate", json=body, headers={k.replace("_", "-"): v for k, v in headers.items()})


# ---------------------------------------------------------------- rates


def test_answers_tell_what_is_left(tmp_path: Path) -> None:
    """As the draft has it, and less with every request."""
    with open_api(tmp_path, rate_limit="5/minute", submit_rate_limit="2/hour") as api:
        key = api.key()
        answer = look(api, key)
        assert answer.headers["RateLimit-Policy"] == '"requests";q=5;w=60'
        assert re.fullmatch(r'"requests";r=4;t=(60|61)', answer.headers["RateLimit"])
        submitted = send(api, Authorization=f"Bearer {key}")
        assert set(submitted.headers["RateLimit-Policy"].split(", ")) == {'"requests";q=5;w=60', '"submit";q=2;w=3600'}
        assert '"submit";r=1;' in submitted.headers["RateLimit"]
        assert '"requests";r=3;' in submitted.headers["RateLimit"]


def test_too_many_requests_are_429_for_that_key_alone(tmp_path: Path) -> None:
    """With the time to wait, as a problem; another key of the same account goes on."""
    with open_api(tmp_path, rate_limit="3/minute") as api:
        first, second = api.key(), api.key()
        assert [look(api, first).status_code for _ in range(3)] == [200] * 3
        answer = look(api, first)
        assert (answer.status_code, answer.get_json()["code"]) == (429, "too_many_requests")
        assert answer.get_json()["retryable"]
        assert 1 <= int(answer.headers["Retry-After"]) <= 61
        assert '"requests";r=0;' in answer.headers["RateLimit"]
        assert look(api, second).status_code == 200


def test_submitting_has_a_limit_of_its_own(tmp_path: Path) -> None:
    """Checks count as well; looking goes on."""
    with open_api(tmp_path, submit_rate_limit="2/minute") as api:
        key = api.key()
        headers = {"Authorization": f"Bearer {key}"}
        assert send(api, **headers).status_code == 202
        assert api.client.post("/check", json={"code": ""}, headers=headers).status_code == 422
        assert send(api, **headers).status_code == 429
        assert look(api, key).status_code == 200


def test_requests_without_a_key_and_open_operations_are_not_limited(tmp_path: Path) -> None:
    """Nobody is told apart there; and a load balancer asks often."""
    with open_api(tmp_path, rate_limit="1/hour", submit_rate_limit="1/hour") as api:
        for path in ("/jobs", "/health/live", "/docs"):
            answers = [api.client.get(path) for _ in range(3)]
            assert [answer.status_code for answer in answers] == [200] * 3
            assert "RateLimit" not in answers[0].headers
        assert [send(api).status_code for _ in range(3)] == [202] * 3


def test_no_limit_is_one_too(tmp_path: Path) -> None:
    """For who counts elsewhere."""
    with open_api(tmp_path, rate_limit="off", submit_rate_limit="off") as api:
        assert "RateLimit" not in look(api, api.key()).headers


# ---------------------------------------------------------------- the same request again


def test_same_request_again_is_the_same_job(api: Api) -> None:
    """Whether the first answer got lost or not; the order of the fields does not matter."""
    first = send(api, {"prompt": "a circle", "seed": 1}, Idempotency_Key='"abc"')
    again = send(api, {"seed": 1, "prompt": "a circle"}, Idempotency_Key="abc")
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.get_json()["job_id"] == again.get_json()["job_id"]
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert api.store.depth().queued == 1


def test_key_with_another_body_is_422(api: Api) -> None:
    """With a code of its own."""
    send(api, Idempotency_Key="abc")
    answer = send(api, {"prompt": "a square"}, Idempotency_Key="abc")
    assert (answer.status_code, answer.get_json()["code"]) == (422, "idempotency_key_reused")


def test_accounts_have_keys_of_their_own(tmp_path: Path) -> None:
    """One account's key finds nothing of another's."""
    with open_api(tmp_path, require_keys=True) as api:
        made = [send(api, Idempotency_Key="abc", Authorization=f"Bearer {api.key(name)}") for name in ("alice", "bob")]
        assert made[0].get_json()["job_id"] != made[1].get_json()["job_id"]


@pytest.mark.parametrize("key", ["", '""', " ", "x" * 256, "a b", "\u00e4"])
def test_key_that_is_none_is_refused(api: Api, key: str) -> None:
    """A client that thinks itself safe has to learn that it is not."""
    assert send(api, Idempotency_Key=key).status_code == 400


# ---------------------------------------------------------------- waiting


def test_wait_is_over_when_the_job_has_ended(api: Api) -> None:
    """The answer is the job itself."""

    def finish() -> None:
        while not (page := api.store.list_jobs(limit=1)).jobs:
            time.sleep(0.01)
        api.complete(page.jobs[0].id)

    dispatcher = threading.Thread(target=finish)
    dispatcher.start()
    answer = send(api, Prefer="respond-async, wait=30")
    dispatcher.join()
    assert (answer.status_code, answer.get_json()["status"]) == (200, "complete")
    assert answer.headers["Preference-Applied"] == "wait=30"
    assert answer.get_json()["url"]


def test_wait_that_is_too_short_gives_the_usual_answer(api: Api) -> None:
    """After that time, and not before."""
    started = time.monotonic()
    answer = send(api, Prefer="wait=1")
    assert 1 <= time.monotonic() - started < 10
    assert (answer.status_code, answer.get_json()["status"]) == (202, "started")
    assert answer.headers["Preference-Applied"] == "wait=1"


@pytest.mark.parametrize("preference", ["wait", "wait=", "wait=-1", "wait=1.5", "wait=x", "return=minimal", "await=9"])
def test_preference_that_is_not_understood_is_passed_over(api: Api, preference: str) -> None:
    """A preference never fails a request."""
    answer = send(api, Prefer=preference)
    assert answer.status_code == 202
    assert "Preference-Applied" not in answer.headers


def test_wait_is_at_most_a_minute(api: Api) -> None:
    """A job that has ended shows the time that would have been waited."""
    job_id = send(api, Idempotency_Key="abc").get_json()["job_id"]
    api.complete(job_id)
    assert send(api, Prefer="wait=9999", Idempotency_Key="abc").headers["Preference-Applied"] == "wait=60"


def test_nobody_waits_where_too_many_do(api: Api) -> None:
    """The threads are for others; the answer comes at once."""
    streams = api.app.extensions["manimatic"].streams
    opened = [streams.open("x", 0) for _ in range(MAX_STREAMS)]
    started = time.monotonic()
    assert send(api, Prefer="wait=30").status_code == 202
    assert time.monotonic() - started < 10
    for stream in opened:
        stream.close()


# ---------------------------------------------------------------- a full queue


def test_full_queue_is_503_with_the_time_to_wait(tmp_path: Path) -> None:
    """Half a minute where nothing tells how fast it moves."""
    with open_api(tmp_path, max_queued=1) as api:
        send(api)
        answer = send(api)
        assert (answer.status_code, answer.get_json()["code"]) == (503, "queue_full")
        assert answer.headers["Retry-After"] == "30"


# ---------------------------------------------------------------- other sites' pages


def preflight(api: Api, origin: str) -> Any:
    """Ask as a browser does before it sends a request of a page."""
    return api.client.options(
        "/generate",
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
        },
    )


def test_listed_origin_may_use_the_api(tmp_path: Path) -> None:
    """Its browser asks first, without the key, and may read the headers that it needs."""
    listed = "https://films.example,http://localhost:8080"
    with open_api(tmp_path, cors_origins=listed, require_keys=True) as api:
        for origin in listed.split(","):
            answer = preflight(api, origin)
            assert answer.status_code == 200
            assert answer.headers["Access-Control-Allow-Origin"] == origin
            assert "idempotency-key" in answer.headers["Access-Control-Allow-Headers"].lower()
            assert "Access-Control-Allow-Credentials" not in answer.headers
        refused = api.client.get("/jobs", headers={"Origin": "https://films.example"})
        assert refused.status_code == 401
        assert refused.headers["Access-Control-Allow-Origin"] == "https://films.example"


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "https://films.example.evil.example", "http://films.example", "null"]
)
def test_other_origin_may_not(tmp_path: Path, origin: str) -> None:
    """Not even one that looks alike."""
    with open_api(tmp_path, cors_origins="https://films.example") as api:
        assert "Access-Control-Allow-Origin" not in preflight(api, origin).headers


def test_without_a_list_no_origin_may(api: Api) -> None:
    """As it was."""
    assert "Access-Control-Allow-Origin" not in preflight(api, "https://films.example").headers
