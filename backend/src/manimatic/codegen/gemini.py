"""The generator that asks Gemini."""

from __future__ import annotations

import asyncio
import re
import threading
from typing import TYPE_CHECKING

from manimatic.codegen.limits import Spending, Terms
from manimatic.codegen.running import run_until_cancelled
from manimatic.errors import GenerationError, InvalidInput, JobCancelled, SettingsError
from manimatic.ports import Brief, Draft, DraftListener

if TYPE_CHECKING:
    from manimatic.codegen.writer import Writer

CHECK_TIMEOUT_S = 3.0
UNTITLED = "Untitled"
_CONFIGURED_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}")
_REQUESTED_MODEL = re.compile(r"gemini-[a-z0-9][a-z0-9.-]{0,60}")


class GeminiGenerator:
    """Has Gemini write scenes; one instance serves any number of threads.

    The constructor loads the vendor's library, which takes some seconds.

    Args:
        api_key: The key; it appears in no message, log or repr.
        model: The model that is asked unless a brief names another.
        base_url: Address of the API; empty: the vendor's.
        timeout_s: Longest silence of the model, and longest wait for an overloaded one.
        max_tokens: Tokens of one job, input and output together; what the brief says is spent counts.
        max_cost_usd: Dollars of one job; not enforced where the model's price is unknown.
        max_corrections: Times an answer that holds no scene is sent back within one call.
        backoff_s: The first wait before a failed request is sent again; it doubles.

    Raises:
        SettingsError: The key or the model's name cannot be sent, or the library is missing.
    """

    name = "gemini"
    can_repair = True

    def __init__(
        self,
        *,
        api_key: str,
        model: str,
        base_url: str = "",
        timeout_s: float = 120.0,
        max_tokens: int = 200_000,
        max_cost_usd: float = 0.5,
        max_corrections: int = 1,
        backoff_s: float = 0.5,
    ) -> None:
        _check_key(api_key)
        if not _CONFIGURED_MODEL.fullmatch(model):
            raise SettingsError(f"MANIMATIC_MODEL={model!r} is not the name of a model.")
        self._model = model
        self._max_tokens = max_tokens
        self._max_cost_usd = max_cost_usd
        terms = Terms(max_corrections=max_corrections, backoff_s=backoff_s, max_wait_s=timeout_s)
        self._writer = _load_writer(api_key=api_key, base_url=base_url, timeout_s=timeout_s, terms=terms)

    def generate(self, brief: Brief, listener: DraftListener, cancel: threading.Event) -> Draft:
        """Have the model write a scene, or mend the last round's.

        The listener is called in the caller's thread, at most five times a second and once more at the end. Errors
        carry what the call has cost as their `usage`.

        Raises:
            InvalidInput: The brief names something that is not a Gemini model.
            ModelRefused: The vendor declined, or does not offer the model.
            ModelUnavailable: The vendor did not answer, after retries.
            ModelRejectedKey: The vendor refused the key.
            UnusableAnswer: The answer holds no scene, even after asking again.
            BudgetExceeded: The answer went over its token or money limit.
            JobCancelled: `cancel` was set.
        """
        name = self._model if brief.options.model is None else _requested(brief.options.model)
        if cancel.is_set():
            raise JobCancelled
        spending = Spending(max_tokens=self._max_tokens, max_cost_usd=self._max_cost_usd, before=brief.spent)
        try:
            answer = run_until_cancelled(self._writer.write(name, brief, listener, spending), cancel)
        except GenerationError as error:
            error.usage = spending.total
            raise
        return Draft(
            title=answer.title or UNTITLED,
            explanation=answer.explanation,
            code=answer.code,
            generator=self.name,
            model=name,
            usage=spending.total,
        )

    def check(self) -> str | None:
        """Ask the vendor for its models and return a warning, or None; it takes at most three seconds."""
        question = asyncio.wait_for(self._writer.offers(self._model), CHECK_TIMEOUT_S)
        try:
            offered = run_until_cancelled(question, threading.Event())
        except TimeoutError:
            return f"The model's vendor did not list its models within {CHECK_TIMEOUT_S:g} s."
        except GenerationError as error:
            return f"The model's vendor did not list its models. {error.message}"
        return None if offered else f"MANIMATIC_MODEL={self._model} is not among the models that the vendor lists."


def _check_key(api_key: str) -> None:
    # A key that HTTP cannot carry would be quoted in the encoder's error message.
    if not api_key or not api_key.isascii() or not api_key.isprintable() or " " in api_key:
        raise SettingsError("GEMINI_API_KEY is empty or holds characters that no key has.")


def _requested(name: str) -> str:
    if not _REQUESTED_MODEL.fullmatch(name):
        raise InvalidInput(f"{name[:80]!r} is not the name of a Gemini model.")
    return name


def _load_writer(*, api_key: str, base_url: str, timeout_s: float, terms: Terms) -> Writer:
    try:
        from manimatic.codegen.writer import Writer
    except ImportError as error:
        message = f"GEMINI_API_KEY is set, but pydantic-ai-slim[google] cannot be loaded: {error}"
        raise SettingsError(message, hint='Install it with: pip install "pydantic-ai-slim[google]>=2.68,<3"') from error
    return Writer(api_key=api_key, base_url=base_url, timeout_s=timeout_s, terms=terms)
