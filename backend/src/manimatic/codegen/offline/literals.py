"""Writes values of the user as Python literals that cannot be anything else."""

from __future__ import annotations

import ast


def literal(text: str) -> str:
    """Return a string literal; a raw one where that reads better and means the same."""
    quoted = '"' + text + '"'
    candidate = "r" + quoted if "\\" in text else quoted
    return candidate if _means(candidate, text) else repr(text)


def _means(source: str, text: str) -> bool:
    if "\n" in source or not source.isprintable():
        return False
    try:
        return bool(ast.literal_eval(source) == text)
    except (ValueError, SyntaxError):
        return False


def number(value: float) -> str:
    """Return a short literal of a number."""
    rounded = round(value, 3)
    return str(int(rounded)) if rounded == int(rounded) else f"{rounded:g}"
