"""What the tests of the code generators share: a listener, a brief, and Gemini over the loopback server."""

from __future__ import annotations

import threading
from typing import Any

from loopback.gemini_server import GeminiServer
from manimatic.codegen.gemini import GeminiGenerator
from manimatic.jobs import Options
from manimatic.ports import Brief, CodeGenerator, Draft, Round

KEY = "AIza-loopback-key-0123456789"
MODEL = "gemini-3.8-flash"


class Listener:
    """Keeps the drafts that it hears."""

    def __init__(self) -> None:
        self.drafts: list[dict[str, str]] = []
        self.threads: set[int] = set()

    def draft(self, *, title: str, explanation: str, code: str) -> None:
        """Keep the draft."""
        self.threads.add(threading.get_ident())
        self.drafts.append({"title": title, "explanation": explanation, "code": code})


def brief(prompt: str = "a circle becomes a square", *rounds: Round, **options: Any) -> Brief:
    """Return a brief."""
    return Brief(prompt=prompt, options=Options(**options), rounds=rounds)


def generate(generator: CodeGenerator, what: Brief | None = None) -> Draft:
    """Generate with nobody listening."""
    return generator.generate(what or brief(), Listener(), threading.Event())


def gemini(server: GeminiServer, **changes: Any) -> GeminiGenerator:
    """Return a generator that asks the server, impatiently."""
    given = {"api_key": KEY, "model": MODEL, "base_url": server.url, "timeout_s": 2.0, "backoff_s": 0.02} | changes
    return GeminiGenerator(**given)
