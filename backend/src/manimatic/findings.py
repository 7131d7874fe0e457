"""What was found when a machine was looked over."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Level(enum.StrEnum):
    """How much a finding matters."""

    OK = "ok"
    """Nothing to do."""
    WARNING = "warning"
    """Manimatic works, with less than it could have."""
    ERROR = "error"
    """Manimatic cannot render here until this is mended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at; every finding that is not `ok` says in `mend` what to run or change."""

    name: str
    level: Level
    message: str
    mend: str = ""


def ok(name: str, message: str) -> Finding:
    """Return a finding that needs nothing."""
    return Finding(name=name, level=Level.OK, message=message)


def warning(name: str, message: str, mend: str) -> Finding:
    """Return a finding that is worth mending."""
    return Finding(name=name, level=Level.WARNING, message=message, mend=mend)


def error(name: str, message: str, mend: str) -> Finding:
    """Return a finding that has to be mended first."""
    return Finding(name=name, level=Level.ERROR, message=message, mend=mend)
