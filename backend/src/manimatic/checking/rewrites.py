"""Calls and attributes that have another form here: a table of templates, and what they make of a call."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from manimatic.checking.findings import Findings
from manimatic.checking.wrapping import WORDS_OF_ANIMATIONS
from manimatic.diagnostics import Fix

_PLACE = re.compile(r"\{(\*{0,3}\w*)\}")
_SIMPLE = (ast.Name, ast.Attribute)
_WHOLE = (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.List, ast.Tuple, ast.Constant, ast.JoinedStr)


@dataclass(frozen=True, slots=True)
class Rewrite:
    """What a call becomes: `needed` and `optional` are its parameters in order, `use` is the template.

    `{self}` is what the method is called on, `{*}` stands for any further arguments, `{**}` for any further keywords,
    `{***}` for those of an animation, which `.animate` takes.
    """

    parameters: tuple[str, ...]
    defaults: Mapping[str, str]
    use: str

    @property
    def shown(self) -> str:
        """Return the template for people: names in the place of arguments."""
        return _PLACE.sub(lambda found: found[1].strip("*") or "…", self.use.replace("{self}.", ""))


@functools.cache
def read_rewrite(text: str) -> Rewrite:
    """Return a rewrite from its form in the table: `(x, length=5) -> {self}.other({x}{**})`."""
    head, _, use = text.partition(" -> ")
    parts = [part.strip() for part in head.strip()[1:-1].split(",") if part.strip()]
    defaults = {name: value for name, mark, value in (part.partition("=") for part in parts) if mark}
    return Rewrite(tuple(part.partition("=")[0] for part in parts), defaults, use)


def rewritten(findings: Findings, call: ast.Call, rewrite: Rewrite) -> Fix | None:
    """Return the fix that writes a call as its template says; None where an argument has no place in it."""
    found = _arguments(findings.source.text, call, rewrite)
    if found is None:
        return None
    text = _PLACE.sub(lambda place: _filled(place, found, rewrite.use), rewrite.use)
    return findings.replacing(call, text.replace("(, ", "("))


def _arguments(text: Callable[[ast.expr], str], call: ast.Call, rewrite: Rewrite) -> dict[str, ast.expr | str] | None:
    """Return what goes into each place of the template."""
    names = [name for name in rewrite.parameters if not name.startswith("*")]
    if any(word.arg is None for word in call.keywords):
        return None
    if any(isinstance(part, ast.Starred) for part in call.args) and (names or "*" not in rewrite.parameters):
        return None
    found: dict[str, ast.expr | str] = {**rewrite.defaults, **dict(zip(names, call.args, strict=False))}
    rest = call.args[len(names) :]
    if rest and "*" not in rewrite.parameters:
        return None
    words = {str(word.arg): word.value for word in call.keywords}
    if set(words) & set(names[: len(call.args)]):
        return None
    found.update({name: value for name, value in words.items() if name in names})
    others = {name: value for name, value in words.items() if name not in names}
    if not set(names) <= set(found) or not _are_taken(others, rewrite):
        return None
    shown = ", ".join(f"{name}={text(value)}" for name, value in others.items())
    found["*"] = ", ".join(text(part) for part in rest)
    found["**"], found["***"] = f", {shown}" if shown else "", f"({shown})" if shown else ""
    return _with_receiver(text, call, rewrite, found)


def _are_taken(words: Mapping[str, ast.expr], rewrite: Rewrite) -> bool:
    """Tell whether further keywords have a place in the template, and none of them stands there already."""
    if "***" in rewrite.parameters:
        return set(words) <= WORDS_OF_ANIMATIONS
    return not words or ("**" in rewrite.parameters and not any(f"{word}=" in rewrite.use for word in words))


def _with_receiver(
    text: Callable[[ast.expr], str], call: ast.Call, rewrite: Rewrite, found: dict[str, ast.expr | str]
) -> dict[str, ast.expr | str] | None:
    """Add what the method is called on, where it can stand in every place that the template has for it."""
    for name, value in list(found.items()):
        if isinstance(value, ast.expr):
            if rewrite.use.count(f"{{{name}}}") > 1 and not isinstance(value, (*_SIMPLE, ast.Constant)):
                return None
            found[name] = _grouped(text, value)
    if not isinstance(call.func, ast.Attribute):
        return found
    receiver = call.func.value
    animated = isinstance(receiver, ast.Attribute) and receiver.attr == "animate"
    animated = animated or (
        isinstance(receiver, ast.Call) and isinstance(receiver.func, ast.Attribute) and ".animate" in text(receiver)
    )
    if rewrite.use.count("{self}") > 1 and not isinstance(receiver, _SIMPLE):
        return None
    if animated and (rewrite.use.count("{self}") > 1 or not rewrite.use.startswith("{self}.")):
        return None
    return {**found, "self": text(receiver)}


def _grouped(text: Callable[[ast.expr], str], value: ast.expr) -> str:
    """Return an argument's text with parentheses where it is put together; `_filled` takes needless ones off."""
    shown = text(value)
    return shown if isinstance(value, _WHOLE) and (shown[:1] == "(" or not isinstance(value, ast.Tuple)) else f"({shown})"


def _filled(place: re.Match[str], found: Mapping[str, ast.expr | str], use: str) -> str:
    value = str(found[place[1]])
    alone = use[: place.start()].endswith(("(", ", ", "=")) and use[place.end() :][:1] in {")", ",", "{"}
    if alone and value.startswith("(") and value.endswith(")"):
        inner = value[1:-1]
        try:
            whole = ast.parse(inner, mode="eval").body
        except SyntaxError:
            return value
        return value if isinstance(whole, (ast.Tuple, ast.GeneratorExp)) else inner
    return value
