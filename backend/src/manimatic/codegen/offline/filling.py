"""Picks a recipe's parameters out of a prompt and puts them into its scene."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from manimatic.codegen.offline import checks, quadratics
from manimatic.codegen.offline.lexicon import Lexicon
from manimatic.codegen.offline.literals import literal
from manimatic.codegen.offline.recipes import Parameter, Recipe, constants
from manimatic.codegen.offline.tokens import Unsuitable

_NUMBER = r"[-+−]?\d+(?:\.\d+)?(?![\d.]*\d)"
_LIST = r"\[?-?\d+(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+|\s+)-?\d+)+\]?"
LIST_LENGTHS = (2, 8)
"""How many numbers a list may have where the recipe does not say it."""
LARGEST_LISTED = 999
_QUOTED = r"\"[^\"]*\"|'[^']*'|“[^”]*”|‘[^’]*’"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """The values that a prompt gives, and the prompt without them."""

    values: Mapping[str, Any]
    rest: str


def pick(recipe: Recipe, prompt: str, lexicon: Lexicon) -> Filling:
    """Pick the values of a recipe's parameters out of a prompt.

    Raises:
        Unsuitable: A value is out of its range; the message names the range.
        NotUnderstood: A text cannot be shown.
    """
    values: dict[str, Any] = {}
    spans: list[tuple[int, int]] = []
    for parameter in recipe.parameters:
        found = _find(parameter, prompt, lexicon, spans)
        if found is not None:
            text, span = found
            values[parameter.name] = _value(parameter, text, lexicon)
            spans.append(span)
    rest = "".join(" " if any(a <= i < b for a, b in spans) else letter for i, letter in enumerate(prompt))
    return Filling(values=values, rest=rest)


def _find(
    parameter: Parameter, prompt: str, lexicon: Lexicon, spans: list[tuple[int, int]]
) -> tuple[str, tuple[int, int]] | None:
    shape = _shape(parameter, lexicon)
    if parameter.pattern is None and parameter.type in {"number", "integer"}:
        return None
    pattern = (parameter.pattern or "{value}").replace("{value}", f"(?P<value>{shape})")
    for match in re.finditer(rf"(?<![\w.]){pattern}(?!\w)", prompt, re.IGNORECASE):
        if not any(a < match.end("value") and match.start("value") < b for a, b in spans):
            return match["value"], match.span("value")
    return None


def _shape(parameter: Parameter, lexicon: Lexicon) -> str:
    if parameter.type in {"number", "integer"}:
        return _NUMBER
    if parameter.type == "colour":
        words = "|".join(re.escape(word) for word in sorted(lexicon.colours, key=len, reverse=True))
        return rf"\#[0-9A-Fa-f]{{6}}|{words}"
    if parameter.type == "quadratic":
        return quadratics.SHAPE
    if parameter.type == "choice":
        return "|".join(re.escape(choice) for choice in sorted(parameter.choices, key=len, reverse=True))
    return f"{_QUOTED}|{_LIST}" if _lists_numbers(parameter) else _QUOTED


def _lists_numbers(parameter: Parameter) -> bool:
    return bool(re.fullmatch(r"[-\d.,;\s]+", str(parameter.default)))


def _value(parameter: Parameter, text: str, lexicon: Lexicon) -> Any:
    if parameter.type in {"number", "integer"}:
        return _number(parameter, text.replace("−", "-"))
    if parameter.type == "colour":
        return text.upper() if text.startswith("#") else lexicon.colours[text.lower()].dark[1]
    if parameter.type == "quadratic":
        return _coefficients(parameter, text)
    if parameter.type == "choice":
        return next(choice for choice in parameter.choices if choice.lower() == text.lower())
    bare = text[1:-1] if text[0] in "\"'“‘" else text
    if _lists_numbers(parameter):
        return _numbers(parameter, bare)
    checks.text(bare)
    return bare


def _coefficients(parameter: Parameter, text: str) -> str:
    found = quadratics.coefficients(text)
    limits = list(zip(parameter.least, parameter.most, strict=True))
    if not all(low <= value <= high for value, (low, high) in zip(found, limits, strict=True)):
        allowed = ", ".join(f"{low:g} to {high:g}" for low, high in limits)
        raise Unsuitable(
            f"The equation {text[:60].strip()} is not possible here: allowed as coefficients of x², of x and as the "
            f"number are {allowed}, with 0 on the right side ({parameter.help})"
        )
    return ",".join(f"{value:g}" for value in found)


def _numbers(parameter: Parameter, text: str) -> str:
    """Return a list of numbers as the scenes want it; `minimum` and `maximum` say how many there may be."""
    found = re.findall(r"-?\d+(?:\.\d+)?", text)
    low, high = parameter.minimum or LIST_LENGTHS[0], parameter.maximum or LIST_LENGTHS[1]
    whole = all(number.isdecimal() and int(number) <= LARGEST_LISTED for number in found)
    if not low <= len(found) <= high or not whole or re.sub(r"[\d\s,;\[\]]|and", "", text):
        allowed = f"{low:g} to {high:g} whole numbers from 0 to {LARGEST_LISTED}"
        raise Unsuitable(f"The list {text[:60]} is not possible here: allowed are {allowed}.")
    return ",".join(found)


def _number(parameter: Parameter, text: str) -> int | float:
    value = float(text)
    low, high = parameter.minimum, parameter.maximum
    whole = parameter.type == "integer"
    if (low is not None and value < low) or (high is not None and value > high) or (whole and value != int(value)):
        kind = "whole numbers from " if whole else ""
        raise Unsuitable(f"{text} is not possible here: allowed are {kind}{low:g} to {high:g} ({parameter.help})")
    return int(value) if whole else value


def fill(source: str, values: Mapping[str, Any]) -> str:
    """Replace the literals of these constants, and nothing else, in the scene's source."""
    found = constants(source)
    lines = source.encode().splitlines(keepends=True)
    for name in sorted(values, key=lambda n: found[n].lineno, reverse=True):
        node, value = found[name], values[name]
        if node.end_lineno != node.lineno or node.end_col_offset is None:
            raise ValueError(f"The literal of {name} spans several lines.")
        line = lines[node.lineno - 1]
        written = literal(value) if isinstance(value, str) else repr(value)
        lines[node.lineno - 1] = line[: node.col_offset] + written.encode() + line[node.end_col_offset :]
    filled = b"".join(lines).decode()
    _check(filled, values)
    return filled


def _check(filled: str, values: Mapping[str, Any]) -> None:
    found = constants(filled)
    for name, value in values.items():
        if ast.literal_eval(found[name]) != value:
            raise ValueError(f"The value of {name} did not survive being written.")


def explain(recipe: Recipe, values: Mapping[str, Any]) -> str:
    """Return the explanation with the values in the place of their names."""
    known = {p.name: p.default for p in recipe.parameters} | dict(values)

    def shown(match: re.Match[str]) -> str:
        value = known[match[1]]
        return f"{value:g}" if isinstance(value, int | float) else str(value)

    return re.sub(r"\{([A-Z_0-9]+)\}", shown, recipe.explanation)
