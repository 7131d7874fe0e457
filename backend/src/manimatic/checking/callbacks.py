"""The rules of functions that Manim calls: how many arguments it gives them, and what they give back."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Callable, Mapping, Sequence

from manimatic.checking.findings import Findings
from manimatic.checking.frames import all_arguments
from manimatic.checking.ruledata import read_data
from manimatic.checking.values import OwnFunction, Plain, Value
from manimatic.checking.world import FunctionNode
from manimatic.diagnostics import Edit, Fix, Severity

ALPHAS = frozenset({"alpha", "a", "progress", "proportion"})
"""Names of the share of an animation that is over, unlike those of the time that has passed."""


class CallbackRules:
    """Looks at functions that are given away."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.function_first: Mapping[str, bool] = read_data("rules.json")["function_first"]

    def check_flat(self, argument: ast.expr | None, value: Value) -> None:
        """Report a function that gives points of two numbers where a curve in space is made of them."""
        if isinstance(argument, ast.Lambda):
            given: list[ast.expr | None] = [argument.body]
        elif isinstance(value, OwnFunction) and argument is not None:
            given = [part.value for part in ast.walk(value.node) if isinstance(part, ast.Return)]
        else:
            return
        points = [literal_point(part) for part in given]
        once = isinstance(argument, ast.Lambda) or self.findings.source.uses[ast.unparse(argument)] == 1
        for point in points:
            if point is not None and len(point.elts) == 2 and not any(isinstance(e, ast.Starred) for e in point.elts):
                span = self.findings.source.span(point.elts[-1])
                fix = Fix((self.findings.inserting(span.end_line, span.end_column, ", 0"),)) if once else None
                message = "The function gives a point of two numbers; it has three."
                self.findings.add("point-2d", point, message, hint="Write [x, y, 0].", fix=fix)

    def check_scene_updater(self, call: ast.Call, values: Mapping[int, Value]) -> None:
        """Report an updater of the scene that wants an object, too: it is given the time alone."""
        argument = call.args[0] if len(call.args) == 1 else None
        value = values.get(id(argument)) if argument is not None else None
        node = value.node if isinstance(value, OwnFunction) else argument if isinstance(argument, ast.Lambda) else None
        if argument is None or node is None or (isinstance(value, OwnFunction) and value.bound):
            return
        needed = _needed(node.args)
        if len(needed) != 2 or node.args.vararg is not None:
            return
        message = "An updater of the scene is given the time that has passed, and no object."
        hint = f"Take one argument: {needed[1].arg}."
        fix = self._without_first(node, needed)
        self.findings.add("wrong-updater", argument, message, hint=hint, fix=fix)

    def check_order(
        self, call: ast.Call, kind: str, values: Mapping[int, Value], is_mobject: Callable[[Value], bool]
    ) -> bool:
        """Report an object and a function that are given in the wrong order; return whether they are."""
        if len(call.args) < 2:
            return False
        one, other = call.args[:2]
        first, second = values.get(id(one)), values.get(id(other))
        if self.function_first[kind]:
            first, second = second, first
        if not is_function(first) or not is_mobject(second):
            return False
        text = self.findings.source.text
        edits = [*self.findings.replacing(one, text(other)).edits, *self.findings.replacing(other, text(one)).edits]
        message = f"{kind} takes the object and the function the other way round."
        self.findings.add("turned-arguments", one, message, hint="Change their order.", fix=Fix(tuple(edits)))
        return True

    def check_given(
        self, argument: ast.expr | None, values: Mapping[int, Value], count: int | None, call: ast.Call | None = None
    ) -> None:
        """Report a function that wants one argument more than it is given, the time."""
        value = values.get(id(argument)) if argument is not None else None
        node = value.node if isinstance(value, OwnFunction) else argument if isinstance(argument, ast.Lambda) else None
        if argument is None or node is None or count is None or isinstance(argument, ast.Attribute):
            return
        needed = _needed(node.args)
        if len(needed) == 1 and count == 2 and call is not None and not node.args.defaults and not node.args.vararg:
            use = self.findings.replacing(call.func, "UpdateFromFunc")
            message = "UpdateFromAlphaFunc gives its function the time, too; this one takes the object alone."
            self.findings.add("wrong-updater", argument, message, hint="Use UpdateFromFunc.", fix=use)
        if len(needed) != count + 1 or node.args.vararg is not None:
            return
        message = f"This function is called with {count} argument{'s' * (count != 1)}, and takes one more."
        fix = None
        if isinstance(node, ast.Lambda) and not _uses(node.body, needed[-1].arg):
            first, last = (self.findings.source.span(part) for part in needed[-2:])
            fix = Fix((Edit(dataclasses.replace(last, line=first.end_line, column=first.end_column), ""),))
        elif call is not None and needed[-1].arg in ALPHAS and ast.unparse(call.func) == "UpdateFromFunc":
            fix = self.findings.replacing(call.func, "UpdateFromAlphaFunc")
        self.findings.add("wrong-updater", argument, message, hint=f"Leave {needed[-1].arg} out.", fix=fix)

    def check_updater(self, argument: ast.expr | None, values: Mapping[int, Value]) -> None:
        """Warn of an updater that wants the time under another name than `dt`, for Manim looks at the name.

        It fails only once the object is updated, which in a scene that only waits may be never.
        """
        value = values.get(id(argument)) if argument is not None else None
        node = value.node if isinstance(value, OwnFunction) else argument
        if (
            argument is None
            or not isinstance(node, (ast.FunctionDef, ast.Lambda))
            or isinstance(argument, ast.Attribute)
        ):
            return
        needed = _needed(node.args)
        names = {part.arg for part in all_arguments(node.args)}
        if "dt" in names or len(needed) != 2 or node.args.vararg is not None or node.args.kwarg is not None:
            return
        message = f"Manim gives the time to a parameter with the name dt; here it is {needed[1].arg}."
        fix = self._renamed(node, needed[1])
        hint = "Call it dt."
        self.findings.add("wrong-updater", argument, message, severity=Severity.WARNING, hint=hint, fix=fix)

    def _renamed(self, node: ast.FunctionDef | ast.Lambda, parameter: ast.arg) -> Fix | None:
        """Return the fix that renames a parameter; None where an inner function may mean another thing by it."""
        body = [node.body] if isinstance(node, ast.Lambda) else node.body
        parts = [part for statement in body for part in ast.walk(statement)]
        names = [part for part in parts if isinstance(part, ast.Name)]
        inner = any(isinstance(part, (ast.Lambda, ast.FunctionDef, ast.Nonlocal, ast.Global)) for part in parts)
        if inner or any(part.id == "dt" for part in names):
            return None
        uses = [part for part in names if part.id == parameter.arg]
        span = self.findings.source.span(parameter)
        place = type(span)(
            line=span.line, column=span.column, end_line=span.line, end_column=span.column + len(parameter.arg)
        )
        return Fix((Edit(place, "dt"), *(Edit(self.findings.source.span(use), "dt") for use in uses)))

    def _without_first(self, node: FunctionNode | ast.Lambda, needed: Sequence[ast.arg]) -> Fix | None:
        """Return the fix that takes an argument away that the function never uses."""
        body = [node.body] if isinstance(node, ast.Lambda) else node.body
        used = {part.id for statement in body for part in ast.walk(statement) if isinstance(part, ast.Name)}
        if needed[0].arg in used or (not isinstance(node, ast.Lambda) and not self._is_updater(node.name)):
            return None
        first, second = (self.findings.source.span(argument) for argument in needed)
        place = type(first)(line=first.line, column=first.column, end_line=second.line, end_column=second.column)
        return Fix((Edit(place, ""),))

    def _is_updater(self, name: str) -> bool:
        """Tell whether a function is used for nothing but updating the scene."""
        scene = sum(
            isinstance(part, ast.Call)
            and ast.unparse(part.func) in {"self.add_updater", "self.remove_updater"}
            and [ast.unparse(argument) for argument in part.args] == [name]
            for part in ast.walk(self.findings.source.tree)
        )
        return self.findings.source.uses[name] == scene


def is_function(value: Value) -> bool:
    """Tell whether a value is a function of the source."""
    return isinstance(value, OwnFunction) or value == Plain("lambda")


def _uses(body: ast.expr, name: str) -> bool:
    return any(isinstance(part, ast.Name) and part.id == name for part in ast.walk(body))


def literal_point(node: ast.expr | None) -> ast.List | ast.Tuple | None:
    """Return the list of numbers that an expression writes down, as such or in an array."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and len(node.args) == 1:
        if ast.unparse(node.func) not in {"np.array", "numpy.array", "np.asarray"}:
            return None
        node = node.args[0]
    return node if isinstance(node, (ast.List, ast.Tuple)) else None


def _needed(args: ast.arguments) -> list[ast.arg]:
    places = [*args.posonlyargs, *args.args]
    return places[: len(places) - len(args.defaults)]
