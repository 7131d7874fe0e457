"""Every `JobStore` makes one job for one request key, whoever asks and however many at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from clocks import Clock
from manimatic.errors import QueueFull, RequestKeyReused
from manimatic.jobs import JobState, NewJob, RequestKey, Submitted
from manimatic.store import SqlJobStore, open_store

DAY_S = 86_400.0
ONCE = RequestKey("key-1", "ab" * 32)


@pytest.fixture
def stores(tmp_path: Path, clock: Clock) -> Iterator[tuple[SqlJobStore, SqlJobStore]]:
    """Give one database as two processes have it."""
    url = f"sqlite:///{tmp_path}/jobs.sqlite3"
    opened = (open_store(url, clock=clock), open_store(url, clock=clock))
    yield opened
    for store in opened:
        store.close()


def submit(store: SqlJobStore, once: RequestKey = ONCE, account: str = "alice", max_queued: int = 99) -> Submitted:
    """Submit a job."""
    return store.submit_once(NewJob(prompt="a circle", account=account), once, max_queued=max_queued)


def test_same_request_finds_its_job(stores: tuple[SqlJobStore, SqlJobStore]) -> None:
    """Also at another process, and as far as the job has come."""
    first = submit(stores[0])
    stores[0].request_cancel(first.job.id)
    again = submit(stores[1])
    assert (first.replayed, again.replayed) == (False, True)
    assert (again.job.id, again.job.state) == (first.job.id, JobState.CANCELLED)


def test_key_with_another_request_is_refused(stores: tuple[SqlJobStore, SqlJobStore]) -> None:
    """It would be unclear which of them was meant; nothing is queued."""
    submit(stores[0])
    with pytest.raises(RequestKeyReused):
        submit(stores[1], RequestKey(ONCE.key, "cd" * 32))
    assert stores[0].depth().queued == 1


def test_keys_of_two_accounts_are_two(stores: tuple[SqlJobStore, SqlJobStore]) -> None:
    """Nobody learns of another's job by a key."""
    ids = {submit(stores[0]).job.id, submit(stores[0], account="bob").job.id}
    assert len(ids) == 2


def test_key_is_forgotten_after_a_day(stores: tuple[SqlJobStore, SqlJobStore], clock: Clock) -> None:
    """Not before."""
    first = submit(stores[0])
    clock.now += DAY_S - 1
    assert submit(stores[0]).replayed
    clock.now += 1
    assert submit(stores[0]).job.id != first.job.id


def test_key_of_a_job_that_was_deleted_makes_another(stores: tuple[SqlJobStore, SqlJobStore]) -> None:
    """The job is gone, and its key with it."""
    first = submit(stores[0])
    stores[0].request_cancel(first.job.id)
    stores[0].delete(first.job.id)
    assert submit(stores[0]).job.id != first.job.id


def test_refused_submission_leaves_the_key_free(stores: tuple[SqlJobStore, SqlJobStore]) -> None:
    """A full queue is no answer to remember."""
    with pytest.raises(QueueFull):
        submit(stores[0], max_queued=0)
    assert not submit(stores[0]).replayed


def test_many_at_once_make_one_job(stores: tuple[SqlJobStore, SqlJobStore]) -> None:
    """Over two processes' connections."""
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: submit(stores[number % 2]), range(24)))
    assert len({one.job.id for one in found}) == 1
    assert [one.replayed for one in found].count(False) == 1


def test_full_queue_says_when_a_place_gets_free(stores: tuple[SqlJobStore, SqlJobStore], clock: Clock) -> None:
    """At the pace of the jobs that have ended; half a minute where none has."""
    store = stores[0]
    with pytest.raises(QueueFull) as caught:
        submit(store, max_queued=0)
    assert caught.value.retry_after_s == 30
    for _ in range(4):
        store.submit(NewJob(prompt="x"), max_queued=9)
        claim = store.claim("one", lease_s=60, max_tries=3)
        assert claim is not None
        for state in (JobState.CHECKING, JobState.RENDERING, JobState.UPLOADING, JobState.COMPLETE):
            store.advance(claim, state)
        clock.now += 12
    with pytest.raises(QueueFull) as caught:
        submit(store, max_queued=0)
    assert caught.value.retry_after_s == 12
