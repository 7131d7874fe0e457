"""POST /generate: what it takes, and what it answers to everything else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.api import Api, open_api
from manimatic.jobs import Quality

JSON = "application/json"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """Give an API with nothing in it."""
    with open_api(tmp_path) as opened:
        yield opened


def refused(api: Api, status: int, **request: Any) -> dict[str, Any]:
    """Send a request that has to be refused, and return the problem; nothing may have been queued."""
    answer = api.client.post("/generate", **request)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json"), answer.text
    assert api.store.list_jobs(limit=1).jobs == ()
    problem: dict[str, Any] = answer.get_json()
    assert problem["status"] == status
    assert problem["detail"]
    assert problem["hint"]
    return problem


def pointers(problem: dict[str, Any]) -> list[str]:
    """Return the fields that a problem names."""
    return [item["pointer"] for item in problem["errors"]]


# ---------------------------------------------------------------- what is taken


def test_prompt_alone_is_answered_as_the_first_description_has_it(api: Api) -> None:
    """The job's id and `started` are there, whatever else is."""
    answer = api.client.post("/generate", json={"prompt": "Create a simple circle animation"})
    body = answer.get_json()
    assert answer.status_code == 202
    assert body["status"] == "started"
    assert api.store.get(body["job_id"]).prompt == "Create a simple circle animation"


def test_answer_says_where_to_go_on(api: Api) -> None:
    """Location, Retry-After, the place in the queue and the links lead to the job."""
    api.generate()
    answer = api.client.post("/generate", json={"prompt": "a square"})
    body = answer.get_json()
    here = f"/status/{body['job_id']}"
    assert answer.headers["Location"] == here
    assert int(answer.headers["Retry-After"]) >= 1
    assert (body["state"], body["queue_position"]) == ("queued", 2)
    assert body["links"] == {
        "self": here,
        "events": f"{here}/events",
        "logs": f"{here}/logs",
        "cancel": f"{here}/cancel",
    }


def test_every_field_reaches_the_job(api: Api) -> None:
    """What is asked for is what is stored."""
    job_id = api.generate(
        prompt="a cat",
        scene="Cat",
        quality="h",
        format="mp4",
        aspect_ratio="9:16",
        fps=24,
        background="#fff",
        seed=7,
        model="gemini-3.8-flash",
        duration_hint_seconds=12,
        deadline_seconds=60.5,
        metadata={"order": "42"},
    )
    job = api.store.get(job_id)
    options = job.options
    assert (options.scene, options.quality, options.aspect_ratio, options.fps) == ("Cat", Quality.HIGH, "9:16", 24)
    assert (options.background, options.seed, options.model) == ("#fff", 7, "gemini-3.8-flash")
    assert options.duration_hint_seconds == 12
    assert job.deadline_at == pytest.approx(job.created_at + 60.5, abs=5)
    assert job.metadata == {"order": "42"}


def test_code_without_a_prompt_is_taken(api: Api) -> None:
    """Who brings a scene needs no prompt."""
    answer = api.client.post("/generate", json={"code": "from manim import *\n"})
    assert answer.status_code == 202
    assert api.store.get(answer.get_json()["job_id"]).brought_code == "from manim import *\n"


@pytest.mark.parametrize(
    "prompt",
    ["ارسم دائرة زرقاء", "צייר עיגול", "画一个圆", "x²+y²=1 🎉", "two\nlines\tand a tab", "7"],
)
def test_prompt_in_any_script_is_taken_as_it_is(api: Api, prompt: str) -> None:
    """Right-to-left and other scripts are stored unchanged."""
    assert api.store.get(api.generate(prompt)).prompt == prompt


@pytest.mark.parametrize("quality", [*Quality, "l", "m", "h", "p", "k"])
def test_quality_is_taken_by_name_and_by_letter(api: Api, quality: str) -> None:
    """Manim's letters are as good as the names."""
    options = api.store.get(api.generate(quality=quality)).options
    assert options.quality.value[0] == quality[0] or quality == "k"


def test_content_type_with_a_charset_is_json(api: Api) -> None:
    """Parameters of the media type are no hindrance."""
    answer = api.client.post("/generate", data='{"prompt": "x"}', content_type="application/json; charset=utf-8")
    assert answer.status_code == 202


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("", "empty"),
        (" \n\t ", "empty"),
        ("🎉🎊✨", "no word"),
        ("a\0b", "control characters"),
        ("\x1b[31mred", "control characters"),
        ("a" * 1_000_000, "at most 8000"),
    ],
    ids=["empty", "blank", "emoji", "NUL", "escape", "1MB"],
)
def test_prompt_that_says_nothing_or_too_much_is_refused(api: Api, prompt: str, said: str) -> None:
    """The problem points at the prompt and says why."""
    problem = refused(api, 422, json={"prompt": prompt})
    assert pointers(problem) == ["/prompt"]
    assert said in problem["detail"]


