"""What numpy's arrays and linear algebra give, as far as sizes go."""

from __future__ import annotations

import ast

from manimatic.checking.values import NUMBER, Array, Sequence, Value, Vector

SAME = frozenset({"copy", "astype", "round", "conj"})
"""Methods of an array that give one of the same size."""


def made_array(value: Value) -> Value:
    """Return what `np.array` makes of a value: a vector of a list of numbers, an array of a list of such lists."""
    if isinstance(value, (Vector, Array)):
        return value
    if not isinstance(value, Sequence) or not value.items:
        return None
    if NUMBER in value.items and set(value.items) <= {NUMBER, None}:
        return Vector(len(value.items))
    rows = {made_array(item) for item in value.items}
    first = rows.pop()
    return Array(len(value.items), first.size) if not rows and isinstance(first, Vector) else None


def product(left: Value, right: Value) -> Value:
    """Return what `left @ right` gives, where both are known and fit."""
    one, other = made_array(left), made_array(right)
    if isinstance(one, Array) and isinstance(other, Vector) and one.columns == other.size:
        return Vector(one.rows)
    if isinstance(one, Array) and isinstance(other, Array) and one.columns == other.rows:
        return Array(one.rows, other.columns)
    if isinstance(one, Vector) and isinstance(other, Array) and one.size == other.rows:
        return Vector(other.columns)
    return NUMBER if isinstance(one, Vector) and one == other else None


def called(name: str, values: list[Value]) -> Value:
    """Return what a function of numpy gives, `name` without its module."""
    first = made_array(values[0]) if values else None
    if name in {"array", "asarray"}:
        return first
    if name in {"dot", "matmul"} and len(values) == 2:
        return product(*values)
    if name in {"linalg.eig", "linalg.eigh"} and isinstance(first, Array) and first.rows == first.columns:
        return Sequence("tuple", (Vector(first.rows), first))
    if name == "linalg.inv" and isinstance(first, Array):
        return first
    return NUMBER if name in {"linalg.norm", "linalg.det"} and len(values) == 1 else None


def attribute(value: Vector | Array, name: str) -> Value:
    """Return what an attribute of an array gives."""
    if name == "T" and isinstance(value, Array):
        return Array(value.columns, value.rows)
    return value if name in {"T", "real"} else None


def part(value: Vector | Array, place: ast.expr) -> Value:
    """Return what a subscript gives."""
    if isinstance(value, Vector):
        return _cut(value, place) if isinstance(place, ast.Slice) else NUMBER if _is_number(place) else None
    if _is_number(place):
        return Vector(value.columns)
    if not isinstance(place, ast.Tuple) or len(place.elts) != 2:
        return None
    row, column = place.elts
    if _is_number(row) and _is_number(column):
        return NUMBER
    whole = isinstance(row, ast.Slice) and row.lower is row.upper is row.step is None
    return Vector(value.rows) if whole and _is_number(column) else None


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, (ast.Constant, ast.UnaryOp))


def _cut(value: Vector, place: ast.Slice) -> Value:
    ends = []
    for end in (place.lower, place.upper, place.step):
        try:
            ends.append(None if end is None else ast.literal_eval(end))
        except ValueError:
            return None
    if not all(end is None or isinstance(end, int) for end in ends) or ends[2] == 0:
        return None
    return Vector(len(range(value.size)[slice(*ends)]))
