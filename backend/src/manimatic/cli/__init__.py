"""The command line: generate, render, serve, jobs, doctor, settings.

Every command imports what it needs when it runs, so that `manimatic --help` starts at once.
"""

from __future__ import annotations

import io
import sys

from manimatic.errors import ManimaticError


def main() -> None:
    """Run the command line and exit with its code."""
    from manimatic.cli.commands import app
    from manimatic.cli.show import show_error

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what a terminal cannot show is no reason to break off
            stream.reconfigure(errors="backslashreplace")
    try:
        app(standalone_mode=True)
    except ManimaticError as error:
        show_error(error)
        sys.exit(error.exit_code)
