"""The wake-up between machines: messages of Celery's through Redis, each of which carries a job's id and nothing else.

The job's row stays the truth. A message that is lost, doubled or late is harmless: whoever gets one takes the job that
is next by the database's order, which need not be the one that the message names, or finds that there is none.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from celery import Celery
from kombu.exceptions import ChannelError

from manimatic.errors import BrokerError, SettingsError
from manimatic.ports import Wakeup

TASK = "manimatic.wake"
QUEUE = "manimatic"
SEND_S = 2.0
"""How long sending one message may take before the broker counts as away; whoever submits a job waits for it."""
RECEIVE_S = 15.0
"""The same for a worker, which looks for messages every second."""
QUIET_S = 5.0
"""How long a broker that was away is left alone, so that not every request waits for it."""
GRACE_SOFT_S, GRACE_HARD_S = 30.0, 60.0
"""How long after a job's own limit its task is interrupted, and its process killed."""
LEAST_VISIBILITY_S = 3600.0
"""How long a message counts as being worked on, at least; Redis gives it to another worker after that."""
JOBS_OF_A_PROCESS = 50
"""Tasks after which a worker's process is replaced by a fresh one."""
_KINDS = ("redis", "rediss", "redis+socket", "unix")


def make_sender(url: str, job_timeout_s: float) -> Celery:
    """Return what sends messages, with little patience. Raises SettingsError."""
    return _make_app(url, job_timeout_s, SEND_S)


def make_receiver(url: str, job_timeout_s: float) -> Celery:
    """Return what Celery workers are made of. Raises SettingsError."""
    return _make_app(url, job_timeout_s, RECEIVE_S)


def waiting_messages(app: Celery) -> int:
    """Return how many messages nobody has taken yet. Raises BrokerError."""
    try:
        with app.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0)
            with suppress(ChannelError):  # Redis knows no queue in which nothing is
                found = connection.default_channel.queue_declare(QUEUE, passive=True)
                return int(found.message_count)
    except Exception as error:  # noqa: BLE001  the client library has no common class for what it raises
        raise _away(app, error) from None
    return 0


class CeleryWakeup:
    """Wakes Celery workers of any machine, and what waits on this one.

    Args:
        app: Made by `make_sender`.
        local: Wakes what waits on this machine, such as the dispatcher that a command runs in its own process.
        warn: Takes a line for the operator's log; told once each time that the broker goes away.
        clock: Tells the time in seconds, from any start.
    """

    def __init__(
        self,
        app: Celery,
        local: Wakeup,
        warn: Callable[[str], None] = lambda line: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._local = local
        self._warn = warn
        self._clock = clock
        self._lock = threading.Lock()
        self._quiet_until = -QUIET_S

    def notify(self, job_id: str) -> None:
        """Say that this job waits; where the broker is away, `remind` says so later."""
        self._local.notify(job_id)
        if self._clock() >= self._quiet_until:
            self._send(job_id)

    def remind(self, job_ids: Sequence[str]) -> None:
        """Send as many messages as are missing for these; those that still lie there are enough for as many jobs."""
        self._local.remind(job_ids)
        try:
            missing = len(job_ids) - waiting_messages(self._app)
        except BrokerError as error:
            self._keep_quiet(error)
            return
        for job_id in job_ids[: max(0, missing)]:
            if not self._send(job_id):
                return

    def wait(self, timeout_s: float) -> None:
        """Sleep until there may be work that was submitted on this machine; Celery's workers do not wait here."""
        self._local.wait(timeout_s)

    def close(self) -> None:
        """Close the connections to the broker."""
        self._app.close()

    def _send(self, job_id: str) -> bool:
        retry = {"max_retries": 1, "interval_start": 0, "interval_step": 0}  # a connection that was cut in the meantime
        try:
            self._app.send_task(TASK, [job_id], ignore_result=True, retry=True, retry_policy=retry)
        except Exception as error:  # noqa: BLE001  the job is kept, whatever the client library raises
            self._keep_quiet(_away(self._app, error))
            return False
        return True

    def _keep_quiet(self, error: BrokerError) -> None:
        with self._lock:
            self._quiet_until = self._clock() + QUIET_S
        self._warn(f"{error.code}: {error.message}")


def _make_app(url: str, job_timeout_s: float, patience_s: float) -> Celery:
    """Return a Celery application that neither results, nor remote control, nor anything but JSON passes through."""
    if urlsplit(url).scheme not in _KINDS:
        raise SettingsError(
            "MANIMATIC_DISPATCH=celery needs MANIMATIC_BROKER_URL, the address of a Redis.",
            hint="Use redis://:password@host:6379/0, or rediss:// with TLS.",
        )
    app = Celery("manimatic", broker=url, backend=None, set_as_current=False)
    app.conf.update(_delivery(job_timeout_s, patience_s))
    app.conf.update(
        accept_content=["json"],
        task_serializer="json",
        result_serializer="json",
        task_ignore_result=True,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_max_tasks_per_child=JOBS_OF_A_PROCESS,
        worker_proc_alive_timeout=60.0,
        worker_hijack_root_logger=False,
    )
    return app


def _delivery(job_timeout_s: float, patience_s: float) -> dict[str, Any]:
    """Return how messages get to a worker and are taken for done: late, and one at a time."""
    hard_s = job_timeout_s + GRACE_HARD_S
    return {
        "task_default_queue": QUEUE,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_prefetch_multiplier": 1,
        "task_soft_time_limit": job_timeout_s + GRACE_SOFT_S,
        "task_time_limit": hard_s,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_transport_options": {
            "visibility_timeout": max(LEAST_VISIBILITY_S, 2 * hard_s),
            "socket_connect_timeout": patience_s,
            "socket_timeout": patience_s,
            "socket_keepalive": True,
            "health_check_interval": 10,
        },
    }


def _away(app: Celery, error: BaseException) -> BrokerError:
    place = app.connection_for_write().as_uri()  # with stars where the password stands
    return BrokerError(f"{place} cannot be used: {' '.join(str(error).split()).rstrip('.')}.")
