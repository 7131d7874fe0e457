"""The adapter to a vendor's model: one streamed answer at a time, through pydantic-ai.

This module imports pydantic-ai, and `load_opener` the vendor's library (about three seconds); only the constructor of
`ModelGenerator` imports it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx2
from pydantic_ai.direct import model_request_stream
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, TextPart
from pydantic_ai.models import ModelRequestParameters, create_async_httpx2_client
from pydantic_ai.output import OutputObjectDefinition

from manimatic.codegen.answer import Form, answer_schema
from manimatic.codegen.exchange import Exchange
from manimatic.codegen.sdks.line import Line
from manimatic.codegen.trouble import Translator
from manimatic.codegen.vendors import Account, Vendor

Opener = Callable[[Account, str, httpx2.AsyncClient], Line]
MAX_CONNECT_S = 5.0


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of the conversation."""

    text: str
    by_model: bool = False


def load_opener(vendor: Vendor) -> Opener:
    """Load a vendor's library. Raises ImportError."""
    if vendor.name == "gemini":
        from manimatic.codegen.sdks.gemini import open_line
    elif vendor.name == "anthropic":
        from manimatic.codegen.sdks.anthropic import open_line
    else:
        from manimatic.codegen.sdks.openai import open_line
    return open_line


class LanguageModel:
    """One model behind one connection pool; made and used within one event loop."""

    def __init__(self, line: Line, translator: Translator) -> None:
        self._line = line
        self._translator = translator

    @property
    def takes_schema(self) -> bool:
        """Tell whether the library knows that this model fills a JSON schema."""
        return bool(self._line.model.profile.get("supports_json_schema_output", False))

    @asynccontextmanager
    async def answer(self, system: str, turns: Sequence[Turn], form: Form) -> AsyncIterator[Exchange]:
        """Ask, and give the answer as it is being written. Raises Trouble."""
        request = model_request_stream(
            self._line.model,
            _messages(system, turns),
            model_settings=self._line.settings,
            model_request_parameters=_parameters(form),
        )
        asked_chars = len(system) + sum(len(turn.text) for turn in turns)
        async with AsyncExitStack() as stack:
            stream = await self._translator.guard(stack.enter_async_context(request))
            yield Exchange(stream, self._translator, asked_chars)

    async def list_names(self) -> frozenset[str]:
        """Return the names of the models that the vendor offers to this key. Raises Trouble."""
        return await self._translator.guard(self._line.list_names())


@asynccontextmanager
async def connect(opener: Opener, account: Account, name: str, *, timeout_s: float) -> AsyncIterator[LanguageModel]:
    """Open a connection pool to the vendor for as long as the context lasts."""
    timeout = httpx2.Timeout(timeout_s, connect=min(MAX_CONNECT_S, timeout_s))
    async with create_async_httpx2_client(timeout=timeout) as client:
        line = opener(account, name, client)
        yield LanguageModel(line, Translator(account, model=name, timeout_s=timeout_s, errors=line.errors))


def _parameters(form: Form) -> ModelRequestParameters:
    if form is Form.TEXT:
        return ModelRequestParameters(output_mode="text", allow_text_output=True)
    return ModelRequestParameters(
        output_mode="native",
        output_object=OutputObjectDefinition(json_schema=answer_schema(), name="scene"),
        allow_text_output=False,
    )


def _messages(system: str, turns: Sequence[Turn]) -> list[ModelMessage]:
    messages: list[ModelMessage] = []
    for turn in turns:
        if turn.by_model:
            messages.append(ModelResponse(parts=[TextPart(turn.text)]))
        else:
            messages.append(ModelRequest.user_text_prompt(turn.text, instructions=system))
    return messages
