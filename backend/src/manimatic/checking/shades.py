"""Colours under names that Manim has not: shades as Manim itself orders them, texts that say the same as a hex value.

Manim's families run from A, the lightest, to E, the darkest, with the colour itself as C; its LIGHT_GREY is GREY_B, its
DARKER_GREY is GREY_E. The same order is taken for the other colours.
"""

from __future__ import annotations

import re

from manimatic.checking.api import ApiIndex
from manimatic.checking.ruledata import css_color

_LETTERS = {"LIGHTER": "A", "LIGHT": "B", "DARK": "D", "DARKER": "E"}
_BLENDS = {"A": ".lighter(0.4)", "B": ".lighter()", "C": "", "D": ".darker()", "E": ".darker(0.4)"}
_SHADE = re.compile(
    r"(?P<before>LIGHTER|LIGHT|DARKER|DARK)_(?P<of>[A-Z]+)|(?P<base>[A-Z]+)_(?P<after>LIGHTER|LIGHT|DARKER|DARK|[A-E])"
)
_RGB = re.compile(r"rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)", re.IGNORECASE)
MAX_BYTE = 255


def shade(name: str, index: ApiIndex) -> str | None:
    """Return an expression for a shade of a colour, or None for any other name."""
    found = _SHADE.fullmatch(name)
    if found is None:
        return None
    base, part = found["of"] or found["base"], found["before"] or found["after"]
    letter = _LETTERS.get(part, part)
    if f"{base}_{letter}" in index.colors:
        return f"{base}_{letter}"
    if base in index.colors and base in index.star:
        return base + _BLENDS[letter]
    hexed = css_color(base)
    return f'ManimColor("{hexed}"){_BLENDS[letter]}' if hexed else None


def same_color(text: str, index: ApiIndex) -> str | None:
    """Return the hex value or the name that a text means, or None where it means none that is known."""
    if re.fullmatch(r"[0-9a-fA-F]{6}", text):
        return f"#{text}"
    spelled = re.sub(r"[\s-]+", "_", text.strip()).upper()
    if spelled in index.colors:
        return spelled
    rgb = _RGB.fullmatch(text.strip())
    numbers = [int(number) for number in rgb.groups()] if rgb else []
    if numbers and max(numbers) <= MAX_BYTE:
        return "#" + "".join(f"{number:02x}" for number in numbers)
    found = shade(spelled, index)
    return found if found in index.colors else None
