"""The studio page: built files of `web/`, served as they are; where it was not built, the reference instead."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from apiflask import APIBlueprint
from flask import Response, redirect, request, url_for

from manimatic.api.around import REVALIDATE
from manimatic.api.parts import parts
from manimatic.errors import NotFound
from manimatic.settings import Settings

KEEP_S = 31_536_000
"""A file's name holds a hash of what is in it, so it never changes."""
CLOUDINARY = "https://res.cloudinary.com"
AMAZON = "https://*.amazonaws.com"
_NAME = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.(js|css|svg|webp)", re.ASCII)
_TYPES = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml", "webp": "image/webp"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src {media}; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

blueprint = APIBlueprint("studio", __name__, enable_openapi=False)


@blueprint.get("/")
def page() -> Any:
    """Show the studio, or lead to the reference where it was not built."""
    path = parts().studio / "index.html"
    if not path.is_file():
        return redirect(url_for("docs.docs"))
    response = _file(path, "text/html")
    response.headers["Cache-Control"] = REVALIDATE
    media = " ".join(["'self'", *media_origins(parts().settings)])
    response.headers["Content-Security-Policy"] = _POLICY.format(media=media)
    return response


@blueprint.get("/assets/<name>")
def asset(name: str) -> Response:
    """Return a file that the page is made of. Raises NotFound."""
    found = _NAME.fullmatch(name)
    path = parts().studio / "assets" / name
    if found is None or not path.is_file():
        raise NotFound
    response = _file(path, _TYPES[found[1]])
    response.headers["Cache-Control"] = f"public, max-age={KEEP_S}, immutable"
    return response


def media_origins(settings: Settings) -> list[str]:
    """Return from where else the page may play videos: where the storage is not this machine's disk."""
    if settings.storage == "s3":
        at = urlsplit(settings.s3_endpoint)
        return [f"{at.scheme}://{at.netloc}", f"{at.scheme}://*.{at.netloc}"] if at.netloc else [AMAZON]
    return [CLOUDINARY] if settings.storage in {"auto", "cloudinary"} else []


def _file(path: Path, mimetype: str) -> Response:
    """Send a file, packed where the browser takes that and there is a packed copy."""
    packed = path.with_name(f"{path.name}.gz")
    has_packed = packed.is_file()
    is_packed = has_packed and request.accept_encodings["gzip"] > 0
    response = Response((packed if is_packed else path).read_bytes(), mimetype=mimetype)
    if is_packed:
        response.headers["Content-Encoding"] = "gzip"
    if has_packed:
        response.vary.add("Accept-Encoding")
    return response
