"""The rule of surfaces whose function gives a height where a point belongs."""

from __future__ import annotations

import ast

from manimatic.checking.callbacks import literal_point
from manimatic.checking.findings import Findings


class HeightRule:
    """Reports functions of a surface that give one number."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings

    def check(self, argument: ast.expr | None, *, mendable: bool) -> None:
        """Look at a function that is written where it is given."""
        if not isinstance(argument, ast.Lambda):
            return
        names = [one.arg for one in argument.args.args]
        if len(names) != 2 or argument.args.defaults or not self._is_height(argument.body, set(names)):
            return
        text = self.findings.source.text(argument.body)
        fix = (
            self.findings.replacing(argument.body, f"np.array([{names[0]}, {names[1]}, {text}])") if mendable else None
        )
        message = "The function of a Surface gives points; this one gives a number."
        hint = "Write np.array([u, v, height])."
        self.findings.add("height-for-point", argument.body, message, hint=hint, fix=fix)

    def _is_height(self, node: ast.expr, names: set[str]) -> bool:
        """Tell whether an expression is a number where its names are numbers."""
        if _is_number(node, names):
            return not isinstance(node, (ast.Name, ast.Constant))
        if not isinstance(node, ast.Call) or node.keywords or not all(_is_number(part, names) for part in node.args):
            return False
        name = ast.unparse(node.func).removeprefix("self.")
        parts = ast.walk(self.findings.source.tree)
        found = [part for part in parts if isinstance(part, ast.FunctionDef) and part.name == name]
        if len(found) != 1 or found[0].decorator_list or "." in name:
            return False
        own = {one.arg for one in found[0].args.args} - {"self"}
        given = [part.value for part in ast.walk(found[0]) if isinstance(part, ast.Return)]
        return len(given) == 1 and given[0] is not None and _is_number(given[0], own) and len(own) == len(node.args)


def _is_number(node: ast.expr, names: set[str]) -> bool:
    """Tell whether an expression computes with numbers alone."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, (int, float))
    if isinstance(node, ast.Name):
        return node.id in names
    if isinstance(node, ast.UnaryOp):
        return _is_number(node.operand, names)
    if isinstance(node, ast.BinOp):
        return _is_number(node.left, names) and _is_number(node.right, names)
    if not isinstance(node, ast.Call) or node.keywords or literal_point(node) is not None:
        return False
    module, _, name = ast.unparse(node.func).partition(".")
    return module in {"np", "math"} and name in _FUNCTIONS and all(_is_number(part, names) for part in node.args)


_FUNCTIONS = frozenset({"sin", "cos", "tan", "exp", "log", "sqrt", "sinh", "cosh", "tanh", "abs", "arctan", "power"})
