"""A server on 127.0.0.1 that speaks Anthropic's protocol and answers from a script.

It serves `POST /v1/messages` as a stream, and `GET /v1/models`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from loopback.gemini_script import ANSWER_TOKENS, EXPLANATION, GOOD_SCENE, PROMPT_TOKENS, TITLE
from loopback.model_server import ModelHandler, ModelServer, Step

MODELS = ("claude-sonnet-4-6", "claude-haiku-4-5", "claude-3-5-haiku-latest")


class AnthropicHandler(ModelHandler):
    """Speaks Anthropic's protocol."""

    def given_key(self) -> str | None:
        """Return the key that came with the request."""
        return self.headers.get("x-api-key")

    def listing(self, models: Sequence[str]) -> Any:
        """Return the body that lists the models."""
        listed = [
            {"id": name, "type": "model", "display_name": name, "created_at": "2026-01-01T00:00:00Z"} for name in models
        ]
        return {"data": listed, "has_more": False, "first_id": None, "last_id": None}

    def refuse_key(self) -> None:
        """Refuse the key as the vendor does."""
        wrong_key(self)

    @property
    def streams(self) -> bool:
        """Tell whether the client asked for a stream."""
        return bool(self.asked.get("stream"))


def answer(code: str, **changes: Any) -> Step:
    """Answer with a scene as a JSON object."""
    return text(json.dumps({"title": TITLE, "explanation": EXPLANATION, "code": code}), **changes)


def labelled(code: str, **changes: Any) -> Step:
    """Answer with a scene as text."""
    return text(f"title: {TITLE}\n\nexplanation: {EXPLANATION}\n\ncode:\n```python\n{code}```\n", **changes)


def text(words: str, *, stop: str | None = "end_turn", pieces: int = 8, pause_s: float = 0.0) -> Step:
    """Answer with any text."""

    def step(handler: ModelHandler) -> None:
        begin(handler)
        size = max(1, -(-len(words) // pieces))
        for start in range(0, len(words), size):
            piece = {"type": "text_delta", "text": words[start : start + size]}
            _send(handler, {"type": "content_block_delta", "index": 0, "delta": piece})
            handler.pause(pause_s)
        _send(handler, {"type": "content_block_stop", "index": 0})
        if stop:
            delta = {"stop_reason": stop, "stop_sequence": None}
            _send(handler, {"type": "message_delta", "delta": delta, "usage": {"output_tokens": ANSWER_TOKENS}})
            _send(handler, {"type": "message_stop"})

    return step


def begin(handler: ModelHandler) -> None:
    """Open the stream, the message and its only block."""
    handler.begin_stream()
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": handler.asked["model"],
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": PROMPT_TOKENS, "output_tokens": 1},
    }
    _send(handler, {"type": "message_start", "message": message})
    _send(handler, {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})


def stalls(seconds: float = 30.0) -> Step:
    """Begin an answer and fall silent."""
    return lambda handler: (begin(handler), handler.pause(seconds))[-1]


def overloaded_in_stream(handler: ModelHandler) -> None:
    """Begin an answer and say in the stream that it is all too much."""
    begin(handler)
    _send(handler, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})


def status(code: int, *, kind: str = "", message: str = "", headers: dict[str, str] | None = None) -> Step:
    """Fail with an HTTP status."""
    kinds = {400: "invalid_request_error", 401: "authentication_error", 403: "permission_error"}
    kinds |= {404: "not_found_error", 429: "rate_limit_error", 500: "api_error", 529: "overloaded_error"}
    error = {"type": kind or kinds.get(code, "api_error"), "message": message or f"status {code}"}
    return lambda handler: handler.send_json(code, {"type": "error", "error": error}, headers)


def wrong_key(handler: ModelHandler) -> None:
    """Refuse the key as the vendor does, and quote it as a careless one might."""
    status(401, message=f"invalid x-api-key {handler.given_key()}")(handler)


def without_schemas(then: Step) -> Step:
    """Reject a request that wants its answer in a format; answer others."""
    rejection = status(400, message="output_config: Extra inputs are not permitted")
    return lambda handler: (rejection if _wants_schema(handler.asked) else then)(handler)


def _wants_schema(asked: Any) -> bool:
    return "output_format" in asked or "format" in (asked.get("output_config") or {})


def raw_stream(data: bytes) -> Step:
    """Send bytes that need not be a valid stream."""
    return lambda handler: (handler.begin_stream(), handler.send_raw(data))[-1]


def _send(handler: ModelHandler, event: dict[str, Any]) -> None:
    handler.send_event(event, event["type"])


class AnthropicServer(ModelServer):
    """Anthropic's server."""

    handler = AnthropicHandler
    offered = MODELS
    good = staticmethod(answer(GOOD_SCENE))
