"""Ask one process of the service how it is: ``python -m manimatic.health api | dispatcher | launcher SOCKET``.

For the health checks of containers. Ends with 0 where the process serves, else with 1 and a line that says why.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
import urllib.error
import urllib.request
from pathlib import Path

from manimatic import bootstrap
from manimatic.errors import ManimaticError
from manimatic.settings import Settings

TIMEOUT_S = 5.0
SEEN_WITHIN_S = 60.0
"""A dispatcher that has not reported for so long does not serve."""


def main(argv: list[str] | None = None) -> int:
    """Ask, and return the exit status."""
    parser = argparse.ArgumentParser(prog="manimatic.health", description="Ask one process of the service how it is.")
    roles = parser.add_subparsers(dest="role", required=True)
    roles.add_parser("api")
    roles.add_parser("dispatcher")
    roles.add_parser("launcher").add_argument("socket", type=Path)
    arguments = parser.parse_args(argv)
    try:
        trouble = reason_against(arguments)
    except ManimaticError as error:
        trouble = error.message
    if trouble:
        print(f"{arguments.role}: {trouble}", file=sys.stderr)  # noqa: T201
    return 1 if trouble else 0


def reason_against(arguments: argparse.Namespace) -> str:
    """Return why the process does not serve; empty where it does. Raises ManimaticError."""
    if arguments.role == "launcher":
        bootstrap.build_launcher_sandbox(arguments.socket).describe()
        return ""
    settings = Settings.from_env(os.environ)
    return of_api(settings.port) if arguments.role == "api" else of_dispatcher(settings, socket.gethostname())


def of_api(port: int) -> str:
    """Ask the api of this container whether it takes jobs."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://127.0.0.1:{port}/health/ready", timeout=TIMEOUT_S):
            return ""
    except (urllib.error.URLError, OSError) as error:
        return str(error)


def of_dispatcher(settings: Settings, host: str) -> str:
    """Look whether a dispatcher of this host has reported of late. Raises ManimaticError."""
    reports = bootstrap.build_store(settings).reports(within_s=SEEN_WITHIN_S)
    if any(report.role == "dispatcher" and report.name.startswith(f"{host}-") for report in reports):
        return ""
    return f"no dispatcher of {host} has reported within {SEEN_WITHIN_S:g} s"


if __name__ == "__main__":
    sys.exit(main())
