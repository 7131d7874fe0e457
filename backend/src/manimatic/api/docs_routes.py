"""The API's reference as a page of our own: no script, nothing from elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from apiflask import APIBlueprint, APIFlask
from flask import Response, current_app, make_response, render_template
from markupsafe import Markup, escape

from manimatic import __version__
from manimatic.api.parts import base_url
from manimatic.api.present import default_message, problem_kinds
from manimatic.api.problems import http_kinds
from manimatic.errors import SceneFailed
from manimatic.verdicts import Blame, Verdict

_CSP = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

_CODE = re.compile(r"`([^`]+)`")

blueprint = APIBlueprint("docs", __name__, tag="Service")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A line of a table: a parameter, or a field of a body."""

    name: str
    kind: str
    required: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation as the page shows it."""

    anchor: str
    method: str
    path: str
    summary: str
    text: Markup
    parameters: list[Field]
    body: list[Field]
    answers: list[tuple[str, str, str]]


@blueprint.get("/docs")
@blueprint.doc(hide=True)
def docs() -> Response:
    """Show the reference."""
    spec = _spec()
    page = render_template(
        "docs.html",
        version=__version__,
        base_url=base_url(),
        description=_with_code(spec["info"]["description"]),
        operations=_operations(spec),
        models=_models(spec),
        problems=_problems(),
    )
    response = make_response(page)
    response.headers["Content-Security-Policy"] = _CSP
    return response


def _with_code(text: str) -> Markup:
    """Show what stands between backticks as code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704  escaped just before


def _spec() -> dict[str, Any]:
    app = current_app
    assert isinstance(app, APIFlask)  # noqa: S101  set up by create_app
    spec = app.spec
    assert isinstance(spec, dict)  # noqa: S101  a text only for YAML
    return spec


def _operations(spec: dict[str, Any]) -> list[Operation]:
    return [
        _operation(path, method, operation)
        for path, operations in spec["paths"].items()
        for method, operation in operations.items()
    ]


def _operation(path: str, method: str, operation: dict[str, Any]) -> Operation:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    return Operation(
        anchor=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation.get("summary", ""),
        text=_with_code(operation.get("description", "")),
        parameters=[
            Field(
                name=item["name"],
                kind=f"{item['in']}, {_kind(item['schema'])}",
                required=item.get("required", False),
                text=item.get("description", "") or item["schema"].get("description", ""),
            )
            for item in operation.get("parameters", [])
        ],
        body=[Field(name=_kind(body), kind="JSON", required=True, text="")] if body else [],
        answers=[(status, answer["description"], _answer_kind(answer)) for status, answer in _answers(operation)],
    )


def _answers(operation: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return list(operation["responses"].items())


def _answer_kind(answer: dict[str, Any]) -> str:
    for media_type, content in answer.get("content", {}).items():
        schema = content.get("schema", {})
        return _kind(schema) if "$ref" in schema else str(media_type)
    return ""


def _models(spec: dict[str, Any]) -> list[tuple[str, str, list[Field]]]:
    """Return name, text and fields of each model that is an object."""
    found = []
    for name, schema in sorted(spec["components"]["schemas"].items()):
        required = schema.get("required", [])
        fields = [
            Field(name=key, kind=_kind(value), required=key in required, text=value.get("description", ""))
            for key, value in schema.get("properties", {}).items()
        ]
        found.append((name, schema.get("description", ""), fields))
    return found


def _kind(schema: dict[str, Any]) -> str:
    """Say in a few words what a value is."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema and "type" not in schema:
        return " or ".join(_kind(item) for item in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(str(item) for item in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type") or "anything") + _bounds(schema)


def _bounds(schema: dict[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    return "" if low is None or high is None else f", {low:g} to {high:g}"


def _problems() -> list[tuple[str, int, str, str]]:
    """Return code, status, meaning and hint of every error."""
    found = {kind.code: (kind.code, status, kind.detail, kind.hint) for status, kind in http_kinds().items()}
    for verdict in (verdict for verdict in Verdict if verdict is not Verdict.OK):
        found[verdict] = (verdict.value, SceneFailed.http_status, _blamed(verdict), SceneFailed.hint)
    for code, error in problem_kinds().items():
        found[code] = (code, error.http_status, default_message(error), error.hint)
    return [found[code] for code in sorted(found)]


def _blamed(verdict: Verdict) -> str:
    """Say what a job's error means that has a verdict as its code."""
    return "The scene wanted more than it may have." if verdict.blame is Blame.LIMIT else default_message(SceneFailed)
