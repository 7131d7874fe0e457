"""API keys: who may ask for what, and how much of it.

A key reads ``mk_PREFIX_SECRET``. The prefix is public: it finds the key and names it in lists and logs. The secret is
shown once, when the key is made; kept is its SHA-256, which is enough for a secret of 260 random bits.
"""

from __future__ import annotations

import enum
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field

from manimatic.errors import KeyExpired, KeyRevoked, KeyWrong, ScopeMissing

ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
PREFIX_CHARS = 10
SECRET_CHARS = 52
DAY_S = 86_400
MAX_ACCOUNT_CHARS = 64
ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}", re.ASCII)
_KEY = re.compile(rf"mk_([{ALPHABET}]{{{PREFIX_CHARS}}})_([{ALPHABET}]{{{SECRET_CHARS}}})", re.ASCII)


class Scope(enum.StrEnum):
    """What a key is good for."""

    READ = "read"
    """Look at jobs, their events and logs."""
    WRITE = "write"
    """Submit, check, cancel, store again and delete."""
    METRICS = "metrics"
    """Read the service's figures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """How much a key may use; None is without end. A day is a day of UTC."""

    jobs_per_day: int | None = None
    active_jobs: int | None = None
    """Jobs that wait or run at once."""
    render_minutes_per_day: float | None = None
    cost_usd_per_day: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What a key has used on one day."""

    jobs: int = 0
    render_s: float = 0.0
    cost_usd: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key as it is kept; times are seconds since the epoch."""

    prefix: str
    digest: str = field(repr=False)
    account: str
    """Whose key it is; several keys may belong to one account."""
    name: str
    scopes: frozenset[Scope]
    quotas: Quotas = Quotas()
    created_at: float = 0.0
    expires_at: float | None = None
    revoked_at: float | None = None
    used_at: float | None = None

    def is_usable(self, now: float) -> bool:
        """Tell whether the key is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)

    def refuse_unusable(self, now: float) -> None:
        """Raise KeyRevoked or KeyExpired where the key's time is over."""
        if self.revoked_at is not None:
            raise KeyRevoked
        if self.expires_at is not None and self.expires_at <= now:
            raise KeyExpired

    def require(self, wanted: frozenset[Scope]) -> None:
        """Raise ScopeMissing unless the key has one of these scopes."""
        if not self.scopes & wanted:
            raise ScopeMissing(f"This needs a key with the scope {' or '.join(sorted(wanted))}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """A key as a request brings it."""

    prefix: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A new key with its text, which is nowhere kept."""

    key: ApiKey
    text: str = field(repr=False)


def issue(
    *,
    account: str,
    name: str,
    scopes: frozenset[Scope],
    quotas: Quotas,
    now: float,
    expires_at: float | None = None,
) -> Issued:
    """Make a key; the caller keeps it and shows its text once."""
    prefix, secret = _random(PREFIX_CHARS), _random(SECRET_CHARS)
    key = ApiKey(
        prefix=prefix,
        digest=digest_of(secret),
        account=account,
        name=name,
        scopes=scopes,
        quotas=quotas,
        created_at=now,
        expires_at=expires_at,
    )
    return Issued(key=key, text=f"mk_{prefix}_{secret}")


def read_key(text: str) -> Presented:
    """Take a key apart. Raises KeyWrong."""
    found = _KEY.fullmatch(text)
    if found is None:
        raise KeyWrong
    return Presented(prefix=found[1], secret=found[2])


def verify(presented: Presented, kept: ApiKey | None, now: float) -> ApiKey:
    """Return the kept key that was presented, in the same time whether there is one or not.

    Raises:
        KeyWrong: There is no such key, or the secret is another.
        KeyRevoked: The key is right, and has been revoked.
        KeyExpired: The key is right, and its time is over.
    """
    digest = kept.digest if kept is not None else digest_of("")
    is_right = hmac.compare_digest(digest_of(presented.secret), digest)
    if kept is None or not is_right:
        raise KeyWrong
    kept.refuse_unusable(now)
    return kept


def digest_of(secret: str) -> str:
    """Return what is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def day_of(now: float) -> int:
    """Return the day of UTC, counted from 1970."""
    return int(now // DAY_S)


def left_of_day_s(now: float) -> float:
    """Return the seconds until the next day of UTC begins, when quotas begin anew."""
    return DAY_S - now % DAY_S


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
