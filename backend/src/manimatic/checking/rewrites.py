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
_TEX = re.compile(r"[\\\\$^_]")
"""What a text has that TeX has to set."""
_SIMPLE = (ast.Name, ast.Attribute)
_PURE = (
    *(ast.Name, ast.Attribute, ast.Constant, ast.BinOp, ast.UnaryOp, ast.List, ast.Tuple),
    *(ast.operator, ast.unaryop, ast.expr_context),
)
_WHOLE = (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.List, ast.Tuple, ast.Constant, ast.JoinedStr)


@dataclass(frozen=True, slots=True)
class Rewrite:
    """What a call becomes: names of its parameters in order, which of them have a default or a condition, a template.

    `{self}` is what the method is called on, `{callee}` what is called, `{*}` stands for any further arguments, `{**}`
    for any further keywords, `{***}` for those of an animation, which `.animate` takes. Parameters behind `*` are given
    by name.
    """

    parameters: tuple[str, ...]
    defaults: Mapping[str, str]
    conditions: Mapping[str, str]
    use: str

    @property
    def shown(self) -> str:
        """Return the template for people: names in the place of arguments."""
        text = self.use.replace("{self}.", "").replace("{callee}", "…")
        return _PLACE.sub(lambda found: found[1].strip("*") or "…", text)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the parameters that have names."""
        return tuple(name for name in self.parameters if not name.startswith("*"))

    @property
    def in_order(self) -> tuple[str, ...]:
        """Return the parameters that arguments without a name fill."""
        cut = self.parameters.index("*") if "*" in self.parameters else len(self.parameters)
        return tuple(name for name in self.parameters[:cut] if not name.startswith("*"))


@functools.cache
def read_rewrite(text: str) -> Rewrite:
    """Return a rewrite from its form in the table: `(x, length=5, label:text) -> {self}.other({x}{**})`."""
    head, _, use = text.partition(" -> ")
    parts = [part.strip() for part in head.strip()[1:-1].split(",") if part.strip()]
    defaults = {part.partition("=")[0].partition(":")[0]: part.partition("=")[2] for part in parts if "=" in part}
    names = [part.partition("=")[0] for part in parts]
    conditions = {name.partition(":")[0]: name.partition(":")[2] for name in names if ":" in name}
    return Rewrite(tuple(name.partition(":")[0] for name in names), defaults, conditions, use)


def rewritten(findings: Findings, call: ast.Call, rewrite: Rewrite) -> Fix | None:
    """Return the fix that writes a call as its template says; None where an argument has no place in it."""
    found = _arguments(findings.source.text, call, rewrite)
    if found is None:
        return None
    text = _PLACE.sub(lambda place: _filled(place, found, rewrite.use), rewrite.use)
    return findings.replacing(call, text.replace("(, ", "("))


def _arguments(text: Callable[[ast.expr], str], call: ast.Call, rewrite: Rewrite) -> dict[str, str] | None:
    """Return what goes into each place of the template."""
    names, in_order = rewrite.names, rewrite.in_order
    stars = any(isinstance(part, ast.Starred) for part in call.args) and (in_order or "*" not in rewrite.parameters)
    rest = call.args[len(in_order) :]
    if stars or any(word.arg is None for word in call.keywords) or (rest and "*" not in rewrite.parameters):
        return None
    words = {str(word.arg): word.value for word in call.keywords}
    given = dict(zip(in_order, call.args, strict=False))
    if set(words) & set(given):
        return None
    given.update({name: value for name, value in words.items() if name in names})
    others = {name: value for name, value in words.items() if name not in names}
    if not set(names) <= {*given, *rewrite.defaults} or not _are_taken(others, rewrite):
        return None
    if not all(_is_fit(given, name, rewrite) for name in given):
        return None
    shown = ", ".join(f"{name}={text(value)}" for name, value in others.items())
    found = {**rewrite.defaults, **{name: _grouped(text, value) for name, value in given.items()}}
    found["*"] = ", ".join(text(part) for part in rest)
    found["**"], found["***"] = f", {shown}" if shown else "", f"({shown})" if shown else ""
    return _with_receiver(text, call, rewrite, found)


def _is_fit(given: Mapping[str, ast.expr], name: str, rewrite: Rewrite) -> bool:
    """Tell whether an argument is what the template expects, and may stand there as often as it does."""
    value, condition = given[name], rewrite.conditions.get(name, "")
    if rewrite.use.count(f"{{{name}}}") > 1 and not _is_pure(value):
        return False
    return not condition or CONDITIONS[condition](value, _constant(value))


def _is_pure(node: ast.expr) -> bool:
    """Tell whether an expression may be written twice: names, numbers, and what is reckoned from them."""
    return all(isinstance(part, _PURE) for part in ast.walk(node))


def _constant(node: ast.expr) -> object:
    """Return what is written down, or None for anything that is worked out."""
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


CONDITIONS: Mapping[str, Callable[[ast.expr, object], bool]] = {
    "text": lambda node, value: isinstance(value, str) or isinstance(node, ast.JoinedStr),
    "lambda": lambda node, value: isinstance(node, ast.Lambda),
    "true": lambda node, value: value is True,
    "bold": lambda node, value: str(value).lower() == "bold" or ast.unparse(node) == "BOLD",
    "italic": lambda node, value: str(value).lower() == "italic" or ast.unparse(node) == "ITALIC",
    "dashed": lambda node, value: str(value).lower() in {"dashed", "--", "dash"},
    "size": lambda node, value: isinstance(value, (int, float)) and value >= MIN_FONT_SIZE,
    "plain": lambda node, value: _is_text(node) and _TEX.search(ast.unparse(node)) is None,
    "tex": lambda node, value: _is_text(node) and _TEX.search(ast.unparse(node)) is not None,
    "false": lambda node, value: value is False,
    "zero": lambda node, value: value is not None and value == 0,
    "number": lambda node, value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "byte": lambda node, value: type(value) is int and 0 <= value <= MAX_BYTE,
    "side": lambda node, value: value in {"left", "right", "center"},
    "pair": lambda node, value: isinstance(node, (ast.List, ast.Tuple)) and len(node.elts) == 2 and not _has_star(node),
    "list": lambda node, value: isinstance(node, (ast.List, ast.Tuple, ast.ListComp, ast.Name, ast.Attribute)),
    "vector": lambda node, value: ast.unparse(node) in {"UP", "DOWN", "LEFT", "RIGHT", "UL", "UR", "DL", "DR"},
    "mobject": lambda node, value: isinstance(node, (ast.Name, ast.Attribute)),
    "function": lambda node, value: (
        isinstance(node, (ast.Name, ast.Attribute)) or (isinstance(node, ast.Lambda) and len(node.args.args) == 1)
    ),
    "turned": lambda node, value: re.search(r"\b(PI|TAU|DEGREES)\b", ast.unparse(node)) is not None,
    "color": lambda node, value: isinstance(value, str) or ast.unparse(node).isupper(),
}
"""What a parameter may be said to be, by the node of its argument and what is written there."""
MAX_BYTE = 255
MIN_FONT_SIZE = 8
"""A size from here on is that of letters in points: a factor that large would not fit on any screen."""


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _has_star(node: ast.List | ast.Tuple) -> bool:
    return any(isinstance(part, ast.Starred) for part in node.elts)


def _are_taken(words: Mapping[str, ast.expr], rewrite: Rewrite) -> bool:
    """Tell whether further keywords have a place in the template, and none of them stands there already."""
    if "***" in rewrite.parameters:
        return set(words) <= WORDS_OF_ANIMATIONS
    return not words or ("**" in rewrite.parameters and not any(f"{word}=" in rewrite.use for word in words))


def _with_receiver(
    text: Callable[[ast.expr], str], call: ast.Call, rewrite: Rewrite, found: dict[str, str]
) -> dict[str, str] | None:
    """Add what is called, and what it is called on where that can stand in every place that the template has for it."""
    found["callee"] = text(call.func)
    if not isinstance(call.func, ast.Attribute):
        return found
    receiver, places = call.func.value, rewrite.use.count("{self}")
    if places > 1 and not isinstance(receiver, _SIMPLE):
        return None
    animated = re.search(r"\.animate\b", text(receiver)) is not None
    if animated and (places > 1 or not rewrite.use.startswith("{self}.")):
        return None
    return {**found, "self": text(receiver)}


def _grouped(text: Callable[[ast.expr], str], value: ast.expr) -> str:
    """Return an argument's text with parentheses where it is put together; `_filled` takes needless ones off."""
    shown = text(value)
    bare = isinstance(value, ast.Tuple) and shown[:1] != "("
    return f"({shown})" if bare or not isinstance(value, _WHOLE) else shown


def _filled(place: re.Match[str], found: Mapping[str, str], use: str) -> str:
    value = found[place[1]]
    alone = use[: place.start()].endswith(("(", ", ", "=")) and use[place.end() :][:1] in {")", ",", "{"}
    if alone and value.startswith("(") and value.endswith(")"):
        inner = value[1:-1]
        try:
            whole = ast.parse(inner, mode="eval").body
        except SyntaxError:
            return value
        return value if isinstance(whole, (ast.Tuple, ast.GeneratorExp)) else inner
    return value
