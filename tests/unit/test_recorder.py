"""What a running job says is written in order, and not too often."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from harness.processes import until
from manimatic import recorder as module
from manimatic.errors import JobCancelled, LeaseLost, StoreError
from manimatic.jobs import Attempt, Failure, JobState, NewJob
from manimatic.ports import Claim, Draft, Event
from manimatic.recorder import MAX_EVENT_CHARS, Recorder, Stop
from manimatic.store import SqlJobStore, open_store
from manimatic.verdicts import Verdict


@pytest.fixture
def store() -> Iterator[SqlJobStore]:
    """Give an empty store."""
    opened = open_store("sqlite://")
    yield opened
    opened.close()


@pytest.fixture
def claim(store: SqlJobStore) -> Claim:
    """Give a claim on a job."""
    store.submit(NewJob(prompt="x"), max_queued=9)
    claim = store.claim("one", lease_s=30, max_tries=3)
    assert claim is not None
    return claim


@pytest.fixture
def recorder(store: SqlJobStore, claim: Claim, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """Give a recorder that has just flushed, so that nothing is due for a long time."""
    monkeypatch.setattr(module, "FLUSH_S", 3600.0)
    recorder = Recorder(store, claim)
    recorder.flush()
    return recorder


def told(store: SqlJobStore, claim: Claim) -> list[tuple[str, dict[str, Any]]]:
    """Return the events after the first."""
    return [(event.kind, dict(event.data)) for event in store.events(claim.job.id)[1:]]


def test_first_word_is_written_at_once(store: SqlJobStore, claim: Claim) -> None:
    """Whoever watches sees that something happens."""
    Recorder(store, claim).log("hello")
    assert told(store, claim) == [("log", {"text": "hello"})]


def test_last_word_is_written_when_it_is_due(store: SqlJobStore, claim: Claim, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes right after something else is not kept back until the scene says more."""
    monkeypatch.setattr(module, "FLUSH_S", 0.2)
    recorder = Recorder(store, claim)
    recorder.log("hello")
    recorder.progress(animation=1, video_s=0.5, line=None)
    assert [kind for kind, _ in told(store, claim)] == ["log"]
    until(lambda: store.get(claim.job.id).progress, "the progress that was due", within_s=5.0)
    until(lambda: len(told(store, claim)) == 2, "its event", within_s=5.0)
    assert (told(store, claim)[1][0], dict(store.get(claim.job.id).progress or {})["animation"]) == ("progress", 1)


def test_what_comes_fast_is_gathered(store: SqlJobStore, claim: Claim, recorder: Recorder) -> None:
    """A thousand lines and steps are one log event and one progress event."""
    for number in range(1000):
        recorder.log(f"{number}\n")
        recorder.progress(animation=number, video_s=number / 3, line=None)
        recorder.draft(title="t", explanation="e", code="c" * number)
    assert told(store, claim) == []
    recorder.flush()
    log, *others = told(store, claim)
    assert log == ("log", {"text": "".join(f"{number}\n" for number in range(1000))})
    assert sorted(kind for kind, _ in others) == ["draft", "progress"]
    assert store.get(claim.job.id).progress == {"animation": 999, "video_s": 333.0, "line": None}


