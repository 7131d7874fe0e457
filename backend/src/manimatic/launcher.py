"""The launcher's process: ``python -m manimatic.launcher --socket PATH``.

It starts, limits and kills workers. It is given no keys, and opens no network and no database.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

from manimatic import bootstrap
from manimatic.errors import ManimaticError


def main(argv: list[str] | None = None) -> int:
    """Serve runs until the process is told to stop."""
    parser = argparse.ArgumentParser(prog="manimatic.launcher", description="Start and watch workers.")
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--client", type=int, help="the dispatcher's uid, where it is not this user's")
    parser.add_argument("--quiet", action="store_true", help="write no line for each run, as for a command line")
    arguments = parser.parse_args(argv)
    signal.signal(signal.SIGTERM, _leave)
    try:
        with bootstrap.build_launcher(
            os.environ, arguments.socket, client=arguments.client, quiet=arguments.quiet
        ) as server:
            try:
                server.serve_forever(server.listen())
            finally:
                server.stop()
    except ManimaticError as error:
        print(f"{error.message} {error.hint}", file=sys.stderr)  # noqa: T201
        return error.exit_code
    finally:
        arguments.socket.unlink(missing_ok=True)
    return 0


def _leave(*_: object) -> None:
    """End the main loop; being told again, as by the end of the parent, does not cut the tidying short."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(0)


if __name__ == "__main__":
    sys.exit(main())
