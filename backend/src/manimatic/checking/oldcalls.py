"""Calls of other Manims' animations whose arguments have other names here, and their mending."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Mapping
from typing import Any

from manimatic.checking.findings import Findings
from manimatic.checking.wrapping import WORDS_OF_ANIMATIONS
from manimatic.diagnostics import Edit, Fix, Span


def old_call_fix(findings: Findings, call: ast.Call, entry: Mapping[str, Any]) -> Fix | None:
    """Return the fix for a call, or None where an argument has no place in the new one.

    Args:
        findings: Knows where things stand.
        call: The call of a name that this Manim has not.
        entry: `use` is the new name; `second` the keyword that the second argument becomes, with the opposite sign
            where `minus` stands; `words` gives keywords their new names; `add` is an argument that is put in.
    """
    if any(isinstance(argument, ast.Starred) for argument in call.args) or not call.args:
        return None
    edits = [Edit(findings.source.span(call.func), entry["use"])]
    second, words = str(entry.get("second", "")), entry.get("words", {})
    if len(call.args) > (2 if second else 1):
        return None
    if len(call.args) == 2:
        edits.append(_named(findings, call.args[1], second, minus=bool(entry.get("minus"))))
    for word in call.keywords:
        if word.arg in WORDS_OF_ANIMATIONS:
            continue
        if word.arg not in words:
            return None
        edits.append(_named(findings, word, words[word.arg], minus=bool(entry.get("minus"))))
    if second and len(call.args) == 1 and not {word.arg for word in call.keywords} & set(words):
        return None
    if add := entry.get("add"):
        span = findings.source.span(call.args[0])
        edits.append(findings.inserting(span.end_line, span.end_column, f", {add}"))
    return Fix(tuple(edits))


def box_fix(findings: Findings, call: ast.Call) -> Fix | None:
    """Return the fix of `Box(width=…, height=…, depth=…)`: a Prism, or a Rectangle where there is no depth."""
    given = {word.arg: word for word in call.keywords}
    if call.args or None in given or not {"width", "height"} <= set(given):
        return None
    if "depth" not in given:
        return findings.replacing(call.func, "Rectangle")
    texts = [findings.source.text(given[name].value) for name in ("width", "height", "depth")]
    kept = [f"{word.arg}={findings.source.text(word.value)}" for word in call.keywords if word.arg not in _SIDES]
    sides = f"dimensions=[{', '.join(texts)}]"
    return findings.replacing(call, f"Prism({', '.join([sides, *kept])})")


def shape_fix(findings: Findings, call: ast.Call, entry: Mapping[str, Any]) -> Fix | None:
    """Return the fix of a shape with another name here, where everything that makes it is given by name."""
    given = {word.arg for word in call.keywords}
    if call.args or None in given or not set(entry["needs"]) <= given:
        return None
    return findings.replacing(call.func, entry["use"])


_SIDES = ("width", "height", "depth")


def moved_fix(findings: Findings, call: ast.Call) -> Fix | None:
    """Return the fix of `MoveToTarget(mobject, point)`: an animated move_to."""
    simple = len(call.args) == 2 and isinstance(call.args[0], (ast.Name, ast.Attribute))
    if not simple or {word.arg for word in call.keywords} - WORDS_OF_ANIMATIONS:
        return None
    what, where = map(findings.source.text, call.args)
    words = ", ".join(f"{word.arg}={findings.source.text(word.value)}" for word in call.keywords)
    return findings.replacing(call, f"{what}.animate{f'({words})' if words else ''}.move_to({where})")


def backstroke_fix(findings: Findings, call: ast.Call, name: Span) -> Fix | None:
    """Return the fix of `set_backstroke(color, width)`, whose arguments are black and 3 where they are not given."""
    given = dict(zip(("color", "width"), call.args, strict=False))
    given.update({str(word.arg): word.value for word in call.keywords})
    stars = any(isinstance(part, ast.Starred) for part in call.args)
    if stars or len(call.args) > 2 or not set(given) <= {"color", "width"}:
        return None
    color, width = (
        findings.source.text(given[word]) if word in given else other
        for word, other in (("color", "BLACK"), ("width", "3"))
    )
    end = findings.source.span(call)
    place = dataclasses.replace(name, end_line=end.end_line, end_column=end.end_column)
    return Fix((Edit(place, f"set_stroke({color}, {width}, background=True)"),))


def _named(findings: Findings, part: ast.expr | ast.keyword, name: str, *, minus: bool) -> Edit:
    value = part.value if isinstance(part, ast.keyword) else part
    text = findings.source.text(value)
    simple = isinstance(value, (ast.Name, ast.Attribute, ast.Call, ast.Constant))
    shown = f"-{text}" if simple else f"-({text})"
    return Edit(findings.source.span(part), f"{name}={shown if minus else text}")
