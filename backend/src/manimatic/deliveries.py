"""Webhooks: where a job's ends are told to, and every try to do so. Times are seconds since the epoch."""

from __future__ import annotations

import base64
import enum
import secrets
from dataclasses import dataclass, field

SECRET_BYTES = 32
MAX_URL_CHARS = 2_048


class DeliveryState(enum.StrEnum):
    """How far a delivery is."""

    WAITING = "waiting"
    """It will be sent, or sent again."""
    DELIVERED = "delivered"
    """The receiver has taken it."""
    FAILED = "failed"
    """It has been tried as often as it may be, or the receiver wants no more."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where a job's events are told to, and which: names of states."""

    url: str
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One try to deliver."""

    at: float
    ms: float
    status: int | None = None
    """What the receiver answered, None where it did not."""
    error: str | None = None
    """Why it counts as failed; None where it does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Something that is to be told once; its id stays the same however often it is tried."""

    id: str
    job_id: str
    event: str
    url: str
    body: str
    state: DeliveryState
    created_at: float
    next_at: float | None
    tries: tuple[Try, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A delivery that this process is to send; `fence` makes every older claim of it worthless."""

    delivery: Delivery
    account: str
    fence: int
    signing: tuple[str, ...] = field(repr=False)
    """The account's live secrets, newest first."""


def new_secret() -> str:
    """Return a secret in the form of Standard Webhooks."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
