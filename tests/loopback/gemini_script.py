"""What the Gemini loopback server can answer: each step takes one request and answers it."""

from __future__ import annotations

import json
from typing import Any

from loopback.model_server import ModelHandler, Step

GOOD_SCENE = """from manim import *


class CircleToSquare(Scene):
    def construct(self):
        circle = Circle(color=BLUE, fill_opacity=0.4)
        square = Square(color=YELLOW, fill_opacity=0.4)
        self.play(Create(circle))
        self.play(Transform(circle, square))
        self.wait(1)
"""
FAILS_THE_CHECK = GOOD_SCENE.replace("Create(circle)", "Create(circle.get_glow())")
# The name is looked up where the checker cannot see it.
FAILS_AT_RUN_TIME = GOOD_SCENE.replace("Create(circle)", 'Create(getattr(circle, "get_glow")())')
FAILS_TO_PARSE = GOOD_SCENE.replace("self.wait(1)", "self.wait(1")
HOLDS_NO_SCENE = "from manim import *\n\nprint('hello')\n"
TITLE = "A circle becomes a square"
EXPLANATION = "A blue circle appears. It turns into a yellow square, corner by corner."
MODELS = ("gemini-3.8-flash", "gemini-3.5-flash-lite", "gemini-4-argon")
PROMPT_TOKENS = 1000
ANSWER_TOKENS = 400


def chunk(text: str, *, finish: str | None = None, tokens: int = ANSWER_TOKENS) -> dict[str, Any]:
    """Return one piece of an answer in the protocol's form."""
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": [{"text": text}]}, "index": 0}
    if finish:
        candidate["finishReason"] = finish
    usage = {
        "promptTokenCount": PROMPT_TOKENS,
        "candidatesTokenCount": tokens,
        "totalTokenCount": PROMPT_TOKENS + tokens,
    }
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": MODELS[0], "responseId": "loopback"}


def answer(
    code: str, *, title: str = TITLE, explanation: str = EXPLANATION, pieces: int = 12, pause_s: float = 0.0
) -> Step:
    """Answer with a scene, streamed in pieces where a stream was asked for."""
    return text(json.dumps({"title": title, "explanation": explanation, "code": code}), pieces=pieces, pause_s=pause_s)


def text(words: str, *, finish: str | None = "STOP", pieces: int = 12, pause_s: float = 0.0) -> Step:
    """Answer with any text."""

    def step(handler: ModelHandler) -> None:
        if not handler.streams:
            handler.send_json(200, chunk(words, finish=finish))
            return
        handler.begin_stream()
        size = max(1, -(-len(words) // pieces))
        for start in range(0, len(words), size):
            ends = start + size >= len(words)
            handler.send_event(chunk(words[start : start + size], finish=finish if ends else None))
            handler.pause(pause_s)
        if not words:
            handler.send_event(chunk("", finish=finish))

    return step


def truncated(code: str = GOOD_SCENE) -> Step:
    """Stop in the middle, as at the output limit."""
    whole = json.dumps({"title": TITLE, "explanation": EXPLANATION, "code": code})
    return text(whole[: len(whole) * 2 // 3], finish="MAX_TOKENS")


def stops_for_safety() -> Step:
    """Begin an answer and stop it for safety."""
    return text('{"title": "A', finish="SAFETY")


def blocked(handler: ModelHandler) -> None:
    """Refuse the prompt."""
    body = {
        "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
        "usageMetadata": {"promptTokenCount": PROMPT_TOKENS, "totalTokenCount": PROMPT_TOKENS},
        "modelVersion": MODELS[0],
    }
    if handler.streams:
        handler.begin_stream()
        handler.send_event(body)
    else:
        handler.send_json(200, body)


def status(code: int, *, name: str = "", message: str = "", headers: dict[str, str] | None = None) -> Step:
    """Fail with an HTTP status."""
    names = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}
    names |= {429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE"}
    error = {"code": code, "message": message or f"status {code}", "status": name or names.get(code, "UNKNOWN")}
    return lambda handler: handler.send_json(code, {"error": error}, headers)


def wrong_key(handler: ModelHandler) -> None:
    """Refuse the key as the vendor does, and quote it as a careless one might."""
    given = handler.headers.get("x-goog-api-key")
    error = {
        "code": 400,
        "message": f"API key not valid: {given}. Please pass a valid API key.",
        "status": "INVALID_ARGUMENT",
        "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}],
    }
    handler.send_json(400, {"error": error})


def stalls(after: str = '{"title": "A', seconds: float = 30.0) -> Step:
    """Begin an answer and fall silent."""

    def step(handler: ModelHandler) -> None:
        handler.begin_stream()
        if after:
            handler.send_event(chunk(after))
        handler.pause(seconds)

    return step


def silent(handler: ModelHandler) -> None:
    """Take the request and send nothing at all."""
    handler.pause(30.0)
    handler.close_connection = True


def raw_stream(data: bytes) -> Step:
    """Send bytes that need not be a valid stream."""

    def step(handler: ModelHandler) -> None:
        handler.begin_stream()
        handler.send_raw(data)

    return step


def redirects(handler: ModelHandler) -> None:
    """Send the client elsewhere."""
    handler.send_json(302, {}, {"Location": f"{handler.server.owner.url}/elsewhere"})


SCRIPTS: dict[str, list[Step]] = {
    "good": [answer(GOOD_SCENE, pause_s=0.05)],
    "repair": [answer(FAILS_AT_RUN_TIME, pause_s=0.05), answer(GOOD_SCENE, pause_s=0.05)],
    "syntax": [answer(FAILS_TO_PARSE, pause_s=0.05), answer(GOOD_SCENE, pause_s=0.05)],
    "slow": [answer(GOOD_SCENE, pieces=60, pause_s=0.2)],
    "overloaded": [status(503), answer(GOOD_SCENE, pause_s=0.05)],
    "stalls": [stalls(seconds=3600.0)],
    "blocked": [blocked],
}
