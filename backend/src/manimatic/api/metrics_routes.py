"""The service's figures for Prometheus."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, current_app

from manimatic.api.documented import media
from manimatic.api.metrics import MEDIA_TYPE, METRICS, exposition

blueprint = APIBlueprint("metrics", __name__, tag="Service")


@blueprint.get("/metrics")
@blueprint.doc(
    summary="Read the service's figures",
    operation_id="metrics",
    responses=media(200, "All figures in Prometheus' text format", "text/plain"),
)
def metrics() -> Response:
    """Return how long requests took, what waits, what dispatchers have counted, and what machines have left.

    Where keys are asked for, the key needs the scope `metrics`.
    """
    return Response(exposition(current_app.extensions[METRICS]), content_type=MEDIA_TYPE)
