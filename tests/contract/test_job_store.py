"""Every `JobStore` in `manimatic.store` keeps the port's promises."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import manimatic.store
import pytest
from clocks import START, Clock
from manimatic.errors import Conflict, InvalidInput, JobNotFound, LeaseLost, QueueFull
from manimatic.jobs import (
    FINAL_STATES,
    TRANSITIONS,
    Attempt,
    Failure,
    Job,
    JobState,
    NewJob,
    Options,
    Origin,
    Quality,
    Revision,
    Usage,
    Video,
)
from manimatic.ports import Claim, JobStore, QueueDepth, ServiceReport
from manimatic.store import SqlJobStore, open_store
from manimatic.verdicts import Verdict

S = JobState
VIDEO = Video(name="v.mp4", url="http://x/v.mp4", bytes=9, sha256="ab", width=854, height=480, fps=15.0, duration_s=2.5)
FAILURE = Failure(code="scene_error", message="It broke.", hint="Mend it.", stage="rendering", line=3)


@pytest.fixture
def store(database_url: str, clock: Clock) -> Iterator[Any]:
    """Give an empty store on each database."""
    opened: Any = open_store(database_url, clock=clock)
    yield opened
    opened.close()


def submit(store: JobStore, prompt: str = "a circle", **fields: Any) -> Job:
    """Submit a job."""
    return store.submit(NewJob(prompt=prompt, **fields), max_queued=1000)


def take(store: JobStore, owner: str = "one", lease_s: float = 30, max_tries: int = 3) -> Claim:
    """Claim a job that has to be there."""
    claim = store.claim(owner, lease_s=lease_s, max_tries=max_tries)
    assert claim is not None
    return claim


def walk(store: JobStore, claim: Claim, *states: JobState, **changes: Any) -> Job:
    """Advance through the states; the changes go with the last."""
    for state in states[:-1]:
        store.advance(claim, state)
    return store.advance(claim, states[-1], **changes)


def to_uploading(store: JobStore, claim: Claim) -> Job:
    """Bring a claimed job to the last state before an end."""
    return walk(store, claim, S.GENERATING, S.CHECKING, S.RENDERING, S.UPLOADING)


def told(store: JobStore, job_id: str) -> list[tuple[str, Any]]:
    """Return the job's events, without numbers and times."""
    return [(event.kind, dict(event.data)) for event in store.events(job_id)]


# ---------------------------------------------------------------- the suite itself


def test_every_implementation_is_in_this_suite(store: JobStore) -> None:
    """A JobStore in `manimatic.store` that no row opens fails here."""
    found = set()
    for module in pkgutil.walk_packages(manimatic.store.__path__, "manimatic.store."):
        for _, kind in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if kind.__module__.startswith("manimatic.store") and issubclass(kind, JobStore):
                found.add(kind)
    assert isinstance(store, JobStore)
    assert found == {SqlJobStore}
    assert isinstance(store, SqlJobStore)


# ---------------------------------------------------------------- submitting and reading


def test_submitted_job_is_read_back_as_it_was(store: JobStore, clock: Clock) -> None:
    """Every field survives the way into the database and out of it."""
    options = Options(quality=Quality.HIGH, aspect_ratio="9:16", fps=24, seed=2**40, duration_hint_seconds=7.5)
    job = submit(
        store, "π ≈ 3 – “круг”", code="x = '''\n'''", options=options, metadata={"a": [1, {"b": None}]}, deadline_at=2e6
    )
    assert store.get(job.id) == job
    assert (job.state, job.prompt, job.brought_code) == (S.QUEUED, "π ≈ 3 – “круг”", "x = '''\n'''")
    assert (job.options, job.metadata, job.deadline_at) == (options, {"a": [1, {"b": None}]}, 2e6)
    assert (job.created_at, job.updated_at, job.fence, job.tries) == (START, START, 0, 0)
    assert told(store, job.id) == [("state", {"state": "queued"})]


def test_characters_that_a_database_refuses_are_replaced(store: JobStore) -> None:
    """NUL, lone surrogates and NaN never make a request fail in the store."""
    job = submit(store, "a\0b\ud800c", metadata={"\0": float("nan"), "big": 10**30})
    assert store.get(job.id).prompt == "a\ufffdb\ufffdc"
    assert store.get(job.id).metadata == {"\ufffd": None, "big": 10**30}


def test_unknown_job_is_not_found(store: JobStore) -> None:
    """Every method that takes an id says so, except where nothing is as good as empty."""
    for call in (store.get, store.queue_position, store.request_cancel, store.requeue_held, store.delete):
        with pytest.raises(JobNotFound, match="nothing"):
            call("nothing")
    assert not store.events("nothing")
    assert not store.attempts("nothing")
    store.forget_video("nothing")


def test_full_queue_refuses_and_takes_again_when_one_runs(store: JobStore) -> None:
    """Only jobs that wait count."""
    for _ in range(2):
        store.submit(NewJob(prompt="x"), max_queued=2)
    with pytest.raises(QueueFull):
        store.submit(NewJob(prompt="x"), max_queued=2)
    store.advance(take(store), S.GENERATING)
    store.submit(NewJob(prompt="x"), max_queued=2)


