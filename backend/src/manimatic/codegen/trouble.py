"""Says in our own words what the vendor or the way to it did wrong, without ever showing the key."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import TypeVar
from urllib.parse import urlsplit

import httpx2
from pydantic_ai import exceptions as vendor

from manimatic.codegen.vendors import Account
from manimatic.errors import GenerationError, ModelRefused, ModelRejectedKey, ModelUnavailable

T = TypeVar("T")
MAX_QUOTE_CHARS = 300
WRONG_SHAPE = (ValueError, TypeError, LookupError, AttributeError, AssertionError)
"""What the libraries raise where an answer is not what the protocol says."""
DECLINED = frozenset({"content_filter", "content_policy_violation", "invalid_prompt"})
"""The codes with which OpenAI and those who speak like it turn a prompt down before answering."""
_ERRORS = (vendor.AgentRunError, vendor.UserError, httpx2.HTTPError, *WRONG_SHAPE)


class Trouble(Exception):
    """A request failed; `transient` says whether sending it again may help."""

    def __init__(
        self,
        error: GenerationError,
        *,
        transient: bool,
        retry_after_s: float | None = None,
        may_be_schema: bool = False,
    ) -> None:
        super().__init__(error.message)
        self.error = error
        self.transient = transient
        self.retry_after_s = retry_after_s
        self.may_be_schema = may_be_schema
        """Whether the server may have rejected the request because of the schema in it."""


class Translator:
    """Turns the exceptions of a vendor's libraries into ours.

    Args:
        account: Who is asked; its key is hidden in what is quoted.
        model: The model that is asked.
        timeout_s: Longest silence, for the message.
        errors: What the vendor's SDK raises of its own.
    """

    def __init__(self, account: Account, *, model: str, timeout_s: float, errors: tuple[type[Exception], ...]) -> None:
        self._account = account
        self._host = urlsplit(account.base_url).netloc.rpartition("@")[2]
        self._model = model
        self._timeout_s = timeout_s
        self._errors: tuple[type[Exception], ...] = (*_ERRORS, *errors)

    async def guard(self, step: Awaitable[T]) -> T:
        """Await a step of the libraries. Raises Trouble."""
        try:
            return await step
        except self._errors as error:
            raise self.trouble(error) from None  # the cause may quote the request with the key in it

    def trouble(self, error: Exception) -> Trouble:
        """Return what went wrong, and whether it is worth another try."""
        final = self._final(error)
        if final is not None:
            return Trouble(final, transient=False, may_be_schema=_may_be_schema(error))
        if isinstance(error, WRONG_SHAPE):
            message = f"{self._host} sent an answer that cannot be read ({type(error).__name__})."
        else:
            message = f"{self._host} failed: {self._quote(error)}"
        return Trouble(ModelUnavailable(message), transient=True, retry_after_s=getattr(error, "retry_after", None))

    def _final(self, error: Exception) -> GenerationError | None:
        if isinstance(error, vendor.ModelRequestRejectedError):
            return self._rejected(error)
        if isinstance(error, vendor.ModelQuotaExceededError):
            message = f"The quota of the API key is used up: {self._quote(error)}"
            return ModelUnavailable(message, hint="Wait until the quota is renewed, or raise it at the vendor.")
        if isinstance(error, vendor.ModelConnectionError) and error.phase == "connect":
            return ModelUnavailable(f"{self._host} cannot be reached: {self._quote(error)}")
        if isinstance(error, vendor.ModelTimeoutError):
            return ModelUnavailable(f"{self._host} sent nothing for {self._timeout_s:g} s.")
        return None

    def _rejected(self, error: vendor.ModelRequestRejectedError) -> GenerationError:
        if isinstance(error, vendor.ModelAuthenticationError):
            name = self._account.vendor.key_variable
            hint = f"Check {name} (or the file that {name}_FILE names)."
            return ModelRejectedKey(f"{self._host} refused the API key: {self._quote(error)}", hint=hint)
        if isinstance(error, vendor.ModelNotFoundError):
            hint = "Set MANIMATIC_MODEL (or `model` in the request) to a model that the vendor offers."
            return ModelRefused(f"{self._host} does not offer the model {self._model}.", hint=hint)
        if isinstance(error, vendor.ModelContextWindowExceededError):
            hint = "Ask for less, or give the server a longer context (see the how-to of its provider)."
            return ModelRefused(f"The request is too long for {self._model}: {self._quote(error)}", hint=hint)
        if _is_declined(error):
            return ModelRefused(f"The model declined to answer this prompt: {self._quote(error)}")
        return ModelRefused(f"{self._host} rejected the request: {self._quote(error)}", hint="The message says why.")

    def _quote(self, error: Exception) -> str:
        text = _vendors_words(error) or str(error) or type(error).__name__
        if self._account.api_key:
            text = text.replace(self._account.api_key, "(hidden)")
        return " ".join(text.split())[:MAX_QUOTE_CHARS]


def _may_be_schema(error: Exception) -> bool:
    """Tell whether a server that knows no schemas may have meant that: it says so in many ways, so this is wide."""
    others = (
        vendor.ModelAuthenticationError,
        vendor.ModelNotFoundError,
        vendor.ModelContextWindowExceededError,
    )
    rejected = isinstance(error, vendor.ModelRequestRejectedError) and not isinstance(error, others)
    return rejected and not _is_declined(error)


def _is_declined(error: Exception) -> bool:
    return str(_vendors_error(error).get("code")) in DECLINED


def _vendors_words(error: Exception) -> str | None:
    message = _vendors_error(error).get("message")
    return message if isinstance(message, str) else None


def _vendors_error(error: Exception) -> Mapping[object, object]:
    """Return the vendor's own account of an error; OpenAI's SDK has unwrapped it already."""
    body = getattr(error, "body", None)
    inner = body.get("error", body) if isinstance(body, Mapping) else None
    return inner if isinstance(inner, Mapping) else {}
