"""Settings for gunicorn, given as ``-c python:manimatic.api.gunicorn_conf``.

One process with many threads: an open event stream holds a thread, and streams of one process share one reader of the
store. No proxy is trusted: X-Forwarded headers are passed over, whoever sends them.
"""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType
from typing import Any

from manimatic.api.parts import EXTENSION

worker_class = "manimatic.api.refusals.ProblemWorker"
workers = 1
threads = 640
worker_connections = 1500
timeout = 60
graceful_timeout = 15
keepalive = 5
accesslog = None
errorlog = "-"
loglevel = "warning"
forwarded_allow_ips = ""
forwarder_headers = ""
control_socket_disable = True


def child_exit(server: Any, worker: Any) -> None:
    """Let the gauges of a process that has ended go, where several are counted together."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def post_worker_init(worker: Any) -> None:
    """End event streams when the worker is told to stop; it would wait for them otherwise."""
    streams = worker.wsgi.extensions[EXTENSION].streams
    stop = signal.getsignal(signal.SIGTERM)

    def end(number: int, frame: FrameType | None) -> None:
        threading.Thread(target=streams.close).start()  # a handler must not wait for a lock
        if callable(stop):
            stop(number, frame)

    signal.signal(signal.SIGTERM, end)