def test_list_is_newest_first_and_pages_without_gaps(store: JobStore) -> None:
    """Jobs that come or go while somebody pages shift nothing."""
    ids = [submit(store).id for _ in range(7)]
    first = store.list_jobs(limit=3)
    assert [job.id for job in first.jobs] == ids[:3:-1]
    submit(store)
    store.request_cancel(ids[4])
    store.delete(ids[4])
    second = store.list_jobs(limit=3, cursor=first.next_cursor)
    last = store.list_jobs(limit=3, cursor=second.next_cursor)
    assert [job.id for job in (*second.jobs, *last.jobs)] == ids[3::-1]
    assert last.next_cursor is None


def test_list_of_exactly_one_page_has_no_next(store: JobStore) -> None:
    """The last page is known as the last."""
    submit(store)
    page = store.list_jobs(limit=1)
    assert (len(page.jobs), page.next_cursor) == (1, None)


def test_list_by_state_shows_only_that_state(store: JobStore) -> None:
    """The filter goes with the cursor."""
    for _ in range(3):
        submit(store)
    claim = take(store)
    store.advance(claim, S.GENERATING)
    assert [job.id for job in store.list_jobs(limit=9, state=S.GENERATING).jobs] == [claim.job.id]
    assert len(store.list_jobs(limit=9, state=S.QUEUED).jobs) == 2


def test_list_by_lineage_shows_a_first_version_and_all_that_came_of_it(store: JobStore) -> None:
    """What was to be changed is read back as it was."""
    first, other = submit(store), submit(store)
    revision = Revision(instruction="“bluer”", code="x = 1\n")
    origin = Origin(parent=first.id, lineage=first.first_version)
    second = submit(store, origin=origin, revision=revision)
    assert [job.id for job in store.list_jobs(limit=9, lineage=first.id).jobs] == [second.id, first.id]
    assert [job.id for job in store.list_jobs(limit=9, lineage=other.id).jobs] == [other.id]
    read = store.get(second.id)
    assert (read.parent, read.first_version, read.revision) == (first.id, first.id, revision)


def test_shared_job_is_found_by_its_token_until_it_is_shared_no_more(store: JobStore) -> None:
    """Only a job with a video can be shared, and a deleted one is not there."""
    job = submit(store)
    with pytest.raises(Conflict):
        store.share(job.id, "token")
    claim = take(store)
    to_uploading(store, claim)
    store.advance(claim, S.COMPLETE, video=VIDEO)
    assert store.share(job.id, "token").share_token == "token"
    assert store.share(job.id, "another").share_token == "token"
    assert store.shared("token").id == job.id
    store.share(job.id, None)
    with pytest.raises(JobNotFound):
        store.shared("token")
    store.share(job.id, "another")
    store.doom(job.id)
    with pytest.raises(JobNotFound):
        store.shared("another")


@pytest.mark.parametrize("cursor", ["", "x", "=", "é", "YmVmb3JlOjA", "YmVmb3JlOjE=", "YmVmb3JlOngx", "A" * 10_000])
def test_cursor_from_elsewhere_is_refused(store: JobStore, cursor: str) -> None:
    """Only what `list_jobs` handed out is a cursor."""
    with pytest.raises(InvalidInput):
        store.list_jobs(limit=1, cursor=cursor)


def test_cursor_fits_in_a_url(store: JobStore) -> None:
    """It needs no quoting."""
    for _ in range(2):
        submit(store)
    cursor = store.list_jobs(limit=1).next_cursor
    assert cursor is not None
    assert cursor.replace("-", "").replace("_", "").isalnum()


def test_queue_position_counts_those_before(store: JobStore) -> None:
    """The first is 1; what runs has none."""
    jobs = [submit(store) for _ in range(3)]
    assert [store.queue_position(job.id) for job in jobs] == [1, 2, 3]
    store.advance(take(store), S.GENERATING)
    assert [store.queue_position(job.id) for job in jobs] == [None, 1, 2]


def test_depth_tells_what_waits_and_runs(store: JobStore, clock: Clock) -> None:
    """The age is that of the job that waits longest."""
    assert store.depth() == QueueDepth(queued=0, running=0, oldest_queued_s=None)
    for _ in range(3):
        submit(store)
        clock.pass_s(10)
    store.advance(take(store), S.GENERATING)
    assert store.depth() == QueueDepth(queued=2, running=1, oldest_queued_s=20.0)


def test_ping_answers(store: JobStore) -> None:
    """The connection works."""
    store.ping()


# ---------------------------------------------------------------- claiming


def test_oldest_job_is_claimed_first(store: JobStore) -> None:
    """First come, first served, each to one owner."""
    ids = [submit(store).id for _ in range(3)]
    assert [take(store, owner).job.id for owner in "abc"] == ids
    assert store.claim("d", lease_s=30, max_tries=3) is None


