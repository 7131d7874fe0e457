"""Reading request bodies: JSON in the strict sense, said to be JSON, and not nested without end."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from flask import Request
from flask.json.provider import DefaultJSONProvider
from werkzeug.exceptions import UnsupportedMediaType

from manimatic.errors import RequestError


class NotJson(RequestError):
    """The body is not JSON."""

    code = "not_json"
    hint = 'Send a JSON object such as {"prompt": "Create a simple circle animation"}.'


class StrictJson(DefaultJSONProvider):
    """JSON without NaN and Infinity; keys keep their order."""

    sort_keys = False

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """Parse JSON. Raises ValueError, also for what Python alone takes."""
        try:
            return json.loads(s, parse_constant=_refuse, **kwargs)
        except RecursionError:
            raise ValueError("it is nested too deeply") from None


class ApiRequest(Request):
    """A request whose JSON bodies are labelled as such."""

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:
        """Return the parsed body. Raises UnsupportedMediaType, NotJson, RequestEntityTooLarge."""
        if not self.is_json:
            raise UnsupportedMediaType("The body has to be JSON, with Content-Type: application/json.")
        return super().get_json(force=False, silent=silent, cache=cache)

    def on_json_loading_failed(self, e: ValueError | None) -> NoReturn:
        """Say what is wrong with the body."""
        raise NotJson(f"The body is not JSON: {_reason(e)}.")


def _reason(error: ValueError | None) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} (line {error.lineno}, column {error.colno})"
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8 text"
    return str(error).split(";")[0][:200]


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")
