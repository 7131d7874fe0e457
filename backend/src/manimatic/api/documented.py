"""Short forms for what the OpenAPI document says of responses."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

PROBLEM_MEDIA_TYPE = "application/problem+json"
PROBLEM_REF = {"$ref": "#/components/schemas/Problem"}


def problem_response(status: int) -> dict[str, Any]:
    """Describe an error response."""
    return {
        "description": HTTPStatus(status).phrase,
        "content": {PROBLEM_MEDIA_TYPE: {"schema": PROBLEM_REF}},
    }


def problems(*statuses: int) -> dict[int, Any]:
    """Describe the error responses of an operation, beside those that every operation has."""
    return {status: problem_response(status) for status in statuses}


def media(status: int, description: str, media_type: str, *, binary: bool = False) -> dict[int, Any]:
    """Describe a response that is not JSON."""
    schema = {} if binary else {"type": "string"}
    return {status: {"description": description, "content": {media_type: {"schema": schema}}}}


def headers(status: int, **texts: str) -> dict[int, Any]:
    """Describe a response's headers, named with _ for -."""
    return {status: {"headers": {name.replace("_", "-"): header(text) for name, text in texts.items()}}}


def empty(status: int, description: str) -> dict[int, Any]:
    """Describe a response without a body."""
    return {status: {"description": description}}


def header(description: str) -> dict[str, Any]:
    """Describe a text header."""
    return {"description": description, "schema": {"type": "string"}}
