"""Jobs: start, look at, list, cancel, store again, delete."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from apiflask import APIBlueprint
from flask import Response, current_app, g

from manimatic.api import asking
from manimatic.api.around import REVALIDATE
from manimatic.api.asked import AfterIn, GenerateIn, JobsIn, ReviseIn
from manimatic.api.documented import empty, headers, media, problems
from manimatic.api.parts import base_url, caller, known_job, parts, require_job_id
from manimatic.api.present import job_details, job_summary, links
from manimatic.api.told import JobOut, JobPage, Started
from manimatic.api.webhook_routes import refuse_unsigned
from manimatic.errors import JobNotFound, ManimaticError
from manimatic.jobs import Job, JobState, NewJob
from manimatic.service import FieldError, new_job, origin_of, revised

ASK_AGAIN_S = 1
"""What clients that poll are told to wait."""

_ENDED = {
    "description": "The job, which has ended within the time that Prefer allowed",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/JobOut"}}},
}

blueprint = APIBlueprint("jobs", __name__, tag="Jobs")


@blueprint.post("/generate")
@blueprint.input(GenerateIn, arg_name="wanted", example={"prompt": "Create a simple circle animation"})
@blueprint.output(Started, status_code=202, description="The job waits for a dispatcher")
@blueprint.doc(
    summary="Make an animation",
    operation_id="generate",
    responses={
        200: _ENDED,
        **headers(202, Location="Where the job is looked at", Retry_After="Seconds to wait before looking"),
        **problems(413, 415, 422),
    },
)
def generate(wanted: GenerateIn) -> Any:
    """Queue a job that makes an animation.

    The answer comes at once; follow `links.events`, or ask `links.self` until `status` is one of complete, failed,
    cancelled and expired. With the header `Prefer: wait=30` the answer waits up to so many seconds, at most 60, for the
    job to end. With an `Idempotency-Key` a request that is sent again finds the job that it has made.
    """
    fields = wanted.model_dump(exclude_none=True, exclude={"format"})
    new = _version_of(wanted.parent, new_job(**{name: value for name, value in fields.items() if name != "parent"}))
    return _submitted(new, fields)


@blueprint.post("/status/<job_id>/revise")
@blueprint.input(ReviseIn, arg_name="wanted", example={"instruction": "make the circle blue"})
@blueprint.output(Started, status_code=202, description="The new version waits for a dispatcher")
@blueprint.doc(
    summary="Change an animation",
    operation_id="revise",
    responses={
        200: _ENDED,
        **headers(202, Location="Where the new version is looked at", Retry_After="Seconds to wait before looking"),
        **problems(404, 409, 413, 415, 422),
    },
)
def revise(job_id: str, wanted: ReviseIn) -> Any:
    """Queue a job that makes another version: a model changes the scene as the instruction says, and nothing else.

    The job that it comes from stays as it is. Without a model such a job fails as `no_offline_answer`.
    """
    fields = {"revise": job_id, **wanted.model_dump(exclude_none=True)}
    return _submitted(revised(known_job(job_id), wanted.instruction, wanted.code), fields)


def _version_of(parent: str | None, new: NewJob) -> NewJob:
    """Note the job of which this is another version. Raises FieldError where the caller has no such job."""
    if parent is None:
        return new
    try:
        return dataclasses.replace(new, origin=origin_of(known_job(parent)))
    except JobNotFound as error:
        raise FieldError("parent", "no job has this id") from error


def _submitted(new: NewJob, fields: Mapping[str, Any]) -> Any:
    """Queue the job as the caller's, and say so; or its end, where the caller would wait for that."""
    new = _charged(new)
    refuse_unsigned(new, caller())
    submitted = parts().service.submit_once(new, asking.request_key(fields))
    g.job_id = submitted.job.id
    told = {"Idempotent-Replayed": "true"} if submitted.replayed else {}
    waits_s = asking.preferred_wait_s()
    if waits_s is not None:
        job = asking.wait_for(submitted.job, waits_s)
        told["Preference-Applied"] = f"wait={waits_s}"
        if job.is_final:
            return Response(current_app.json.dumps(_details(job)), mimetype="application/json", headers=told)
    return _started(submitted.job, told)


def _started(job: Job, told: dict[str, str]) -> tuple[dict[str, Any], int, dict[str, str]]:
    body = {
        "job_id": job.id,
        "status": "started",
        "state": job.state.value,
        "queue_position": _queue_position(job),
        "links": links(job.id),
    }
    return body, 202, {"Location": f"/status/{job.id}", "Retry-After": str(ASK_AGAIN_S), **told}


