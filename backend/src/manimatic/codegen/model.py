"""The adapter to Gemini: one streamed answer at a time, through pydantic-ai.

This module imports the vendor's libraries (about three seconds); only `GeminiGenerator`'s constructor imports it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import httpx2
from google.genai.errors import APIError
from pydantic_ai.direct import model_request_stream
from pydantic_ai.exceptions import AgentRunError
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
)
from pydantic_ai.models import ModelRequestParameters, StreamedResponse, create_async_httpx2_client
from pydantic_ai.models.google import GoogleModel
from pydantic_ai.output import OutputObjectDefinition
from pydantic_ai.providers.google import GoogleProvider

from manimatic.codegen.answer import answer_schema
from manimatic.codegen.trouble import WRONG_SHAPE, Translator, Trouble
from manimatic.jobs import Usage

T = TypeVar("T")
MAX_CONNECT_S = 5.0
MODELS_PER_PAGE = 1000
# What the SDK raises, with WRONG_SHAPE where an answer is not what the protocol says; only SDK calls are guarded.
_VENDOR_ERRORS = (AgentRunError, APIError, httpx2.HTTPError, *WRONG_SHAPE)


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of the conversation."""

    text: str
    by_model: bool = False


class Exchange:
    """One answer while it is written."""

    def __init__(self, stream: StreamedResponse, translator: Translator) -> None:
        self._stream = stream
        self._events = aiter(stream)
        self._translator = translator
        self._pieces: list[str] = []
        self.chars = 0
        """How much is written so far."""

    async def more(self) -> bool:
        """Wait for the next piece and return whether there was one. Raises Trouble."""
        event = await _guard(anext(self._events, None), self._translator)
        if isinstance(event, PartStartEvent) and isinstance(event.part, TextPart):
            self._write(event.part.content)
        elif isinstance(event, PartDeltaEvent) and isinstance(event.delta, TextPartDelta):
            self._write(event.delta.content_delta)
        return event is not None

    def _write(self, piece: str) -> None:
        self._pieces.append(piece)
        self.chars += len(piece)

    @property
    def text(self) -> str:
        """Return what is written so far."""
        return "".join(self._pieces)

    @property
    def hit_limit(self) -> bool:
        """Tell whether the model ran into its output limit."""
        return self._stream.finish_reason == "length"

    @property
    def broke_off(self) -> bool:
        """Tell whether the stream ended without the model saying that it is done."""
        return "finish_reason" not in (self._stream.provider_details or {})

    def broken_off(self) -> Trouble:
        """Return the trouble of a stream that broke off."""
        return self._translator.trouble(AgentRunError("the answer broke off"))

    @property
    def refusal(self) -> str | None:
        """Return the vendor's word for why it declined, if it did."""
        if self._stream.finish_reason != "content_filter":
            return None
        details = self._stream.provider_details or {}
        return str(details.get("block_reason") or details.get("finish_reason") or "content filter")

    @property
    def usage(self) -> Usage:
        """Return what the answer has cost so far; the cost is None where the price is unknown."""
        tokens = self._stream.usage
        return Usage(
            requests=1,
            input_tokens=tokens.input_tokens,
            output_tokens=tokens.output_tokens,
            cost_usd=_price(self._stream.get()),
        )


class GeminiModel:
    """One model behind one connection pool; made and used within one event loop."""

    def __init__(self, client: httpx2.AsyncClient, provider: GoogleProvider, name: str, translator: Translator) -> None:
        self._client = client
        self._provider = provider
        self._model = GoogleModel(name, provider=provider)
        self._translator = translator

    @asynccontextmanager
    async def answer(self, system: str, turns: Sequence[Turn]) -> AsyncIterator[Exchange]:
        """Ask, and give the answer as it is being written. Raises Trouble."""
        parameters = ModelRequestParameters(
            output_mode="native",
            output_object=OutputObjectDefinition(json_schema=answer_schema(), name="scene"),
            allow_text_output=False,
        )
        request = model_request_stream(self._model, _messages(system, turns), model_request_parameters=parameters)
        async with AsyncExitStack() as stack:
            stream = await _guard(stack.enter_async_context(request), self._translator)
            yield Exchange(stream, self._translator)

    async def list_names(self) -> frozenset[str]:
        """Return the names of the models that the vendor offers to this key. Raises Trouble."""
        listing = self._provider.client.aio.models.list(config={"page_size": MODELS_PER_PAGE})
        pager = await _guard(listing, self._translator)
        return frozenset((model.name or "").removeprefix("models/") for model in pager.page)


@asynccontextmanager
async def connect(
    *, api_key: str, base_url: str, name: str, timeout_s: float, translator: Translator
) -> AsyncIterator[GeminiModel]:
    """Open a connection pool to the vendor for as long as the context lasts."""
    timeout = httpx2.Timeout(timeout_s, connect=min(MAX_CONNECT_S, timeout_s))
    async with create_async_httpx2_client(timeout=timeout) as client:
        provider = GoogleProvider(api_key=api_key, base_url=base_url or None, http_client=client)
        yield GeminiModel(client, provider, name, translator)


def _messages(system: str, turns: Sequence[Turn]) -> list[ModelMessage]:
    messages: list[ModelMessage] = []
    for turn in turns:
        if turn.by_model:
            messages.append(ModelResponse(parts=[TextPart(turn.text)]))
        else:
            messages.append(ModelRequest.user_text_prompt(turn.text, instructions=system))
    return messages


def _price(response: ModelResponse) -> float | None:
    if not response.usage.total_tokens:
        return None
    try:
        return float(response.cost().total_price)
    except (LookupError, ValueError, AssertionError):  # no price is known for the model, or the usage is missing
        return None


async def _guard(step: Awaitable[T], translator: Translator) -> T:
    try:
        return await step
    except _VENDOR_ERRORS as error:
        raise translator.trouble(error) from None  # the cause may quote the request with the key in it
