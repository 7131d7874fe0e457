"""One answer of a model while it is written."""

from __future__ import annotations

from pydantic_ai.exceptions import AgentRunError
from pydantic_ai.messages import (
    ModelResponse,
    ModelResponseStreamEvent,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ThinkingPartDelta,
)
from pydantic_ai.models import StreamedResponse

from manimatic.codegen.trouble import Translator, Trouble
from manimatic.jobs import Usage

CHARS_PER_TOKEN = 4
"""For servers that count no tokens; English and code have three to five."""
MAX_REFUSAL_CHARS = 200


class Exchange:
    """One answer while it is written.

    Args:
        stream: The answer as the library gives it.
        translator: Says what went wrong.
        asked_chars: The length of the question, for servers that count no tokens.
    """

    def __init__(self, stream: StreamedResponse, translator: Translator, asked_chars: int) -> None:
        self._stream = stream
        self._events = aiter(stream)
        self._translator = translator
        self._asked_chars = asked_chars
        self._pieces: list[str] = []
        self.chars = 0
        """How much is written so far, the model's thoughts included."""

    async def more(self) -> bool:
        """Wait for the next piece and return whether there was one. Raises Trouble."""
        event = await self._translator.guard(anext(self._events, None))
        words, is_answer = _words(event)
        self.chars += len(words)
        if is_answer:
            self._pieces.append(words)
        return event is not None

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
        word = details.get("block_reason") or details.get("refusal") or details.get("finish_reason")
        return " ".join(str(word or "content filter").split())[:MAX_REFUSAL_CHARS]

    @property
    def usage(self) -> Usage:
        """Return what the answer has cost so far; the cost is None where the price is unknown.

        Most vendors count at the end alone, and some servers never: until then tokens are estimated from the
        characters, so that the cap on them holds.
        """
        tokens = self._stream.usage
        asked, written = tokens.input_tokens, tokens.output_tokens
        is_counted = tokens.total_tokens and self._stream.finish_reason is not None
        if self.chars and not is_counted:
            asked = asked or self._asked_chars // CHARS_PER_TOKEN
            written = max(written, self.chars // CHARS_PER_TOKEN)
        return Usage(requests=1, input_tokens=asked, output_tokens=written, cost_usd=_price(self._stream.get()))


def _words(event: ModelResponseStreamEvent | None) -> tuple[str, bool]:
    """Return what an event adds, and whether that is part of the answer rather than a thought."""
    if isinstance(event, PartStartEvent):
        if isinstance(event.part, TextPart):
            return event.part.content, True
        if isinstance(event.part, ThinkingPart):
            return event.part.content, False
    if isinstance(event, PartDeltaEvent):
        if isinstance(event.delta, TextPartDelta):
            return event.delta.content_delta, True
        if isinstance(event.delta, ThinkingPartDelta):
            return event.delta.content_delta or "", False
    return "", False


def _price(response: ModelResponse) -> float | None:
    if not response.usage.total_tokens:
        return None
    try:
        return float(response.cost().total_price)
    except (LookupError, ValueError, AssertionError):  # no price is known for the model, or the usage is missing
        return None
