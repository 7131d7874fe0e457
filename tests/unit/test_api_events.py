"""Event streams: what they send, where they resume, and that no client holds up another."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from harness.api import STORAGE_FAILURE, Api, open_api
from manimatic.api.streams import REMEMBERED, Stream, Streams, TooManyStreams
from manimatic.errors import StoreError
from manimatic.jobs import Event, JobState
from manimatic.logs import make_log
from manimatic.settings import Settings


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """Give an API with nothing in it."""
    with open_api(tmp_path) as opened:
        yield opened


@pytest.fixture
def streams(api: Api) -> Iterator[Streams]:
    """Give streams that are quicker than the real ones."""
    made = Streams(api.store, make_log(Settings()), limit=3, poll_s=0.01, heartbeat_s=0.2)
    yield made
    made.close()
    for thread in threading.enumerate():
        if thread.name in {"event-tailer", "reader"}:
            thread.join(20)


@dataclass
class Reader:
    """A client that reads a stream in a thread of its own."""

    stream: Stream
    frames: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Start to read."""
        self.thread = threading.Thread(target=self._run, name="reader", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        self.frames.extend(self.stream)
        self.stream.close()

    def numbers(self) -> list[int]:
        """Return the numbers of the events that have come."""
        return [number for frame in self.frames for number in numbers(frame)]

    def wait_for(self, number: int) -> None:
        """Wait until this event has come."""
        until(lambda: number in self.numbers())

    def end(self) -> list[int]:
        """Wait for the end and return all numbers."""
        self.thread.join(20)
        assert not self.thread.is_alive()
        return self.numbers()


def until(condition: Any) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def numbers(text: str) -> list[int]:
    """Return the numbers of the events in a text."""
    return [int(line[4:]) for line in text.splitlines() if line.startswith("id: ")]


def kinds(text: str) -> list[str]:
    """Return the kinds of the events in a text."""
    return [line[7:] for line in text.splitlines() if line.startswith("event: ")]


def finish(api: Api, claim: Any) -> None:
    """End a job that renders."""
    api.store.advance(claim, JobState.FAILED, failure=STORAGE_FAILURE)


# ---------------------------------------------------------------- over HTTP


def test_ended_job_is_streamed_whole_and_the_stream_ends(api: Api) -> None:
    """Numbers without gaps, `end` at last."""
    job_id = api.generate()
    api.complete(job_id)
    answer = api.client.get(f"/status/{job_id}/events")
    assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["X-Accel-Buffering"] == "no"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.text.startswith("retry: ")
    assert numbers(answer.text) == list(range(1, 8))
    assert kinds(answer.text) == ["state"] * 6 + ["end"]


def test_every_event_is_one_line_of_json_with_its_time(api: Api) -> None:
    """No text of a scene can end a frame early."""
    job_id = api.generate()
    claim = api.render(job_id)
    api.store.add_event(claim, "log", {"text": "a\n\nevent: end\ndata: {}\n\n\u2028"})
    finish(api, claim)
    frames = api.client.get(f"/status/{job_id}/events").text.split("\n\n")[1:-1]
    assert len(frames) == 7
    for frame in frames:
        number, kind, data = frame.split("\n")
        assert (number[:4], kind[:7]) == ("id: ", "event: ")
        assert json.loads(data.removeprefix("data: "))["at"].endswith("Z")


def test_end_of_a_failed_job_tells_the_problem(api: Api) -> None:
    """In the form that the job's status has."""
    job_id = api.generate()
    api.fail(job_id, STORAGE_FAILURE)
    last = api.client.get(f"/status/{job_id}/events").text.strip().split("data: ")[-1]
    data = json.loads(last)
    assert data["state"] == "failed"
    assert data["error"] == api.status(job_id)["error"]


@pytest.mark.parametrize("how", ["header", "query", "both"])
def test_stream_resumes_after_the_last_event(api: Api, how: str) -> None:
    """By header, which counts more, or by parameter."""
    job_id = api.generate()
    api.complete(job_id)
    query = {"header": "", "query": "?after=4", "both": "?after=1"}[how]
    headers = {} if how == "query" else {"Last-Event-ID": "4"}
    assert numbers(api.client.get(f"/status/{job_id}/events{query}", headers=headers).text) == [5, 6, 7]


def test_client_that_has_all_of_an_ended_job_is_told_to_stop(api: Api) -> None:
    """204 keeps a browser's EventSource from coming back for ever."""
    job_id = api.generate()
    api.complete(job_id)
    answer = api.client.get(f"/status/{job_id}/events", headers={"Last-Event-ID": "7"})
    assert (answer.status_code, answer.data) == (204, b"")


@pytest.mark.parametrize("given", ["x", "-1", "1.5", "99999999999999", "२"])
def test_last_event_id_that_is_no_number_is_refused(api: Api, given: str) -> None:
    """It did not come from here."""
    job_id = api.generate()
    headers = {"Last-Event-ID": given.encode().decode("latin-1")}
    assert api.client.get(f"/status/{job_id}/events", headers=headers).status_code == 400


def test_head_opens_no_stream(api: Api) -> None:
    """It would hold a place for nobody."""
    answer = api.client.head(f"/status/{api.generate()}/events")
    assert (answer.status_code, answer.mimetype) == (200, "text/event-stream")
    assert api.app.extensions["manimatic"].streams.count == 0


def test_too_many_streams_are_refused_with_a_time_to_come_back(api: Api) -> None:
    """Other requests still have threads."""
    opened = api.app.extensions["manimatic"].streams
    opened._limit = 0
    answer = api.client.get(f"/status/{api.generate()}/events")
    assert (answer.status_code, answer.get_json()["code"]) == (503, "too_many_streams")
    assert int(answer.headers["Retry-After"]) >= 1


# ---------------------------------------------------------------- as it happens


def test_events_arrive_as_they_happen(api: Api, streams: Streams) -> None:
    """Each within moments, and the end ends the stream."""
    job_id = api.generate()
    reader = Reader(streams.open(job_id, 0))
    reader.wait_for(1)
    claim = api.render(job_id)
    reader.wait_for(4)
    finish(api, claim)
    assert reader.end() == [1, 2, 3, 4, 5, 6]


def test_two_clients_at_different_places_get_all_they_miss(api: Api, streams: Streams) -> None:
    """One thread feeds both."""
    job_id = api.generate()
    early = Reader(streams.open(job_id, 0))
    claim = api.render(job_id)
    early.wait_for(4)
    late = Reader(streams.open(job_id, 2))
    late.wait_for(4)
    finish(api, claim)
    assert (early.end(), late.end()) == ([1, 2, 3, 4, 5, 6], [3, 4, 5, 6])


def test_client_that_does_not_read_holds_up_nobody(api: Api, streams: Streams) -> None:
    """It finds everything when it goes on, also what is no longer remembered."""
    job_id = api.generate()
    slow = iter(streams.open(job_id, 0))
    assert next(slow).startswith("retry")
    quick = Reader(streams.open(job_id, 0))
    claim = api.render(job_id)
    for number in range(REMEMBERED * 2):
        api.store.add_event(claim, "log", {"text": f"{number}\n"})
    finish(api, claim)
    total = 4 + REMEMBERED * 2 + 2
    assert quick.end() == list(range(1, total + 1))
    assert [number for frame in slow for number in numbers(frame)] == list(range(1, total + 1))


def test_silence_is_filled_with_comments(api: Api, streams: Streams) -> None:
    """Proxies and clients see that the line is alive."""
    reader = Reader(streams.open(api.generate(), 0))
    until(lambda: ": still here\n\n" in reader.frames)
    assert reader.numbers() == [1]


def test_number_that_never_was_means_from_the_first(api: Api, streams: Streams) -> None:
    """A client of another database misses nothing, and the reader of others is not led astray."""
    job_id = api.generate()
    astray = Reader(streams.open(job_id, 999))
    other = Reader(streams.open(job_id, 0))
    finish(api, api.render(job_id))
    assert (astray.end(), other.end()) == ([1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6])


def test_job_that_is_stored_again_is_followed_past_its_first_end(api: Api, streams: Streams) -> None:
    """Its first `end` is not the end."""
    job_id = api.generate()
    api.fail(job_id, STORAGE_FAILURE, held_video="/held.mp4")
    api.store.requeue_held(job_id)
    reader = Reader(streams.open(job_id, 0))
    reader.wait_for(7)
    claim = api.claim(job_id)
    api.store.advance(claim, JobState.UPLOADING)
    api.store.advance(claim, JobState.COMPLETE)
    assert reader.end() == list(range(1, 11))


def test_stream_of_a_deleted_job_ends(api: Api, streams: Streams) -> None:
    """At the latest when a heartbeat is due."""
    job_id = api.generate()
    reader = Reader(streams.open(job_id, 0))
    reader.wait_for(1)
    with api.store._database.write() as connection:
        connection.exec_driver_sql("DELETE FROM jobs")
    assert reader.end() == [1]


def test_store_that_fails_for_a_while_loses_nothing(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stream stays open and goes on; the log has one line for the outage and one for its end."""
    job_id, log = api.generate(), io.StringIO()
    streams = Streams(api.store, make_log(Settings(), log), poll_s=0.01, heartbeat_s=0.2)
    reader = Reader(streams.open(job_id, 0))
    reader.wait_for(1)
    works = api.store.events
    monkeypatch.setattr("manimatic.api.streams.OUTAGE_S", 0.02)

    def broken(*_arguments: Any, **_named: Any) -> list[Event]:
        raise StoreError("It is locked.")

    monkeypatch.setattr(api.store, "events", broken)
    claim = api.render(job_id)
    until(lambda: "cannot be read" in log.getvalue())
    monkeypatch.setattr(api.store, "events", works)
    finish(api, claim)
    assert reader.end() == [1, 2, 3, 4, 5, 6]
    assert [json.loads(line)["event"] for line in log.getvalue().splitlines()] == [
        "events cannot be read",
        "events can be read again",
    ]


def test_places_are_limited_and_given_back(api: Api, streams: Streams) -> None:
    """Closing twice gives back one place."""
    job_id = api.generate()
    opened = [streams.open(job_id, 0) for _ in range(3)]
    with pytest.raises(TooManyStreams):
        streams.open(job_id, 0)
    opened[0].close()
    opened[0].close()
    assert streams.count == 2
    streams.open(job_id, 0)
    with pytest.raises(TooManyStreams):
        streams.open(job_id, 0)


def test_reader_thread_ends_with_the_last_client_and_comes_back(api: Api, streams: Streams) -> None:
    """An idle API does not ask the database five times a second."""
    job_id = api.generate()

    def tailers() -> int:
        return sum(thread.name == "event-tailer" for thread in threading.enumerate())

    for _ in range(3):
        first, second = streams.open(job_id, 0), streams.open(job_id, 0)
        assert tailers() == 1
        first.close()
        second.close()
        until(lambda: tailers() == 0)


def test_closing_ends_all_streams_and_lets_none_begin(api: Api, streams: Streams) -> None:
    """A process that ends does not wait for its clients."""
    job_id = api.generate()
    reader = Reader(streams.open(job_id, 0))
    reader.wait_for(1)
    streams.close()
    reader.end()
    with pytest.raises(TooManyStreams):
        streams.open(job_id, 0)
