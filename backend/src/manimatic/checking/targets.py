"""The rule of `MoveToTarget` where nothing has a target: an object was moved, and its move was to be shown."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from manimatic.checking.findings import Findings
from manimatic.checking.world import World
from manimatic.diagnostics import Edit, Fix

MOVES = frozenset(
    {"move_to", "shift", "next_to", "to_edge", "to_corner", "align_to", "scale", "rotate", "set_x", "set_y", "center"}
)
SHOWN = frozenset({"play", "add", "remove", "animate"})


class TargetRule:
    """Reports objects that are to move to a target that no line of the source makes."""

    def __init__(self, world: World, findings: Findings) -> None:
        self.world, self.findings = world, findings

    def check(self, tree: ast.Module) -> None:
        """Look at every block of a source that gives no object a target."""
        named = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        words = {node.arg for node in ast.walk(tree) if isinstance(node, ast.keyword)}
        known = self.world.imports.star and "MoveToTarget" not in {own[1:] for own in self.world.own}
        if not known or {"generate_target", "target"} & (named | words) or "setattr" in self.findings.source.code:
            return
        for node in ast.walk(tree):
            for block in (getattr(node, "body", None), getattr(node, "orelse", None)):
                if isinstance(block, list):
                    for number, statement in enumerate(block):
                        self._statement(block[:number], statement)

    def _statement(self, before: Sequence[ast.stmt], statement: ast.stmt) -> None:
        if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
            return
        for call in statement.value.args:
            if (
                isinstance(call, ast.Call)
                and isinstance(call.func, ast.Name)
                and call.func.id == "MoveToTarget"
                and len(call.args) == 1
                and isinstance(call.args[0], ast.Name)
            ):
                message = f"{call.args[0].id} has no target: nothing makes one."
                fix = self._fix(before, statement, call.args[0].id)
                hint = "Call generate_target(), then move its target."
                self.findings.add("no-target", call, message, hint=hint, fix=fix)

    def _fix(self, before: Sequence[ast.stmt], statement: ast.stmt, name: str) -> Fix | None:
        """Return the fix that moves the target where the object itself was moved just before."""
        start = next((n for n in reversed(range(len(before))) if _moves(before[n], name)), None)
        if start is None or len(_uses(statement, name)) != 1:
            return None
        while start and _moves(before[start - 1], name):
            start -= 1
        first = before[start]
        indent = self.findings.source.lines[first.lineno - 1][: first.col_offset]
        uses = [use for part in before[start:] for use in _uses(part, name)]
        if indent.strip() or any(_is_shown(part, name) for part in before[start:]):
            return None
        edits = [self.findings.inserting(first.lineno, len(indent) + 1, f"{name}.generate_target()\n{indent}")]
        return Fix((*edits, *(self._aimed(use) for use in uses)))

    def _aimed(self, use: ast.Name) -> Edit:
        span = self.findings.source.span(use)
        return Edit(span, f"{use.id}.target")


def _moves(statement: ast.stmt, name: str) -> bool:
    call = statement.value if isinstance(statement, ast.Expr) else None
    while isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in MOVES:
        call = call.func.value
    return isinstance(call, ast.Name) and call.id == name


def _uses(node: ast.AST, name: str) -> list[ast.Name]:
    return [part for part in ast.walk(node) if isinstance(part, ast.Name) and part.id == name]


def _is_shown(statement: ast.stmt, name: str) -> bool:
    """Tell whether a statement sets the object, shows it, or uses it at another time."""
    for part in ast.walk(statement):
        later = isinstance(part, (ast.Lambda, ast.FunctionDef))
        shows = isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr in SHOWN
        if (later or shows) and _uses(part, name):
            return True
        if isinstance(part, ast.Attribute) and part.attr == "animate" and _uses(part, name):
            return True
    return any(not isinstance(use.ctx, ast.Load) for use in _uses(statement, name))
