"""What is told to a job's webhook."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint

from manimatic.api.documented import problems
from manimatic.api.parts import Caller, known_job, parts
from manimatic.api.present import iso
from manimatic.api.told import Deliveries
from manimatic.deliveries import Delivery
from manimatic.jobs import NewJob
from manimatic.service import FieldError

blueprint = APIBlueprint("webhooks", __name__, tag="Jobs")


@blueprint.get("/status/<job_id>/deliveries")
@blueprint.output(Deliveries, description="Every delivery with its tries")
@blueprint.doc(summary="See what a webhook was told", operation_id="deliveries", responses=problems(404))
def deliveries(job_id: str) -> Any:
    """Return what was or is to be told to the job's webhook, oldest first, with every try."""
    job = known_job(job_id)
    return {"deliveries": [_shown(delivery) for delivery in parts().webhooks.deliveries(job.id)]}


def refuse_unsigned(new: NewJob, who: Caller) -> None:
    """Refuse a webhook that could not be signed. Raises FieldError, StoreError."""
    if new.webhook is not None and not parts().webhooks.has_secret(who.account):
        raise FieldError(
            "webhook",
            f"{who.account} has no secret to sign with; `manimatic webhooks rotate {who.account}` makes one",
        )


def _shown(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "event": delivery.event,
        "url": delivery.url,
        "state": delivery.state.value,
        "created_at": iso(delivery.created_at),
        "next_try_at": iso(delivery.next_at),
        "tries": [
            {"at": iso(one.at), "ms": one.ms, "status": one.status, "error": one.error} for one in delivery.tries
        ],
    }
