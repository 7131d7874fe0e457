"""Bugs are told to an error tracker with where they are, and with nothing of anybody's."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from harness.api import open_api
from loopback.webhook_receiver import Receiver, receiving, says
from manimatic.error_tracking import Tracker, bared
from manimatic.errors import SettingsError
from manimatic.settings import Settings

TAKEN = says(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
SECRET = "sk-very-secret-7"
PROMPT = "a circle that nobody else may know of"


@contextmanager
def tracking() -> Iterator[tuple[Receiver, str]]:
    """Give a server that takes envelopes, and its address."""
    with receiving(TAKEN) as receiver:
        yield receiver, f"http://public@127.0.0.1:{receiver.port}/7"


def events(receiver: Receiver) -> list[dict[str, Any]]:
    """Return the events of all envelopes."""
    found = []
    for request in receiver.received:
        body = gzip.decompress(request.body) if request.headers.get("content-encoding") == "gzip" else request.body
        lines = [json.loads(line) for line in body.splitlines() if line]
        found += [line for line in lines if "exception" in line]
    return found


def test_bug_of_the_api_is_told_without_what_was_asked(tmp_path: Path) -> None:
    """Kind, place and request id; no message, no variables, no request, no prompt, no key."""
    with tracking() as (receiver, dsn), open_api(tmp_path, sentry_dsn=dsn, model_api_key=SECRET) as api:

        def fail(*_: Any, **named: Any) -> None:
            secret = f"{PROMPT} {SECRET}"
            raise LookupError(secret)

        api.app.view_functions["jobs.generate"] = fail
        answer = api.client.post("/generate", json={"prompt": PROMPT, "code": f"x = '{SECRET}'"})
        assert answer.status_code == 500
        api.app.extensions["manimatic"].tracker.close()
        (event,) = events(receiver)
    (raised,) = event["exception"]["values"]
    assert raised["type"] == "LookupError"
    assert raised["stacktrace"]["frames"][-1]["function"] == "fail"
    assert event["tags"] == {"part": "api", "request_id": answer.headers["X-Request-Id"]}
    everything = b"".join(
        gzip.decompress(one.body) if one.body[:2] == b"\x1f\x8b" else one.body for one in receiver.received
    )
    for private in (SECRET, PROMPT, "circle", "/generate", "LookupError('"):
        assert private.encode() not in everything
    assert SECRET not in repr(api.settings)


def test_expected_errors_are_not_told(tmp_path: Path) -> None:
    """A request that is refused is no bug of ours."""
    with tracking() as (receiver, dsn), open_api(tmp_path, sentry_dsn=dsn) as api:
        assert api.client.post("/generate", json={}).status_code == 422
        assert api.client.get("/status/nothing").status_code == 404
        api.app.extensions["manimatic"].tracker.close()
    assert receiver.received == []


def test_without_an_address_nobody_is_told() -> None:
    """And nothing of it is loaded."""
    tracker = Tracker("", "api")
    tracker.tell(ValueError("x"))
    tracker.close()


def test_tracker_that_is_gone_harms_nothing() -> None:
    """Telling never fails, and closing takes a moment at most."""
    tracker = Tracker("http://public@127.0.0.1:9/1", "dispatcher")
    tracker.tell(ValueError("x"), job_id="abc")
    tracker.close()


def test_address_that_is_none_stops_the_start(tmp_path: Path) -> None:
    """Without showing it."""
    with pytest.raises(SettingsError) as caught:
        Tracker("nonsense-secret", "api")
    assert "nonsense" not in caught.value.message
    assert "nonsense" not in repr(Settings(data_dir=tmp_path, sentry_dsn="nonsense"))


def test_what_is_not_on_the_list_is_left_out() -> None:
    """A release of the library that collects more tells no more."""
    event = {
        "event_id": "1",
        "request": {"data": PROMPT},
        "breadcrumbs": [PROMPT],
        "extra": {"x": PROMPT},
        "message": PROMPT,
        "tags": {"part": "api", "else": PROMPT},
        "exception": {
            "values": [{"type": "E", "value": PROMPT, "stacktrace": {"frames": [{"vars": {"a": PROMPT}, "lineno": 1}]}}]
        },
    }
    kept = bared(event)
    assert PROMPT not in json.dumps(kept)
    assert kept["exception"]["values"][0]["stacktrace"]["frames"] == [{"lineno": 1}]
