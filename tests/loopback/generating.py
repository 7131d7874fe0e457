"""What the tests of the code generators share: a listener, a brief, and every provider over its loopback server."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from loopback import anthropic_server, openai_server
from loopback.anthropic_server import AnthropicServer
from loopback.gemini_server import GeminiServer
from loopback.model_server import ModelServer
from loopback.openai_server import OpenAIServer
from manimatic.codegen.generator import ModelGenerator
from manimatic.codegen.vendors import ANTHROPIC, COMPATIBLE, GEMINI, OPENAI, Vendor
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


def gemini(server: GeminiServer, **changes: Any) -> ModelGenerator:
    """Return a generator that asks the server, impatiently."""
    given = {"api_key": KEY, "model": MODEL, "base_url": server.url, "timeout_s": 2.0, "backoff_s": 0.02} | changes
    return ModelGenerator(GEMINI, **given)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A provider beside Gemini: whom it is asked as, who answers on loopback, and with what words."""

    vendor: Vendor
    server: type[ModelServer]
    script: ModuleType
    model: str
    key: str
    at: str
    """What the address of the API ends in."""

    def generator(self, server: ModelServer, **changes: Any) -> ModelGenerator:
        """Return a generator that asks the server, impatiently."""
        given = {"api_key": self.key, "model": self.model, "base_url": server.url + self.at, "timeout_s": 2.0}
        return ModelGenerator(self.vendor, **(given | {"backoff_s": 0.02} | changes))


PROVIDERS = (
    Provider(
        vendor=OPENAI,
        server=OpenAIServer,
        script=openai_server,
        model="gpt-5.4-mini",
        key="sk-loopback-0123456789",
        at="/v1",
    ),
    Provider(vendor=COMPATIBLE, server=OpenAIServer, script=openai_server, model="qwen3-coder:30b", key="", at="/v1"),
    Provider(
        vendor=ANTHROPIC,
        server=AnthropicServer,
        script=anthropic_server,
        model="claude-sonnet-4-6",
        key="sk-ant-loopback-0123456789",
        at="",
    ),
)
