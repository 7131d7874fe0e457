"""Every `KeyStore` keeps the port's promises, and jobs are charged to their keys."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from clocks import Clock
from manimatic.errors import KeyNotFound, QuotaExceeded
from manimatic.jobs import Attempt, Job, JobState, NewJob, Usage
from manimatic.keys import DAY_S, ApiKey, Issued, Quotas, Scope, Used, issue
from manimatic.ports import Claim, KeyStore
from manimatic.store import Stores

S = JobState
START = 100 * DAY_S + 3600.0


@pytest.fixture
def clock() -> Clock:
    """Give the stores' clock, an hour after a day has begun."""
    return Clock(START)


def issued(stores: Stores, **fields: Any) -> Issued:
    """Make a key and keep it."""
    usual: dict[str, Any] = {
        "account": "alice",
        "name": "laptop",
        "scopes": frozenset({Scope.READ}),
        "quotas": Quotas(),
        "now": START,
    }
    made = issue(**usual | fields)
    stores.keys.add(made.key)
    return made


def submit(stores: Stores, key: ApiKey, **fields: Any) -> Job:
    """Submit a job as this key does."""
    new = NewJob(prompt="a circle", account=key.account, api_key=key.prefix, quotas=key.quotas, **fields)
    return stores.jobs.submit(new, max_queued=1000)


def claimed(stores: Stores) -> Claim:
    """Claim a job that has to be there."""
    claim = stores.jobs.claim("one", lease_s=30, max_tries=3)
    assert claim is not None
    return claim


def test_key_comes_back_as_it_was_kept(stores: Stores) -> None:
    """With all that it may do, and found by its prefix alone."""
    assert isinstance(stores.keys, KeyStore)
    quotas = Quotas(jobs_per_day=3, active_jobs=2, render_minutes_per_day=1.5, cost_usd_per_day=0.25)
    key = issued(stores, quotas=quotas, scopes=frozenset(Scope), expires_at=START + 9).key
    other = issued(stores, account="bob").key
    assert stores.keys.find(key.prefix) == key
    assert stores.keys.find("aaaaaaaaaa") is None
    assert {one.prefix for one in stores.keys.all_keys()} == {key.prefix, other.prefix}


def test_key_is_revoked_once(stores: Stores, clock: Clock) -> None:
    """The first time counts, and what is not there cannot be revoked."""
    key = issued(stores).key
    assert stores.keys.revoke(key.prefix).revoked_at == START
    clock.now += 60
    assert stores.keys.revoke(key.prefix).revoked_at == START
    with pytest.raises(KeyNotFound):
        stores.keys.revoke("aaaaaaaaaa")


def test_use_is_noted(stores: Stores, clock: Clock) -> None:
    """When it was last used is shown to who looks after the keys."""
    key = issued(stores).key
    clock.now += 5
    stores.keys.touch(key.prefix)
    found = stores.keys.find(key.prefix)
    assert found is not None
    assert found.used_at == START + 5


def test_jobs_a_day_are_counted_although_they_are_deleted(stores: Stores, clock: Clock) -> None:
    """Deleting gives nothing back; the next day of UTC does."""
    key = issued(stores, quotas=Quotas(jobs_per_day=2)).key
    for _ in range(2):
        job = submit(stores, key)
        stores.jobs.request_cancel(job.id)
        stores.jobs.delete(job.id)
    with pytest.raises(QuotaExceeded) as caught:
        submit(stores, key)
    assert caught.value.retry_after_s == DAY_S - 3600
    clock.now += DAY_S - 3600
    assert submit(stores, key).account == "alice"


def test_active_jobs_are_those_that_have_not_ended(stores: Stores) -> None:
    """An end makes room for the next."""
    key = issued(stores, quotas=Quotas(active_jobs=2)).key
    first = submit(stores, key)
    submit(stores, key)
    claimed(stores)
    with pytest.raises(QuotaExceeded):
        submit(stores, key)
    assert submit(stores, issued(stores).key)
    stores.jobs.advance(claimed_again(stores, first), S.FAILED)
    assert submit(stores, key)


def claimed_again(stores: Stores, job: Job) -> Claim:
    """Return the claim that the store knows for a job."""
    now = stores.jobs.get(job.id)
    assert now.owner is not None
    return Claim(job=now, owner=now.owner, fence=now.fence)


def test_rendering_is_charged_by_the_second(stores: Stores, clock: Clock) -> None:
    """Also where the job fails, and where its dispatcher dies."""
    key = issued(stores, quotas=Quotas(render_minutes_per_day=1)).key
    submit(stores, key)
    claim = claimed(stores)
    stores.jobs.advance(claim, S.CHECKING)
    stores.jobs.advance(claim, S.RENDERING)
    clock.now += 40
    stores.jobs.reap(max_tries=3)
    assert stores.keys.used(key.prefix) == Used(jobs=1, render_s=40)
    claim = claimed(stores)
    stores.jobs.advance(claim, S.CHECKING)
    stores.jobs.advance(claim, S.RENDERING)
    clock.now += 20
    stores.jobs.advance(claim, S.FAILED)
    assert stores.keys.used(key.prefix).render_s == 60
    with pytest.raises(QuotaExceeded, match="minutes of rendering"):
        submit(stores, key)


def test_money_is_charged_once_although_an_attempt_is_recorded_again(stores: Stores) -> None:
    """An attempt is recorded before it runs and after."""
    key = issued(stores, quotas=Quotas(cost_usd_per_day=0.3)).key
    submit(stores, key)
    claim = claimed(stores)
    for number, cost in ((1, 0.1), (1, 0.1), (2, None), (2, 0.25)):
        attempt = Attempt(number=number, origin="m", code="", usage=Usage(cost_usd=cost), started_at=START)
        stores.jobs.record_attempt(claim, attempt)
    assert stores.keys.used(key.prefix).cost_usd == pytest.approx(0.35)
    with pytest.raises(QuotaExceeded, match="dollars"):
        submit(stores, key)


def test_jobs_without_a_key_are_charged_to_nobody(stores: Stores, clock: Clock) -> None:
    """As those of the command line."""
    stores.jobs.submit(NewJob(prompt="x"), max_queued=9)
    claim = claimed(stores)
    stores.jobs.advance(claim, S.CHECKING)
    stores.jobs.advance(claim, S.RENDERING)
    clock.now += 9
    assert stores.jobs.advance(claim, S.FAILED).account == "local"


def test_quota_holds_when_many_submit_at_once(stores: Stores) -> None:
    """What was counted stays true until the job is in."""
    key = issued(stores, quotas=Quotas(jobs_per_day=5)).key

    def one(_: int) -> bool:
        try:
            submit(stores, key)
        except QuotaExceeded:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(24))) == 5
    assert stores.keys.used(key.prefix).jobs == 5


def test_list_holds_the_jobs_of_one_account(stores: Stores) -> None:
    """A page is full of them, however many others there are between."""
    alice, bob = issued(stores).key, issued(stores, account="bob").key
    mine = []
    for _ in range(3):
        mine.append(submit(stores, alice).id)
        submit(stores, bob)
    page = stores.jobs.list_jobs(limit=2, account="alice")
    rest = stores.jobs.list_jobs(limit=2, account="alice", cursor=page.next_cursor)
    assert [job.id for job in (*page.jobs, *rest.jobs)] == mine[::-1]
    assert rest.next_cursor is None
