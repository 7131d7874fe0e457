"""Bugs of ours told to an error tracker that speaks Sentry's protocol, where SENTRY_DSN names one.

Told are the kind of an exception and where in our own source it was raised: no message, no variable, no request, no
line of a log, since each of them may hold a prompt, a scene or a key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from manimatic import __version__
from manimatic.errors import SettingsError

if TYPE_CHECKING:
    from sentry_sdk import Client

SEND_TIMEOUT_S = 2.0
FRAME_FIELDS = ("filename", "module", "function", "lineno", "in_app")
KEPT = ("event_id", "timestamp", "platform", "level", "release", "environment", "sdk")
IDS = ("part", "request_id", "job_id")


class Tracker:
    """Tells of bugs; without an address it tells nobody."""

    def __init__(self, dsn: str, part: str) -> None:
        self._part = part
        self._client = _client(dsn) if dsn else None

    def tell(self, error: BaseException, **ids: str) -> None:
        """Tell of a bug; the ids name its request and job in our logs."""
        if self._client is None:
            return
        from sentry_sdk.utils import event_from_exception

        event, hint = event_from_exception(error, client_options=self._client.options)
        event["tags"] = {name: value for name, value in {"part": self._part, **ids}.items() if name in IDS}
        self._client.capture_event(event, hint=hint)

    def close(self) -> None:
        """Send what waits, for a moment at most."""
        if self._client is not None:
            self._client.close(timeout=SEND_TIMEOUT_S)


def _client(dsn: str) -> Client:
    try:
        import sentry_sdk
        from sentry_sdk.utils import BadDsn
    except ModuleNotFoundError as error:
        raise SettingsError(
            "SENTRY_DSN is set, and what speaks Sentry's protocol is not installed.",
            hint="Install it with: pip install 'manimatic[sentry]'.",
        ) from error
    before_send: Callable[[Any, Any], Any] = bared
    try:
        return sentry_sdk.Client(
            dsn=dsn,
            release=f"manimatic@{__version__}",
            server_name="",
            default_integrations=False,
            auto_enabling_integrations=False,
            include_local_variables=False,
            include_source_context=False,
            max_breadcrumbs=0,
            before_send=before_send,
        )
    except BadDsn as error:
        raise SettingsError("SENTRY_DSN is no address of an error tracker.") from error


def bared(event: Mapping[str, Any], hint: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return what may leave of an event: a list of what is kept, so that nothing new slips through."""
    kept = {name: event[name] for name in KEPT if name in event}
    kept["tags"] = {name: value for name, value in event.get("tags", {}).items() if name in IDS}
    raised = (event.get("exception") or {}).get("values") or ()
    kept["exception"] = {"values": [_bare_exception(one) for one in raised]}
    return kept


def _bare_exception(raised: Mapping[str, Any]) -> dict[str, Any]:
    frames = (raised.get("stacktrace") or {}).get("frames") or ()
    shown = [{name: frame[name] for name in FRAME_FIELDS if name in frame} for frame in frames]
    return {"type": raised.get("type"), "module": raised.get("module"), "stacktrace": {"frames": shown}}
