"""A job's events as a stream."""

from __future__ import annotations

import contextlib
from typing import Any

from apiflask import APIBlueprint
from flask import Response, request

from manimatic.api.asked import MAX_NUMBER, AfterIn
from manimatic.api.documented import empty, problems
from manimatic.api.parts import known_job, parts
from manimatic.errors import RequestError

SEND_TIMEOUT_S = 30.0
"""A client that takes nothing for so long loses its stream; it may come back and resume."""
_TYPE = "text/event-stream"
_EVENT = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "description": "The event's number."},
        "event": {"enum": ["state", "draft", "attempt", "rehearsal", "progress", "log", "end"]},
        "data": {"type": "string", "description": "A JSON object; `at` is the time."},
    },
    "required": ["id", "event", "data"],
}

blueprint = APIBlueprint("events", __name__, tag="Jobs")


@blueprint.get("/status/<job_id>/events")
@blueprint.input(AfterIn, location="query", arg_name="wanted")
@blueprint.doc(
    summary="Follow a job",
    operation_id="events",
    responses={
        200: {"description": "Server-sent events", "content": {_TYPE: {"schema": _EVENT}}},
        **empty(204, "The job has ended and you have all its events; browsers stop asking then"),
        **problems(404, 422),
    },
)
def events(job_id: str, wanted: AfterIn) -> Response:
    """Stream the job's events: state, draft, attempt, rehearsal, progress, log, and at last end.

    Each has a number as its `id:`. After a break, send the last one as the header Last-Event-ID (browsers do so by
    themselves) or as `after`, and nothing is missed. Every 15 seconds of silence a comment line is sent.
    """
    job = known_job(job_id)
    after = _last_event(wanted.after)
    if job.is_final and after and not parts().store.events(job_id, after=after, limit=1):
        return Response(status=204)
    headers = {"X-Accel-Buffering": "no"}
    if request.method == "HEAD":
        return Response(mimetype=_TYPE, headers=headers)
    stream = parts().streams.open(job_id, after)
    _limit_sending(request.environ)
    response = Response(iter(stream), mimetype=_TYPE, headers=headers)
    response.call_on_close(stream.close)
    return response


def _last_event(after: int) -> int:
    """Return where the client stopped; a browser that comes back says so in a header, and its address is the old one.

    Raises:
        RequestError: The header is no event's number.
    """
    given = request.headers.get("Last-Event-ID", "")
    if not given:
        return after
    if not (given.isascii() and given.isdigit() and len(given) < 11 and int(given) <= MAX_NUMBER):
        raise RequestError("Last-Event-ID has to be the number of an event.", hint="Send the id: of the last event.")
    return int(given)


def _limit_sending(environ: dict[str, Any]) -> None:
    """Have gunicorn give up on a client that no longer takes what is sent to it."""
    with contextlib.suppress(KeyError, OSError):
        environ["gunicorn.socket"].settimeout(SEND_TIMEOUT_S)