def test_claim_sets_owner_lease_fence_and_try(store: JobStore) -> None:
    """The job stays queued until its holder advances it."""
    submit(store)
    claim = take(store, "me", lease_s=30)
    assert (claim.owner, claim.fence, claim.job.state) == ("me", 1, S.QUEUED)
    assert (claim.job.owner, claim.job.lease_until, claim.job.tries) == ("me", START + 30, 1)
    assert store.get(claim.job.id) == claim.job


def test_claimed_queued_job_is_claimable_again_only_after_its_lease(store: JobStore, clock: Clock) -> None:
    """The second claim gets a higher fence and makes the first worthless."""
    submit(store)
    old = take(store, "same", lease_s=30)
    clock.pass_s(29.9)
    assert store.claim("same", lease_s=30, max_tries=3) is None
    clock.pass_s(0.1)
    new = take(store, "same")
    assert new.fence > old.fence
    with pytest.raises(LeaseLost):
        store.advance(old, S.GENERATING)
    assert store.advance(new, S.GENERATING).state is S.GENERATING


def test_job_tried_too_often_is_not_claimed(store: JobStore, clock: Clock) -> None:
    """It waits for the reaper instead."""
    submit(store)
    for _ in range(2):
        take(store, max_tries=2)
        clock.pass_s(31)
    assert store.claim("one", lease_s=30, max_tries=2) is None


def test_job_past_its_deadline_is_not_claimed(store: JobStore, clock: Clock) -> None:
    """Working on it would be waste."""
    submit(store, deadline_at=START + 5)
    clock.pass_s(5)
    assert store.claim("one", lease_s=30, max_tries=3) is None


# ---------------------------------------------------------------- the lease


def test_heartbeat_prolongs_the_lease(store: JobStore, clock: Clock) -> None:
    """A job whose holder lives is not reaped."""
    submit(store)
    claim = take(store, lease_s=30)
    clock.pass_s(20)
    assert store.heartbeat(claim, lease_s=30) is False
    clock.pass_s(20)
    assert list(store.reap(max_tries=3)) == []


def test_late_heartbeat_revives_a_lease_that_nobody_took(store: JobStore, clock: Clock) -> None:
    """A short pause of the machine costs no work."""
    submit(store)
    claim = take(store, lease_s=30)
    clock.pass_s(100)
    store.heartbeat(claim, lease_s=30)
    assert store.claim("two", lease_s=30, max_tries=3) is None


def test_reaped_claim_is_worthless_for_everything(store: JobStore, clock: Clock) -> None:
    """Nothing that the old holder still says changes the job."""
    submit(store)
    claim = take(store)
    store.advance(claim, S.GENERATING)
    clock.pass_s(31)
    store.reap(max_tries=3)
    before = (store.get(claim.job.id), told(store, claim.job.id))
    for call in (
        lambda: store.heartbeat(claim, lease_s=30),
        lambda: store.advance(claim, S.CHECKING),
        lambda: store.update(claim, title="x"),
        lambda: store.add_event(claim, "log", {}),
        lambda: store.record_attempt(claim, Attempt(number=1, origin="offline", code="")),
    ):
        with pytest.raises(LeaseLost):
            call()
    assert (store.get(claim.job.id), told(store, claim.job.id)) == before


# ---------------------------------------------------------------- advancing


@pytest.mark.parametrize("path", [(), (S.GENERATING,), (S.CHECKING,), (S.CHECKING, S.RENDERING), (S.UPLOADING,)])
def test_arrows_that_the_table_lacks_are_refused(store: JobStore, path: tuple[JobState, ...]) -> None:
    """From each state, every other state is either in the table or a Conflict that changes nothing."""
    submit(store)
    claim = take(store)
    for state in path:
        store.advance(claim, state)
    here = store.get(claim.job.id)
    for to in set(JobState) - TRANSITIONS[here.state]:
        with pytest.raises(Conflict):
            store.advance(claim, to)
    assert store.get(claim.job.id) == here


def test_whole_run_is_recorded(store: JobStore, clock: Clock) -> None:
    """States, times, the video and the events of a job that goes well."""
    job = submit(store)
    clock.pass_s(1)
    claim = take(store)
    for state, seconds in ((S.GENERATING, 2), (S.CHECKING, 3), (S.GENERATING, 4), (S.CHECKING, 5), (S.RENDERING, 6)):
        store.advance(claim, state)
        clock.pass_s(seconds)
    store.advance(claim, S.UPLOADING, verdict=Verdict.TIMEOUT, partial=True, isolation={"backend": "x"})
    clock.pass_s(7)
    done = store.advance(claim, S.COMPLETE, video=VIDEO, code="c", title="t", explanation="e", generator="offline")
    assert done.timings == {"queued": 1, "generating": 6, "checking": 8, "rendering": 6, "uploading": 7}
    assert (done.state, done.ended_at, done.owner, done.lease_until) == (S.COMPLETE, clock.now, None, None)
    assert (done.video, done.verdict, done.partial, done.isolation) == (VIDEO, Verdict.TIMEOUT, True, {"backend": "x"})
    assert store.get(job.id) == done
    assert told(store, job.id)[-2:] == [
        ("state", {"state": "complete"}),
        ("end", {"state": "complete", "failure": None, "partial": True}),
    ]


