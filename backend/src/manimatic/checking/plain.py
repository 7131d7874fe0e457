"""What an expression stands for that calls nothing and asks for no attribute."""

from __future__ import annotations

import ast

from manimatic.checking import arrays
from manimatic.checking.attributes import AttributeRules
from manimatic.checking.binding import CallRules
from manimatic.checking.callrules import UseRules
from manimatic.checking.findings import Findings
from manimatic.checking.frames import Frame
from manimatic.checking.imports import manim_value
from manimatic.checking.values import (
    NUMBER,
    STRING,
    Array,
    Builtin,
    Class,
    Function,
    Instance,
    Method,
    Module,
    Plain,
    Sequence,
    Value,
    Vector,
    join,
    point_size,
    sequence,
)
from manimatic.checking.world import World


class PlainExpressions:
    """Evaluates expressions to what is known of them, and has the rules look at each call."""

    def __init__(self, world: World, findings: Findings, *, short: bool) -> None:
        self.world, self.findings, self.short = world, findings, short
        self.attributes = AttributeRules(world, findings)
        self.calls = CallRules(findings)
        self.uses = UseRules(world, findings)
        self.deferred: list[tuple[ast.Lambda, Frame]] = []

    def value(self, node: ast.expr | None, frame: Frame) -> Value:
        """Return what an expression stands for."""
        if node is None:
            return None
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is not None:
            found: Value = method(node, frame)
            return found
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.value(child, frame)
        return None

    # ------------------------------------------------------------ plain things

    def _constant(self, node: ast.Constant, frame: Frame) -> Value:
        if isinstance(node.value, bool):
            return Plain("bool")
        if isinstance(node.value, (int, float)):
            return NUMBER
        if isinstance(node.value, str):
            return Plain("str", node.value)
        return Plain("none") if node.value is None else None

    def _joinedstr(self, node: ast.JoinedStr, frame: Frame) -> Value:
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                self.value(part.value, frame)
        return STRING

    def _name(self, node: ast.Name, frame: Frame) -> Value:
        owner = frame.owner(node.id)
        if owner is frame:
            return frame.env.get(node.id)
        if owner is not None:
            return self._from_outside(node.id, owner)
        if node.id in self.world.imports.names:
            return self.world.imports.names[node.id]
        if (self.world.imports.star or self.short) and node.id in self.world.index.star:
            return manim_value(node.id, self.world.index)
        return None if self.world.imports.foreign_star else Builtin(node.id)

    def _from_outside(self, name: str, owner: Frame) -> Value:
        """Return what a name of a scope around stands for: it may be set again before this is run."""
        value = owner.ever(name)
        if value is None and isinstance(owner.env.get(name), (Class, Module, Function)):
            return None
        return value

    def _list(self, node: ast.List, frame: Frame) -> Value:
        return self._items("list", node.elts, frame)

    def _tuple(self, node: ast.Tuple, frame: Frame) -> Value:
        return self._items("tuple", node.elts, frame)

    def _items(self, kind: str, nodes: list[ast.expr], frame: Frame) -> Value:
        values = tuple(self.value(node, frame) for node in nodes)
        if any(isinstance(node, ast.Starred) for node in nodes):
            return Sequence(kind)
        return sequence(kind, values)

    def _dict(self, node: ast.Dict, frame: Frame) -> Value:
        for part in (*node.keys, *node.values):
            self.value(part, frame)
        return Plain("dict")

    def _starred(self, node: ast.Starred, frame: Frame) -> Value:
        self.value(node.value, frame)
        return None

    def _ifexp(self, node: ast.IfExp, frame: Frame) -> Value:
        self.value(node.test, frame)
        return join(self.value(node.body, frame), self.value(node.orelse, frame))

    def _namedexpr(self, node: ast.NamedExpr, frame: Frame) -> Value:
        value = self.value(node.value, frame)
        frame.bind(node.target.id, value)
        return value

    def _lambda(self, node: ast.Lambda, frame: Frame) -> Value:
        self.deferred.append((node, frame))
        return Plain("lambda")

    def _compare(self, node: ast.Compare, frame: Frame) -> Value:
        for part in (node.left, *node.comparators):
            self.value(part, frame)
        return None

    def _boolop(self, node: ast.BoolOp, frame: Frame) -> Value:
        """Look at the first part only: it may guard the others."""
        self.value(node.values[0], frame)
        with self.findings.muted():
            for part in node.values[1:]:
                self.value(part, frame)
        return None

    def _unaryop(self, node: ast.UnaryOp, frame: Frame) -> Value:
        value = self.value(node.operand, frame)
        if isinstance(value, Method) and isinstance(node.op, (ast.USub, ast.UAdd)):
            self.uses.uncalled(node.operand, value)
        return value if isinstance(value, (Vector, Array)) or value == NUMBER else None

    def _binop(self, node: ast.BinOp, frame: Frame) -> Value:
        left, right = self.value(node.left, frame), self.value(node.right, frame)
        for part, value in ((node.left, left), (node.right, right)):
            if isinstance(value, Method) and value.signature is not None:
                self.uses.uncalled(part, value)
        if isinstance(node.op, ast.MatMult):
            return None if self.uses.points.check_product(node, left, right) else arrays.product(left, right)
        if isinstance(left, Vector) or isinstance(right, Vector):
            return self._vector_sum(node, left, right)
        if isinstance(left, Array) or isinstance(right, Array):
            return left if right in (left, NUMBER) else right if left == NUMBER else None
        if left == NUMBER and right == NUMBER:
            return NUMBER
        if isinstance(left, Plain) and left.kind == "str":
            return STRING
        if isinstance(left, Sequence) and isinstance(right, Sequence) and left.kind == right.kind:
            return Sequence(left.kind, None, join(left.common, right.common))
        return None

    def _vector_sum(self, node: ast.BinOp, left: Value, right: Value) -> Value:
        if self.uses.points.check_sum(node, left, right):
            return None
        one, other = point_size(left), point_size(right)
        if one == other or NUMBER in (left, right):
            return Vector(one or other or 0)
        return None

    def _subscript(self, node: ast.Subscript, frame: Frame) -> Value:
        value = self.value(node.value, frame)
        self.value(node.slice, frame)
        if isinstance(value, Method) and value.signature is not None:
            self.uses.uncalled(node.value, value)
        if isinstance(value, (Vector, Array)):
            return arrays.part(value, node.slice)
        if not isinstance(value, Sequence):
            return None
        if isinstance(node.slice, ast.Slice):
            return Sequence(value.kind, None, value.common)
        if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, int) and value.items is not None:
            number = node.slice.value
            return value.items[number] if -len(value.items) <= number < len(value.items) else None
        return value.common

    def _slice(self, node: ast.Slice, frame: Frame) -> Value:
        for part in (node.lower, node.upper, node.step):
            self.value(part, frame)
        return None

    # ------------------------------------------------------------ comprehensions

    def _listcomp(self, node: ast.ListComp, frame: Frame) -> Value:
        return Sequence("list", None, self._comprehended(node.generators, node.elt, frame))

    def _setcomp(self, node: ast.SetComp, frame: Frame) -> Value:
        self._comprehended(node.generators, node.elt, frame)
        return None

    def _generatorexp(self, node: ast.GeneratorExp, frame: Frame) -> Value:
        return Sequence("generator", None, self._comprehended(node.generators, node.elt, frame))

    def _dictcomp(self, node: ast.DictComp, frame: Frame) -> Value:
        self._comprehended(node.generators, node.value, frame)
        return Plain("dict")

    def _comprehended(self, generators: list[ast.comprehension], element: ast.expr, frame: Frame) -> Value:
        """Evaluate the element with the loops' names bound, and give the names back afterwards."""
        kept = dict(frame.env)
        guarded = False
        for generator in generators:
            self.bind(generator.target, self.element(self.value(generator.iter, frame)), frame)
            for test in generator.ifs:
                self.value(test, frame)
                guarded = guarded or any(isinstance(part, ast.Call) for part in ast.walk(test))
        with self.findings.muted(guarded):
            found = self.value(element, frame)
        frame.env = kept
        return found

    def element(self, value: Value) -> Value:
        """Return what one goes through when one iterates over a value."""
        if isinstance(value, Method) and value.signature is not None:
            return None
        if isinstance(value, Array):
            return Vector(value.columns)
        return value.common if isinstance(value, Sequence) else NUMBER if isinstance(value, Vector) else None

    def bind(self, target: ast.expr, value: Value, frame: Frame) -> None:
        """Let a target of an assignment stand for a value."""
        if isinstance(target, ast.Name):
            frame.bind(target.id, value)
        elif isinstance(target, ast.Starred):
            self.bind(target.value, None, frame)
        elif isinstance(target, (ast.Tuple, ast.List)):
            known = value.items if isinstance(value, Sequence) and value.items is not None else None
            fits = known is not None and len(known) == len(target.elts)
            starred = any(isinstance(part, ast.Starred) for part in target.elts)
            for number, part in enumerate(target.elts):
                item = known[number] if known is not None and fits and not starred else self.element(value)
                self.bind(part, None if starred else item, frame)
        elif isinstance(target, ast.Attribute):
            self._bind_attribute(target, value, frame)
        elif isinstance(target, ast.Subscript):
            self.value(target.slice, frame)
            self.value(target.value, frame)
            self._forget_items(target.value, frame)

    def _bind_attribute(self, target: ast.Attribute, value: Value, frame: Frame) -> None:
        owner = self.value(target.value, frame)
        if isinstance(target.value, ast.Name) and target.value.id == "self" and isinstance(owner, Instance):
            frame.now.note("attributes", (owner.kind, target.attr), value)

    def _forget_items(self, node: ast.expr, frame: Frame) -> None:
        if isinstance(node, ast.Name):
            frame.bind(node.id, None)
