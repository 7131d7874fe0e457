"""Says in our own words what the vendor or the way to it did wrong, without ever showing the key."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic_ai import exceptions as vendor

from manimatic.errors import GenerationError, ModelRefused, ModelRejectedKey, ModelUnavailable

MAX_QUOTE_CHARS = 300
WRONG_SHAPE = (ValueError, TypeError, LookupError, AttributeError, AssertionError)


class Trouble(Exception):
    """A request failed; `transient` says whether sending it again may help."""

    def __init__(self, error: GenerationError, *, transient: bool, retry_after_s: float | None = None) -> None:
        super().__init__(error.message)
        self.error = error
        self.transient = transient
        self.retry_after_s = retry_after_s


class Translator:
    """Turns the vendor's exceptions into ours."""

    def __init__(self, *, api_key: str, host: str, model: str, timeout_s: float) -> None:
        self._api_key = api_key
        self._host = host
        self._model = model
        self._timeout_s = timeout_s

    def trouble(self, error: Exception) -> Trouble:
        """Return what went wrong, and whether it is worth another try."""
        final = self._final(error)
        if final is not None:
            return Trouble(final, transient=False)
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
            return ModelRejectedKey(f"{self._host} refused the API key: {self._quote(error)}")
        if isinstance(error, vendor.ModelNotFoundError):
            hint = "Set MANIMATIC_MODEL (or `model` in the request) to a model that the vendor offers."
            return ModelRefused(f"{self._host} does not offer the model {self._model}.", hint=hint)
        return ModelRefused(f"{self._host} rejected the request: {self._quote(error)}", hint="The message says why.")

    def _quote(self, error: Exception) -> str:
        text = _vendors_words(error) or str(error) or type(error).__name__
        return " ".join(text.replace(self._api_key, "(hidden)").split())[:MAX_QUOTE_CHARS]


def _vendors_words(error: Exception) -> str | None:
    body = getattr(error, "body", None)
    inner = body.get("error") if isinstance(body, Mapping) else None
    message = inner.get("message") if isinstance(inner, Mapping) else None
    return message if isinstance(message, str) else None