def test_failed_job_tells_its_failure_in_the_end_event(store: JobStore) -> None:
    """Whoever follows the events needs no other request."""
    submit(store)
    claim = take(store)
    assert store.advance(claim, S.FAILED, failure=FAILURE).failure == FAILURE
    assert told(store, claim.job.id)[-1] == (
        "end",
        {"state": "failed", "failure": dataclasses.asdict(FAILURE), "partial": False},
    )


@pytest.mark.parametrize("end", sorted(FINAL_STATES - {S.COMPLETE}))
def test_final_job_cannot_be_moved_by_its_old_holder(store: JobStore, end: JobState) -> None:
    """The claim ends with the job, and nothing follows the `end` event."""
    submit(store)
    claim = take(store)
    store.advance(claim, end)
    with pytest.raises(LeaseLost):
        store.advance(claim, S.QUEUED)
    with pytest.raises(LeaseLost):
        store.add_event(claim, "log", {"text": "late"})


def test_holder_may_hand_its_job_back_without_losing_a_try(store: JobStore) -> None:
    """A dispatcher that is told to stop leaves the job to the next at once."""
    submit(store)
    claim = take(store)
    store.advance(claim, S.GENERATING)
    job = store.advance(claim, S.QUEUED)
    assert (job.owner, job.lease_until, job.tries) == (None, None, 0)
    assert told(store, job.id)[-1] == ("state", {"state": "queued", "handed_back": True})
    assert take(store, "two").job.id == job.id


@pytest.mark.parametrize("name", ["id", "fence", "owner", "tries", "state_since", "nonsense", "timings", "metadata"])
def test_changes_to_what_the_store_keeps_are_refused(store: JobStore, name: str) -> None:
    """They are mistakes in our own code and change nothing."""
    submit(store)
    claim = take(store)
    with pytest.raises(TypeError, match=name):
        store.update(claim, **{name: 1})
    with pytest.raises(TypeError, match=name):
        store.advance(claim, S.GENERATING, **{name: 1})
    assert store.get(claim.job.id) == claim.job


def test_update_changes_fields_and_not_the_state(store: JobStore, clock: Clock) -> None:
    """And it can set them back to None."""
    submit(store)
    claim = take(store)
    clock.pass_s(1)
    job = store.update(claim, title="t", progress={"animation": 2}, failure=FAILURE, held_video="/x")
    assert (job.state, job.title, job.progress, job.failure) == (S.QUEUED, "t", {"animation": 2}, FAILURE)
    assert job.updated_at == clock.now
    assert store.update(claim, failure=None, held_video=None).failure is None


# ---------------------------------------------------------------- attempts and events


def test_attempt_is_replaced_by_number(store: JobStore) -> None:
    """It is recorded when it starts and again when it ends."""
    job = submit(store)
    claim = take(store)
    first = Attempt(number=1, origin="offline", code="a", started_at=1.0)
    second = Attempt(
        number=2,
        origin="gemini",
        code="b",
        verdict=Verdict.SCENE_ERROR,
        failure=FAILURE,
        usage=Usage(requests=1, input_tokens=5, output_tokens=7, cost_usd=0.01),
        ended_at=3.0,
        isolation={"layers": ["x"]},
        figures={"peak": 1.5},
    )
    for attempt in (second, first, dataclasses.replace(first, verdict=Verdict.OK, ended_at=2.0)):
        store.record_attempt(claim, attempt)
    assert list(store.attempts(job.id)) == [dataclasses.replace(first, verdict=Verdict.OK, ended_at=2.0), second]


def test_events_are_numbered_from_one_and_read_from_anywhere(store: JobStore, clock: Clock) -> None:
    """`after` and `limit` cut the sequence."""
    job = submit(store)
    claim = take(store)
    clock.pass_s(3)
    made = [store.add_event(claim, "log", {"text": str(number)}) for number in range(5)]
    assert [event.number for event in made] == [2, 3, 4, 5, 6]
    assert list(store.events(job.id, after=1)) == made
    assert list(store.events(job.id, after=2, limit=2)) == made[1:3]
    assert made[0].at == clock.now


def test_events_are_limited_whatever_is_asked(store: JobStore) -> None:
    """A million log lines do not fill the reader's memory."""
    job = submit(store)
    claim = take(store)
    for number in range(1100):
        store.add_event(claim, "log", {"n": number})
    assert len(store.events(job.id, limit=10**9)) == 1000
    assert len(store.events(job.id, after=1000, limit=10**9)) == 101


# ---------------------------------------------------------------- cancelling


def test_cancelling_a_waiting_job_ends_it_at_once(store: JobStore) -> None:
    """Nobody has to be running for it."""
    job = submit(store)
    cancelled = store.request_cancel(job.id)
    assert (cancelled.state, cancelled.ended_at) == (S.CANCELLED, START)
    assert cancelled.failure is not None
    assert cancelled.failure.code == "cancelled"
    assert [kind for kind, _ in told(store, job.id)] == ["state", "state", "end"]
    assert store.claim("one", lease_s=30, max_tries=3) is None


