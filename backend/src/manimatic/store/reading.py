"""What is asked of the store without changing it, and the services' reports."""

from __future__ import annotations

import base64
import binascii
import re

from sqlalchemy import Connection, and_, delete, func, insert, or_, select

from manimatic.errors import InvalidInput, JobNotFound
from manimatic.jobs import RUNNING_STATES, Attempt, Event, Job, JobState
from manimatic.ports import Page, QueueDepth, ServiceReport
from manimatic.store import turns
from manimatic.store.rows import attempt_of, clean, event_of, job_of, report_of
from manimatic.store.schema import attempts, events, jobs, not_doomed, services

MAX_JOBS = 500
"""Jobs that one page holds at most, whatever is asked for."""
MAX_EVENTS = 1000
"""Events that one call returns at most, whatever is asked for; the next call goes on after the last number."""
REPORTS_KEPT_S = 86_400.0
"""Reports of services that have not been seen for so long are removed."""


def get(connection: Connection, job_id: str) -> Job:
    """Return the job. Raises JobNotFound."""
    row = connection.execute(select(jobs).where(jobs.c.id == job_id, not_doomed())).mappings().one_or_none()
    if row is None:
        raise JobNotFound(f"No job has the id {job_id!r}.")
    return job_of(row)


def shared(connection: Connection, token: str) -> Job:
    """Return the job that is shared under this token. Raises JobNotFound."""
    row = connection.execute(select(jobs).where(jobs.c.share_token == token, not_doomed())).mappings().one_or_none()
    if row is None:
        raise JobNotFound("Nothing is shared here.")
    return job_of(row)


def list_jobs(
    connection: Connection,
    limit: int,
    cursor: str | None,
    state: JobState | None,
    account: str | None,
    lineage: str | None = None,
) -> Page:
    """Return jobs, newest first. Raises InvalidInput."""
    limit = min(max(limit, 1), MAX_JOBS)
    query = select(jobs).where(not_doomed()).order_by(jobs.c.seq.desc()).limit(limit + 1)
    if cursor is not None:
        query = query.where(jobs.c.seq < _seq_of(cursor))
    if state is not None:
        query = query.where(jobs.c.state == state.value)
    if account is not None:
        query = query.where(jobs.c.account == account)
    if lineage is not None:
        query = query.where(or_(jobs.c.lineage == lineage, jobs.c.id == lineage))
    rows = connection.execute(query).mappings().all()
    more = _cursor_of(rows[limit - 1]["seq"]) if len(rows) > limit else None
    return Page(jobs=tuple(job_of(row) for row in rows[:limit]), next_cursor=more)


def queue_position(connection: Connection, job_id: str, now: float) -> int | None:
    """Return the job's place in the queue, from 1; None when it does not wait. Raises JobNotFound."""
    wanted = select(jobs.c.seq, jobs.c.state, jobs.c.account).where(jobs.c.id == job_id)
    found = connection.execute(wanted).one_or_none()
    if found is None:
        raise JobNotFound(f"No job has the id {job_id!r}.")
    if found.state != JobState.QUEUED.value:
        return None
    return turns.place(connection, found.seq, found.account, now)


def waiting(connection: Connection, older_than_s: float, limit: int, now: float) -> list[str]:
    """Return the ids of jobs that nobody has taken for so long, oldest first."""
    long = and_(jobs.c.state == JobState.QUEUED.value, jobs.c.state_since <= now - older_than_s)
    free = or_(jobs.c.lease_until.is_(None), jobs.c.lease_until <= now)
    found = connection.execute(select(jobs.c.id).where(long, free).order_by(jobs.c.seq).limit(limit))
    return list(found.scalars())


def attempts_of(connection: Connection, job_id: str) -> list[Attempt]:
    """Return the job's attempts, first to last."""
    rows = connection.execute(select(attempts).where(attempts.c.job_id == job_id).order_by(attempts.c.number))
    return [attempt_of(row) for row in rows.mappings()]


def events_of(connection: Connection, job_id: str, after: int, limit: int) -> list[Event]:
    """Return the events after a number, in order, at most `MAX_EVENTS`."""
    later = select(events).where(events.c.job_id == job_id, events.c.number > after)
    rows = connection.execute(later.order_by(events.c.number).limit(min(max(limit, 1), MAX_EVENTS)))
    return [event_of(row) for row in rows.mappings()]


def depth(connection: Connection, now: float) -> QueueDepth:
    """Count what waits and what runs; the age is since the job (last) came into the queue."""
    per_state = select(jobs.c.state, func.count(), func.min(jobs.c.state_since)).group_by(jobs.c.state)
    live = per_state.where(jobs.c.state.in_([JobState.QUEUED.value, *(state.value for state in RUNNING_STATES)]))
    found = {state: (count, since) for state, count, since in connection.execute(live)}
    queued, since = found.pop(JobState.QUEUED.value, (0, None))
    age = None if since is None else max(0.0, now - since)
    return QueueDepth(queued=queued, running=sum(count for count, _ in found.values()), oldest_queued_s=age)


def keep_report(connection: Connection, report: ServiceReport, now: float) -> None:
    """Replace the service's report, and remove those of services long gone."""
    old = (services.c.name == report.name) | ~services.c.seen_at.between(now - REPORTS_KEPT_S, now + REPORTS_KEPT_S)
    connection.execute(delete(services).where(old))
    values = {"name": report.name, "role": report.role, "facts": clean(report.facts), "seen_at": now}
    connection.execute(insert(services).values(values))


def reports(connection: Connection, within_s: float, now: float) -> list[ServiceReport]:
    """Return the reports that are at most `within_s` old, by name; after the clock was set back, that far ahead too."""
    lately = services.c.seen_at.between(now - within_s, now + within_s)
    seen = select(services).where(lately).order_by(services.c.name)
    return [report_of(row) for row in connection.execute(seen).mappings()]


def _cursor_of(seq: int) -> str:
    return base64.urlsafe_b64encode(f"before:{seq}".encode()).rstrip(b"=").decode()


def _seq_of(cursor: str) -> int:
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        text = ""
    found = re.fullmatch(r"before:([1-9][0-9]{0,17})", text, re.ASCII)
    if found is None or _cursor_of(int(found[1])) != cursor:
        raise InvalidInput("The cursor was not handed out by this list.", hint="Take next_cursor of the page before.")
    return int(found[1])
