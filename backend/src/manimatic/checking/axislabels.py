"""The fix of axes that are given the names of their axes when they are made: they are asked for them afterwards."""

from __future__ import annotations

import ast
import re

from manimatic.checking.findings import Findings
from manimatic.checking.keywords import without
from manimatic.diagnostics import Fix

NAMES = {
    **dict.fromkeys(("x_label", "x_axis_label", "x_axis_name", "xlabel", "x_name", "x_title"), 0),
    **dict.fromkeys(("y_label", "y_axis_label", "y_axis_name", "ylabel", "y_name", "y_title"), 1),
}
"""Arguments that name one axis, and which."""
BOTH = frozenset({"axis_labels", "axes_labels", "labels", "axis_names", "axes_names", "x_y_labels"})
"""Arguments that name both, as a list of two."""
_WORDS = re.compile(r"[A-Za-z][A-Za-z ()%,.-]{2,}")


def labels_fix(findings: Findings, call: ast.Call, word: ast.keyword) -> Fix | None:
    """Return the fix that labels the axes in a line behind the one that makes them; None where they have no name."""
    texts = _texts(findings, call, word)
    made = _made(findings, call)
    if texts is None or made is None:
        return None
    statement, target = made
    x, y = texts
    method = f"get_axis_labels({x}, {y})" if x and y else f"get_x_axis_label({x})" if x else f"get_y_axis_label({y})"
    span = findings.source.span(statement)
    indent = " " * statement.col_offset
    line = findings.inserting(span.end_line, span.end_column, f"\n{indent}{target}.add({target}.{method})")
    words = [one for one in call.keywords if one.arg in NAMES or one.arg in BOTH]
    return Fix((*(without(findings, call, one) for one in words), line))


def _texts(findings: Findings, call: ast.Call, word: ast.keyword) -> tuple[str, str] | None:
    """Return what is to stand at both axes, empty where nothing is said of one."""
    if word.arg in BOTH:
        value = word.value
        if not isinstance(value, (ast.List, ast.Tuple)) or len(value.elts) != 2 or _others(call) != 1:
            return None
        return _shown(findings, value.elts[0]), _shown(findings, value.elts[1])
    found = ["", ""]
    for one in call.keywords:
        if one.arg in NAMES:
            if found[NAMES[one.arg]]:
                return None
            found[NAMES[one.arg]] = _shown(findings, one.value)
    return None if any(one.arg in BOTH for one in call.keywords) else (found[0], found[1])


def _others(call: ast.Call) -> int:
    return sum(one.arg in NAMES or one.arg in BOTH for one in call.keywords)


def _shown(findings: Findings, node: ast.expr) -> str:
    """Return a label's text, as words where it is made of words: as a formula these would run together."""
    text = findings.source.text(node)
    words = isinstance(node, ast.Constant) and isinstance(node.value, str) and _WORDS.fullmatch(node.value)
    return f"Text({text}, font_size=32)" if words else text


def _made(findings: Findings, call: ast.Call) -> tuple[ast.Assign, str] | None:
    """Return the statement that gives the axes their name, and the name."""
    for node in ast.walk(findings.source.tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and _made_by(node.value) is call:
            target = node.targets[0]
            line = findings.source.lines[node.lineno - 1]
            last = findings.source.lines[(node.end_lineno or node.lineno) - 1]
            end = findings.source.span(node).end_column - 1
            alone = not line[: node.col_offset].strip() and last[end:].lstrip()[:1] in {"", "#"}
            simple = isinstance(target, (ast.Name, ast.Attribute))
            return (node, findings.source.text(target)) if alone and simple else None
    return None


def _made_by(node: ast.expr) -> ast.expr:
    """Return the call that makes what methods are then called on."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        node = node.func.value
    return node