@pytest.mark.parametrize("running", [True, False])
def test_cancelling_a_held_job_asks_its_holder(store: JobStore, running: bool) -> None:
    """The next heartbeat hears of it; asking twice is harmless."""
    submit(store)
    claim = take(store)
    if running:
        store.advance(claim, S.GENERATING)
    for _ in range(2):
        assert store.request_cancel(claim.job.id).cancel_requested is True
    assert store.heartbeat(claim, lease_s=30) is True
    assert store.advance(claim, S.CANCELLED).state is S.CANCELLED
    assert [kind for kind, _ in told(store, claim.job.id)].count("end") == 1


def test_cancelling_too_late_still_completes(store: JobStore) -> None:
    """What was asked after the work was done changes nothing."""
    submit(store)
    claim = take(store)
    to_uploading(store, claim)
    store.request_cancel(claim.job.id)
    done = store.advance(claim, S.COMPLETE, video=VIDEO)
    assert store.request_cancel(claim.job.id) == done


def test_cancelled_job_of_a_dead_holder_is_reaped_as_cancelled(store: JobStore, clock: Clock) -> None:
    """It does not go back to the queue."""
    submit(store)
    claim = take(store)
    store.advance(claim, S.GENERATING)
    store.request_cancel(claim.job.id)
    clock.pass_s(31)
    assert [job.state for job in store.reap(max_tries=3)] == [S.CANCELLED]


@pytest.mark.parametrize("end", sorted(FINAL_STATES))
def test_cancelling_a_final_job_changes_nothing(store: JobStore, clock: Clock, end: JobState) -> None:
    """Not even a date."""
    submit(store)
    claim = take(store)
    to_uploading(store, claim)
    done = store.advance(claim, end)
    clock.pass_s(5)
    assert store.request_cancel(claim.job.id) == store.get(claim.job.id) == done


def test_cancelled_job_that_a_dead_holder_never_began_is_not_claimed(store: JobStore, clock: Clock) -> None:
    """Between the end of its lease and the reaper it only looks as if it waited."""
    submit(store)
    claim = take(store)
    store.request_cancel(claim.job.id)
    clock.pass_s(31)
    assert store.claim("two", lease_s=30, max_tries=3) is None
    assert [job.state for job in store.reap(max_tries=3)] == [S.CANCELLED]


# ---------------------------------------------------------------- reaping


def test_reap_frees_a_job_that_was_claimed_and_never_begun(store: JobStore, clock: Clock) -> None:
    """It waits like any other, and those who follow it are told."""
    submit(store)
    take(store)
    clock.pass_s(31)
    (job,) = store.reap(max_tries=3)
    assert (job.state, job.owner, job.lease_until) == (S.QUEUED, None, None)
    assert told(store, job.id)[-1] == ("state", {"state": "queued", "handed_back": True})
    assert list(store.reap(max_tries=3)) == []


def test_reap_hands_back_what_a_dead_holder_left(store: JobStore, clock: Clock) -> None:
    """Another one takes it over with a higher fence; the time counts for the state it stood in."""
    submit(store)
    old = take(store)
    store.advance(old, S.GENERATING, progress={"animation": 1})
    clock.pass_s(31)
    (job,) = store.reap(max_tries=3)
    assert (job.state, job.owner, job.tries, job.progress) == (S.QUEUED, None, 1, {})
    assert job.timings["generating"] == 31
    assert told(store, job.id)[-1] == ("state", {"state": "queued", "handed_back": True})
    assert take(store, "two").fence > old.fence
    assert list(store.reap(max_tries=3)) == []


@pytest.mark.parametrize("running", [True, False])
def test_reap_fails_what_was_tried_too_often(store: JobStore, clock: Clock, running: bool) -> None:
    """A job that kills its dispatcher does not do so for ever."""
    job = submit(store)
    for _ in range(3):
        claim = take(store)
        if running:
            store.advance(claim, S.GENERATING)
        clock.pass_s(31)
        store.reap(max_tries=3)
    failed = store.get(job.id)
    assert failed.state is S.FAILED
    assert failed.failure is not None
    assert (failed.failure.code, failed.failure.stage) == ("worker_lost", "generating" if running else "queued")


def test_reap_fails_waiting_jobs_that_nobody_may_claim(store: JobStore, clock: Clock) -> None:
    """Where `max_tries` was lowered, jobs do not wait for ever."""
    submit(store)
    take(store)
    clock.pass_s(31)
    store.reap(max_tries=3)
    assert [job.state for job in store.reap(max_tries=1)] == [S.FAILED]


