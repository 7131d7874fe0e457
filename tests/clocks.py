"""A clock for whatever takes one."""

from __future__ import annotations

START = 1_000_000.0


class Clock:
    """Time that passes when told."""

    def __init__(self, now: float = START) -> None:
        self.now = now

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    def pass_s(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
