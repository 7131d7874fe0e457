"""One call of the generator: ask, read, ask again where the answer is unusable."""

from __future__ import annotations

import asyncio
import time

from manimatic.codegen.answer import MAX_ANSWER_CHARS, Answer, Form, Reading, read_answer, read_partial
from manimatic.codegen.exchange import Exchange
from manimatic.codegen.limits import Patience, Spending, Terms
from manimatic.codegen.model import LanguageModel, Turn
from manimatic.codegen.prompting import Opening, correction_text
from manimatic.codegen.trouble import Trouble
from manimatic.errors import AnswerCutOff, ModelRefused, UnusableAnswer
from manimatic.ports import DraftListener

DRAFT_INTERVAL_S = 0.2
CUT_OFF = "It was cut off at the output limit before it was complete."
SHORTER = "Write a scene of half the length."


class Conversation:
    """Holds the turns of one call.

    Args:
        opening: What is said first.
        listener: Hears the answer while it is written.
        spending: Counts what it costs.
        terms: How often an answer is sent back, and how long is waited.
        takes_schema: Whether the answer is asked for as a filled JSON schema.
        may_drop_schema: Whether a rejected request is sent once more without the schema.
    """

    def __init__(
        self,
        opening: Opening,
        listener: DraftListener,
        spending: Spending,
        terms: Terms,
        *,
        takes_schema: bool,
        may_drop_schema: bool,
    ) -> None:
        self._opening = opening
        self._listener = listener
        self._spending = spending
        self._terms = terms
        self._turns = [Turn(opening.request)]
        self._may_drop_schema = takes_schema and may_drop_schema
        self.takes_schema = takes_schema
        """False as soon as the server has rejected the schema."""

    async def run(self, model: LanguageModel) -> Answer:
        """Ask until an answer is usable and return it.

        Raises:
            GenerationError: No usable answer came; the kind says why.
        """
        for _ in range(self._terms.max_corrections + 1):
            reading = await self._ask_patiently(model)
            if reading.fault is None:
                return reading.answer
        raise reading.kind(f"The model's answer holds no usable scene: {reading.fault}")

    async def _ask_patiently(self, model: LanguageModel) -> Reading:
        patience = Patience(self._terms)
        while True:
            try:
                return await self._ask(model)
            except Trouble as trouble:
                if trouble.may_be_schema and self._may_drop_schema:
                    self._may_drop_schema = self.takes_schema = False
                    continue
                wait_s = patience.next_wait_s(trouble.retry_after_s) if trouble.transient else None
                if wait_s is None:
                    raise trouble.error from None
            await asyncio.sleep(wait_s)

    async def _ask(self, model: LanguageModel) -> Reading:
        form = Form.SCHEMA if self.takes_schema else Form.TEXT
        async with model.answer(self._opening.system(form), self._turns, form) as exchange:
            try:
                await self._follow(exchange)
            finally:
                self._spending.add(exchange.usage)
            self._spending.check()
            return self._judge(exchange)

    async def _follow(self, exchange: Exchange) -> None:
        shown_at, shown = time.monotonic(), Answer()
        while await exchange.more():
            self._spending.check(exchange.usage)
            if exchange.chars > MAX_ANSWER_CHARS:
                raise UnusableAnswer(f"The model's answer is longer than {MAX_ANSWER_CHARS} characters.")
            if time.monotonic() - shown_at >= DRAFT_INTERVAL_S:
                shown_at, shown = time.monotonic(), self._show(read_partial(exchange.text), shown)
        self._show(read_partial(exchange.text), shown)

    def _show(self, answer: Answer, shown: Answer) -> Answer:
        if answer != shown:
            self._listener.draft(title=answer.title, explanation=answer.explanation, code=answer.code)
        return answer

    def _judge(self, exchange: Exchange) -> Reading:
        if exchange.refusal is not None:
            raise ModelRefused(f"The model declined to answer this prompt ({exchange.refusal}).")
        reading = read_answer(exchange.text)
        if reading.fault is not None:
            if exchange.broke_off:
                raise exchange.broken_off()
            reading = self._send_back(exchange, reading)
        return reading

    def _send_back(self, exchange: Exchange, reading: Reading) -> Reading:
        if exchange.hit_limit:
            self._turns.append(Turn(correction_text(f"{CUT_OFF} {SHORTER}")))
            return Reading(answer=reading.answer, fault=CUT_OFF, kind=AnswerCutOff)
        if exchange.text:
            self._turns.append(Turn(exchange.text, by_model=True))
        self._turns.append(Turn(correction_text(reading.fault or "")))
        return reading