def test_what_has_gathered_goes_out_when_its_time_comes(
    store: SqlJobStore, claim: Claim, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next word takes the earlier ones along."""
    recorder.log("a")
    monkeypatch.setattr(module, "FLUSH_S", 0.0)
    recorder.log("b")
    assert told(store, claim) == [("log", {"text": "ab"})]


def test_state_comes_after_what_was_said_before_it(store: SqlJobStore, claim: Claim, recorder: Recorder) -> None:
    """Nothing of a stage is told after its end."""
    recorder.log("before")
    recorder.advance(JobState.CHECKING, title="T")
    assert [kind for kind, _ in told(store, claim)] == ["log", "state"]
    assert recorder.state is JobState.CHECKING
    assert store.get(claim.job.id).title == "T"


def test_attempt_comes_after_what_was_said_before_it(store: SqlJobStore, claim: Claim, recorder: Recorder) -> None:
    """Its event holds what is shown in a list, not the code."""
    failure = Failure(code="scene_error", message="broke", hint="mend", line=4)
    recorder.log("before")
    recorder.attempt(Attempt(number=1, origin="m", code="c", verdict=Verdict.SCENE_ERROR, failure=failure))
    (first, _), (second, data) = told(store, claim)
    assert (first, second) == ("log", "attempt")
    assert data == {
        "number": 1,
        "origin": "m",
        "verdict": "scene_error",
        "message": "broke",
        "line": 4,
        "cost_usd": None,
        "tokens": 0,
        "fixes": [],
        "diagnostics": [],
        "diff": None,
    }
    assert store.attempts(claim.job.id)[0].code == "c"


def test_long_log_is_split_without_losing_a_character(store: SqlJobStore, claim: Claim, recorder: Recorder) -> None:
    """No event is larger than the cap."""
    text = "".join(chr(33 + number % 90) for number in range(2 * MAX_EVENT_CHARS + 7))
    recorder.log(text)
    recorder.flush()
    pieces = [data["text"] for _, data in told(store, claim)]
    assert [len(piece) for piece in pieces] == [MAX_EVENT_CHARS, MAX_EVENT_CHARS, 7]
    assert "".join(pieces) == text


def test_whole_draft_is_told_at_once_and_marked(store: SqlJobStore, claim: Claim, recorder: Recorder) -> None:
    """It replaces what was heard of it while it was written."""
    recorder.draft(title="T", explanation="", code="cl")
    draft = Draft(title="T", explanation="E", code="class", generator="g")
    recorder.begun(Attempt(number=1, origin="g", code="class"), draft)
    assert store.attempts(claim.job.id)[0].code == "class"
    assert told(store, claim) == [("draft", {"title": "T", "explanation": "E", "code": "class", "final": True})]


class Refusing:
    """Stands before a store and refuses some events."""

    def __init__(self, store: SqlJobStore, error: Exception, after: int) -> None:
        self.inner = store
        self.error: Exception | None = error
        self.left = after

    def __getattr__(self, name: str) -> Any:
        """Give what the store has."""
        return getattr(self.inner, name)

    def add_events(self, claim: Claim, told: Sequence[tuple[str, dict[str, Any]]], **changes: Any) -> Sequence[Event]:
        """Add the events, or refuse."""
        if self.error and self.left == 0:
            raise self.error
        self.left -= 1
        return self.inner.add_events(claim, told, **changes)


@pytest.mark.parametrize("after", [0, 1, 2])
def test_database_that_fails_for_a_moment_loses_nothing(
    store: SqlJobStore, claim: Claim, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """The run goes on, and what was not written comes with the next flush, once."""
    monkeypatch.setattr(module, "FLUSH_S", 3600.0)
    refusing: Any = Refusing(store, StoreError(), after)
    recorder = Recorder(refusing, claim)
    recorder.flush()
    recorder.log("x" * MAX_EVENT_CHARS)
    monkeypatch.setattr(module, "FLUSH_S", 0.0)
    recorder.log("tail")
    recorder.progress(animation=1, video_s=0, line=None)
    refusing.error = None
    recorder.flush()
    events = told(store, claim)
    assert "".join(data["text"] for kind, data in events if kind == "log") == "x" * MAX_EVENT_CHARS + "tail"
    assert [kind for kind, _ in events].count("progress") == 1


def test_lost_lease_is_heard_at_the_next_word(store: SqlJobStore, claim: Claim) -> None:
    """A run whose job is another's is ended."""
    refusing: Any = Refusing(store, LeaseLost(), 0)
    with pytest.raises(LeaseLost):
        Recorder(refusing, claim).log("x")


def test_stop_keeps_its_first_reason() -> None:
    """What came second is no reason any more."""
    stop = Stop(time.monotonic() + 60)
    assert (stop.reason, stop.event.is_set()) == (None, False)
    stop.check()
    stop.set("cancelled")
    stop.set("shutdown")
    assert (stop.reason, stop.event.is_set()) == ("cancelled", True)
    with pytest.raises(JobCancelled):
        stop.check()


def test_stop_knows_when_the_time_is_over() -> None:
    """Nobody has to tell it."""
    now = [0.0]
    stop = Stop(5.0, clock=lambda: now[0])
    assert stop.left_s() == 5.0
    now[0] = 5.0
    with pytest.raises(JobCancelled):
        stop.check()
    assert stop.reason == "expired"
