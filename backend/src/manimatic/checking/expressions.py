"""What an expression stands for."""

from __future__ import annotations

import ast

from manimatic.checking import arrays
from manimatic.checking.attributes import POINTS
from manimatic.checking.frames import Frame
from manimatic.checking.owncalls import note_call, own_signature
from manimatic.checking.plain import PlainExpressions
from manimatic.checking.values import (
    NUMBER,
    STRING,
    Array,
    Builder,
    Builtin,
    Class,
    Function,
    Instance,
    Method,
    Module,
    OwnFunction,
    Plain,
    Sequence,
    Super,
    Value,
    Vector,
    join,
)
from manimatic.checking.world import shown

NUMBERS = frozenset({"float", "int", "len", "abs", "round", "sum", "ord", "hash", "id"})
POINT_OF = frozenset({"c2p", "coords_to_point", "n2p", "number_to_point", "point_from_proportion"})
POINTS_OF = frozenset({"get_points", "get_vertices", "get_anchors", "get_start_anchors", "get_end_anchors"})
STRINGS = frozenset({"str", "repr", "chr", "hex", "bin", "format"})


class Expressions(PlainExpressions):
    """Evaluates expressions to what is known of them, and has the rules look at each call."""

    # ------------------------------------------------------------ attributes and calls

    def _attribute(self, node: ast.Attribute, frame: Frame) -> Value:
        value = self.value(node.value, frame)
        if isinstance(value, Method) and value.signature is not None and node.attr not in {"__func__", "__name__"}:
            self.uses.uncalled(node.value, value)
            return None
        if isinstance(value, (Vector, Array)):
            return arrays.attribute(value, node.attr)
        return self.attributes.look_up(node, value, frame)

    def _call(self, node: ast.Call, frame: Frame) -> Value:
        function = self._called(node, frame)
        values = {id(a): self.value(a, frame) for a in node.args}
        values |= {id(word.value): self.value(word.value, frame) for word in node.keywords}
        if isinstance(function, Class):
            return self._make(node, function, values)
        if isinstance(function, Method):
            return self._call_method(node, function, values, frame)
        if isinstance(function, Function):
            self.calls.check(node, function.signature, function.name)
            return self._given(function.signature.gives, None)
        if isinstance(function, OwnFunction):
            signature = own_signature(function.node, skip=function.bound)
            if not function.node.decorator_list:
                self.calls.check(node, signature, function.node.name)
            note_call(frame.now, node, function.node, signature, values)
            return frame.before.returns.get(function.node)
        if isinstance(function, Builder):
            return function
        return self._call_plain(node, function, values, frame)

    def _called(self, node: ast.Call, frame: Frame) -> Value:
        """Return what is called; a method with another name in this Manim is reported with the call."""
        if isinstance(node.func, ast.Attribute):
            owner = self.value(node.func.value, frame)
            target = owner.target if isinstance(owner, Builder) else owner
            if isinstance(target, Instance) and self.attributes.report_renamed(
                node, node.func, target, lambda part: self._unreported(part, frame)
            ):
                return None
            if isinstance(owner, Sequence) and isinstance(node.func.value, ast.Name):
                self._grow(node, node.func, owner, frame)
                return None
        return self.value(node.func, frame)

    def _unreported(self, node: ast.expr, frame: Frame) -> Value:
        with self.findings.muted():
            return self.value(node, frame)

    def _grow(self, call: ast.Call, func: ast.Attribute, owner: Sequence, frame: Frame) -> None:
        """Follow what is appended to a list that has a name."""
        assert isinstance(func.value, ast.Name)  # noqa: S101
        if func.attr == "append" and len(call.args) == 1:
            with self.findings.muted():
                item = self.value(call.args[0], frame)
            common = item if owner.items == () else join(owner.common, item)
            frame.bind(func.value.id, Sequence(owner.kind, None, common))
        elif func.attr in {"extend", "insert", "sort", "reverse", "pop", "remove", "clear"}:
            frame.bind(func.value.id, Sequence(owner.kind, None, None))

    def _make(self, node: ast.Call, function: Class, values: dict[int, Value]) -> Value:
        kind = function.kind
        if kind in self.world.own:
            init = self.world.own_method(kind, "__init__")
            if self.world.is_open(kind):
                return None
            if init is not None:
                self.calls.check(node, own_signature(init, skip=True), shown(kind))
                return Instance(kind)
        base = self.world.manim_base(kind)
        if base is not None:
            bound = self.calls.check(node, self.world.index.constructor(base), shown(kind))
            self.uses.made(node, base, bound, values)
        return Instance(kind)

    def _call_method(self, node: ast.Call, method: Method, values: dict[int, Value], frame: Frame) -> Value:
        if method.signature is None:
            return None
        scattered = method.name in self.uses.data["scattered"] and method.signature.by_position
        if scattered and self.uses.points.check_scattered(node, method.name, values):
            return Builder(method.receiver) if method.animated else None
        name = f"{shown(method.receiver.kind)}.{method.name}" if method.name != "__init__" else method.receiver.kind
        bound = self.calls.check(node, method.signature, name)
        if method.name != "__init__":
            self.uses.method_called(node, method, bound, values)
        if self._gives_point(node, method, values):
            return Vector(3)
        if method.name in POINTS_OF and self.attributes.has_points(method.receiver):
            return POINTS
        if method.animated:
            return Builder(method.receiver)
        if method.name in self.uses.data["without_result"] and self.world.is_a(method.receiver.kind, "Scene"):
            return Plain("none")
        return self._given(method.signature.gives, method.receiver)

    def _gives_point(self, node: ast.Call, method: Method, values: dict[int, Value]) -> bool:
        """Tell whether a method makes one point of numbers, as axes do; of lists of numbers they make several."""
        numbers = bool(node.args) and all(values.get(id(part)) == NUMBER for part in node.args)
        return numbers and method.name in POINT_OF and self.world.is_a(method.receiver.kind, "Mobject")

    def _given(self, gives: str, receiver: Instance | None) -> Value:
        if gives == "self":
            return receiver
        if gives == "num":
            return NUMBER
        if gives == "vec3":
            return Vector(3)
        if gives.startswith("="):
            return Instance(gives[1:])
        return Instance(gives, False) if gives else None

    def _call_plain(self, node: ast.Call, function: Value, values: dict[int, Value], frame: Frame) -> Value:
        if isinstance(function, Builtin):
            return self._call_builtin(node, function.name, values, frame)
        if not isinstance(node.func, ast.Attribute) or any(isinstance(part, ast.Starred) for part in node.args):
            return None
        given = [values[id(part)] for part in node.args]
        module, _, name = ast.unparse(node.func).partition(".")
        if module in {"np", "numpy"}:
            if name == "array" and self.uses.points.check_scattered(node, f"{module}.array", values):
                return None
            fits = not node.keywords or name == "array"
            known = self.value(ast.copy_location(ast.Name(module, ast.Load()), node), frame)
            return arrays.called(name, given) if fits and known == Module("numpy") else None
        with self.findings.muted():
            owner = self.value(node.func.value, frame)
        if not isinstance(owner, (Vector, Array)):
            return None
        if node.func.attr == "dot" and len(given) == 1:
            return arrays.product(owner, given[0])
        return owner if node.func.attr in arrays.SAME else None

    def _call_builtin(self, node: ast.Call, name: str, values: dict[int, Value], frame: Frame) -> Value:
        first = values.get(id(node.args[0])) if node.args else None
        if name == "super" and not node.args and frame.own_class in self.world.own:
            bases = self.world.own[frame.own_class].bases
            return Super(bases[0], frame.own_class) if len(bases) == 1 else None
        if name in NUMBERS:
            return NUMBER if name != "sum" or (first is not None and self.element(first) == NUMBER) else None
        if name in STRINGS:
            return STRING
        if name == "range":
            return Sequence("range", None, NUMBER)
        if name in {"list", "tuple", "sorted", "reversed"} and len(node.args) == 1:
            return Sequence("list", None, self.element(first))
        if name == "enumerate":
            return Sequence("list", None, Sequence("tuple", (NUMBER, self.element(first))))
        if name == "zip":
            items = tuple(self.element(values.get(id(argument))) for argument in node.args)
            stars = any(isinstance(argument, ast.Starred) for argument in node.args)
            return None if stars else Sequence("list", None, Sequence("tuple", items))
        return None