@blueprint.get("/status/<job_id>")
@blueprint.output(JobOut, description="The job")
@blueprint.doc(
    summary="Look at a job",
    operation_id="status",
    responses={
        **headers(200, ETag="Stands for this state of the job", Retry_After="Seconds to wait before looking again"),
        **empty(304, "Nothing has changed since the ETag in If-None-Match"),
        **problems(404),
    },
)
def status(job_id: str) -> Any:
    """Return everything about a job.

    The answer carries an ETag; while the job is not final it carries Retry-After too.
    """
    job = known_job(job_id)
    told = {"Cache-Control": REVALIDATE}
    if not job.is_final:
        told["Retry-After"] = str(ASK_AGAIN_S)
    return _details(job), 200, told


@blueprint.get("/status/<job_id>/logs")
@blueprint.input(AfterIn, location="query", arg_name="wanted")
@blueprint.doc(
    summary="Read a job's log",
    operation_id="logs",
    responses={**media(200, "What the scene's runs printed", "text/plain"), **problems(404, 422)},
)
def logs(job_id: str, wanted: AfterIn) -> Response:
    """Return what the job's runs have printed so far, as plain text.

    The header X-Last-Event holds the number to give as `after` to read on from here.
    """
    known_job(job_id)
    text, last = _log_after(job_id, wanted.after)
    response = Response(text, mimetype="text/plain")
    response.headers["X-Last-Event"] = str(last)
    return response


@blueprint.post("/status/<job_id>/cancel")
@blueprint.output(JobOut, status_code=202, description="The job, which is being stopped or has ended")
@blueprint.doc(summary="Cancel a job", operation_id="cancel", responses=problems(404))
def cancel(job_id: str) -> Any:
    """Ask a job to stop. Asking twice is harmless, and a job that has ended stays as it is."""
    require_job_id(job_id)
    return _details(parts().service.cancel(job_id, account=caller().account)), 202


@blueprint.post("/status/<job_id>/retry")
@blueprint.output(JobOut, status_code=202, description="The job, which waits to be stored")
@blueprint.doc(summary="Store a kept video again", operation_id="retry", responses=problems(404, 409))
def retry(job_id: str) -> Any:
    """Store the video of a job that failed as storage_error; it is kept, and not rendered again."""
    require_job_id(job_id)
    return _details(parts().service.store_again(job_id, account=caller().account)), 202


@blueprint.delete("/status/<job_id>")
@blueprint.doc(
    summary="Delete a job",
    operation_id="delete",
    responses={**empty(204, "The job is gone"), **problems(404, 409)},
)
def delete(job_id: str) -> Response:
    """Remove an ended job with its video.

    A video that lies in the cloud goes a few seconds later: the dispatcher removes it, since the API has no key.
    """
    require_job_id(job_id)
    parts().service.delete(job_id, account=caller().account)
    return Response(status=204)


@blueprint.get("/jobs")
@blueprint.input(JobsIn, location="query", arg_name="wanted")
@blueprint.output(JobPage, description="Jobs, newest first")
@blueprint.doc(summary="List jobs", operation_id="jobs", responses=problems(422))
def jobs(wanted: JobsIn) -> Any:
    """Return your newest jobs; `next_cursor` asks for older ones."""
    state = JobState(wanted.state) if wanted.state else None
    page = parts().service.list_jobs(
        limit=wanted.limit, cursor=wanted.cursor, state=state, account=caller().account, lineage=wanted.lineage
    )
    base = base_url()
    return {"jobs": [job_summary(job, base) for job in page.jobs], "next_cursor": page.next_cursor}


def _charged(new: NewJob) -> NewJob:
    """Make the job the caller's."""
    key = caller().key
    new = dataclasses.replace(new, account=caller().account, request_id=g.request_id)
    return new if key is None else dataclasses.replace(new, api_key=key.prefix, quotas=key.quotas)


def _details(job: Job) -> dict[str, Any]:
    return job_details(job, parts().store.attempts(job.id), _queue_position(job), base_url())


def _queue_position(job: Job) -> int | None:
    """Return the job's place in the queue; not knowing it must not fail a request that has done its work."""
    if job.state is not JobState.QUEUED:
        return None
    try:
        return parts().store.queue_position(job.id)
    except ManimaticError:
        return None


def _log_after(job_id: str, after: int) -> tuple[str, int]:
    pieces: list[str] = []
    while events := parts().store.events(job_id, after=after):
        pieces.extend(event.data["text"] for event in events if event.kind == "log")
        after = events[-1].number
    return "".join(pieces), after
