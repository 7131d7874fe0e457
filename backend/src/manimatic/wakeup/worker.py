"""A Celery worker: a parent that takes messages, and processes of which each runs one job for one message.

Nothing of a message is used but that it came. What a process does with it is a dispatcher's work: claim the next job,
keep its lease, run it. When the worker is told to stop, or its parent is gone, a running job goes back to the queue.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import warnings
from collections.abc import Callable
from typing import Any

from celery import Celery
from celery.exceptions import CPendingDeprecationWarning, Reject, SecurityWarning
from celery.signals import setup_logging, worker_process_init, worker_shutting_down

from manimatic.errors import ManimaticError
from manimatic.wakeup.broker import TASK

AGAIN_S = 2.0
"""How long a message is held back whose process could not look for a job, as when the database is away."""

RunNext = Callable[[threading.Event], bool]
"""Runs the next job, unless there is none; hands it back when the event is set."""


class Stopping:
    """Tells a worker's processes that they are to stop.

    It is the end of a pipe of which only the parent keeps the other: that end closes when the parent says so, and when
    it dies, however it dies. A lock in shared memory could be held by a process that was killed.
    """

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        self.event = threading.Event()

    def say(self) -> None:
        """Tell all processes; called in the parent, once or more often."""
        writer, self._writer = self._writer, -1
        if writer >= 0:
            os.close(writer)

    def listen(self) -> None:
        """Set `event` when it is said; called in each process."""
        self.say()  # this copy of the parent's end
        threading.Thread(target=self._hear, name="stopping", daemon=True).start()

    def _hear(self) -> None:
        os.read(self._reader, 1)
        self.event.set()


class _Task:
    """What a process does for a message."""

    def __init__(self, prepare: Callable[[], RunNext], stopping: threading.Event) -> None:
        self._prepare = prepare
        self._stopping = stopping
        self._run_next: RunNext | None = None

    def __call__(self, job_id: str) -> None:
        """Run the next job; give the message back where it could not be looked for. Raises Reject."""
        if self._stopping.is_set():
            raise Reject("stopping", requeue=True)
        try:
            if self._run_next is None:  # not in the parent: neither connections nor threads survive a fork
                self._run_next = self._prepare()
            self._run_next(self._stopping)
        except ManimaticError as error:
            self._stopping.wait(AGAIN_S)
            raise Reject(error.code, requeue=True) from error


class _OneLine(logging.Formatter):
    """Says what happened in one line; Celery's own tracebacks are of no use to an operator."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the first line of the message."""
        return f"dispatcher: celery: {record.getMessage().strip().splitlines()[0]}"


def work(app: Celery, prepare: Callable[[], RunNext], processes: int) -> int:
    """Run a Celery worker until it is told to stop; return its exit status.

    Args:
        app: Made by `make_receiver`.
        prepare: Makes what runs jobs; called once in each process.
        processes: How many jobs run at once.
    """
    stopping = Stopping()
    app.task(_Task(prepare, stopping.event).__call__, name=TASK)

    def on_shutdown(**_: Any) -> None:
        stopping.say()

    def in_process(**_: Any) -> None:
        stopping.listen()

    worker_shutting_down.connect(on_shutdown, weak=False)
    worker_process_init.connect(in_process, weak=False)
    setup_logging.connect(_log, weak=False)
    warnings.simplefilter("ignore", SecurityWarning)  # `serve` and `doctor` say it where a service runs as root
    warnings.simplefilter("ignore", CPendingDeprecationWarning)  # that running jobs go on without the broker is meant
    worker = app.Worker(
        concurrency=processes,
        pool_cls="prefork",
        loglevel="WARNING",
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    worker.start()
    return int(worker.exitcode or 0)


def _log(**_: Any) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OneLine())
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
