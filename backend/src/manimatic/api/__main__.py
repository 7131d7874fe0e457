"""The api's process: ``python -m manimatic.api`` serves on the address of the settings.

It becomes gunicorn; `manimatic serve` starts gunicorn itself, on a socket that it has opened.
"""

from __future__ import annotations

import os
import sys

from manimatic import bootstrap
from manimatic.errors import ManimaticError
from manimatic.settings import Settings


def main() -> int:
    """Become the server; return an exit code where the settings do not allow it."""
    try:
        settings = Settings.from_env(os.environ)
    except ManimaticError as error:
        print(f"api: {error.message} {error.hint}", file=sys.stderr)  # noqa: T201
        return error.exit_code
    address = f"[{settings.host}]" if ":" in settings.host else settings.host
    options = bootstrap.api_server_options(f"{address}:{settings.port}")
    return os.execv(sys.executable, [sys.executable, "-m", "gunicorn", *options])  # noqa: S606


if __name__ == "__main__":
    sys.exit(main())
