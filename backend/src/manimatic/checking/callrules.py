"""The rules of what goes into a call: points, colours, groups, animations, TeX."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from manimatic.checking.binding import Bound
from manimatic.checking.callbacks import CallbackRules
from manimatic.checking.colorrules import ColorRules
from manimatic.checking.findings import Findings
from manimatic.checking.heights import HeightRule
from manimatic.checking.misgiven import MisgivenRules
from manimatic.checking.oldplay import OldPlayRule
from manimatic.checking.points import PointRules
from manimatic.checking.ruledata import read_data
from manimatic.checking.selfplay import SelfPlayRule
from manimatic.checking.tex import TexRules
from manimatic.checking.values import (
    Builder,
    Class,
    Function,
    Instance,
    Method,
    OwnFunction,
    Plain,
    Sequence,
    Value,
    Vector,
)
from manimatic.checking.world import World, shown
from manimatic.checking.wrapping import faded, made_in_place, shifted, starred, wrapped
from manimatic.diagnostics import Fix, Severity, Span

GROUPS_OF_ANIMATIONS = frozenset({"AnimationGroup", "LaggedStart", "Succession"})
LINES = frozenset({"Line", "Arrow", "DashedLine", "DoubleArrow"})
HOLDERS = frozenset({"add", "add_to_back"})
MAX_WAIT_S = 3600


class UseRules:
    """Looks at the values that go into Manim's calls."""

    def __init__(self, world: World, findings: Findings) -> None:
        self.world, self.findings = world, findings
        self.data = read_data("rules.json")
        self.others = read_data("other_manims.json")["names"]
        self.tex = TexRules(world, findings)
        self.points = PointRules(world, findings)
        self.old_play = OldPlayRule(world, findings)
        self.self_play = SelfPlayRule(world, findings)
        self.colors, self.of_animations = ColorRules(world, findings), set[int]()
        self.misgiven = MisgivenRules(world, findings)
        self.callbacks, self.heights = CallbackRules(findings), HeightRule(findings)

    def made(self, node: ast.Call, kind: str, bound: Bound, values: dict[int, Value]) -> None:
        """Look at the making of one of Manim's objects."""
        self.points.check(self.data["points"]["classes"].get(kind, ()), bound, values)
        self.colors.check(bound, values)
        self.misgiven.made(kind, bound)
        if kind in {"Polygon", "ArcPolygon", *LINES}:
            self.points.check_vertices(node, values, 2 if kind in LINES else 3)
        if kind in self.data["groups"]:
            self._members(kind, self.data["groups"][kind], node, values)
        if kind == "Surface":
            self.heights.check(bound.get("func"), mendable=self.world.imports.star)
        if kind == "ParametricFunction" and (function := bound.get("function")) is not None:
            self.callbacks.check_flat(function, values.get(id(function)))
        if self.world.index.is_a(kind, "SingleStringMathTex"):
            self.tex.check(node, kind)
        if kind == "Text" and bound.get("text") is not None:
            self._text(bound, values)
        if self.world.index.is_a(kind, "Animation"):
            self._animation(node, kind, bound, values)
            self.colors.check_rate_function(bound.get("rate_func"), values)

    def method_called(self, node: ast.Call, method: Method, bound: Bound, values: dict[int, Value]) -> None:
        """Look at the call of one of Manim's methods."""
        kind, name = method.receiver.kind, method.name
        if name in self.data["labels"]:
            self.tex.check_labels(node, [bound.get(one) for one in self.data["labels"][name]])
        if self.world.is_a(kind, "Mobject"):
            self.points.check(self.data["points"]["methods"].get(name, ()), bound, values)
            if name in self.data["lists_of_points"]:
                argument = bound.get("points")
                self.points.check_list(argument, values.get(id(argument)) if argument is not None else None)
            if name in self.data["color_methods"]:
                self.colors.check(bound, values)
            self.misgiven.method_called(node, name, kind, values)
            if name == "add_updater":
                self.callbacks.check_updater(bound.get("update_function"), values)
            elif name == "apply_matrix":
                self.points.check_matrix(bound.get("matrix"), values)
            base = self.world.manim_base(kind) or ""
            if name in HOLDERS and base in self.data["groups"]:
                self._members(base, self.data["groups"][base], node, values)
        elif self.world.is_a(kind, "Scene"):
            self._scene_call(node, name, values, method.receiver)

    def uncalled(self, node: ast.expr, method: Method) -> None:
        """Report a method that is used as if it had been called."""
        message = f"{shown(method.receiver.kind)}.{method.name} is a method; it is not called here."
        needs = method.signature is None or any(not p.optional for p in method.signature.parameters)
        needs = needs or not method.name.startswith("get_")
        span = self.findings.source.span(node)
        edit = self.findings.inserting(span.end_line, span.end_column, "()")
        fix = None if needs else Fix((edit,))
        self.findings.add("uncalled-method", node, message, hint=f"Write {method.name}().", fix=fix)

    def _text(self, bound: Bound, values: dict[int, Value]) -> None:
        argument = bound.get("text")
        value = values.get(id(argument)) if argument is not None else None
        if argument is not None and isinstance(value, (Plain, Instance)) and getattr(value, "kind", "") != "str":
            if isinstance(value, Plain) and value.kind not in {"num", "none", "bool"}:
                return
            if isinstance(value, Instance) and not self.world.is_a(value.kind, "Mobject"):
                return
            fix = None
            if value == Plain("num"):
                fix = self.findings.replacing(argument, f"str({self.findings.source.text(argument)})")
            self.findings.add("not-text", argument, "Text() takes a string.", hint="Write str(…).", fix=fix)

    # ------------------------------------------------------------ groups and animations

    def _members(self, kind: str, wanted: str, call: ast.Call, values: dict[int, Value]) -> None:
        for node in call.args:
            value = values.get(id(node))
            if isinstance(node, ast.Starred):
                self._starred_member(node, kind)
            elif isinstance(value, Sequence) and kind == "Group" and value.kind in {"list", "tuple"}:
                message = "Group takes objects, not a list of them."
                self.findings.add("not-a-mobject", node, message, fix=starred(self.findings, node))
            elif self._is_no(value, wanted):
                message = f"{kind} takes {wanted}s; this is {self._shown(value)}."
                is_other = kind == "VGroup" and self._is_mobject(value)
                made = is_other and isinstance(call.func, ast.Name) and call.func.id == "VGroup"
                fix = self.findings.replacing(call.func, "Group") if made and self.world.imports.star else None
                if self._are_animations(call, values) and not is_other:
                    self.of_animations.add(id(call))
                    fix = self.findings.replacing(call.func, "AnimationGroup")
                rule = "not-a-vmobject" if kind == "VGroup" else "not-a-mobject"
                self.findings.add(rule, node, message, hint="Use Group." if is_other else "", fix=fix)

    def _are_animations(self, call: ast.Call, values: dict[int, Value]) -> bool:
        """Tell whether everything that a call is given is certainly an animation."""
        given = [values.get(id(part)) for part in call.args]
        return bool(given) and all(
            isinstance(value, Builder) or (isinstance(value, Instance) and self.world.is_a(value.kind, "Animation"))
            for value in given
        )

    def _starred_member(self, node: ast.Starred, kind: str) -> None:
        """Report `VGroup(*self.mobjects)`: a scene may hold images and cameras, too."""
        text = self.findings.source.text(node.value)
        if kind == "VGroup" and text == "self.mobjects":
            source = self.findings.source
            before = source.lines[node.lineno - 1][: source.span(node).column - 1]
            fix = None
            if before.endswith("VGroup("):
                column = len(before) - len("VGroup(") + 1
                place = Span(line=node.lineno, column=column, end_line=node.lineno, end_column=column + len("VGroup"))
                fix = self.findings.replacing(place, "Group")
            message = "Not everything in a scene is a VMobject."
            self.findings.add(
                "group-of-everything",
                node,
                message,
                severity=Severity.WARNING,
                hint="Use Group(*self.mobjects).",
                fix=fix,
            )

    def _is_no(self, value: Value, wanted: str) -> bool:
        """Tell whether a value is certainly not of a class of Manim's."""
        if isinstance(value, Instance):
            kinds = list(self.world.families(value))
            return all(not self.world.is_open(k) and not self.world.is_a(k, wanted) for k in kinds) and all(
                not self.world.is_a(k, "OpenGLMobject") for k in kinds
            )
        if isinstance(value, Plain):
            return value.kind in {"num", "str", "lambda", "dict", "bool"}
        return isinstance(value, (Method, Builder, Vector)) and getattr(value, "signature", True) is not None

    def _is_mobject(self, value: Value) -> bool:
        return isinstance(value, Instance) and self.world.is_a(value.kind, "Mobject")

    def _shown(self, value: Value) -> str:
        if isinstance(value, Instance):
            return f"a {shown(value.kind)}"
        if isinstance(value, Method):
            return f"the method {value.name}"
        if isinstance(value, Builder):
            return "an .animate"
        names = {
            "num": "a number",
            "str": "text",
            "lambda": "a function",
            "dict": "a dict",
            "bool": "True or False",
            "none": "None",
        }
        return names.get(value.kind, "something else") if isinstance(value, (Plain, Sequence)) else "something else"

    def _animation(self, node: ast.Call, kind: str, bound: Bound, values: dict[int, Value]) -> None:
        self.misgiven.animated(node, kind, bound, values)
        if kind in GROUPS_OF_ANIMATIONS:
            self._animations(node.args, values, kind)
            return
        if not bound.named and not node.args and kind in {"FadeIn", "FadeOut"} and not bound.is_open:
            self.findings.add("missing-argument", node, f"{kind}() needs at least one object.")
        if kind in self.data["function_first"]:
            if self.callbacks.check_order(node, kind, values, self._is_mobject):
                return
            given = self.data["given"].get(kind)
            self.callbacks.check_given(bound.get("update_function"), values, given, node)
        targets = self._targets(kind, bound)
        wanted = "VMobject" if kind in self.data["vectorized"]["VMobject"] else "Mobject"
        for target in targets:
            value = values.get(id(target)) if target is not None else None
            if target is None or isinstance(target, ast.Starred):
                continue
            if ast.unparse(target) == "self.mobjects" and "mobjects" not in self.world.set_from_outside:
                self.misgiven.everything(target, kind)
            elif isinstance(value, Sequence) and value.kind in {"list", "tuple"} and kind != "LaggedStartMap":
                self._list_animated(target, value, kind, wanted)
            elif self._is_no(value, wanted):
                message = f"{kind} animates a {wanted}; this is {self._shown(value)}."
                rule = "not-a-vmobject" if self._is_mobject(value) else "not-a-mobject"
                fix = (
                    faded(self.findings, node)
                    if rule == "not-a-vmobject"
                    else shifted(self.findings, node, target, value)
                )
                hint = "Use FadeIn or FadeOut." if fix else ""
                self.findings.add(rule, target, message, hint=hint, fix=fix)

    def _targets(self, kind: str, bound: Bound) -> list[ast.expr | None]:
        if kind in {"FadeIn", "FadeOut"}:
            return list(bound.rest)
        second = bound.get("target_mobject") if kind in {"Transform", "ReplacementTransform"} else None
        return [bound.get("mobject"), bound.get("vmobject"), second]

    def _list_animated(self, target: ast.expr, value: Sequence, kind: str, wanted: str) -> None:
        """Report an animation of a list, which can be unpacked or put into a group."""
        fix = None
        if kind in {"FadeIn", "FadeOut"}:
            fix = starred(self.findings, target)
        elif all(
            isinstance(item, Instance) and self.world.is_a(item.kind, "VMobject")
            for item in value.items or (value.common,)
        ):
            fix = wrapped(self.findings, target, "VGroup(*")
        message = f"{kind} animates a {wanted}; this is a list."
        self.findings.add("not-a-mobject", target, message, hint="Put them into a VGroup.", fix=fix)

    def _animations(self, nodes: Iterable[ast.expr], values: dict[int, Value], name: str) -> None:
        for node in nodes:
            value = values.get(id(node))
            if isinstance(value, Sequence) and isinstance(node, (ast.List, ast.Tuple)) and value.items is not None:
                inner = {id(part): item for part, item in zip(node.elts, value.items, strict=True)}
                self._animations(node.elts, inner, name)
            elif isinstance(value, Sequence) and not isinstance(node, ast.Starred):
                if self._is_no_animation(value.common):
                    self._report_still(node, value.common, name)
            elif not isinstance(node, ast.Starred) and self._is_no_animation(value, node):
                self._report_still(node, value, name)

    def _is_no_animation(self, value: Value, node: ast.expr | None = None) -> bool:
        if id(node) in self.of_animations:
            return False
        if isinstance(value, (Builder, Sequence)):
            return False
        if isinstance(value, Plain) and value.kind == "none":
            return True
        if isinstance(value, (Class, Function, OwnFunction)):
            return isinstance(value, Class) and value.kind not in self.world.own
        return self._is_no(value, "Animation")

    def _report_still(self, node: ast.expr, value: Value, name: str) -> None:
        if isinstance(value, Method):
            self.uncalled(node, value)
            return
        fix = None
        if made_in_place(node) and self._is_mobject(value) and self.world.imports.star:
            fix = wrapped(self.findings, node, "FadeIn(")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and self._is_mobject(value):
            receiver = node.func.value
            if isinstance(receiver, (ast.Name, ast.Attribute)):
                span = self.findings.source.span(receiver)
                edit = self.findings.inserting(span.end_line, span.end_column, ".animate")
                fix = Fix((edit,))
        message = f"{name} takes animations; this is {self._shown(value)}."
        hint = (
            "Write mobject.animate.method(…)."
            if fix and not made_in_place(node)
            else "Wrap it in an animation such as FadeIn or Create."
        )
        bare = isinstance(node, (ast.Name, ast.Attribute)) or (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        )
        if fix is None and bare and self._is_mobject(value) and self.world.imports.star:
            fix = wrapped(self.findings, node, "FadeIn(")
        self.findings.add("not-an-animation", node, message, hint=hint, fix=fix)

    # ------------------------------------------------------------ scenes

    def _scene_call(self, node: ast.Call, name: str, values: dict[int, Value], scene: Instance) -> None:
        if name == "add_updater":
            self.callbacks.check_scene_updater(node, values)
        elif name == "play":
            words = {word.arg: word.value for word in node.keywords}
            self.colors.check_rate_function(words.get("rate_func"), values)
            if not node.args and not any(word.arg is None for word in node.keywords):
                self.findings.add("missing-argument", node, "play() needs at least one animation.")
            told = self.old_play.check(node, values) | self.self_play.check(node, values, scene)
            self._animations([part for part in node.args if id(part) not in told], values, "play()")
        elif name in {"add", "remove", "bring_to_front", "bring_to_back", "add_foreground_mobjects"}:
            for argument in node.args:
                value = values.get(id(argument))
                if isinstance(value, Sequence) and value.kind in {"list", "tuple"}:
                    message = f"{name}() takes objects, not a list of them."
                    fix = starred(self.findings, argument)
                    self.findings.add("not-a-mobject", argument, message, hint="Put a * before it.", fix=fix)
                elif self._is_no(value, "Mobject"):
                    message = f"{name}() takes objects; this is {self._shown(value)}."
                    self.findings.add("not-a-mobject", argument, message, fix=self._played(node, name, values))
        elif name == "wait" and node.args and isinstance(node.args[0], ast.Constant):
            self._wait(node.args[0])

    def _played(self, call: ast.Call, name: str, values: dict[int, Value]) -> Fix | None:
        """Return the fix that plays what is added, where that is animations and nothing else."""
        if name != "add" or not isinstance(call.func, ast.Attribute) or not self._are_animations(call, values):
            return None
        return self.findings.replacing(call.func, f"{self.findings.source.text(call.func.value)}.play")

    def _wait(self, node: ast.Constant) -> None:
        seconds = node.value
        if isinstance(seconds, (int, float)) and seconds >= MAX_WAIT_S:
            message = f"This waits for {seconds} seconds."
            self.findings.add("huge-wait", node, message, hint="A scene lasts seconds, not hours.")
