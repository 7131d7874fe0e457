"""What comes of a row on a backend."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Cell:
    """How one row ended on one backend."""

    row: str
    backend: str
    outcome: str
    """What the row expects, `weaker`, `not here`, or `FAILED`."""
    ok: bool
    details: tuple[str, ...]
    took_s: float
