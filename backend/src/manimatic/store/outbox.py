"""What is put down for webhooks in the transaction that moves a job, so that neither is there without the other."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, insert

from manimatic.deliveries import DeliveryState
from manimatic.store.rows import clean
from manimatic.store.schema import deliveries

TOLD = ("title", "partial", "partial_reason", "verdict")


def put_down(connection: Connection, row: RowMapping, values: Mapping[str, Any], now: float) -> None:
    """Put the job's new state down for its webhook, if that wants it; `values` are the changes of the move."""
    webhook, state = row["webhook"], values["state"]
    if not webhook or state not in webhook["events"]:
        return
    body = {
        "type": f"job.{state}",
        "timestamp": datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "data": _data(row, values),
    }
    delivery = {
        "id": f"msg_{secrets.token_hex(16)}",
        "job_id": row["id"],
        "event": state,
        "url": webhook["url"],
        "body": json.dumps(clean(body), ensure_ascii=False),
        "state": DeliveryState.WAITING.value,
        "created_at": now,
        "next_at": now,
        "tries": [],
    }
    connection.execute(insert(deliveries).values(delivery))


def _data(row: RowMapping, values: Mapping[str, Any]) -> dict[str, Any]:
    now = {**row, **values}
    video, failure = now["video"], now["failure"]
    return {
        "job_id": now["id"],
        "status": now["state"],
        "url": video["url"] if video else None,
        **{name: now[name] for name in TOLD},
        "error": {name: failure[name] for name in ("code", "message", "hint")} if failure else None,
        "metadata": now["metadata"],
    }
