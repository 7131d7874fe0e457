"""In which order jobs are taken: accounts take turns, so that nobody waits behind all jobs of somebody else.

First comes an account with the fewest running jobs, of those the one that was served longest ago, and of its jobs the
oldest. With one account that is the order in which jobs came.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Subquery, func, select

from manimatic.jobs import JobState
from manimatic.store.dialects import insert_or_change
from manimatic.store.schema import jobs, turns


def next_one(claimable: tuple[ColumnElement[bool], ...], now: float) -> Select[Any]:
    """Return the query for the `seq` of the job that is next, locked; none where another transaction holds just that.

    It orders accounts and not jobs, of which a long queue has many.
    """
    busy = _busy(now)
    waiting = select(jobs.c.account, func.min(jobs.c.seq).label("first")).where(*claimable).group_by(jobs.c.account)
    each = waiting.subquery("waiting")
    first = (
        select(each.c.first)
        .select_from(
            each.outerjoin(busy, busy.c.account == each.c.account).outerjoin(turns, turns.c.account == each.c.account)
        )
        .order_by(func.coalesce(busy.c.running, 0), func.coalesce(turns.c.turn, 0), each.c.first)
        .limit(1)
        .scalar_subquery()
    )
    return select(jobs.c.seq).where(*claimable, jobs.c.seq == first).with_for_update(skip_locked=True, of=jobs)


def next_free_one(claimable: tuple[ColumnElement[bool], ...], now: float) -> Select[Any]:
    """Return the query for the `seq` of the job that is next of those that no other transaction holds, locked."""
    busy = _busy(now)
    return (
        select(jobs.c.seq)
        .select_from(
            jobs.outerjoin(busy, busy.c.account == jobs.c.account).outerjoin(turns, turns.c.account == jobs.c.account)
        )
        .where(*claimable)
        .order_by(func.coalesce(busy.c.running, 0), func.coalesce(turns.c.turn, 0), jobs.c.seq)
        .limit(1)
        .with_for_update(skip_locked=True, of=jobs)
    )


def served(connection: Connection, account: str) -> None:
    """Note that an account has had its turn: it comes after everybody else now."""
    latest = select(func.coalesce(func.max(turns.c.turn), 0) + 1).scalar_subquery()
    insert_or_change(connection, turns, {"account": account, "turn": latest}, {"turn": latest})


def place(connection: Connection, seq: int, account: str, now: float) -> int:
    """Return which number a queued job has in the order as it stands, from 1."""
    queued = jobs.c.state == JobState.QUEUED.value
    busy = _busy(now)
    standing = (
        select(
            jobs.c.account,
            func.count(),
            func.coalesce(func.max(busy.c.running), 0),
            func.coalesce(func.max(turns.c.turn), 0),
            func.min(jobs.c.seq),
        )
        .select_from(
            jobs.outerjoin(busy, busy.c.account == jobs.c.account).outerjoin(turns, turns.c.account == jobs.c.account)
        )
        .where(queued)
        .group_by(jobs.c.account)
    )
    rows: dict[str, tuple[int, tuple[int, ...]]] = {
        name: (count, tuple(order)) for name, count, *order in connection.execute(standing)
    }
    mine = jobs.c.account == account
    own = int(connection.execute(select(func.count()).where(queued, mine, jobs.c.seq <= seq)).scalar_one())
    _, my_order = rows.pop(account, (own, ()))
    # Each other account has a job taken before each of mine, and one more where it comes first.
    return own + sum(min(count, own if order < my_order else own - 1) for count, order in rows.values())


def _busy(now: float) -> Subquery:
    """Count the jobs of each account that somebody holds."""
    held = select(jobs.c.account, func.count().label("running")).where(jobs.c.lease_until > now)
    return held.group_by(jobs.c.account).subquery("busy")
