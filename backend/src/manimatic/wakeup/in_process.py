"""The wake-up for a dispatcher that lives in the process that submits."""

from __future__ import annotations

import threading
from collections.abc import Sequence


class InProcessWakeup:
    """Wakes every thread that waits; a call that came while a thread was busy ends that thread's next wait."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._calls = 0
        self._heard = threading.local()

    def notify(self, job_id: str) -> None:
        """Say that this job waits."""
        with self._changed:
            self._calls += 1
            self._changed.notify_all()

    def remind(self, job_ids: Sequence[str]) -> None:
        """Say again that these wait; whoever is woken looks for all of them."""
        for job_id in job_ids[:1]:
            self.notify(job_id)

    def wait(self, timeout_s: float) -> None:
        """Sleep until there may be work, at most this long."""
        heard: int = getattr(self._heard, "calls", 0)
        with self._changed:
            self._changed.wait_for(lambda: self._calls > heard, max(0.0, timeout_s))
            self._heard.calls = self._calls