def test_reap_expires_what_is_past_its_deadline(store: JobStore, clock: Clock) -> None:
    """Waiting or left by a dead holder; a live holder minds the deadline itself."""
    held, left, waiting = (submit(store, deadline_at=START + 50) for _ in range(3))
    claim = take(store, lease_s=100)
    store.advance(claim, S.GENERATING)
    store.advance(take(store, lease_s=10), S.GENERATING)
    clock.pass_s(50)
    assert [(job.id, job.state) for job in store.reap(max_tries=3)] == [(left.id, S.EXPIRED), (waiting.id, S.EXPIRED)]
    failure = store.get(waiting.id).failure
    assert failure is not None
    assert failure.code == "expired"
    assert store.get(held.id).state is S.GENERATING


def test_reap_settles_more_than_one_batch(store: JobStore, clock: Clock) -> None:
    """Hundreds of jobs are all settled by one call."""
    for _ in range(250):
        submit(store, deadline_at=START + 1)
    clock.pass_s(1)
    assert len(store.reap(max_tries=3)) == 250
    assert list(store.reap(max_tries=3)) == []


# ---------------------------------------------------------------- videos


def test_kept_video_goes_back_to_the_queue_with_all_tries(store: JobStore, clock: Clock) -> None:
    """Also when its deadline has long passed; it may go straight to uploading."""
    job = submit(store, deadline_at=START + 5)
    claim = take(store)
    to_uploading(store, claim)
    lost = Failure(code="storage_error", message="m", hint="h")
    store.advance(claim, S.FAILED, failure=lost, held_video="/held.mp4")
    clock.pass_s(100)
    queued = store.requeue_held(job.id)
    assert (queued.state, queued.tries, queued.failure, queued.ended_at) == (S.QUEUED, 0, None, None)
    again = take(store)
    assert again.job.held_video == "/held.mp4"
    done = walk(store, again, S.UPLOADING, S.COMPLETE, video=VIDEO, held_video=None)
    assert (done.state, done.held_video) == (S.COMPLETE, None)
    numbers = [event.number for event in store.events(job.id)]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("changes", [{"failure": FAILURE, "held_video": "/x"}, {"failure": None}, {}])
def test_other_failures_are_not_queued_again(store: JobStore, changes: dict[str, Any]) -> None:
    """Only a kept video is worth it."""
    submit(store)
    claim = take(store)
    store.advance(claim, S.FAILED, **changes)
    with pytest.raises(Conflict):
        store.requeue_held(claim.job.id)


def test_storage_error_without_a_kept_video_is_not_queued_again(store: JobStore) -> None:
    """There is nothing to store."""
    submit(store)
    claim = take(store)
    store.advance(claim, S.FAILED, failure=Failure(code="storage_error", message="m", hint="h"))
    with pytest.raises(Conflict):
        store.requeue_held(claim.job.id)


def test_videos_past_their_time_are_found_until_forgotten(store: JobStore, clock: Clock) -> None:
    """Those that are kept for ever, and those not yet due, are not."""
    for expires_at in (START + 20, START + 10, None, START + 99):
        submit(store)
        claim = take(store)
        to_uploading(store, claim)
        store.advance(claim, S.COMPLETE, video=dataclasses.replace(VIDEO, expires_at=expires_at))
    clock.pass_s(20)
    due = store.expired_videos()
    assert [job.video and job.video.expires_at for job in due] == [START + 10, START + 20]
    assert len(store.expired_videos(limit=1)) == 1
    for job in due:
        store.forget_video(job.id)
        assert store.get(job.id).video is None
    assert list(store.expired_videos()) == []


def test_old_jobs_are_dropped_with_all_that_belongs_to_them(store: JobStore, clock: Clock) -> None:
    """Those that hold a stored video, those that have not ended and those that ended lately stay."""
    submit(store)
    stored = take(store)
    to_uploading(store, stored)
    store.advance(stored, S.COMPLETE, video=VIDEO)
    waiting = submit(store)
    store.request_cancel(submit(store).id)
    old = submit(store)
    failed = store.claim("one", lease_s=30, max_tries=3, job_id=old.id)
    assert failed
    store.add_event(failed, "log", {"text": "x"})
    store.advance(failed, S.FAILED, held_video="/somewhere/v.mp4", video=VIDEO)
    clock.pass_s(100)
    new = submit(store)
    store.request_cancel(new.id)
    clock.pass_s(1)
    assert len(store.drop_ended(older_than_s=50, limit=1)) == 1
    assert [job.id for job in store.drop_ended(older_than_s=50)] == [old.id]
    assert list(store.events(old.id)) == []
    assert {job.id for job in store.list_jobs(limit=9).jobs} == {waiting.id, stored.job.id, new.id}
    store.forget_video(stored.job.id)
    assert [job.id for job in store.drop_ended(older_than_s=50)] == [stored.job.id]


# ---------------------------------------------------------------- the clock is set back


def test_lease_of_a_dead_holder_ends_although_the_clock_was_set_back(store: JobStore, clock: Clock) -> None:
    """Else a job would wait for as long as the clock had gone back."""
    submit(store)
    store.advance(take(store), S.GENERATING)
    clock.pass_s(-86_400)
    assert list(store.reap(max_tries=3)) == []
    assert list(store.reap(max_tries=3, longest_lease_s=300)) == []
    clock.pass_s(300)
    assert [job.state for job in store.reap(max_tries=3)] == [S.QUEUED]


