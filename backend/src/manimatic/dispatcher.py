"""The dispatcher's process: ``python -m manimatic.dispatcher --launcher SOCKET``, or ``--check``.

It holds the keys of the model and of the storage, claims jobs and runs them; scenes run in the launcher's sandboxes.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from contextlib import closing
from pathlib import Path

from manimatic import bootstrap
from manimatic.errors import ManimaticError
from manimatic.settings import Settings


def main(argv: list[str] | None = None) -> int:
    """Run jobs until the process is told to stop; a running job goes back to the queue then."""
    parser = argparse.ArgumentParser(prog="manimatic.dispatcher", description="Run jobs.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--launcher", type=Path, help="the launcher's socket")
    what.add_argument("--check", action="store_true", help="open the database, bringing it up to date, and end")
    arguments = parser.parse_args(argv)
    shutdown = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: shutdown.set())
    try:
        settings = Settings.from_env(os.environ)
        if arguments.check:
            bootstrap.build_store_to_serve(settings)
            return 0
        stores = bootstrap.build_stores(settings)
        sandbox = bootstrap.build_launcher_sandbox(arguments.launcher)
        log, tracker = bootstrap.build_log(settings, "dispatcher"), bootstrap.build_tracker(settings, "dispatcher")
        runner = bootstrap.build_runner(
            settings, stores.jobs, sandbox, warn=log.warning, tell=log.info, tell_bug=tracker.tell
        )
        with closing(tracker), bootstrap.build_webhooks(settings, stores.webhooks, log.warning).running(shutdown):
            runner.run(shutdown)
    except ManimaticError as error:
        _warn(f"{error.message} {error.hint}")
        return error.exit_code
    return 0


def _warn(line: str) -> None:
    print(f"dispatcher: {line}", file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
