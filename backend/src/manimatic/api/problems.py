"""Every error as `application/problem+json` (RFC 9457), from one place."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from apiflask import APIFlask
from apiflask.exceptions import HTTPError
from flask import Response, current_app, g, request
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException, SecurityError

from manimatic.api.parts import parts
from manimatic.api.present import PROBLEM_PAGE, default_message
from manimatic.errors import InvalidInput, ManimaticError, NotFound, RequestError
from manimatic.service import FieldError

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 5
"""What clients are told to wait after a passing failure."""
_HOST_HINT = "Ask under the address that the service listens on, or name yours in MANIMATIC_PUBLIC_URL."


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpKind:
    """What is said of an HTTP status that no class in `errors` stands for."""

    code: str
    detail: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What a problem document is made of."""

    status: int
    code: str
    title: str
    detail: str
    hint: str
    retryable: bool = False
    errors: tuple[Mapping[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def http_kinds() -> dict[int, HttpKind]:
    """Return code and hint for the statuses that the HTTP layer itself answers with."""
    return refused_kinds() | {
        400: HttpKind(code="bad_request", detail="The request is not well-formed.", hint=RequestError.hint),
        404: HttpKind(code="not_found", detail=default_message(NotFound), hint=NotFound.hint),
        405: HttpKind(
            code="method_not_allowed",
            detail="This address does not take this method.",
            hint="The Allow header lists the methods of this address.",
        ),
        408: HttpKind(code="request_timeout", detail="The request took too long.", hint="Send it again, in one go."),
        413: HttpKind(
            code="too_large",
            detail="The request's body is too large.",
            hint="A body has at most 2 MiB, a prompt 8000 characters, code 1 MiB.",
        ),
        415: HttpKind(
            code="unsupported_media_type",
            detail="The body has to be JSON.",
            hint="Send JSON with the header Content-Type: application/json.",
        ),
        416: HttpKind(
            code="range_not_satisfiable",
            detail="The video does not have this range.",
            hint="Content-Range gives the video's length; ask within it.",
        ),
        429: HttpKind(
            code="too_many_requests",
            detail="Too many requests.",
            hint="Try again after the time that Retry-After gives.",
        ),
    }


def refused_kinds() -> dict[int, HttpKind]:
    """Return code and hint for the statuses that only the server before the app answers with."""
    return {
        414: HttpKind(
            code="address_too_long",
            detail="The request's first line is too long.",
            hint="An address has at most 4094 bytes; what is longer belongs into the body.",
        ),
        417: HttpKind(
            code="expectation_failed",
            detail="The Expect header asks for something that is not done here.",
            hint="Leave the header out, or send Expect: 100-continue.",
        ),
        431: HttpKind(
            code="headers_too_large",
            detail="The request's headers are too large.",
            hint="A header has at most 8190 bytes, and a request at most 100 of them.",
        ),
        501: HttpKind(
            code="not_implemented",
            detail="The request's transfer coding is not known here.",
            hint="Send the body with Content-Length, or chunked.",
        ),
        503: HttpKind(
            code="unavailable",
            detail="No api answers: the proxy in front says so, while they start or are replaced.",
            hint="Try again in a few seconds; jobs that were accepted go on.",
        ),
    }


def install(app: APIFlask) -> None:
    """Have every error answered here."""
    app.register_error_handler(ManimaticError, _on_manimatic_error)
    app.register_error_handler(HTTPError, _on_validation_error)
    app.register_error_handler(HTTPException, _on_http_error)
    app.register_error_handler(Exception, _on_bug)


def _on_manimatic_error(error: ManimaticError) -> Response:
    if error.http_status >= 500:
        parts().log.error("request failed", request_id=g.get("request_id", ""), code=error.code, detail=error.message)
    return _answer(error)


def _answer(error: ManimaticError) -> Response:
    found = [{"pointer": f"/{error.field}", "detail": error.detail}] if isinstance(error, FieldError) else []
    return respond(
        Trouble(
            status=error.http_status,
            code=error.code,
            title=default_message(type(error)),
            detail=error.message,
            hint=error.hint,
            retryable=error.retryable,
            errors=tuple(found),
            headers=_headers_of(error),
        )
    )


def _headers_of(error: ManimaticError) -> dict[str, str]:
    """Return what tells a client when to come again, or what to bring."""
    wait_s = error.retry_after_s or (RETRY_AFTER_S if error.http_status == 503 else None)
    told = {} if wait_s is None else {"Retry-After": str(math.ceil(wait_s))}
    if error.http_status == 401:
        told["WWW-Authenticate"] = 'Bearer realm="manimatic"'
    return told


def _on_validation_error(error: HTTPError) -> Response:
    """Answer what APIFlask found wrong; the causing pydantic error knows the fields."""
    cause = error.__cause__
    found = field_problems(cause) if isinstance(cause, ValidationError) else ()
    first = f"{found[0]['pointer']}: {found[0]['detail']}" if found else str(error.message)
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return respond(
        Trouble(
            status=error.status_code,
            code=InvalidInput.code,
            title=default_message(InvalidInput),
            detail=first + more,
            hint=InvalidInput.hint,
            errors=found,
        )
    )


def _on_http_error(error: HTTPException) -> Any:
    if error.code is None or error.code < 400 or error.response is not None:
        return error  # a redirect, or a response that is complete
    kind = http_kinds().get(error.code) or HttpKind(code="http_error", detail=error.name, hint=RequestError.hint)
    headers = {name: value for name, value in error.get_headers() if name not in {"Content-Type", "Content-Length"}}
    hint = _HOST_HINT if isinstance(error, SecurityError) else kind.hint
    special = error.description != type(error).description and error.description
    return respond(
        Trouble(
            status=error.code,
            code=kind.code,
            title=error.name,
            detail=special or kind.detail,
            hint=hint,
            retryable=error.code in {408, 429, 503},
            headers=headers,
        )
    )


def _on_bug(error: Exception) -> Response:
    """Answer what nobody foresaw, without saying more than that; the log has the traceback."""
    parts().log.error("unhandled exception", request_id=g.get("request_id", ""), exc_info=error)
    parts().tracker.tell(error, request_id=g.get("request_id", ""))
    return _answer(ManimaticError("The server made a mistake.", hint=_report_hint()))


def _report_hint() -> str:
    return f"Try again; if it happens again, report it with the request's id, {g.get('request_id', '')}."


def respond(trouble: Trouble) -> Response:
    """Return the problem document."""
    document = {
        "type": PROBLEM_PAGE + trouble.code,
        "title": trouble.title,
        "status": trouble.status,
        "detail": trouble.detail,
        "instance": request.path[:500],
        "code": trouble.code,
        "hint": trouble.hint,
        "retryable": trouble.retryable,
        "request_id": g.get("request_id", ""),
        "errors": list(trouble.errors),
    }
    body = current_app.json.dumps(document)
    response = Response(body, status=trouble.status, mimetype=MEDIA_TYPE)
    response.headers.update(trouble.headers)
    return response


def field_problems(error: ValidationError) -> tuple[dict[str, str], ...]:
    """Return what is wrong with each field, without the values: they may be long, or private."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return tuple({"pointer": _pointer(item["loc"]), "detail": _plain(item["type"], item["msg"])} for item in found)


def _pointer(location: Iterable[str | int]) -> str:
    steps = [str(step).replace("~", "~0").replace("/", "~1") for step in location if step != "[key]"]
    return "".join(f"/{step[:100]}" for step in steps)


def _plain(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "there is no such field"
    if kind == "model_type":
        return "the body has to be a JSON object"
    return message[:1].lower() + message[1:]
