"""A server on 127.0.0.1 that speaks OpenAI's chat protocol and answers from a script.

It serves `POST /v1/chat/completions`, with and without a stream, and `GET /v1/models`, as OpenAI does and as Ollama,
llama.cpp, vLLM and OpenRouter do after it. By hand, for demonstrations without a key::

    python tests/loopback/openai_server.py --port 8124
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

if not __package__:  # run by hand
    sys.path.insert(0, str(Path(__file__).parents[1]))

from loopback.gemini_script import ANSWER_TOKENS, EXPLANATION, GOOD_SCENE, PROMPT_TOKENS, TITLE
from loopback.model_server import ModelHandler, ModelServer, Step

MODELS = ("gpt-5.4-mini", "gpt-5.4", "qwen3-coder:30b")
USAGE = {
    "prompt_tokens": PROMPT_TOKENS,
    "completion_tokens": ANSWER_TOKENS,
    "total_tokens": PROMPT_TOKENS + ANSWER_TOKENS,
}


class OpenAIHandler(ModelHandler):
    """Speaks OpenAI's chat protocol."""

    def given_key(self) -> str | None:
        """Return the key that came with the request."""
        return (self.headers.get("authorization") or "").removeprefix("Bearer ")

    def listing(self, models: Sequence[str]) -> Any:
        """Return the body that lists the models."""
        listed = [{"id": name, "object": "model", "created": 1, "owned_by": "loopback"} for name in models]
        return {"object": "list", "data": listed}

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
    """Answer with a scene as text, as a model does that no schema holds."""
    return text(f"title: {TITLE}\n\nexplanation: {EXPLANATION}\n\ncode:\n```python\n{code}```\n", **changes)


def text(words: str, *, finish: str | None = "stop", pieces: int = 8, usage: Any = USAGE, pause_s: float = 0.0) -> Step:
    """Answer with any text; `usage` None is a server that counts no tokens."""

    def step(handler: ModelHandler) -> None:
        handler.begin_stream()
        size = max(1, -(-len(words) // pieces))
        for start in range(0, len(words), size):
            handler.send_event(chunk(handler, {"content": words[start : start + size]}))
            handler.pause(pause_s)
        end(handler, finish, usage)

    return step


def refuses(words: str = "I cannot help with that.") -> Step:
    """Decline in the field that structured answers have for it."""

    def step(handler: ModelHandler) -> None:
        handler.begin_stream()
        handler.send_event(chunk(handler, {"refusal": words}))
        end(handler, "stop", USAGE)

    return step


def stalls(seconds: float = 30.0) -> Step:
    """Begin an answer and fall silent."""

    def step(handler: ModelHandler) -> None:
        handler.begin_stream()
        handler.send_event(chunk(handler, {"content": '{"title": "A'}))
        handler.pause(seconds)

    return step


def thinks(thoughts: str, code: str) -> Step:
    """Think aloud between tags, as local reasoning models do, and answer then."""
    words = json.dumps({"title": TITLE, "explanation": EXPLANATION, "code": code})
    return text(f"<think>\n{thoughts}\n</think>\n\n{words}", pieces=40)


def status(code: int, *, kind: str = "", message: str = "", headers: dict[str, str] | None = None) -> Step:
    """Fail with an HTTP status."""
    error = {"message": message or f"status {code}", "type": kind or "error", "param": None, "code": kind or None}
    return lambda handler: handler.send_json(code, {"error": error}, headers)


def wrong_key(handler: ModelHandler) -> None:
    """Refuse the key as the vendor does, and quote it as a careless one might."""
    message = f"Incorrect API key provided: {handler.given_key()}."
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": "invalid_api_key"}
    handler.send_json(401, {"error": error})


def without_schemas(then: Step) -> Step:
    """Reject a request that wants its answer in a format, as a server does that knows none; answer others."""
    rejection = status(400, message="unknown field: response_format")
    return lambda handler: (rejection if "response_format" in handler.asked else then)(handler)


def raw_stream(data: bytes) -> Step:
    """Send bytes that need not be a valid stream."""
    return lambda handler: (handler.begin_stream(), handler.send_raw(data))[-1]


def chunk(handler: ModelHandler, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    """Return one piece of an answer in the protocol's form."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": handler.asked["model"],
        "choices": [choice],
    }


def end(handler: ModelHandler, finish: str | None, usage: Any) -> None:
    """Say why the answer ends, and what it cost where that was asked for."""
    if finish:
        handler.send_event(chunk(handler, {}, finish))
    if usage and (handler.asked.get("stream_options") or {}).get("include_usage"):
        handler.send_event({**chunk(handler, {}), "choices": [], "usage": usage})
    if finish:
        handler.send_raw(b"data: [DONE]\r\n\r\n")


class OpenAIServer(ModelServer):
    """OpenAI's server, or another that speaks like it."""

    handler = OpenAIHandler
    offered = MODELS
    good = staticmethod(answer(GOOD_SCENE))


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until interrupted, and print the address first."""
    parser = argparse.ArgumentParser(description="Speak OpenAI's chat protocol on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    options = parser.parse_args(arguments)
    with OpenAIServer(port=options.port) as server:
        print(f"{server.url}/v1", flush=True)  # noqa: T201
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
