"""The generator that asks a language model."""

from __future__ import annotations

import asyncio
import re
import threading
from typing import TYPE_CHECKING

from manimatic.codegen.limits import Spending, Terms
from manimatic.codegen.prompting import Prompter
from manimatic.codegen.running import run_until_cancelled
from manimatic.codegen.vendors import Account, Vendor
from manimatic.errors import GenerationError, InvalidInput, JobCancelled, SettingsError
from manimatic.ports import Brief, Draft, DraftListener

if TYPE_CHECKING:
    from manimatic.codegen.writer import Writer

CHECK_TIMEOUT_S = 3.0
UNTITLED = "Untitled"
_CONFIGURED_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,120}")
_PATH_STEP = re.compile(r"(?:^|/)\.")


class ModelGenerator:
    """Has a language model write scenes; one instance serves any number of threads.

    The constructor loads the vendor's library, which takes some seconds.

    Args:
        vendor: Whose protocol is spoken.
        api_key: The key; it appears in no message, log or repr. Empty where the vendor needs none.
        model: The model that is asked unless a brief names another.
        base_url: Address of the API; empty: the vendor's.
        prompter: Puts briefs into words; without it one that knows the gallery that is installed.
        timeout_s: Longest silence of the model, and longest wait for an overloaded one.
        max_tokens: Tokens of one job, input and output together; what the brief says is spent counts.
        max_cost_usd: Dollars of one job; not enforced where the model's price is unknown.
        max_corrections: Times an answer that holds no scene is sent back within one call.
        backoff_s: The first wait before a failed request is sent again; it doubles.

    Raises:
        SettingsError: The key or the model's name cannot be sent, there is no address, or the library is missing.
    """

    can_repair = True

    def __init__(
        self,
        vendor: Vendor,
        *,
        api_key: str,
        model: str,
        base_url: str = "",
        prompter: Prompter | None = None,
        timeout_s: float = 120.0,
        max_tokens: int = 200_000,
        max_cost_usd: float = 0.5,
        max_corrections: int = 1,
        backoff_s: float = 0.5,
    ) -> None:
        account = Account(vendor=vendor, base_url=base_url or vendor.base_url, api_key=api_key)
        _check_account(account)
        if not _is_name(model):
            raise SettingsError(f"MANIMATIC_MODEL={model!r} is not the name of a model.")
        self.name = vendor.name
        self._vendor = vendor
        self._model = model
        self._max_tokens = max_tokens
        self._max_cost_usd = max_cost_usd
        terms = Terms(max_corrections=max_corrections, backoff_s=backoff_s, max_wait_s=timeout_s)
        self._writer = _load_writer(account, prompter or Prompter(), timeout_s=timeout_s, terms=terms)

    def generate(self, brief: Brief, listener: DraftListener, cancel: threading.Event) -> Draft:
        """Have the model write a scene, or mend the last round's.

        The listener is called in the caller's thread, at most five times a second and once more at the end. Errors
        carry what the call has cost as their `usage`.

        Raises:
            InvalidInput: The brief names something that is not a model of this vendor.
            ModelRefused: The vendor declined, or does not offer the model.
            ModelUnavailable: The vendor did not answer, after retries.
            ModelRejectedKey: The vendor refused the key.
            UnusableAnswer: The answer holds no scene, even after asking again.
            BudgetExceeded: The answer went over its token or money limit.
            JobCancelled: `cancel` was set.
        """
        name = self._model if brief.options.model is None else self._requested(brief.options.model)
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

    def _requested(self, name: str) -> str:
        if name != self._model and not (self._vendor.names.fullmatch(name) and _is_name(name)):
            raise InvalidInput(f"{name[:80]!r} is not the name of a model of {self._vendor.title}.")
        return name


def _is_name(name: str) -> bool:
    # Gemini's stands in the address, where `..` would lead elsewhere.
    return bool(_CONFIGURED_MODEL.fullmatch(name)) and not _PATH_STEP.search(name)


def _check_account(account: Account) -> None:
    vendor, key = account.vendor, account.api_key
    if not account.base_url:
        raise SettingsError(f"MANIMATIC_PROVIDER={vendor.name} needs MANIMATIC_MODEL_BASE_URL, the server's address.")
    if vendor.needs_key and not key:
        raise SettingsError(f"{vendor.key_variable} is empty, and {vendor.title} answers nobody without a key.")
    # A key that HTTP cannot carry would be quoted in the encoder's error message.
    if not key.isascii() or not key.isprintable() or " " in key:
        raise SettingsError(f"{vendor.key_variable} holds characters that no key has.")


def _load_writer(account: Account, prompter: Prompter, *, timeout_s: float, terms: Terms) -> Writer:
    try:
        from manimatic.codegen.writer import Writer

        return Writer(account, prompter, timeout_s=timeout_s, terms=terms)
    except ImportError as error:
        extras = "anthropic,google,openai"
        message = f"{account.vendor.title} is configured, but pydantic-ai-slim[{extras}] cannot be loaded: {error}"
        hint = f'Install it with: pip install "pydantic-ai-slim[{extras}]>=2.68,<3"'
        raise SettingsError(message, hint=hint) from error
