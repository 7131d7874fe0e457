"""The old way to animate a method, `self.play(mobject.shift, UP)`, and its mending."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from manimatic.checking.findings import Findings
from manimatic.checking.values import Builder, Instance, Method, Value
from manimatic.checking.world import World
from manimatic.diagnostics import Edit, Fix

_KNOWN_GIVEN = (ast.Constant, ast.Name, ast.List, ast.Tuple, ast.BinOp, ast.UnaryOp, ast.Attribute)


class OldPlayRule:
    """Reports methods that are played without being called, with the fix to `.animate`."""

    def __init__(self, world: World, findings: Findings) -> None:
        self.world, self.findings = world, findings

    def check(self, call: ast.Call, values: Mapping[int, Value]) -> set[int]:
        """Report them, and return the arguments that belong to them."""
        told: set[int] = set()
        played = [ast.dump(part.value) for part in call.args if isinstance(part, ast.Attribute)]
        arguments = call.args
        for number, node in enumerate(arguments):
            value = values.get(id(node))
            if not isinstance(value, Method) or value.animated or value.signature is None:
                continue
            given = self._given(arguments[number + 1 :], values)
            told.update(id(part) for part in (node, *given))
            twice = isinstance(node, ast.Attribute) and played.count(ast.dump(node.value)) > 1
            self._report(node, value, given, values, mendable=not twice)
        return told

    def _given(self, rest: Sequence[ast.expr], values: Mapping[int, Value]) -> list[ast.expr]:
        """Return the arguments behind a method that are its own: up to the next method or animation."""
        found = []
        for node in rest:
            value = values.get(id(node))
            moving = isinstance(value, (Method, Builder))
            if moving or (isinstance(value, Instance) and self.world.is_a(value.kind, "Animation")):
                break
            found.append(node)
        return found

    def _report(
        self,
        node: ast.expr,
        method: Method,
        given: list[ast.expr],
        values: Mapping[int, Value],
        *,
        mendable: bool,
    ) -> None:
        fix = None
        known = mendable and all(values.get(id(part)) is not None and isinstance(part, _KNOWN_GIVEN) for part in given)
        if known and isinstance(node, ast.Attribute) and self.world.is_a(method.receiver.kind, "Mobject"):
            fix = Fix(self._edits(node, given))
        message = f"play() takes animations; this is the method {method.name}, not called."
        hint = f"Write mobject.animate.{method.name}(…)."
        self.findings.add("uncalled-method", node, message, hint=hint, fix=fix)

    def _edits(self, node: ast.Attribute, given: list[ast.expr]) -> tuple[Edit, ...]:
        receiver, whole = self.findings.source.span(node.value), self.findings.source.span(node)
        animate = self.findings.inserting(receiver.end_line, receiver.end_column, ".animate")
        if not given:
            return (animate, self.findings.inserting(whole.end_line, whole.end_column, "()"))
        first, last = self.findings.source.span(given[0]), self.findings.source.span(given[-1])
        gap = type(whole)(line=whole.end_line, column=whole.end_column, end_line=first.line, end_column=first.column)
        return (animate, Edit(gap, "("), self.findings.inserting(last.end_line, last.end_column, ")"))
