"""Reads prompts that want functions plotted: which functions, from where to where, in which colours."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from manimatic.codegen.offline.evaluation import value
from manimatic.codegen.offline.expression import (
    BadExpression,
    Binary,
    Call,
    Constant,
    Negative,
    Node,
    Number,
    Variable,
    parse,
)
from manimatic.codegen.offline.lexicon import Lexicon, read_data
from manimatic.codegen.offline.story import Paint
from manimatic.codegen.offline.tokens import MAX_PROMPT, NotUnderstood, Unsuitable

MAX_FUNCTIONS = 5
MAX_X = 1e6

_DEFINES = re.compile(r"^(?:y|[fgh]\s*\(\s*x\s*\))\s*=\s*", re.IGNORECASE)
_LOOKS_DEFINED = re.compile(r"(?:\by|\b[fgh]\s*\(\s*x\s*\))\s*=", re.IGNORECASE)
_SET = (
    r"(?:(?:for|where|with|and|as) x (?:(?:goes|running|ranging|ranges|runs) )?|(?:for|in the range|over the range) )?"
)
_RANGES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b{_SET}from (?:x ?= ?)?(?P<a>[^,]+?) to (?:x ?= ?)?(?P<b>[^,]+)$",
        rf"\b{_SET}between (?:x ?= ?)?(?P<a>[^,]+?) and (?:x ?= ?)?(?P<b>[^,]+)$",
        r"\b(?:for x in|on|over|in)(?: the)?(?: interval| range| domain)? ?[\[(](?P<a>[^,\]]+), ?(?P<b>[^,\]]+)[\])]$",
        r"\b(?:for|with|where) (?P<a>[^,<≤]+?) ?(?:<=|≤|<) ?x ?(?:<=|≤|<) ?(?P<b>[^,<≤]+)$",
    )
)
_JOINTS = re.compile(r"\s*(?:,\s*and\b|,|;|\band\b|\btogether with\b|\bversus\b|\bvs\b)\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlotRequest:
    """Functions of x and the range to show them in; `in_pi` asks for ticks at multiples of π."""

    functions: tuple[Node, ...]
    start: float
    end: float
    in_pi: bool = False
    paint: Paint | None = None
    background: Paint | None = None


def read_plot(prompt: str, lexicon: Lexicon) -> PlotRequest | None:
    """Read the prompt; None where it wants no function plotted.

    Raises:
        NotUnderstood: It does, but some part of it is no function or no range.
        Unsuitable: A value is out of its range.
    """
    data = read_data("curves.toml")
    text = prompt.strip().rstrip(".!? ")
    if len(text) > MAX_PROMPT or not _wants_plot(text, data):
        return None
    text = " ".join(text.replace("$", " ").split())
    text, background = _take_background(text, lexicon)
    text, paint = _take_paint(text, lexicon)
    text, bounds = _take_range(text)
    functions = tuple(_function(part, data) for part in _parts(_without_opening(text, data)))
    if len(functions) > MAX_FUNCTIONS:
        raise Unsuitable(f"{len(functions)} functions are too many for one picture: at most {MAX_FUNCTIONS}.")
    if paint is not None and len(functions) > 1:
        raise NotUnderstood("one colour is given for several functions")
    return _request(functions, bounds, paint, background)


def _wants_plot(text: str, data: Mapping[str, Any]) -> bool:
    words = re.findall(r"[a-z]+", text.lower())
    return any(word in data["marks"] for word in words) or bool(_LOOKS_DEFINED.search(text) and '"' not in text)


def _take_background(text: str, lexicon: Lexicon) -> tuple[str, Paint | None]:
    match = re.search(r"\s+(?:on|with|against) a ([a-z ]+?) background$", text.lower())
    if match is None or match.group(1) not in lexicon.colours:
        return text, None
    colour = lexicon.colours[match.group(1)]
    return text[: match.start()], Paint(name=colour.name, word=colour)


def _take_paint(text: str, lexicon: Lexicon) -> tuple[str, Paint | None]:
    match = re.search(
        r"\s+in (?:(#[0-9a-f]{6})|([a-z]+(?: [a-z]+)?))(?=$| from | between | for | on | over )", text.lower()
    )
    if match is None:
        return text, None
    rest = text[: match.start()] + text[match.end() :]
    if match.group(1):
        return rest, Paint(name=match.group(1).upper())
    colour = lexicon.colours.get(match.group(2))
    return (rest, Paint(name=colour.name, word=colour)) if colour else (text, None)


def _take_range(text: str) -> tuple[str, tuple[Node, Node] | None]:
    for pattern in _RANGES:
        match = pattern.search(text)
        if match is not None:
            return text[: match.start()].rstrip(" ,"), (_bound(match["a"]), _bound(match["b"]))
    return text, None


def _bound(text: str) -> Node:
    node = _parsed(text)
    number = value(node, 0.0)
    if math.isnan(number) or number != value(node, 1.0):
        raise NotUnderstood(f"{text[:30]!r} is no end of a range")
    if abs(number) > MAX_X:
        raise Unsuitable(f"{text[:30]} is out of the range that can be plotted, -1,000,000 to 1,000,000.")
    return node


def _without_opening(text: str, data: Mapping[str, Any]) -> str:
    while True:
        head, _, rest = text.partition(" ")
        if head.lower().rstrip(":") not in data["openings"] or not rest:
            return text
        text = rest


def _parts(text: str) -> list[str]:
    text = re.sub(r"^both ", "", text)
    return [part for part in _JOINTS.split(text) if part is not None]


def _function(part: str, data: Mapping[str, Any]) -> Node:
    bare = re.sub(r"^(?:the|a|an|graph of|function|curve)\s+", "", part.strip(), flags=re.IGNORECASE)
    bare = re.sub(r"\s+(?:function|graph|curve|animation)$", "", bare) if bare.lower() not in data["names"] else bare
    named = data["names"].get(bare.lower())
    return _parsed(named if named else _DEFINES.sub("", bare))


def _parsed(text: str) -> Node:
    try:
        return parse(text)
    except BadExpression as error:
        raise NotUnderstood(str(error)) from error


def _request(
    functions: tuple[Node, ...], bounds: tuple[Node, Node] | None, paint: Paint | None, background: Paint | None
) -> PlotRequest:
    if bounds is None:
        start, end, in_pi = _usual_range(functions)
    else:
        start, end = value(bounds[0], 0.0), value(bounds[1], 0.0)
        in_pi = any(Constant("pi") in set(_nodes(b)) or Constant("tau") in set(_nodes(b)) for b in bounds)
    if not end - start >= 1e-3:
        raise Unsuitable(f"The range from {start:g} to {end:g} is empty, or too small to be shown (at least 0.001).")
    if in_pi and not 0.5 <= (end - start) / math.pi <= 20:
        in_pi = False
    return PlotRequest(functions=functions, start=start, end=end, in_pi=in_pi, paint=paint, background=background)


def _usual_range(functions: tuple[Node, ...]) -> tuple[float, float, bool]:
    names = {n.name for f in functions for n in _nodes(f) if isinstance(n, Call)}
    if names & {"sin", "cos", "tan"}:
        return -2 * math.pi, 2 * math.pi, True
    defined = [sum(not math.isnan(value(f, k / 10)) for k in range(-50, 0)) for f in functions]
    if defined and max(defined) < 5:
        return 0.0, 10.0, False
    steep = names & {"exp", "sinh", "cosh"} or any(
        isinstance(n, Binary) and n.sign == "^" for f in functions for n in _nodes(f)
    )
    return (-3.0, 3.0, False) if steep else (-5.0, 5.0, False)


def _nodes(node: Node) -> list[Node]:
    match node:
        case Number() | Constant() | Variable():
            return [node]
        case Negative() | Call():
            return [node, *_nodes(node.inner)]
        case Binary():
            return [node, *_nodes(node.left), *_nodes(node.right)]
