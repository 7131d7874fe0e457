"""`manimatic keys …` and `manimatic webhooks …`: make, list and revoke what people are given to keep secret."""

from __future__ import annotations

import datetime
import math
import sys
import time
from dataclasses import dataclass
from typing import Any

from manimatic import bootstrap
from manimatic.cli.environment import read_settings
from manimatic.cli.show import show_json, show_table
from manimatic.errors import InvalidInput
from manimatic.keys import ACCOUNT, DAY_S, ApiKey, Quotas, Scope, Used, issue

MAX_NAME_CHARS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyWanted:
    """What key is to be made."""

    account: str
    name: str
    scopes: tuple[str, ...]
    days: float | None
    quotas: Quotas


def create(wanted: KeyWanted, *, as_json: bool) -> None:
    """Make a key; its text goes to standard output, and what is to be known of it to standard error."""
    _check_account(wanted.account)
    _check_finite(wanted.days, wanted.quotas.render_minutes_per_day, wanted.quotas.cost_usd_per_day)
    now = time.time()
    issued = issue(
        account=wanted.account,
        name=wanted.name[:MAX_NAME_CHARS],
        scopes=_scopes(wanted.scopes),
        quotas=wanted.quotas,
        now=now,
        expires_at=None if wanted.days is None else now + wanted.days * DAY_S,
    )
    bootstrap.build_stores(read_settings()).keys.add(issued.key)
    if as_json:
        show_json({"key": issued.text} | _shown(issued.key, Used()))
        return
    sys.stderr.write("This is shown once; only a hash of it is kept:\n")
    sys.stderr.flush()
    sys.stdout.write(f"{issued.text}\n")


def list_all(*, as_json: bool) -> None:
    """Print all keys."""
    keys = bootstrap.build_stores(read_settings()).keys
    shown = [_shown(key, keys.used(key.prefix)) for key in keys.all_keys()]
    if as_json:
        show_json(shown)
        return
    names = ("prefix", "account", "name", "scopes", "state", "used_at", "jobs", "minutes", "usd")
    rows = [tuple(str(row[name]) for name in names) for row in (_flat(row) for row in shown)]
    show_table(("prefix", "account", "name", "scopes", "state", "last used", "jobs", "minutes", "dollars"), rows)


def revoke(prefix: str) -> None:
    """Revoke a key."""
    key = bootstrap.build_stores(read_settings()).keys.revoke(prefix)
    sys.stdout.write(f"{key.prefix} of {key.account} is revoked\n")


def rotate(account: str, overlap_s: float) -> None:
    """Give an account a new secret for its webhooks, and print that."""
    _check_account(account)
    _check_finite(overlap_s)
    secret = bootstrap.build_stores(read_settings()).webhooks.rotate(account, overlap_s=overlap_s)
    sys.stderr.write("This is shown once; receivers verify with it:\n")
    sys.stderr.flush()
    sys.stdout.write(f"{secret}\n")


def _check_account(account: str) -> None:
    if not ACCOUNT.fullmatch(account):
        raise InvalidInput(f"{account[:40]!r} is no account's name: letters, digits, . _ @ - are allowed.")


def _check_finite(*numbers: float | None) -> None:
    if any(number is not None and not math.isfinite(number) for number in numbers):
        raise InvalidInput("A quota or a time has to be a number.", hint="Leave the option out for no bound.")


def _scopes(names: tuple[str, ...]) -> frozenset[Scope]:
    if wrong := sorted(set(names) - set(Scope)):
        raise InvalidInput(f"{wrong[0]!r} is not one of {', '.join(Scope)}.")
    return frozenset(map(Scope, names)) or frozenset({Scope.READ, Scope.WRITE})


def _shown(key: ApiKey, used: Used) -> dict[str, Any]:
    """Return what may be known of a key."""
    return {
        "prefix": key.prefix,
        "account": key.account,
        "name": key.name,
        "scopes": sorted(key.scopes),
        "state": _state(key),
        "created_at": _when(key.created_at),
        "expires_at": _when(key.expires_at),
        "used_at": _when(key.used_at),
        "today": {
            "jobs": _of(used.jobs, key.quotas.jobs_per_day),
            "render_minutes": _of(round(used.render_s / 60, 2), key.quotas.render_minutes_per_day),
            "cost_usd": _of(round(used.cost_usd, 4), key.quotas.cost_usd_per_day),
        },
        "active_jobs": key.quotas.active_jobs,
    }


def _of(used: float, most: float | None) -> dict[str, float | None]:
    return {"used": used, "most": most}


def _flat(row: dict[str, Any]) -> dict[str, str]:
    """Return a row as texts for a table."""
    today = {
        short: f"{item['used']:g}" + ("" if item["most"] is None else f"/{item['most']:g}")
        for short, item in zip(("jobs", "minutes", "usd"), row["today"].values(), strict=True)
    }
    return {**row, "scopes": " ".join(row["scopes"]), "used_at": row["used_at"] or "never", **today}


def _state(key: ApiKey) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "usable" if key.is_usable(time.time()) else "expired"


def _when(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%d %H:%M:%SZ")
