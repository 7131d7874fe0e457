"""Videos that lie on this machine."""

from __future__ import annotations

from pathlib import Path

from apiflask import APIBlueprint
from flask import Response, request, send_file
from werkzeug.http import parse_range_header

from manimatic.api.documented import empty, media, problems
from manimatic.api.parts import parts
from manimatic.errors import VideoNotFound

KEEP_S = 86_400
"""How long a browser may keep a video; a name never gets another content."""
_TYPES = {"mp4": "video/mp4", "webm": "video/webm", "mov": "video/quicktime", "gif": "image/gif", "png": "image/png"}
# The page that a browser makes around a bare video needs styles of its own.
_CSP = "default-src 'none'; media-src 'self'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"

blueprint = APIBlueprint("videos", __name__, tag="Videos")


@blueprint.get("/videos/<name>")
@blueprint.doc(
    summary="Get a video",
    operation_id="video",
    responses={
        **media(200, "The video", "video/mp4", binary=True),
        **media(206, "The part that Range asked for", "video/mp4", binary=True),
        **empty(302, "The video lies in S3; Location is an address there, signed for a limited time"),
        **empty(304, "Nothing has changed since the ETag or date that was sent along"),
        **problems(404, 416, 503),
    },
)
def video(name: str) -> Response:
    """Return a video that is stored on this machine, or lead to S3; those in Cloudinary have addresses of their own."""
    try:
        path = parts().storage.open_local(name)
    except VideoNotFound:
        return _elsewhere(name)
    _forget_useless_range()
    response = _file_response(path)
    response.headers["Cache-Control"] = f"private, max-age={KEEP_S}, immutable"
    response.headers["Content-Disposition"] = f'inline; filename="{path.name}"'
    response.headers["Content-Security-Policy"] = _CSP
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def _elsewhere(name: str) -> Response:
    """Send the viewer to where the video lies. Raises VideoNotFound, StorageError."""
    signer, for_s = parts().signer, parts().settings.s3_address_s
    if signer is None:
        raise VideoNotFound
    response = Response(status=302, headers={"Location": signer.sign(name, for_s)})
    response.headers["Cache-Control"] = f"private, max-age={int(for_s / 2)}"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def _file_response(path: Path) -> Response:
    try:
        return send_file(
            path, mimetype=_TYPES.get(path.suffix[1:], "application/octet-stream"), conditional=True, max_age=KEEP_S
        )
    except FileNotFoundError as error:
        raise VideoNotFound from error


def _forget_useless_range() -> None:
    """Pass over a Range that is not in bytes, not well-formed, or of several parts, as RFC 9110 allows."""
    given = parse_range_header(request.environ.get("HTTP_RANGE"))
    if given is None or given.units != "bytes" or len(given.ranges) != 1:
        request.environ.pop("HTTP_RANGE", None)