def test_live_holder_keeps_its_job_although_the_clock_was_set_back(store: JobStore, clock: Clock) -> None:
    """Its next heartbeat counts from the new time; nobody has taken the job before."""
    submit(store)
    claim = take(store)
    clock.pass_s(-86_400)
    assert list(store.reap(max_tries=3)) == []
    assert store.claim("two", lease_s=30, max_tries=3) is None
    assert not store.heartbeat(claim, lease_s=30)
    clock.pass_s(29)
    assert list(store.reap(max_tries=3)) == []
    store.advance(claim, S.GENERATING)


def test_claim_that_a_jump_ahead_made_worthless_gives_no_second_result(store: JobStore, clock: Clock) -> None:
    """The job begins again under a new fence, and the old holder can end nothing."""
    submit(store)
    old = take(store)
    store.advance(old, S.GENERATING)
    clock.pass_s(86_400)
    assert [job.state for job in store.reap(max_tries=3)] == [S.QUEUED]
    new = take(store, "two")
    with pytest.raises(LeaseLost):
        store.advance(old, S.CHECKING)
    to_uploading(store, new)
    assert store.advance(new, S.COMPLETE, video=VIDEO).state is S.COMPLETE


def test_service_that_died_before_the_clock_was_set_back_is_not_seen(store: JobStore, clock: Clock) -> None:
    """Its last report lies in the future, and would else count as fresh until then."""
    store.report(ServiceReport(name="dead", role="dispatcher", facts={}))
    clock.pass_s(-86_400 * 2)
    store.report(ServiceReport(name="live", role="dispatcher", facts={}))
    assert [report.name for report in store.reports(within_s=30)] == ["live"]
    assert [report.name for report in store.reports(within_s=10**6)] == ["live"]


def test_age_of_the_queue_is_never_negative(store: JobStore, clock: Clock) -> None:
    """Whoever reads it would not expect that."""
    submit(store)
    clock.pass_s(-60)
    assert store.depth().oldest_queued_s == 0.0


# ---------------------------------------------------------------- deleting and services


def test_deleting_removes_the_job_with_all_that_hangs_on_it(store: JobStore) -> None:
    """And only that job."""
    kept, gone = submit(store), submit(store)
    take(store)
    claim = take(store)
    store.record_attempt(claim, Attempt(number=1, origin="offline", code=""))
    ended = store.advance(claim, S.FAILED, failure=FAILURE)
    assert store.delete(gone.id) == ended
    assert not store.events(gone.id)
    assert not store.attempts(gone.id)
    assert len(store.events(kept.id)) == 1
    with pytest.raises(JobNotFound):
        store.get(gone.id)


def test_doomed_job_is_hidden_from_all_but_the_clean_up(store: JobStore) -> None:
    """It is found among the expired videos, whatever its time, until it is deleted."""
    submit(store)
    claim = take(store)
    to_uploading(store, claim)
    store.advance(claim, S.COMPLETE, video=VIDEO)
    assert store.doom(claim.job.id).is_doomed
    assert store.list_jobs(limit=9).jobs == ()
    for ask in (store.get, store.request_cancel, store.requeue_held, store.doom):
        with pytest.raises(JobNotFound):
            ask(claim.job.id)
    [left] = store.expired_videos()
    assert left.is_doomed
    assert left.video == dataclasses.replace(VIDEO, expires_at=0.0)
    assert store.delete(left.id).id == claim.job.id
    assert list(store.expired_videos()) == []


def test_only_a_complete_job_with_a_video_can_be_doomed(store: JobStore) -> None:
    """What runs is cancelled first, and what has no video is simply deleted."""
    waiting = submit(store)
    with pytest.raises(Conflict):
        store.doom(waiting.id)
    assert store.get(waiting.id).state is S.QUEUED
    with pytest.raises(JobNotFound):
        store.doom("nobody")


def test_job_that_is_not_final_cannot_be_deleted(store: JobStore) -> None:
    """It has to be cancelled first."""
    job = submit(store)
    with pytest.raises(Conflict):
        store.delete(job.id)


def test_newest_report_of_each_service_is_kept(store: JobStore, clock: Clock) -> None:
    """Those not seen lately are left out."""
    store.report(ServiceReport(name="b", role="launcher", facts={"layers": ["x"]}))
    clock.pass_s(60)
    for busy in (1, 2):
        store.report(ServiceReport(name="a", role="dispatcher", facts={"busy": busy}))
    newest = ServiceReport(name="a", role="dispatcher", facts={"busy": 2}, seen_at=clock.now)
    assert list(store.reports(within_s=30)) == [newest]
    assert [report.name for report in store.reports(within_s=60)] == ["a", "b"]
    clock.pass_s(86_400)
    store.report(newest)
    assert [report.name for report in store.reports(within_s=10**6)] == ["a"]


# ---------------------------------------------------------------- threads


