"""What API keys have used, and whether they may use more. Each function works in the caller's transaction."""

from __future__ import annotations

from sqlalchemy import Connection, func, select, update

from manimatic.errors import QuotaExceeded
from manimatic.jobs import FINAL_STATES, NewJob
from manimatic.keys import Quotas, Used, day_of, left_of_day_s
from manimatic.store.dialects import insert_if_missing
from manimatic.store.schema import jobs, key_usage

ASK_AGAIN_S = 10.0
"""When to try again once other jobs have to end first; nobody knows when they will."""


def admit(connection: Connection, new: NewJob, now: float) -> None:
    """Count a new job for its key; the caller sees to it that no other is submitted meanwhile. Raises QuotaExceeded."""
    if new.api_key is None:
        return
    _refuse_over_day(new.quotas, used_on(connection, new.api_key, day_of(now)), now)
    if (most := new.quotas.active_jobs) is not None:
        final = [state.value for state in FINAL_STATES]
        mine = select(func.count()).where(jobs.c.api_key == new.api_key, jobs.c.state.not_in(final))
        if connection.execute(mine).scalar_one() >= most:
            raise _exceeded(f"{most} jobs of this key wait or run; no more may at once.", ASK_AGAIN_S)
    _add(connection, new.api_key, now, jobs=1)


def charge(
    connection: Connection, prefix: str | None, now: float, *, render_s: float = 0.0, cost_usd: float = 0.0
) -> None:
    """Add to what a key has used today; without a key nobody is charged."""
    if prefix is not None and (render_s or cost_usd):
        _add(connection, prefix, now, render_s=render_s, cost_usd=cost_usd)


def used_on(connection: Connection, prefix: str, day: int) -> Used:
    """Return what a key has used on a day."""
    wanted = select(key_usage.c.jobs, key_usage.c.render_s, key_usage.c.cost_usd)
    row = connection.execute(wanted.where(key_usage.c.prefix == prefix, key_usage.c.day == day)).one_or_none()
    return Used() if row is None else Used(jobs=row.jobs, render_s=row.render_s, cost_usd=row.cost_usd)


def _refuse_over_day(quotas: Quotas, used: Used, now: float) -> None:
    bounds = (
        (quotas.jobs_per_day, used.jobs, "jobs"),
        (quotas.render_minutes_per_day, used.render_s / 60, "minutes of rendering"),
        (quotas.cost_usd_per_day, used.cost_usd, "dollars for models"),
    )
    for most, so_far, what in bounds:
        if most is not None and so_far >= most:
            raise _exceeded(f"This key may use {most:g} {what} a day, and has.", left_of_day_s(now))


def _exceeded(message: str, retry_after_s: float) -> QuotaExceeded:
    error = QuotaExceeded(message)
    error.retry_after_s = retry_after_s
    return error


def _add(
    connection: Connection, prefix: str, now: float, *, jobs: int = 0, render_s: float = 0.0, cost_usd: float = 0.0
) -> None:
    today = {"prefix": prefix, "day": day_of(now)}
    insert_if_missing(connection, key_usage, {**today, "jobs": 0, "render_s": 0.0, "cost_usd": 0.0})
    more = {
        "jobs": key_usage.c.jobs + jobs,
        "render_s": key_usage.c.render_s + render_s,
        "cost_usd": key_usage.c.cost_usd + cost_usd,
    }
    mine = (key_usage.c.prefix == prefix, key_usage.c.day == today["day"])
    connection.execute(update(key_usage).where(*mine).values(more))
