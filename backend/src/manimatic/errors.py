"""Every error that Manimatic raises on purpose.

::

    ManimaticError                  internal_error
    ├── SettingsError               bad_settings
    ├── RequestError                bad_request
    │   ├── InvalidInput            invalid_input
    │   │   └── RequestKeyReused    idempotency_key_reused
    │   ├── NotFound                not_found
    │   │   ├── JobNotFound         job_not_found
    │   │   ├── VideoNotFound       video_not_found
    │   │   └── KeyNotFound         key_not_found
    │   ├── Conflict                conflict
    │   ├── KeyMissing              key_missing
    │   │   ├── KeyWrong            key_wrong
    │   │   ├── KeyRevoked          key_revoked
    │   │   └── KeyExpired          key_expired
    │   ├── ScopeMissing            scope_missing
    │   ├── QuotaExceeded           quota_exceeded
    │   └── QueueFull               queue_full
    ├── GenerationError             generation_failed
    │   ├── NoOfflineAnswer         no_offline_answer
    │   ├── ModelRefused            model_refused
    │   ├── ModelUnavailable        model_unavailable
    │   ├── ModelRejectedKey        model_rejected_key
    │   ├── UnusableAnswer          unusable_answer
    │   │   ├── AnswerWithoutCode   answer_without_code
    │   │   ├── AnswerCutOff        answer_cut_off
    │   │   └── AnswerNotPython     answer_not_python
    │   └── BudgetExceeded          budget_exceeded
    ├── SceneFailed                 (the verdict's own name)
    │   ├── CheckFailed             check_failed
    │   ├── UnsafeCode              unsafe_code
    │   └── SameAnswer              same_answer
    ├── CheckerError                checker_error
    ├── SandboxError                sandbox_error
    │   └── SandboxUnavailable      sandbox_unavailable
    ├── StorageError                storage_error
    ├── StoreError                  store_error
    ├── BrokerError                 broker_error
    ├── JobCancelled                cancelled
    ├── JobExpired                  expired
    ├── WorkerLost                  worker_lost
    └── LeaseLost                   lease_lost

A class's docstring is its default message; `hint` says what to do about it. `code` is stable: clients may match on it.
"""

from __future__ import annotations

from typing import ClassVar