def test_body_without_prompt_and_code_is_refused(api: Api) -> None:
    """An empty object asks for nothing."""
    assert pointers(refused(api, 422, json={})) == ["/prompt"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("prompt", 3),
        ("prompt", None),
        ("prompt", ["a"]),
        ("code", {"a": 1}),
        ("code", ""),
        ("code", "  "),
        ("code", "a\0b"),
        ("quality", "ultra"),
        ("quality", 3),
        ("format", "gif"),
        ("aspect_ratio", "2:1"),
        ("fps", 1e9),
        ("fps", 0),
        ("fps", 10**30),
        ("fps", "30"),
        ("fps", True),
        ("background", "red"),
        ("background", "#12345"),
        ("seed", -1),
        ("seed", 2**32),
        ("model", "../../etc"),
        ("duration_hint_seconds", 1e9),
        ("deadline_seconds", 0),
        ("deadline_seconds", "soon"),
        ("scene", "not a name"),
        ("metadata", {"a": 1}),
        ("metadata", "text"),
        ("metadata", {str(number): "x" for number in range(33)}),
        ("metadata", {"a": "x" * 501}),
        ("webhook", "http://example.org"),
    ],
)
def test_bad_field_is_named(api: Api, field: str, value: Any) -> None:
    """The problem points at the field, and does not repeat its value."""
    problem = refused(api, 422, json={"prompt": "a circle", field: value})
    assert pointers(problem)[0].startswith(f"/{field}")
    assert "errors.pydantic" not in json.dumps(problem)


def test_all_wrong_fields_are_named_at_once(api: Api) -> None:
    """Nobody has to mend one field after another."""
    problem = refused(api, 422, json={"prompt": 1, "fps": "x", "colour": "red", "metadata": {"a/b~c": 1}})
    assert sorted(pointers(problem)) == ["/colour", "/fps", "/metadata/a~1b~0c", "/prompt"]
    assert "3 more" in problem["detail"]


def test_format_that_is_not_made_yet_says_so(api: Api) -> None:
    """Only mp4 is made so far, and the message says it."""
    assert "only mp4" in refused(api, 422, json={"prompt": "x", "format": "gif"})["detail"]


def test_lone_surrogate_is_refused(api: Api) -> None:
    """What no database can store does not get in."""
    refused(api, 422, data=b'{"prompt": "a\\ud800"}', content_type=JSON)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "Expecting value"),
        (b"prompt=circle", "Expecting value"),
        (b'{"prompt": "a"', "delimiter"),
        (b'{"prompt": "a", "fps": NaN}', "NaN"),
        (b'{"prompt": "a", "fps": Infinity}', "Infinity"),
        (b"\xff\xfe\x00\x01binary\x80", "not UTF-8"),
        (b'{"prompt": "\xc3\x28"}', "not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"prompt":' * 100_000, "nested too deeply"),
        (b'{"prompt": "a", "seed": ' + b"9" * 5000 + b"}", "integer"),
    ],
    ids=["empty", "form", "cut", "NaN", "Infinity", "binary", "latin1", "deep-list", "deep-object", "huge-number"],
)
def test_body_that_is_not_json_is_refused(api: Api, body: bytes, said: str) -> None:
    """The problem says what is wrong with the JSON."""
    problem = refused(api, 400, data=body, content_type=JSON)
    assert problem["code"] == "not_json"
    assert said in problem["detail"]


@pytest.mark.parametrize("body", [b"null", b"[]", b'"a circle"', b"3", b"true"])
def test_json_that_is_no_object_is_refused(api: Api, body: bytes) -> None:
    """A list or a bare text is not a request."""
    refused(api, 422, data=body, content_type=JSON)


@pytest.mark.parametrize(
    "content_type", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_wrong_content_type_is_refused(api: Api, content_type: str | None) -> None:
    """A page elsewhere cannot have a browser post a form here."""
    problem = refused(api, 415, data=b'{"prompt": "a"}', content_type=content_type)
    assert problem["code"] == "unsupported_media_type"


def test_body_over_two_mebibytes_is_refused(api: Api) -> None:
    """The limit holds before anything is parsed."""
    problem = refused(api, 413, data=b'{"prompt": "' + b"a" * (2 * 1024**2) + b'"}', content_type=JSON)
    assert problem["code"] == "too_large"


def test_full_queue_answers_503_with_retry_after(tmp_path: Path) -> None:
    """Back-pressure is told in time to come back, and what waits stays."""
    with open_api(tmp_path, max_queued=1) as api:
        kept = api.generate()
        answer = api.client.post("/generate", json={"prompt": "one too many"})
        assert (answer.status_code, answer.get_json()["code"]) == (503, "queue_full")
        assert int(answer.headers["Retry-After"]) >= 1
        assert [job.id for job in api.store.list_jobs(limit=9).jobs] == [kept]
