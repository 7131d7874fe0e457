"""Chooses where an axis has its ticks and what stands beside them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One axis: its range in whole steps, and the numbers at its ticks."""

    low: float
    high: float
    step: float
    places: int
    """Decimal places of the numbers."""
    numbers: tuple[float, ...]


def axis(low: float, high: float, about: int) -> Axis:
    """Return an axis that holds this range in about so many steps of 1, 2 or 5 times a power of ten."""
    step = _nice_step((high - low) / about)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    if first == last:
        last += 1
    places = max(0, min(9, -math.floor(math.log10(step) + 1e-9)))
    numbers = tuple(round(k * step, 10) for k in range(first, last + 1) if k != 0)
    return Axis(low=round(first * step, 10), high=round(last * step, 10), step=step, places=places, numbers=numbers)


def _nice_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough * 0.8)
    return float(f"{step:.10g}")


def multiples_of_pi(low: float, high: float, about: int) -> tuple[float, dict[float, str]]:
    """Return the step in units of π, and the label of every multiple (in units of π) within the range."""
    spread = (high - low) / math.pi
    step = next((s for s in (0.25, 0.5, 1.0, 2.0, 4.0) if spread / s <= about), 4.0)
    first, last = math.ceil(low / math.pi / step - 1e-9), math.floor(high / math.pi / step + 1e-9)
    return step, {k * step: _pi_label(Fraction(k * step)) for k in range(first, last + 1) if k != 0}


def _pi_label(multiple: Fraction) -> str:
    sign = "-" if multiple < 0 else ""
    top = "" if abs(multiple.numerator) == 1 else str(abs(multiple.numerator))
    if multiple.denominator == 1:
        return rf"{sign}{top}\pi"
    return rf"{sign}\frac{{{top}\pi}}{{{multiple.denominator}}}"
