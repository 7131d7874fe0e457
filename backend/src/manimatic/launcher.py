"""The launcher's process: ``python -m manimatic.launcher --socket PATH``.

It starts, limits and kills workers. It is given no keys, opens no network and no database, and dies with the process
that started it.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import signal
import sys
from pathlib import Path

from manimatic import bootstrap
from manimatic.errors import ManimaticError

_PR_SET_PDEATHSIG = 1


def main(argv: list[str] | None = None) -> int:
    """Serve runs until the process is told to stop."""
    parser = argparse.ArgumentParser(prog="manimatic.launcher", description="Start and watch workers.")
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--parent", type=int, default=0, help="end together with this process")
    arguments = parser.parse_args(argv)
    _end_with(arguments.parent)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with bootstrap.build_launcher(os.environ, arguments.socket) as server:
            server.serve_forever(server.listen())
    except ManimaticError as error:
        print(f"{error.message} {error.hint}", file=sys.stderr)  # noqa: T201
        return error.exit_code
    return 0


def _end_with(parent: int) -> None:
    """Have the kernel end this process when its parent dies, however it dies."""
    if not parent:
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(0)


if __name__ == "__main__":
    sys.exit(main())
