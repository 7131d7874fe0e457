"""`manimatic doctor`: look over this machine, and say of each finding how to mend it."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from typing import TextIO

from manimatic import examination
from manimatic.cli.environment import read_settings
from manimatic.cli.show import show_json
from manimatic.errors import SandboxUnavailable
from manimatic.findings import Finding, Level
from manimatic.settings import Settings

_SIGNS = {Level.OK: "ok     ", Level.WARNING: "warning", Level.ERROR: "ERROR  "}


def examine_machine(*, as_json: bool) -> int:
    """Print what was found; return 0 where nothing keeps Manimatic from working."""
    found = examination.examine(read_settings())
    code = exit_code_of(found)
    if as_json:
        show_json({"ok": code == 0, "findings": [dataclasses.asdict(item) for item in found]})
    else:
        print_findings(found, sys.stdout)
        sys.stdout.write(f"{_summary(found)}\n")
    return code


def stop_on_errors(settings: Settings) -> int:
    """Take a quick look before a service starts; print what is wrong and return the exit code, 0 to go on."""
    found = [item for item in examination.examine(settings, quick=True) if item.level is Level.ERROR]
    print_findings(found, sys.stderr)
    return exit_code_of(found)


def exit_code_of(found: Sequence[Finding]) -> int:
    """Return 0, or the code of a machine that cannot render."""
    return SandboxUnavailable.exit_code if any(item.level is Level.ERROR for item in found) else 0


def print_findings(found: Sequence[Finding], stream: TextIO) -> None:
    """Write one line for each finding, and below it how to mend it."""
    width = max((len(item.name) for item in found), default=0)
    for item in found:
        stream.write(f"{_SIGNS[item.level]}  {item.name:{width}}  {item.message}\n")
        if item.mend:
            stream.write(f"{'':{width + 11}}→ {item.mend}\n")


def _summary(found: Sequence[Finding]) -> str:
    errors = sum(item.level is Level.ERROR for item in found)
    warnings = sum(item.level is Level.WARNING for item in found)
    if errors:
        return f"{errors} to mend before Manimatic can render here."
    return f"Manimatic can render here{f'; {warnings} could be better' if warnings else ''}."
