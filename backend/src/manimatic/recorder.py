"""Write down what happens to a running job, without flooding the store."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import time
from collections.abc import Callable
from typing import Any

from manimatic.diagnostics import applied_to_json, diff_of
from manimatic.errors import JobCancelled, LeaseLost, StoreError
from manimatic.jobs import Attempt, Job, JobState
from manimatic.ports import Claim, Draft, JobStore
from manimatic.rehearsal import Rehearsal

FLUSH_S = 0.3
"""Progress, log and draft events of one job come at most this often."""
MAX_EVENT_CHARS = 32_768
MAX_DIFF_CHARS = 16_384
MAX_TOLD = 50
"""Fixes and findings that an event tells of; the attempt itself has them all."""


class Stop:
    """Why and when a running job has to stop; `event` is what waiting code watches."""

    def __init__(self, until: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.event = threading.Event()
        self.reason: str | None = None
        self._until = until
        self._clock = clock

    def set(self, reason: str) -> None:
        """Stop for this reason: `cancelled`, `expired`, `shutdown` or `lease_lost`; the first one counts."""
        if self.reason is None:
            self.reason = reason
        self.event.set()

    def left_s(self) -> float:
        """Return the seconds until the job's own limit."""
        return self._until - self._clock()

    def check(self) -> None:
        """Raise JobCancelled where the job has to stop."""
        if self.left_s() <= 0:
            self.set("expired")
        if self.event.is_set():
            raise JobCancelled


def told(attempt: Attempt, before: str) -> dict[str, Any]:
    """Return what an event says of an attempt; `before` is the scene of the attempt before it, empty for the first."""
    failure, usage = attempt.failure, attempt.usage
    return {
        "number": attempt.number,
        "origin": attempt.origin,
        "verdict": attempt.verdict,
        "message": failure.message if failure else None,
        "line": failure.line if failure else None,
        "cost_usd": usage.cost_usd,
        "tokens": usage.input_tokens + usage.output_tokens,
        "fixes": [applied_to_json(one) for one in attempt.fixes[:MAX_TOLD]],
        "diagnostics": [
            {"rule": found.rule, "severity": found.severity, "line": found.line, "message": found.message}
            for found in attempt.diagnostics[:MAX_TOLD]
        ],
        "diff": diff_of(before, attempt.code, MAX_DIFF_CHARS) if before and attempt.code else None,
    }


class Recorder:
    """Hears of drafts, progress and log lines, and writes events and states under one claim.

    It is the `DraftListener` and the `RunListener` of a job. What comes too soon after the last is written when it is
    due, by a thread that waits for that: the next may be minutes away.
    """

    def __init__(self, store: JobStore, claim: Claim) -> None:
        self.job_id = claim.job.id
        self._store = store
        self._claim = claim
        self._log: list[str] = []
        self._flushed_at = 0.0
        self._said: dict[str, dict[str, Any]] = {}
        self._codes: dict[int, str] = {}
        self._lock = threading.RLock()
        self._waiting: threading.Timer | None = None
        self.state = claim.job.state

    def advance(self, state: JobState, **changes: Any) -> Job:
        """Move the job on, after everything that happened before."""
        self.flush()
        job = self._store.advance(self._claim, state, **changes)
        self.state = state
        return job

    def enter(self, state: JobState, stop: Stop, **changes: Any) -> None:
        """Move the job on to its next stage of work. Raises JobCancelled where it has to stop."""
        self.advance(state, **changes)
        stop.check()

    def begun(self, attempt: Attempt, draft: Draft) -> None:
        """Record an attempt that is about to run, and say what the scene is; that replaces what was said of it."""
        whole = {"title": draft.title, "explanation": draft.explanation, "code": draft.code, "final": True}
        with self._lock:
            self._said.pop("draft", None)
            self.flush()
            self._store.record_attempt(self._claim, attempt, told=[("draft", whole)])

    def attempt(self, attempt: Attempt) -> None:
        """Record an attempt and say so."""
        self.flush()
        before = self._codes.get(attempt.number - 1, "")
        self._store.record_attempt(self._claim, attempt, told=[("attempt", told(attempt, before))])
        self._codes[attempt.number] = attempt.code

    def draft(self, *, title: str, explanation: str, code: str) -> None:
        """Take the draft as far as it is written."""
        self._say("draft", {"title": title, "explanation": explanation, "code": code, "final": False})

    def rehearsed(self, rehearsal: Rehearsal) -> None:
        """The rehearsal is over: say how much there is to render and what is wrong with the layout."""
        self._say("rehearsal", dataclasses.asdict(rehearsal))

    def progress(self, *, animation: int, video_s: float, line: int | None, total: int | None = None) -> None:
        """An animation has been rendered."""
        known = {} if total is None else {"total": total}
        self._say("progress", {"animation": animation, "video_s": round(video_s, 3), "line": line, **known})

    def log(self, text: str) -> None:
        """The worker or the scene printed this."""
        with self._lock:
            self._log.append(text)
            self._flush_if_due()

    def flush(self) -> None:
        """Write what has gathered. Raises LeaseLost, StoreError; what was not written is kept."""
        with self._lock:
            self._stop_waiting()
            self._flushed_at = time.monotonic()
            self._write()

    def _write(self) -> None:
        """Write all in one transaction, after the full events of a long log, each in its own.

        What was not written is kept here.
        """
        while len(text := "".join(self._log)) > MAX_EVENT_CHARS:
            self._store.add_events(self._claim, [("log", {"text": text[:MAX_EVENT_CHARS]})])
            self._log = [text[MAX_EVENT_CHARS:]]
        lines = [("log", {"text": text})] if text else []
        if happened := [*lines, *self._said.items()]:
            changes = {"progress": self._said["progress"]} if "progress" in self._said else {}
            self._store.add_events(self._claim, happened, **changes)
        self._log, self._said = [], {}

    def _say(self, kind: str, data: dict[str, Any]) -> None:
        """Keep the newest of each kind until it is due."""
        with self._lock:
            self._said[kind] = data
            self._flush_if_due()

    def _flush_if_due(self) -> None:
        """Write what has gathered, now and then; a database that fails for a moment does not end the run."""
        left_s = self._flushed_at + FLUSH_S - time.monotonic()
        if left_s <= 0:
            with contextlib.suppress(StoreError):
                self.flush()
        elif self._waiting is None:
            self._waiting = threading.Timer(left_s, self._flush_late)
            self._waiting.daemon = True
            self._waiting.start()

    def _flush_late(self) -> None:
        """Write what nothing has followed; where it cannot be written the next flush says why."""
        with self._lock, contextlib.suppress(LeaseLost, StoreError):
            self.flush()

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
