"""Webhooks on a SQL database."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from sqlalchemy import Connection, RowMapping, func, insert, or_, select, update

from manimatic.deliveries import Delivery, DeliveryState, Due, Try, new_secret
from manimatic.store.database import Database
from manimatic.store.rows import clean
from manimatic.store.schema import deliveries, jobs, webhook_secrets

LIVE_SECRETS = 2
"""Secrets of an account that sign at once."""


class SqlWebhookStore:
    """A `WebhookStore` beside the jobs; it is closed with the job store."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def rotate(self, account: str, *, overlap_s: float) -> str:
        """Give the account a new secret and return it; the newest before it goes on signing for this time."""
        now, secret = self._clock(), new_secret()
        old = webhook_secrets.c
        with self._database.write() as connection:
            soonest = func.coalesce(old.retires_at, now + overlap_s)
            connection.execute(update(webhook_secrets).where(old.account == account).values(retires_at=soonest))
            connection.execute(insert(webhook_secrets).values(account=account, secret=secret, created_at=now))
        return secret

    def has_secret(self, account: str) -> bool:
        """Tell whether there is a secret to sign the account's webhooks with."""
        with self._database.read() as connection:
            return bool(_live_secrets(connection, account, self._clock()))

    def claim_due(self, *, lease_s: float) -> Due | None:
        """Take the delivery that has been due longest; unless its end is noted within the lease, others may take it."""
        now, table = self._clock(), deliveries.c
        waiting = select(table.id).where(table.state == DeliveryState.WAITING.value, table.next_at <= now)
        longest = waiting.order_by(table.next_at).limit(1)
        with self._database.read() as connection:  # most times nothing is due, and nobody's writing is held up
            if connection.execute(longest).scalar_one_or_none() is None:
                return None
        mine = longest.with_for_update(skip_locked=True).scalar_subquery()
        take = update(deliveries).where(table.id == mine).values(next_at=now + lease_s, fence=table.fence + 1)
        with self._database.write() as connection:
            row = connection.execute(take.returning(deliveries)).mappings().one_or_none()
            if row is None:
                return None
            account = connection.execute(select(jobs.c.account).where(jobs.c.id == row["job_id"])).scalar_one()
            signing = _live_secrets(connection, account, now)
        return Due(delivery=_delivery_of(row), account=account, fence=row["fence"], signing=signing)

    def note(self, due: Due, tried: Try, *, next_at: float | None) -> None:
        """Note a try; with a time it is tried again then, without one it is over. An outdated claim changes nothing."""
        state = DeliveryState.DELIVERED if tried.error is None else DeliveryState.FAILED
        values = {
            "state": (DeliveryState.WAITING if next_at is not None else state).value,
            "next_at": next_at,
            "tries": clean([*due.delivery.tries, tried]),
        }
        mine = (deliveries.c.id == due.delivery.id, deliveries.c.fence == due.fence)
        with self._database.write() as connection:
            connection.execute(update(deliveries).where(*mine).values(values))

    def deliveries(self, job_id: str) -> Sequence[Delivery]:
        """Return what was or is to be told of the job, oldest first."""
        table = deliveries.c
        of_job = select(deliveries).where(table.job_id == job_id).order_by(table.created_at, table.id)
        with self._database.read() as connection:
            return [_delivery_of(row) for row in connection.execute(of_job).mappings()]


def _live_secrets(connection: Connection, account: str, now: float) -> tuple[str, ...]:
    table = webhook_secrets.c
    live = select(table.secret).where(table.account == account, or_(table.retires_at.is_(None), table.retires_at > now))
    return tuple(connection.execute(live.order_by(table.id.desc()).limit(LIVE_SECRETS)).scalars())


def _delivery_of(row: RowMapping) -> Delivery:
    known = {f.name for f in dataclasses.fields(Delivery)}
    tries = tuple(Try(**one) for one in row["tries"])
    return Delivery(
        **{n: v for n, v in row.items() if n in known} | {"tries": tries, "state": DeliveryState(row["state"])}
    )
