"""The OpenAPI document, finished: what APIFlask leaves open, and the errors that every operation may answer with."""

from __future__ import annotations

import json
import re
from typing import Any

from apiflask import APIFlask

from manimatic.api import auth
from manimatic.api.asked import MAX_NUMBER
from manimatic.api.documented import problem_response
from manimatic.api.parts import EXTENSION
from manimatic.api.told import Health, Problem

DESCRIPTION = """\
Say what you want to see; get an animation. `POST /generate` takes a prompt (or the code of a Manim scene) and answers
at once with a job's id; `GET /status/<job_id>` shows how far it is, and in the end the video's address, the code and
an explanation. Every error is a problem document (RFC 9457) with a stable `code` and a `hint`.
"""
_EVERYWHERE = (400, 500, 503)
_WITH_A_KEY = (401, 403, 429)
_SCHEME = "key"
_FIRST = ("/generate", "/status/{job_id}")
"""The paths that a reader looks for first; the others follow by length."""
_ABOUT_A_JOB = ("status", "events", "logs", "deliveries", "revise", "share", "unshare", "cancel", "retry", "delete")
"""Operations that go on from a job which was made."""
_PARAMETERS = {
    "job_id": ("The job's id.", r"^[A-Za-z0-9_-]{1,64}$"),
    "name": ("The video's name, as it stands in the job's `url`.", r"^[a-z0-9]{20,64}\.[a-z0-9]{3,4}$"),
}
_LAST_EVENT_ID = {
    "name": "Last-Event-ID",
    "in": "header",
    "required": False,
    "description": "Number of the last event that you have; it counts more than `after`.",
    "schema": {"type": "integer", "minimum": 0, "maximum": MAX_NUMBER},
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "For 24 hours another request with this key makes no other job.",
    "schema": {"type": "string", "pattern": r"^[!-~]{1,255}$"},
}
_PREFER = {
    "name": "Prefer",
    "in": "header",
    "required": False,
    "description": "`wait=30`: wait so many seconds for the job's end, at most 60.",
    "schema": {"type": "string"},
}
_HEADERS = {"events": (_LAST_EVENT_ID,), "generate": (_IDEMPOTENCY_KEY, _PREFER), "revise": (_IDEMPOTENCY_KEY, _PREFER)}
_NESTED = re.compile(r"#/components/schemas/(?:[A-Za-z]+\.)+([A-Za-z]+)")


def configure(app: APIFlask) -> None:
    """Set what the document says of the whole API, and finish it whenever it is made."""
    app.config.update(
        AUTO_404_RESPONSE=False,
        AUTO_VALIDATION_ERROR_RESPONSE=False,
        AUTO_SERVERS=False,
        DESCRIPTION=DESCRIPTION,
        LICENSE={"name": "MIT", "identifier": "MIT"},
    )
    keys_required = app.extensions[EXTENSION].settings.keys_required
    app.spec_processor(lambda spec: finish(spec, keys_required=keys_required))


def finish(spec: dict[Any, Any] | str, *, keys_required: bool) -> dict[Any, Any] | str:
    """Return the document with plain names, required bodies, all errors, and what needs a key."""
    if isinstance(spec, str):
        return spec  # YAML, which nobody asks for
    guarded = {endpoint.rpartition(".")[2] for endpoint in auth.NEEDED}
    schemas = spec.setdefault("components", {}).setdefault("schemas", {})
    for model in (Problem, Health):
        made = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(made.pop("$defs", {}))
        schemas[model.__name__] = made
    plain = _with_plain_names(spec)
    plain["paths"] = {path: plain["paths"][path] for path in [*_FIRST, *plain["paths"]]}
    for path, operations in plain["paths"].items():
        for operation in operations.values():
            if operation["operationId"] in guarded:
                _guard(operation, keys_required=keys_required)
            _finish_operation(path, operation)
    plain["components"]["securitySchemes"] = {_SCHEME: {"type": "http", "scheme": "bearer"}}
    return plain


def _guard(operation: dict[str, Any], *, keys_required: bool) -> None:
    """Say that the operation takes a key, and whether it does without one."""
    operation["security"] = [{_SCHEME: []}] if keys_required else [{}, {_SCHEME: []}]
    for status in _WITH_A_KEY:
        operation["responses"].setdefault(str(status), problem_response(status))


def _with_plain_names(spec: dict[str, Any]) -> dict[str, Any]:
    """Name nested models as they are called: APIFlask repeats each one under every model that has it."""
    found: dict[str, Any] = json.loads(_NESTED.sub(r"#/components/schemas/\1", json.dumps(spec)))
    schemas = found["components"]["schemas"]
    found["components"]["schemas"] = {name.rpartition(".")[2]: schemas[name] for name in sorted(schemas)}
    return found


def _finish_operation(path: str, operation: dict[str, Any]) -> None:
    if "requestBody" in operation:
        operation["requestBody"]["required"] = True
    for parameter in operation["parameters"]:
        parameter["schema"] = _without_null(parameter["schema"])
        if parameter["name"] in _PARAMETERS:
            parameter["description"], pattern = _PARAMETERS[parameter["name"]]
            parameter["schema"]["pattern"] = pattern
    operation["parameters"].extend(_HEADERS.get(operation["operationId"], ()))
    responses = operation["responses"]
    if operation["operationId"] == "generate":
        responses["202"]["links"] = {name: _link(name) for name in _ABOUT_A_JOB}
    for answer in responses.values():
        if not answer.get("content"):
            answer.pop("content", None)
    for status in _EVERYWHERE:
        responses.setdefault(str(status), problem_response(status))
    if path.startswith("/health"):
        _document_down(responses)
    operation["responses"] = {status: responses[status] for status in sorted(responses)}


def _link(operation_id: str) -> dict[str, Any]:
    """Say that an operation can be asked about the job that was made."""
    return {"operationId": operation_id, "parameters": {"job_id": "$response.body#/job_id"}}


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a parameter's schema without null, which an address cannot hold."""
    kinds = [item for item in schema.get("anyOf", []) if item != {"type": "null"}]
    if len(kinds) != 1:
        return schema
    rest = {name: value for name, value in schema.items() if name not in {"anyOf", "default"}}
    return {**rest, **kinds[0]}


def _document_down(responses: dict[str, Any]) -> None:
    """Health answers 503 in its own form."""
    responses["503"] = {**responses["200"], "description": "No job can be taken"}
