"""A page for everybody of what its owner shares: no script, nothing from elsewhere but the video."""

from __future__ import annotations

import re
from typing import Any

from apiflask import APIBlueprint
from flask import Response, make_response, render_template

from manimatic.api.documented import empty, problems
from manimatic.api.parts import base_url, caller, parts, require_job_id
from manimatic.api.present import share_url, video_url
from manimatic.api.studio_routes import media_origins
from manimatic.api.told import SharedOut
from manimatic.errors import JobNotFound
from manimatic.jobs import Job

DESCRIPTION_CHARS = 200
"""What other pages show of an explanation when they link here."""
_TOKEN = re.compile(r"[a-z0-9]{26}", re.ASCII)
_POLICY = (
    "default-src 'none'; style-src 'self'; media-src {media}; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

blueprint = APIBlueprint("share", __name__, tag="Jobs")


@blueprint.post("/status/<job_id>/share")
@blueprint.output(SharedOut, description="The page")
@blueprint.doc(summary="Share an animation", operation_id="share", responses=problems(404, 409))
def share(job_id: str) -> Any:
    """Give the job a page for everybody who knows its address, without a key. Asking twice gives the same page."""
    require_job_id(job_id)
    job = parts().service.share(job_id, account=caller().account)
    return {"url": share_url(job, base_url())}


@blueprint.delete("/status/<job_id>/share")
@blueprint.doc(
    summary="Share an animation no more",
    operation_id="unshare",
    responses={**empty(204, "The page is gone; sharing again gives another address"), **problems(404)},
)
def unshare(job_id: str) -> Response:
    """Take the job's page away. The video's own address stays good for those who have it."""
    require_job_id(job_id)
    parts().service.unshare(job_id, account=caller().account)
    return Response(status=204)


@blueprint.get("/v/<token>")
@blueprint.doc(hide=True)
def page(token: str) -> Response:
    """Show what is shared. Raises JobNotFound."""
    job, base = _shared(token), base_url()
    text = job.explanation or ""
    response = make_response(
        render_template(
            "share.html",
            title=job.title or job.prompt or "An animation",
            description=" ".join(text.split())[:DESCRIPTION_CHARS],
            paragraphs=[part for part in re.split(r"\n{2,}", text) if part.strip()],
            code=job.code,
            video=job.video,
            video_url=video_url(job.video, base),
            page_url=share_url(job, base),
            token=token,
        )
    )
    media = " ".join(["'self'", *media_origins(parts().settings)])
    response.headers["Content-Security-Policy"] = _POLICY.format(media=media)
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@blueprint.get("/v/<token>/scene.py")
@blueprint.doc(hide=True)
def scene(token: str) -> Response:
    """Return the code of what is shared, as text. Raises JobNotFound."""
    response = Response(_shared(token).code or "", mimetype="text/plain")
    response.headers["Content-Disposition"] = 'inline; filename="scene.py"'
    return response


def _shared(token: str) -> Job:
    if not _TOKEN.fullmatch(token):
        raise JobNotFound("Nothing is shared here.")
    return parts().service.shared(token)