def test_threads_get_each_job_once(store: JobStore) -> None:
    """Eight threads, sixty jobs."""
    ids = {submit(store).id for _ in range(60)}

    def claim_all(owner: str) -> list[str]:
        claimed = []
        while claim := store.claim(owner, lease_s=30, max_tries=3):
            claimed.append(claim.job.id)
        return claimed

    with ThreadPoolExecutor(8) as pool:
        claimed = [job_id for part in pool.map(claim_all, "abcdefgh") for job_id in part]
    assert len(claimed) == 60
    assert set(claimed) == ids


def test_threads_that_add_events_together_leave_no_gap(store: JobStore) -> None:
    """Numbers are given in the transaction that inserts; readers see a prefix at any time."""
    job = submit(store)
    claim = take(store)
    stop, seen = threading.Event(), []

    def read() -> None:
        while not stop.is_set():
            seen.append([event.number for event in store.events(job.id)])

    reader = threading.Thread(target=read)
    reader.start()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: store.add_event(claim, "log", {"n": number}), range(150)))
    stop.set()
    reader.join()
    seen.append([event.number for event in store.events(job.id)])
    assert len(seen[-1]) == 151
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in seen)


def test_one_of_many_racing_submits_takes_the_last_place(store: JobStore) -> None:
    """The limit holds when requests come together."""

    def attempt(_: int) -> bool:
        try:
            store.submit(NewJob(prompt="x"), max_queued=5)
        except QueueFull:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(20))) == 5


# ---------------------------------------------------------------- accounts take turns


def of_account(store: JobStore, account: str, jobs: int = 1) -> list[str]:
    """Queue jobs of an account and return their ids."""
    return [submit(store, account=account).id for _ in range(jobs)]


def end(store: JobStore, claim: Claim) -> None:
    """Let a claimed job end."""
    store.advance(claim, S.FAILED, failure=FAILURE)


def run_all(store: JobStore) -> list[str]:
    """Run one job after the other and return their ids in order."""
    order = []
    while claim := store.claim("one", lease_s=30, max_tries=3):
        order.append(claim.job.id)
        end(store, claim)
    return order


def test_accounts_are_served_in_turn(store: JobStore) -> None:
    """Who came later with little does not wait behind who came first with much."""
    many, few, late = of_account(store, "many", 5), of_account(store, "few", 2), of_account(store, "late")
    order = run_all(store)
    assert order == [many[0], few[0], late[0], many[1], few[1], *many[2:]]


def test_jobs_of_one_account_run_as_they_came(store: JobStore) -> None:
    """Without keys all jobs are of one account, and the queue is what it looks like."""
    came = of_account(store, "local", 6)
    assert run_all(store) == came


def test_account_with_fewest_running_jobs_is_next(store: JobStore) -> None:
    """Whoever has a long job does not get a second dispatcher before somebody who has none."""
    of_account(store, "long")
    take(store)
    more, other = of_account(store, "long"), of_account(store, "other", 2)
    assert [take(store).job.id for _ in range(3)] == [other[0], *more, other[1]]


def test_dead_claims_do_not_count_as_running(store: JobStore, clock: Clock) -> None:
    """A lease that ran out holds nobody back."""
    of_account(store, "dead", 2)
    take(store)
    of_account(store, "other")
    take(store)
    clock.pass_s(31)
    store.reap(max_tries=3)
    assert take(store).job.account == "dead"


def test_next_of_an_account_is_its_own_turn_again_after_a_pause(store: JobStore) -> None:
    """Turns are remembered when an account has nothing left."""
    of_account(store, "ada")
    of_account(store, "bob")
    run_all(store)
    of_account(store, "bob")
    of_account(store, "ada")
    assert take(store).job.account == "ada"


def test_position_says_the_order_in_which_jobs_run(store: JobStore) -> None:
    """What users are shown is what happens, as long as nothing else comes."""
    for account, jobs in [("a", 4), ("b", 1), ("c", 3), ("a", 2), ("b", 2)]:
        of_account(store, account, jobs)
    end(store, take(store))
    queued = [job.id for job in store.list_jobs(limit=50, state=S.QUEUED).jobs]
    positions = {store.queue_position(job_id): job_id for job_id in queued}
    assert [positions[number] for number in sorted(positions, key=int)] == run_all(store)
    assert sorted(positions, key=int) == list(range(1, len(queued) + 1))


def test_many_jobs_of_one_account_cost_another_no_turn(store: JobStore) -> None:
    """The newcomer's job is the next to be taken."""
    of_account(store, "many", 200)
    end(store, take(store))
    new = of_account(store, "new")
    assert store.queue_position(new[0]) == 1
    assert take(store).job.id == new[0]


def test_jobs_that_wait_long_are_told_until_they_are_taken(store: JobStore, clock: Clock) -> None:
    """Those whose wake-up may have been lost; neither newer ones nor those that somebody holds."""
    old = of_account(store, "a", 3)
    clock.pass_s(60)
    of_account(store, "a")
    assert list(store.waiting(older_than_s=60)) == old
    assert list(store.waiting(older_than_s=60, limit=2)) == old[:2]
    take(store)
    assert list(store.waiting(older_than_s=60)) == old[1:]
