"""Finds quadratic equations such as `x^2 - 5x + 6 = 0` in prompts, and reads their coefficients."""

from __future__ import annotations

import re

_NUMBER = r"\d+(?:\.\d+)?"
_SIGN = r"\s?[-+−]\s?"
_SQUARE = r"x(?:\s?\^\s?2|²| squared)"
SHAPE = (
    rf"(?:[-+−]\s?)?(?:{_NUMBER}\s?)?{_SQUARE}(?!\w)"
    rf"(?:{_SIGN}(?:{_NUMBER}\s?)?x(?![\w^²]| squared| cubed))?"
    rf"(?:{_SIGN}{_NUMBER}(?![\w^]|\s?[/*]|\.\d))?"
    rf"(?:\s?=\s?(?:[-−]\s?)?{_NUMBER}(?![\w^]|\s?[-+−/*]|\.\d))?"
)
"""A quadratic expression in x, with a number on the right side or without one."""
_TERM = re.compile(rf"([-+]?)({_NUMBER})?(x\^2|x)?")


def coefficients(text: str) -> tuple[float, float, float]:
    """Return a, b and c of a text of this shape, with everything brought to the left side."""
    bare = re.sub(r"\s", "", text.lower().replace("−", "-").replace("squared", "^2").replace("²", "^2"))
    left, _, right = bare.partition("=")
    found = {"x^2": 0.0, "x": 0.0, "": -float(right or 0)}
    for sign, number, power in _TERM.findall(left):
        if number or power:
            found[power] += float(f"{sign}{number or 1}")
    return found["x^2"], found["x"], found[""] + 0.0