class ManimaticError(Exception):
    """Something inside Manimatic went wrong."""

    code: str = "internal_error"
    http_status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1
    hint: str = "Try again; if it happens again, report it with the job's id."
    retryable: ClassVar[bool] = False
    retry_after_s: float | None = None
    """When to try again, where that is known."""

    def __init__(self, message: str | None = None, *, hint: str | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").splitlines()[0]
        if hint is not None:
            self.hint = hint
        super().__init__(self.message)


class SettingsError(ManimaticError):
    """A setting is unknown or has a bad value."""

    code = "bad_settings"
    exit_code = 3
    hint = "See docs/reference/settings.md for every setting and its values."


class RequestError(ManimaticError):
    """The request cannot be served as it stands."""

    code = "bad_request"
    http_status = 400
    exit_code = 2
    hint = "Compare the request with the API reference at /docs."


class InvalidInput(RequestError):
    """A value in the request is not acceptable."""

    code = "invalid_input"
    http_status = 422
    hint = "The message names the value; the API reference at /docs lists what is allowed."


class RequestKeyReused(InvalidInput):
    """This Idempotency-Key has come with another request."""

    code = "idempotency_key_reused"
    hint = "Send the same body as before, or take a new key; keys are remembered for 24 hours."


class NotFound(RequestError):
    """There is nothing at this address."""

    code = "not_found"
    http_status = 404
    hint = "The API reference at /docs lists every address."


class JobNotFound(NotFound):
    """No job has this id."""

    code = "job_not_found"
    hint = "Check the id; a job that was deleted is gone."


class VideoNotFound(NotFound):
    """No video has this name."""

    code = "video_not_found"
    hint = "Videos are removed after their retention time; GET /status/<job_id> shows expires_at."


class KeyNotFound(NotFound):
    """No API key has this prefix."""

    code = "key_not_found"
    hint = "`manimatic keys list` shows every key with its prefix."


class Conflict(RequestError):
    """The job's state does not allow this."""

    code = "conflict"
    http_status = 409
    hint = "Read the job's state with GET /status/<job_id> first."


class KeyMissing(RequestError):
    """The request brings no API key, and this service asks for one."""

    code = "key_missing"
    http_status = 401
    hint = "Send the header Authorization: Bearer, with a key that `manimatic keys create` has made."


class KeyWrong(KeyMissing):
    """There is no such API key."""

    code = "key_wrong"
    hint = "Compare the key with the one that was shown when it was made; a lost one is replaced by another."


class KeyRevoked(KeyMissing):
    """This API key has been revoked."""

    code = "key_revoked"
    hint = "Use another key; whoever runs the service makes them with `manimatic keys create`."


class KeyExpired(KeyMissing):
    """This API key's time is over."""

    code = "key_expired"
    hint = "Use another key; whoever runs the service makes them with `manimatic keys create`."


class ScopeMissing(RequestError):
    """This API key is not made for that."""

    code = "scope_missing"
    http_status = 403
    hint = "Use a key with the scope that the message names; `manimatic keys list` shows every key's."


class QuotaExceeded(RequestError):
    """This API key has used what it may."""

    code = "quota_exceeded"
    http_status = 429
    exit_code = 6
    hint = "Try again after the time that Retry-After gives, or ask for a larger quota."
    retryable = True


class QueueFull(RequestError):
    """Too many jobs are waiting."""

    code = "queue_full"
    http_status = 503
    exit_code = 6
    hint = "Try again after the time that Retry-After gives."
    retryable = True


class GenerationError(ManimaticError):
    """No scene could be generated."""

    code = "generation_failed"
    http_status = 502
    exit_code = 4
    hint = "Say it in other words, or in smaller steps."

    def __init__(self, message: str | None = None, *, hint: str | None = None, usage: object = None) -> None:
        super().__init__(message, hint=hint)
        self.usage = usage
        """What the model charged before it failed, a `jobs.Usage`; None where nothing was asked."""


class NoOfflineAnswer(GenerationError):
    """No model is configured and no offline recipe fits the prompt."""

    code = "no_offline_answer"
    hint = "Configure a model to write the scene: set GEMINI_API_KEY, say."


class ModelRefused(GenerationError):
    """The model declined to answer this prompt."""

    code = "model_refused"
    hint = "The vendor's safety filter stopped it; say it in other words."


class ModelUnavailable(GenerationError):
    """The model's vendor did not answer."""

    code = "model_unavailable"
    hint = "The vendor is overloaded or out of reach; try again later."
    retryable = True


class ModelRejectedKey(GenerationError):
    """The model's vendor refused the API key."""

    code = "model_rejected_key"
    hint = "Check the key of the provider that is set, or the file that its variable with _FILE names."


class UnusableAnswer(GenerationError):
    """The model's answer holds no usable scene."""

    code = "unusable_answer"
    hint = "Try again, or say the prompt in smaller steps."


class AnswerWithoutCode(UnusableAnswer):
    """The model answered in prose."""

    code = "answer_without_code"
    hint = "Try again, or ask for something that can be drawn."


class AnswerCutOff(UnusableAnswer):
    """The model's answer broke off at its output limit."""

    code = "answer_cut_off"
    hint = "Ask for a shorter or simpler animation."


class AnswerNotPython(UnusableAnswer):
    """The model's answer is written in another language than Python."""

    code = "answer_not_python"
    hint = "Try again, or choose another model."


class BudgetExceeded(GenerationError):
    """The job would have cost more than its budget allows."""

    code = "budget_exceeded"
    hint = "Raise MANIMATIC_MAX_COST_USD or MANIMATIC_MAX_TOKENS, or ask for less."


class SceneFailed(ManimaticError):
    """The scene did not become a video."""

    code = "scene_error"
    http_status = 422
    exit_code = 5
    hint = "The log and the traceback of the last attempt say where it failed."


class CheckFailed(SceneFailed):
    """The scene cannot work as it is written."""

    code = "check_failed"
    hint = "`manimatic check` lists everything that is wrong with it."


class UnsafeCode(SceneFailed):
    """The scene reaches for what a scene has no business with."""

    code = "unsafe_code"
    hint = "A scene needs Manim, numpy and mathematics only; MANIMATIC_CODE_POLICY=warn lets your own code run."


class SameAnswer(SceneFailed):
    """The model gave the same broken scene again."""

    code = "same_answer"
    hint = "Say the prompt in other words, or choose another model."


class CheckerError(ManimaticError):
    """The checker failed; the scene is not to blame."""

    code = "checker_error"
    http_status = 503
    exit_code = 7
    hint = "Try again in a moment."
    retryable = True


class SandboxError(ManimaticError):
    """The sandbox failed; the scene is not to blame."""

    code = "sandbox_error"
    http_status = 503
    exit_code = 7
    hint = "Run `manimatic doctor` on the machine that renders."
    retryable = True


class SandboxUnavailable(SandboxError):
    """This machine cannot give the isolation that Manimatic insists on."""

    code = "sandbox_unavailable"
    retryable = False


class StorageError(ManimaticError):
    """The video could not be stored; it is kept for a later try."""

    code = "storage_error"
    http_status = 503
    exit_code = 8
    hint = "Check the storage's settings and free space; the rendered video is kept and can be stored again."
    retryable = True


class StoreError(ManimaticError):
    """The job database cannot be used."""

    code = "store_error"
    http_status = 503
    exit_code = 8
    hint = "Check MANIMATIC_DATABASE_URL, and that the data folder is writable and not full."
    retryable = True


class BrokerError(ManimaticError):
    """The broker that wakes dispatchers cannot be used; jobs are kept, and start later."""

    code = "broker_error"
    http_status = 503
    exit_code = 10
    hint = "Start Redis, or mend MANIMATIC_BROKER_URL."
    retryable = True


class JobCancelled(ManimaticError):
    """The job was cancelled."""

    code = "cancelled"
    http_status = 409
    exit_code = 9
    hint = "Submit it again if you still want it."


class JobExpired(ManimaticError):
    """The job's deadline passed before it was done."""

    code = "expired"
    http_status = 504
    exit_code = 9
    hint = "Ask for less, try later, or allow more time: deadline_seconds, or MANIMATIC_JOB_TIMEOUT_S."


class WorkerLost(ManimaticError):
    """The process that ran the job died too often."""

    code = "worker_lost"
    http_status = 503
    exit_code = 7
    hint = "Look at the dispatcher's log; the machine may be short of memory."
    retryable = True


class LeaseLost(ManimaticError):
    """Another dispatcher took the job over."""

    code = "lease_lost"
    http_status = 503
    hint = "Nothing is lost: the job goes on elsewhere."
