"""Looks at a function before it is drawn: where it is defined, where it jumps, which heights to show."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from manimatic.codegen.offline.tokens import Unsuitable

SAMPLES = 1200
MAX_PIECES = 60
_BISECTIONS = 40
Function = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Interval:
    """A range of x in which a curve is drawn without lifting the pen."""

    start: float
    end: float


def sample(f: Function, start: float, end: float) -> list[float]:
    """Return the function's values at even steps; nan where it has none."""
    return [f(start + (end - start) * i / SAMPLES) for i in range(SAMPLES + 1)]


def heights(values: Sequence[float]) -> tuple[float, float]:
    """Return the range of y that is worth showing: all of it, or without what runs away at a pole.

    Raises:
        Unsuitable: The function has no values there, or too large ones.
    """
    known = sorted(v for v in values if not math.isnan(v))
    if len(known) < 2:
        raise Unsuitable("The function has no values in this range.")
    low, high = known[0], known[-1]
    inner_low, inner_high = _share(known, 0.04), _share(known, 0.96)
    span = inner_high - inner_low
    core = _share(known, 0.9) - _share(known, 0.1)
    if span > 0 and high > inner_high + 1.5 * span:
        high = _share(known, 0.9) + 0.5 * core
    if span > 0 and low < inner_low - 1.5 * span:
        low = _share(known, 0.1) - 0.5 * core
    if max(abs(low), abs(high)) > 1e9:
        raise Unsuitable("The function's values are too large in this range: at most 1,000,000,000 can be shown.")
    return low, high


def _share(known: Sequence[float], share: float) -> float:
    return known[round(share * (len(known) - 1))]


def pieces(f: Function, start: float, end: float, low: float, high: float) -> list[Interval]:
    """Return where the curve is defined, within these heights and without a jump.

    Raises:
        Unsuitable: There are too many pieces.
    """
    finder = _Finder(f, start, end, low, high)
    found = finder.intervals()
    if len(found) > MAX_PIECES:
        raise Unsuitable(
            f"The function has {len(found)} separate pieces in this range; at most {MAX_PIECES} can be shown."
        )
    return found


class _Finder:
    def __init__(self, f: Function, start: float, end: float, low: float, high: float) -> None:
        self._f, self._start, self._end = f, start, end
        self._low, self._high = low, high
        self._hair = (end - start) * 1e-5

    def intervals(self) -> list[Interval]:
        found: list[Interval] = []
        opened: float | None = None
        before = self._start
        for i in range(SAMPLES + 1):
            x = self._start + (self._end - self._start) * i / SAMPLES
            inside = self._shown(x)
            if inside and opened is None:
                opened = x if i == 0 else self._edge(x, before)
            elif not inside and opened is not None:
                self._close(found, opened, self._edge(before, x))
                opened = None
            elif inside and opened is not None and (jump := self._jump(before, x)) is not None:
                self._close(found, opened, jump - self._hair)
                opened = jump + self._hair
            before = x
        if opened is not None:
            self._close(found, opened, self._end)
        return found

    def _close(self, found: list[Interval], start: float, end: float) -> None:
        if end - start > 5 * self._hair:
            found.append(Interval(start, end))

    def _shown(self, x: float) -> bool:
        return self._low <= self._f(x) <= self._high

    def _edge(self, inside: float, outside: float) -> float:
        """Return the last x next to `outside` at which the curve is shown, by bisection."""
        shown = inside
        for _ in range(_BISECTIONS):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if self._shown(middle) else (inside, middle)
        back = inside - math.copysign(self._hair, outside - inside)
        return back if self._shown(back) else shown

    def _jump(self, left: float, right: float) -> float | None:
        """Return where the curve jumps between two samples, if it does."""
        tall = self._high - self._low
        at_left, at_right = self._f(left), self._f(right)
        if abs(at_right - at_left) < 0.004 * tall:
            return None
        for _ in range(_BISECTIONS):
            middle = (left + right) / 2
            value = self._f(middle)
            if math.isnan(value):
                return middle
            if abs(value - at_left) >= abs(at_right - value):
                right, at_right = middle, value
            else:
                left, at_left = middle, value
        return (left + right) / 2 if abs(at_right - at_left) > 0.002 * tall else None
