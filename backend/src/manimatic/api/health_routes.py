"""Whether the service lives, takes jobs, and what state its parts are in."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint

from manimatic.api import health as state
from manimatic.api.parts import parts
from manimatic.api.told import Alive, Health

blueprint = APIBlueprint("health", __name__, tag="Service")


@blueprint.get("/health")
@blueprint.output(Health, description="The service takes jobs; `degraded` says that not all of it works")
@blueprint.doc(summary="Look at the service", operation_id="health")
def health() -> Any:
    """Return how each part of the service is.

    503 is answered only where no job can be taken: the job database cannot be used, or the disk is full.
    """
    return state.report(parts())


@blueprint.get("/health/live")
@blueprint.output(Alive, description="The process answers")
@blueprint.doc(summary="Ask whether the API lives", operation_id="live")
def live() -> Any:
    """Answer without touching anything; for a supervisor that starts dead processes again."""
    return {"status": "ok", "detail": None}


@blueprint.get("/health/ready")
@blueprint.output(Alive, description="Jobs are taken")
@blueprint.doc(summary="Ask whether jobs are taken", operation_id="ready")
def ready() -> Any:
    """Answer 503 where no job can be taken; for a load balancer."""
    trouble = state.is_ready(parts())
    if trouble is None:
        return {"status": "ok", "detail": None}, 200
    return {"status": "down", "detail": f"{trouble.message} {trouble.hint}"}, 503
