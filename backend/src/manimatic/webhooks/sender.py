"""Sends what is due to webhooks, signed as Standard Webhooks has it, until it is taken or three days are over."""

from __future__ import annotations

import http.client
import random
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from standardwebhooks import Webhook as Signer

from manimatic import __version__
from manimatic.deliveries import Due, Try
from manimatic.errors import ManimaticError
from manimatic.outcomes import place_of
from manimatic.ports import WebhookStore
from manimatic.webhooks.guard import Guard, Refused
from manimatic.webhooks.post import TIMEOUT_S, post

RETRY_S = (5.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0, 86_400.0)
"""Pauses before each further try: the schedule that Standard Webhooks recommends."""
JITTER = 0.2
"""A pause is longer or shorter by up to this share, so that what failed together is not tried together."""
THREADS = 4
IDLE_S = 1.0
REFUSED = "address_refused"
GONE = 410
"""The receiver's way to say that it wants no more."""


class WebhookSender:
    """Sends deliveries from threads of this process; several processes share the work.

    Args:
        store: Where deliveries wait.
        guard: Which addresses may be asked.
        warn: Takes a line for the operator's log.
        retry_s: Pauses before each further try.
        timeout_s: How long one try may take.
    """

    def __init__(
        self,
        store: WebhookStore,
        guard: Guard,
        *,
        warn: Callable[[str], None] = lambda line: None,
        retry_s: Sequence[float] = RETRY_S,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._store = store
        self._guard = guard
        self._warn = warn
        self._retry_s = retry_s
        self._timeout_s = timeout_s

    @contextmanager
    def running(self, shutdown: threading.Event) -> Iterator[None]:
        """Send while the block runs and `shutdown` is not set; what is being sent at its end is finished."""
        over = threading.Event()
        threads = [
            threading.Thread(target=self._serve, args=(shutdown, over), name=f"webhooks-{number}")
            for number in range(THREADS)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            over.set()
            for thread in threads:
                thread.join()

    def send_next(self) -> bool:
        """Send the delivery that has been due longest; tell whether there was one. Raises StoreError."""
        due = self._store.claim_due(lease_s=3 * self._timeout_s)
        if due is None:
            return False
        tried = self._try(due)
        self._store.note(due, tried, next_at=self._next_at(due, tried))
        return True

    def _serve(self, shutdown: threading.Event, over: threading.Event) -> None:
        while not shutdown.is_set() and not over.is_set():
            had_one = False
            try:
                had_one = self.send_next()
            except ManimaticError as error:
                self._warn(f"webhooks: {error.code}: {error.message}")
            except Exception as error:  # noqa: BLE001  a bug in one round must not end all rounds to come
                self._warn(f"webhooks: internal_error: {place_of(error)}")
            if not had_one:
                over.wait(IDLE_S)

    def _try(self, due: Due) -> Try:
        started, at = time.monotonic(), time.time()
        status, error = self._ask(due, int(at))
        return Try(at=at, ms=round((time.monotonic() - started) * 1000, 1), status=status, error=error)

    def _ask(self, due: Due, at: int) -> tuple[int | None, str | None]:
        """Return the receiver's status and what is wrong: a fixed word, nothing of what came over the network."""
        if not due.signing:
            return None, "no_secret"
        body = due.delivery.body
        moment = datetime.fromtimestamp(at, UTC)
        signed = [Signer(secret).sign(due.delivery.id, moment, body) for secret in due.signing]
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"Manimatic/{__version__}",
            "webhook-id": due.delivery.id,
            "webhook-timestamp": str(at),
            "webhook-signature": " ".join(signed),
        }
        try:
            status = post(due.delivery.url, body.encode(), headers, self._guard, self._timeout_s)
        except Refused:
            return None, REFUSED
        except TimeoutError:
            return None, "timeout"
        except ssl.SSLError:
            return None, "tls_failed"
        except (OSError, UnicodeError):
            return None, "not_reached"
        except (http.client.HTTPException, ValueError):
            return None, "not_http"
        return status, None if 200 <= status < 300 else "redirect" if 300 <= status < 400 else "status"

    def _next_at(self, due: Due, tried: Try) -> float | None:
        """Return when to try again; None where it is over."""
        number = len(due.delivery.tries)
        is_hopeless = tried.status == GONE or tried.error == REFUSED
        if tried.error is None or is_hopeless or number >= len(self._retry_s):
            return None
        return tried.at + self._retry_s[number] * random.uniform(1 - JITTER, 1 + JITTER)
