"""The rules of points: three numbers, none of them text."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping

from manimatic.checking.arrays import made_array
from manimatic.checking.binding import Bound
from manimatic.checking.findings import Findings
from manimatic.checking.ruledata import read_data
from manimatic.checking.values import NUMBER, SOME_NUMBERS, Array, Instance, Plain, Sequence, Value, Vector, point_size
from manimatic.checking.world import World
from manimatic.checking.wrapping import wrapped
from manimatic.diagnostics import Edit, Fix

ARRAYS = frozenset({"array", "asarray"})
SIMPLE = (ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.BinOp)


class PointRules:
    """Looks at what goes where a point belongs."""

    def __init__(self, world: World, findings: Findings) -> None:
        self.world, self.findings = world, findings
        others = read_data("other_manims.json")
        self.others, self.edges = others["names"], others["edges"]

    def check(self, names: Iterable[str], bound: Bound, values: Mapping[int, Value]) -> None:
        """Look at the arguments of some parameters."""
        for name in names:
            for argument in bound.rest if name == "*" else [bound.get(name)]:
                if argument is not None and not isinstance(argument, ast.Starred):
                    self.check_one(argument, values.get(id(argument)))

    def check_one(self, node: ast.expr, value: Value) -> None:
        """Look at one point."""
        if self._is_joined(node):
            return
        literal = isinstance(node, (ast.List, ast.Tuple))
        if point_size(value) == 2 or (literal and made_array(value) == Vector(2)):
            message = "A point has three numbers; this one has two."
            self.findings.add("point-2d", node, message, hint="Write [x, y, 0].", fix=self._third(node))
        elif isinstance(value, Plain) and value.kind == "str":
            message = "A direction or point is a vector such as UP or [1, 2, 0], not text."
            near = re.sub(r"[\s-]+", "_", (value.text or "").strip()).upper()
            near = self.edges.get(near) or self.others.get(near, {}).get("use", near)
            known = near if self.world.index.constants.get(near) == "vec3" else None
            fix = self.findings.replacing(node, known) if known is not None and self.world.imports.star else None
            self.findings.add("text-for-point", node, message, nearest=known, fix=fix)

    def _is_joined(self, node: ast.expr) -> bool:
        """Report lists that are added or multiplied as if they were vectors; return whether they are that."""
        if not isinstance(node, ast.BinOp) or not isinstance(node.op, (ast.Add, ast.Sub, ast.Mult)):
            return False
        sides = [node.left, node.right]
        lists = [side for side in sides if _is_numbers(side)]
        factors = isinstance(node.op, ast.Mult) and any(isinstance(side, (ast.Constant, ast.UnaryOp)) for side in sides)
        if not (len(lists) == 2 and not isinstance(node.op, ast.Mult)) and not (len(lists) == 1 and factors):
            return False
        message = "Python joins and repeats lists; only arrays are added and multiplied as vectors."
        fix = wrapped(self.findings, lists[0], "np.array(") if self.world.imports.star else None
        self.findings.add("list-for-vector", node, message, hint="Write np.array([…]).", fix=fix)
        return True

    def check_list(self, argument: ast.expr | None, value: Value) -> None:
        """Look at a list of points."""
        if not isinstance(argument, (ast.List, ast.Tuple)) or not isinstance(value, Sequence) or not value.items:
            return
        if all(point_size(item) == 2 for item in value.items):
            for part, item in zip(argument.elts, value.items, strict=True):
                self.check_one(part, item)

    def check_vertices(self, call: ast.Call, values: Mapping[int, Value], least: int = 3) -> None:
        """Report a list of vertices where they are taken one by one."""
        node = call.args[0] if len(call.args) == 1 else None
        if node is None or isinstance(node, ast.Starred):
            return
        value = values.get(id(node))
        literal = isinstance(node, (ast.List, ast.Tuple)) and len(node.elts) >= least
        several = literal and not all(item == NUMBER for item in getattr(value, "items", None) or (None,))
        points = isinstance(value, Sequence) and value.kind in {"list", "tuple"} and bool(point_size(value.common))
        if several or points or isinstance(node, ast.ListComp):
            message = "The vertices are taken one by one, not as a list."
            fix = Fix((self.findings.inserting(node.lineno, self.findings.source.span(node).column, "*"),))
            self.findings.add("points-in-a-list", node, message, hint="Put a * before it.", fix=fix)

    def check_sum(self, node: ast.BinOp, left: Value, right: Value) -> bool:
        """Report a sum of points of unequal size; return whether it is one."""
        one, other = point_size(left), point_size(right)
        if not one or not other or one == other:
            return False
        message = f"A point of {one} numbers and one of {other} cannot be combined."
        flat = node.left if one == 2 else node.right
        fix = self._third(flat) if {one, other} == {2, 3} else None
        self.findings.add("point-2d", node, message, hint="Points in Manim have three numbers: [x, y, 0].", fix=fix)
        return True

    def check_unpacked(self, target: ast.expr, node: ast.expr, value: Value) -> None:
        """Report a point that is taken apart into two numbers."""
        if not isinstance(target, (ast.Tuple, ast.List)) or len(target.elts) != 2:
            return
        starred = any(isinstance(part, ast.Starred) for part in target.elts)
        if starred or not (value == SOME_NUMBERS or point_size(value) == 3):
            return
        name = re.escape(self.findings.source.text(node))
        asked = re.search(rf"len\({name}\)|{name}\.(?:shape|size|ndim)", self.findings.source.code)
        if isinstance(node, (ast.Name, ast.Attribute, ast.Call)) and not asked:
            span = self.findings.source.span(node)
            fix = Fix((self.findings.inserting(span.end_line, span.end_column, "[:2]"),))
            message = "A point has three numbers, and two are taken."
            self.findings.add("point-2d", node, message, hint="Take the first two: point[:2].", fix=fix)

    def check_product(self, node: ast.BinOp, left: Value, right: Value) -> bool:
        """Report a flat matrix that is applied to a point in space; return whether it is one."""
        matrix = made_array(left) if isinstance(left, Array) or isinstance(right, Vector) else None
        if not isinstance(matrix, Array) or (matrix.rows, matrix.columns) != (2, 2) or point_size(right) != 3:
            return False
        message = "A matrix of 2 × 2 applies to two numbers, and a point in Manim has three."
        point = self.findings.source.text(node.right)
        fix = None
        if isinstance(node.right, ast.Name) and self.world.imports.star:
            matrix_text = self.findings.source.text(node.left)
            fix = self.findings.replacing(node, f"np.append({matrix_text} @ {point}[:2], {point}[2])")
        hint = "Apply it to point[:2], and keep point[2]."
        self.findings.add("point-2d", node, message, hint=hint, fix=fix)
        return True

    def check_scattered(self, call: ast.Call, name: str, values: Mapping[int, Value]) -> bool:
        """Report a point whose numbers are given one by one; return whether it is one."""
        numbers = [part for part in call.args if values.get(id(part)) == NUMBER]
        if not 2 <= len(numbers) == len(call.args) <= 3:
            return False
        first, last = (self.findings.source.span(part) for part in (call.args[0], call.args[-1]))
        opening = self.findings.inserting(first.line, first.column, "[")
        third = ", 0]" if len(numbers) == 2 and name == "move_to" else "]"
        fix = Fix((opening, self.findings.inserting(last.end_line, last.end_column, third)))
        message = f"{name}() takes the numbers together, as a list."
        self.findings.add("scattered-point", call.args[0], message, hint="Put them into brackets: [x, y, 0].", fix=fix)
        return True

    def check_matrix(self, node: ast.expr | None, values: Mapping[int, Value]) -> None:
        """Report the picture of a matrix where its numbers belong."""
        value = values.get(id(node)) if node is not None else None
        if (
            not isinstance(node, ast.Name)
            or not isinstance(value, Instance)
            or not self.world.is_a(value.kind, "Matrix")
        ):
            return
        made = [
            part.value
            for part in ast.walk(self.findings.source.tree)
            if isinstance(part, ast.Assign) and node.id in {ast.unparse(target) for target in part.targets}
        ]
        call = made[0] if len(made) == 1 else None
        while (
            isinstance(call, ast.Call)
            and isinstance(call.func, ast.Attribute)
            and isinstance(call.func.value, ast.Call)
        ):
            call = call.func.value
        fix = None
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "Matrix" and call.args:
            numbers = self.findings.source.text(call.args[0])
            fix = self.findings.replacing(node, numbers) if _is_matrix(call.args[0]) else None
        message = f"{node.id} is the picture of a matrix, and its numbers belong here."
        self.findings.add("not-numbers", node, message, hint="Give the list of its rows.", fix=fix)

    def _third(self, node: ast.expr) -> Fix | None:
        """Return the fix that gives a point its third number."""
        literal = self._literal(node)
        if literal is not None:
            span = self.findings.source.span(literal.elts[-1])
            return Fix((self.findings.inserting(span.end_line, span.end_column, ", 0"),))
        if not isinstance(node, SIMPLE) or not self.world.imports.star:
            return None
        span = self.findings.source.span(node)
        before: Edit = self.findings.inserting(span.line, span.column, "np.append(")
        return Fix((before, self.findings.inserting(span.end_line, span.end_column, ", 0)")))

    def _literal(self, node: ast.expr) -> ast.List | ast.Tuple | None:
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in {"array", "asarray"}
        ):
            node = node.args[0]
        bare = isinstance(node, ast.Tuple) and not self.findings.source.text(node).startswith("(")
        return node if isinstance(node, (ast.List, ast.Tuple)) and not bare else None


def _is_numbers(node: ast.expr) -> bool:
    if not isinstance(node, (ast.List, ast.Tuple)) or len(node.elts) not in {2, 3}:
        return False
    try:
        return all(isinstance(number, (int, float)) for number in ast.literal_eval(node))
    except ValueError:
        return False


def _is_matrix(node: ast.expr) -> bool:
    try:
        rows = ast.literal_eval(node)
        return all(isinstance(number, (int, float)) for row in rows for number in row)
    except (ValueError, TypeError):
        return False
