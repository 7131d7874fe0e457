"""What the holder of a job does, from submitting to the last event. Each function works in the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, insert, or_, select, true, update

from manimatic.errors import LeaseLost, QueueFull, RequestKeyReused
from manimatic.jobs import Attempt, Event, Job, JobState, NewJob, RequestKey, Submitted, new_id
from manimatic.ports import Claim
from manimatic.store import moves, turns, usage
from manimatic.store.dialects import insert_or_change, submit_one_at_a_time
from manimatic.store.rows import clean, columns_of, columns_of_attempt, job_of
from manimatic.store.schema import attempts, jobs, not_doomed, request_keys

REQUEST_KEY_S = 86_400.0
"""How long an Idempotency-Key is remembered."""
PACE_JOBS = 20
"""Jobs from whose ends it is told how fast the queue moves."""
PACE_OLDEST_S = 600.0
PACE_UNKNOWN_S = 30.0
"""When to try again where no job has ended of late."""


def submit(connection: Connection, new: NewJob, max_queued: int, now: float) -> Job:
    """Insert a queued job with its first event. Raises QueueFull, QuotaExceeded."""
    submit_one_at_a_time(connection)
    usage.admit(connection, new, now)
    waiting = connection.execute(select(func.count()).where(jobs.c.state == JobState.QUEUED.value)).scalar_one()
    if waiting >= max_queued:
        raise _queue_full(connection, waiting, max_queued, now)
    values = {
        "id": new_id(),
        "state": JobState.QUEUED.value,
        "state_since": now,
        "prompt": clean(new.prompt),
        "brought_code": clean(new.code),
        "options": clean(new.options),
        "metadata": clean(new.metadata),
        "created_at": now,
        "updated_at": now,
        "deadline_at": new.deadline_at,
        "account": clean(new.account),
        "api_key": new.api_key,
        "webhook": clean(new.webhook),
        "request_id": new.request_id,
        "parent": new.origin.parent if new.origin else None,
        "lineage": new.origin.lineage if new.origin else None,
        "revision": clean(new.revision),
        "progress": {},
        "timings": {},
        "last_event": 1,
    }
    row = connection.execute(insert(jobs).values(values).returning(jobs)).mappings().one()
    moves.append(connection, row["id"], 0, [("state", {"state": JobState.QUEUED.value})], now)
    return job_of(row)


def submit_once(connection: Connection, new: NewJob, once: RequestKey, max_queued: int, now: float) -> Submitted:
    """Insert a queued job, or return the one that this key has made. Raises RequestKeyReused, and as `submit` does."""
    submit_one_at_a_time(connection)
    connection.execute(delete(request_keys).where(request_keys.c.created_at <= now - REQUEST_KEY_S))
    mine = (request_keys.c.account == new.account, request_keys.c.key == once.key)
    made = select(jobs, request_keys.c.digest).join(request_keys, request_keys.c.job_id == jobs.c.id)
    row = connection.execute(made.where(*mine, not_doomed())).mappings().one_or_none()
    if row is not None:
        if row["digest"] != once.digest:
            raise RequestKeyReused
        return Submitted(job_of(row), replayed=True)
    connection.execute(delete(request_keys).where(*mine))  # of a job that is being deleted
    job = submit(connection, new, max_queued, now)
    values = {"account": new.account, "key": once.key, "digest": once.digest, "job_id": job.id, "created_at": now}
    connection.execute(insert(request_keys).values(values))
    return Submitted(job, replayed=False)


def _queue_full(connection: Connection, waiting: int, max_queued: int, now: float) -> QueueFull:
    """Return the refusal, with the time in which a place gets free at the pace of the last jobs."""
    error = QueueFull(f"{waiting} jobs are waiting; no more than {max_queued} may.")
    newest = select(jobs.c.ended_at).where(jobs.c.state == JobState.COMPLETE.value).order_by(jobs.c.seq.desc())
    ends = sorted(connection.execute(newest.limit(PACE_JOBS)).scalars())
    if len(ends) > 1 and now - ends[-1] < PACE_OLDEST_S:
        error.retry_after_s = min(max((now - ends[0]) / len(ends), 1.0), PACE_OLDEST_S)
    else:
        error.retry_after_s = PACE_UNKNOWN_S
    return error


def no_live_lease(now: float) -> ColumnElement[bool]:
    """Return the condition that nobody has the job now."""
    return or_(jobs.c.lease_until.is_(None), jobs.c.lease_until <= now)


def claim(
    connection: Connection, owner: str, lease_s: float, max_tries: int, job_id: str | None, now: float
) -> Claim | None:
    """Take the job that is next in the fair order of those that may run, or the one named."""
    claimable = (
        jobs.c.state == JobState.QUEUED.value,
        jobs.c.tries < max_tries,
        jobs.c.cancel_requested.is_(False),
        no_live_lease(now),
        or_(jobs.c.deadline_at.is_(None), jobs.c.deadline_at > now),
        true() if job_id is None else jobs.c.id == job_id,
    )
    values = {"owner": owner, "lease_until": now + lease_s, "updated_at": now}
    counters = {"fence": jobs.c.fence + 1, "tries": jobs.c.tries + 1}
    for find in (turns.next_one, turns.next_free_one):
        found = find(claimable, now).scalar_subquery()
        take = update(jobs).where(jobs.c.seq == found).values({**values, **counters}).returning(jobs)
        if row := connection.execute(take).mappings().one_or_none():
            turns.served(connection, row["account"])
            return Claim(job=job_of(row), owner=owner, fence=row["fence"])
    return None


def heartbeat(connection: Connection, claim: Claim, lease_s: float, now: float) -> bool:
    """Prolong the lease and return whether cancelling was asked for. Raises LeaseLost."""
    prolong = update(jobs).where(*moves.holds(claim)).values(lease_until=now + lease_s)
    asked = connection.execute(prolong.returning(jobs.c.cancel_requested)).scalar_one_or_none()
    if asked is None:
        raise LeaseLost
    return bool(asked)


def advance(connection: Connection, claim: Claim, to: JobState, changes: Mapping[str, Any], now: float) -> Job:
    """Move the claimed job along the transition table. Raises LeaseLost, Conflict."""
    columns = columns_of(changes)
    row = moves.held(connection, claim)
    moves.check_arrow(row, to)
    if to is JobState.QUEUED:  # given back by its holder, who is alive and well: that try does not count
        columns["tries"] = max(0, row["tries"] - 1)
    return moves.move(connection, row, to, now, changes=columns, handed_back=to is JobState.QUEUED)


def change(connection: Connection, claim: Claim, changes: Mapping[str, Any], now: float) -> Job:
    """Change fields of the claimed job. Raises LeaseLost."""
    values = columns_of(changes) | {"updated_at": now}
    row = connection.execute(update(jobs).where(*moves.holds(claim)).values(values).returning(jobs)).mappings()
    if (found := row.one_or_none()) is None:
        raise LeaseLost
    return job_of(found)


def add_events(
    connection: Connection,
    claim: Claim,
    told: Sequence[tuple[str, Mapping[str, Any]]],
    changes: Mapping[str, Any],
    now: float,
) -> Sequence[Event]:
    """Append events under the job's next numbers, and change its fields. Raises LeaseLost."""
    values = {**columns_of(changes), "last_event": jobs.c.last_event + len(told)}
    count = update(jobs).where(*moves.holds(claim)).values(values | ({"updated_at": now} if changes else {}))
    number = connection.execute(count.returning(jobs.c.last_event)).scalar_one_or_none()
    if number is None:
        raise LeaseLost
    return moves.append(connection, claim.job.id, number - len(told), told, now)


def record_attempt(
    connection: Connection,
    claim: Claim,
    attempt: Attempt,
    told: Sequence[tuple[str, Mapping[str, Any]]],
    now: float,
) -> None:
    """Insert the attempt or replace the one with its number; its key is charged what is new. Raises LeaseLost."""
    row = moves.held(connection, claim)
    job_id = row["id"]
    same = (attempts.c.job_id == job_id, attempts.c.number == attempt.number)
    charged = connection.execute(select(attempts.c.usage).where(*same)).scalar_one_or_none() or {}
    cost_usd = (attempt.usage.cost_usd or 0.0) - (charged.get("cost_usd") or 0.0)
    usage.charge(connection, row["api_key"], now, cost_usd=cost_usd)
    columns = columns_of_attempt(attempt)
    insert_or_change(connection, attempts, {"job_id": job_id, **columns}, columns)
    if told:
        add_events(connection, claim, told, {}, now)
