"""Contrast of a text with what is behind it, as WCAG 2 measures it."""

from __future__ import annotations

from collections.abc import Iterable

from manimatic_worker.layout.values import Colour


def luminance(colour: Colour) -> float:
    """Return the relative luminance, from 0 for black to 1 for white."""
    red, green, blue = (_linear(min(1.0, max(0.0, part))) for part in colour[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: Colour, second: Colour) -> float:
    """Return the contrast ratio of two colours, from 1 for the same to 21."""
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def painted(ground: Colour, layers: Iterable[Colour]) -> Colour:
    """Return what is seen where layers lie over a ground, lowest first."""
    red, green, blue = ground[:3]
    for layer in layers:
        rest = 1.0 - layer[3]
        red, green, blue = (
            layer[0] * layer[3] + red * rest,
            layer[1] * layer[3] + green * rest,
            layer[2] * layer[3] + blue * rest,
        )
    return (red, green, blue, 1.0)


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.03928 else float(((part + 0.055) / 1.055) ** 2.4)
