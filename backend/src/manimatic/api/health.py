"""How the service is: what the API sees itself, and what dispatchers have reported of themselves."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from manimatic import __version__, host
from manimatic.api.parts import Parts
from manimatic.errors import ManimaticError, StoreError
from manimatic.ports import QueueDepth, ServiceReport

SEEN_WITHIN_S = 60.0
"""A dispatcher that has not reported for so long is taken for gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreView:
    """What the job database says; `failure` is set where it cannot be used."""

    failure: StoreError | None = None
    reports: Sequence[ServiceReport] = ()
    depth: QueueDepth | None = None


def look(parts: Parts) -> StoreView:
    """Ask the database."""
    try:
        parts.store.ping()
        return StoreView(reports=parts.store.reports(within_s=SEEN_WITHIN_S), depth=parts.store.depth())
    except StoreError as error:
        return StoreView(failure=error)


def is_ready(parts: Parts) -> ManimaticError | None:
    """Return what keeps the API from taking jobs; None where nothing does."""
    try:
        parts.store.ping()
    except StoreError as error:
        return error
    return _full_disk(host.disk(parts.settings.data_dir))


def report(parts: Parts) -> tuple[dict[str, Any], int]:
    """Return the body of `/health` and its status."""
    view = look(parts)
    resources = host.resources(parts.settings.data_dir)
    dispatchers = [item for item in view.reports if item.role == "dispatcher"]
    storage = _storage(parts, dispatchers)
    full = _full_disk(resources["disk"])
    launchers = [_launcher(item) for item in dispatchers]
    down = view.failure is not None or full is not None
    ready = any(item["state"] == "ready" for item in launchers)
    body = {
        "status": "down" if down else "ok" if ready and storage["status"] != "degraded" else "degraded",
        "version": __version__,
        "database": _part("down" if view.failure else "ok", view.failure),
        "storage": {**storage, **(_part("down", full) if full else {})},
        "model": _model(dispatchers),
        "dispatchers": [_dispatcher(item) for item in dispatchers],
        "launchers": launchers,
        "queue": _queue(view.depth),
        "resources": resources,
        "streams": parts.streams.count,
    }
    return body, 503 if down else 200


def _part(status: str, error: ManimaticError | None) -> dict[str, Any]:
    return {"status": status, "detail": f"{error.message} {error.hint}" if error else None}


def _full_disk(disk: dict[str, int] | None) -> ManimaticError | None:
    if disk is None or disk["free_bytes"] >= host.FULL_BYTES:
        return None
    return StoreError(
        f"The disk of the data folder has {disk['free_bytes'] // 1024**2} MiB left.",
        hint="Free some space where MANIMATIC_DATA_DIR lies.",
    )


def _storage(parts: Parts, dispatchers: Sequence[ServiceReport]) -> dict[str, Any]:
    """Return how the storage is: a local one is tried, another's keys are with the dispatchers."""
    kind = next((str(item.facts["storage"]) for item in dispatchers if item.facts.get("storage")), None)
    if kind is None and parts.settings.storage != "auto":
        kind = parts.settings.storage
    if kind not in {None, "local"}:
        return {"kind": kind, **_part("unknown" if not dispatchers else "ok", None)}
    try:
        parts.storage.ping()
    except ManimaticError as error:
        return {"kind": kind, **_part("degraded", error)}
    return {"kind": kind, **_part("ok", None)}


def _model(dispatchers: Sequence[ServiceReport]) -> dict[str, Any]:
    """Return whether a dispatcher has a model; one that has counts more than one that has not."""
    facts = sorted((item.facts for item in dispatchers), key=lambda item: item.get("model") is None)
    first = facts[0] if facts else {}
    return {
        "configured": first.get("model") is not None,
        "generator": first.get("generator"),
        "model": first.get("model"),
    }


def _dispatcher(item: ServiceReport) -> dict[str, Any]:
    names = ("generator", "model", "storage", "concurrency")
    age = round(max(0.0, time.time() - item.seen_at), 1)
    return {"name": item.name, **{name: item.facts.get(name) for name in names}, "seen_seconds_ago": age}


def _launcher(item: ServiceReport) -> dict[str, Any]:
    facts = item.facts.get("launcher") or {}
    isolation = facts.get("isolation") or {}
    return {
        "dispatcher": item.name,
        "state": facts.get("state") or "unknown",
        "backend": isolation.get("backend"),
        "isolation": isolation,
        "message": facts.get("message"),
    }


def _queue(depth: QueueDepth | None) -> dict[str, Any] | None:
    if depth is None:
        return None
    age = None if depth.oldest_queued_s is None else round(depth.oldest_queued_s, 3)
    return {"queued": depth.queued, "running": depth.running, "oldest_age_seconds": age}
