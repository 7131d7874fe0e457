"""The dispatcher that Celery feeds: ``python -m manimatic.celery_app --launcher SOCKET``.

It is two processes: this one does the upkeep, reports, tells webhooks, and starts the other, the Celery worker, again
when it dies. It takes the place of `manimatic.dispatcher` where MANIMATIC_DISPATCH=celery; start as many as are needed,
on as many machines, each with a launcher beside it.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

from manimatic import bootstrap
from manimatic.errors import ManimaticError, SettingsError
from manimatic.lifetime import tied
from manimatic.settings import Settings

WATCH_S = 0.5
STOP_S = 15.0
"""How long the worker has to hand back what runs; what it does not hand back waits until the lease has run out."""


def main(argv: list[str] | None = None) -> int:
    """Run jobs until the process is told to stop; running jobs go back to the queue then."""
    parser = argparse.ArgumentParser(prog="manimatic.celery_app", description="Run the jobs that Celery announces.")
    parser.add_argument("--launcher", type=Path, required=True, help="the launcher's socket")
    parser.add_argument("--worker", action="store_true", help="be the Celery worker itself, without any upkeep")
    arguments = parser.parse_args(argv)
    try:
        settings = Settings.from_env(os.environ)
        if settings.dispatch != "celery":
            raise SettingsError("This is the dispatcher for MANIMATIC_DISPATCH=celery.")
        if arguments.worker:
            return bootstrap.run_celery_worker(settings, arguments.launcher)
        return _keep(settings, arguments.launcher)
    except ManimaticError as error:
        _warn(f"{error.message} {error.hint}")
        return error.exit_code


def _keep(settings: Settings, launcher: Path) -> int:
    shutdown = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: shutdown.set())
    stores, sandbox = bootstrap.build_stores(settings), bootstrap.build_launcher_sandbox(launcher)
    log, tracker = bootstrap.build_log(settings, "dispatcher"), bootstrap.build_tracker(settings, "dispatcher")
    runner = bootstrap.build_runner(
        settings, stores.jobs, sandbox, part="upkeep", warn=log.warning, tell=log.info, tell_bug=tracker.tell
    )
    upkeep = threading.Thread(target=runner.run, args=(shutdown,), name="upkeep")
    with closing(tracker), bootstrap.build_webhooks(settings, stores.webhooks, log.warning).running(shutdown):
        upkeep.start()
        try:
            _keep_worker(launcher, shutdown)
        finally:
            shutdown.set()
            upkeep.join()
    return 0


def _keep_worker(launcher: Path, shutdown: threading.Event) -> None:
    """Start the worker, and start it again when it dies; this thread has to live as long as the worker is to."""
    command = tied([sys.executable, "-m", "manimatic.celery_app", "--launcher", str(launcher), "--worker"])
    while not shutdown.is_set():
        worker = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        while worker.poll() is None:
            if shutdown.wait(WATCH_S):
                _stop(worker)
                return
        _warn(f"the Celery worker ended with status {worker.returncode}; starting it again")
        shutdown.wait(WATCH_S)


def _stop(worker: subprocess.Popen[bytes]) -> None:
    worker.terminate()
    try:
        worker.wait(STOP_S)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()


def _warn(line: str) -> None:
    print(f"dispatcher: {line}", file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
