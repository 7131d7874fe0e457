"""Every `WebhookStore` keeps the port's promises, and every end of a job that a webhook wants is put down for it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from clocks import START, Clock
from manimatic.deliveries import DeliveryState, Due, Try, Webhook
from manimatic.jobs import Failure, Job, JobState, NewJob
from manimatic.ports import WebhookStore
from manimatic.store import Stores

S = JobState
ENDS = Webhook("https://films.example/hook", ("cancelled", "complete", "expired", "failed"))


def submit(stores: Stores, webhook: Webhook | None = ENDS, **fields: Any) -> Job:
    """Submit a job."""
    return stores.jobs.submit(NewJob(prompt="a circle", webhook=webhook, account="alice", **fields), max_queued=99)


def due(stores: Stores) -> Due:
    """Claim a delivery that has to be there."""
    found = stores.webhooks.claim_due(lease_s=30)
    assert found is not None
    return found


def test_secrets_are_rotated_with_two_live_at_once(stores: Stores, clock: Clock) -> None:
    """The newest first; the one before for as long as was said, and no third."""
    assert isinstance(stores.webhooks, WebhookStore)
    assert not stores.webhooks.has_secret("alice")
    made = [stores.webhooks.rotate("alice", overlap_s=60) for _ in range(3)]
    other = stores.webhooks.rotate("bob", overlap_s=60)
    assert all(secret.startswith("whsec_") for secret in made)
    stores.jobs.request_cancel(submit(stores).id)
    assert due(stores).signing == (made[2], made[1])
    clock.now += 61
    assert due(stores).signing == (made[2],)
    assert other not in made
    assert made[2] not in repr(due(stores)) if stores.webhooks.claim_due(lease_s=1) else True


@pytest.mark.parametrize("end", ["cancelled", "failed", "expired", "worker_lost"])
def test_every_end_is_put_down_with_it(stores: Stores, clock: Clock, end: str) -> None:
    """Whoever ends the job: its holder, its user, or the reaper."""
    job = submit(stores, deadline_at=START + 5, metadata={"a": "b"})
    if end == "cancelled":
        stores.jobs.request_cancel(job.id)
    elif end == "failed":
        claim = stores.jobs.claim("one", lease_s=60, max_tries=3)
        assert claim is not None
        stores.jobs.advance(claim, S.FAILED, failure=Failure(code="scene_error", message="It broke.", hint="Mend it."))
    else:
        if end == "worker_lost":
            assert stores.jobs.claim("one", lease_s=1, max_tries=1) is not None
            clock.now += 2
        else:
            clock.now += 6
        stores.jobs.reap(max_tries=1)
    (delivery,) = stores.webhooks.deliveries(job.id)
    state = "failed" if end == "worker_lost" else end
    assert (delivery.event, delivery.url, delivery.state) == (state, ENDS.url, DeliveryState.WAITING)
    body = json.loads(delivery.body)
    assert (body["type"], body["data"]["job_id"], body["data"]["metadata"]) == (f"job.{state}", job.id, {"a": "b"})
    assert body["data"]["error"]["code"] == {"failed": "scene_error"}.get(end, end)
    assert "prompt" not in delivery.body


def test_only_what_is_wanted_is_put_down(stores: Stores) -> None:
    """Other states are nobody's business, nor are jobs without a webhook."""
    job, quiet = submit(stores, Webhook(ENDS.url, ("generating",))), submit(stores, None)
    for wanted in (job, quiet):
        claim = stores.jobs.claim("one", lease_s=60, max_tries=3, job_id=wanted.id)
        assert claim is not None
        stores.jobs.advance(claim, S.GENERATING)
        stores.jobs.advance(claim, S.CHECKING)
    assert [one.event for one in stores.webhooks.deliveries(job.id)] == ["generating"]
    assert stores.webhooks.deliveries(quiet.id) == []


def test_delivery_is_sent_by_one_until_its_lease_ends(stores: Stores, clock: Clock) -> None:
    """A process that dies while it sends is followed by another, and what it notes late changes nothing."""
    job = submit(stores)
    stores.jobs.request_cancel(job.id)
    first = due(stores)
    assert stores.webhooks.claim_due(lease_s=30) is None
    clock.now += 31
    second = due(stores)
    assert (second.delivery.id, second.account) == (first.delivery.id, "alice")
    stores.webhooks.note(first, Try(at=START, ms=1.0, error="timeout"), next_at=None)
    assert stores.webhooks.deliveries(job.id)[0].tries == ()
    again = Try(at=clock.now, ms=2.5, status=500, error="status")
    stores.webhooks.note(second, again, next_at=clock.now + 100)
    assert stores.webhooks.claim_due(lease_s=30) is None
    clock.now += 100
    last = Try(at=clock.now, ms=2.5, status=204)
    stores.webhooks.note(due(stores), last, next_at=None)
    (delivery,) = stores.webhooks.deliveries(job.id)
    assert (delivery.state, delivery.tries, delivery.next_at) == (DeliveryState.DELIVERED, (again, last), None)


def test_many_senders_take_each_delivery_once(stores: Stores) -> None:
    """However many there are."""
    for _ in range(20):
        stores.jobs.request_cancel(submit(stores).id)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: stores.webhooks.claim_due(lease_s=30), range(40)))
    ids = [one.delivery.id for one in found if one is not None]
    assert len(ids) == len(set(ids)) == 20


def test_deleted_job_takes_its_deliveries_along(stores: Stores) -> None:
    """Its user wants no trace of it."""
    job = submit(stores)
    stores.jobs.request_cancel(job.id)
    stores.jobs.delete(job.id)
    assert stores.webhooks.claim_due(lease_s=30) is None
