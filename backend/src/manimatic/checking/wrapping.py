"""Fixes that put something around an argument, or another function in front of it."""

from __future__ import annotations

import ast

from manimatic.checking.findings import Findings
from manimatic.checking.values import Value, point_size
from manimatic.diagnostics import Fix

WORDS_OF_ANIMATIONS = frozenset({"run_time", "rate_func", "lag_ratio"})
FADES = {
    "Create": "FadeIn",
    "Write": "FadeIn",
    "DrawBorderThenFill": "FadeIn",
    "Uncreate": "FadeOut",
    "Unwrite": "FadeOut",
}
"""What shows or hides any object in place of what needs vector objects."""


def wrapped(findings: Findings, node: ast.expr, before: str, after: str = ")") -> Fix:
    """Return the fix that puts texts around an expression."""
    span = findings.source.span(node)
    first = findings.inserting(span.line, span.column, before)
    return Fix((first, findings.inserting(span.end_line, span.end_column, after)))


def made_in_place(node: ast.expr) -> bool:
    """Tell whether an expression makes an object and does something with it: nobody has seen it before."""
    chained = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        node = node.func.value
    return chained and isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id[:1].isupper()


def starred(findings: Findings, node: ast.expr) -> Fix:
    """Return the fix that unpacks a list."""
    span = findings.source.span(node)
    return Fix((findings.inserting(span.line, span.column, "*"),))


def faded(findings: Findings, call: ast.Call) -> Fix | None:
    """Return the fix that fades what cannot be drawn, where nothing but the usual arguments is given."""
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    if name not in FADES or len(call.args) != 1 or {word.arg for word in call.keywords} - WORDS_OF_ANIMATIONS:
        return None
    return findings.replacing(call.func, FADES[name])


def shifted(findings: Findings, call: ast.Call, target: ast.expr, value: Value) -> Fix | None:
    """Return the fix of `FadeIn(mobject, UP)`, whose second argument another Manim takes for the shift."""
    last = len(call.args) == 2 and target is call.args[1] and point_size(value) == 3
    if not last or any(word.arg in {"shift", None} for word in call.keywords):
        return None
    return findings.replacing(target, f"shift={findings.source.text(target)}")


def timed(findings: Findings, call: ast.Call) -> Fix | None:
    """Return the fix of `mobject.animate.shift(UP, run_time=2)`: it is `animate` that takes the time."""
    func = call.func
    if not isinstance(func, ast.Attribute) or not isinstance(func.value, ast.Attribute) or func.value.attr != "animate":
        return None
    words = [word for word in call.keywords if word.arg in WORDS_OF_ANIMATIONS]
    shown = ", ".join(f"{word.arg}={findings.source.text(word.value)}" for word in words)
    kept = [findings.source.text(part) for part in call.args]
    others = [word for word in call.keywords if word not in words]
    kept += [f"{word.arg}={findings.source.text(word.value)}" for word in others]
    if any(word.arg is None for word in others):
        return None
    receiver = findings.source.text(func.value)
    return findings.replacing(call, f"{receiver}({shown}).{func.attr}({', '.join(kept)})")


def adds_objects(construct: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Tell whether a construct method puts something on the screen: of that Manim makes a picture."""
    return any(isinstance(part, ast.Attribute) and part.attr.startswith("add") for part in ast.walk(construct))


def shown_at_last(findings: Findings, construct: ast.FunctionDef | ast.AsyncFunctionDef) -> Fix | None:
    """Return the fix that holds the picture at the end of a construct method that only adds objects."""
    last = construct.body[-1]
    if not adds_objects(construct) or isinstance(last, (ast.Return, ast.Raise)):
        return None
    span = findings.source.span(last)
    indent = findings.source.lines[construct.body[0].lineno - 1][: construct.body[0].col_offset]
    if indent.strip():
        return None
    return Fix((findings.inserting(span.end_line, span.end_column, f"\n{indent}self.wait()"),))
