"""What `value.name` stands for, and the rules of attributes that no object has."""

from __future__ import annotations

import ast
import dataclasses
import math
import random

from manimatic.checking.api import ANYTHING, Parameter, Signature, nearest
from manimatic.checking.findings import Findings
from manimatic.checking.frames import Frame
from manimatic.checking.imports import manim_value
from manimatic.checking.oldcalls import backstroke_fix
from manimatic.checking.rewriting import RewriteRules, ValueOf, is_taken
from manimatic.checking.ruledata import read_data
from manimatic.checking.values import (
    Builder,
    Class,
    Instance,
    Method,
    Module,
    OwnFunction,
    Sequence,
    Super,
    Value,
    Vector,
)
from manimatic.checking.world import World, shown
from manimatic.diagnostics import Edit, Fix, Span

MODULES = {"math": frozenset(dir(math)), "random": frozenset(dir(random))}
"""Modules of the standard library whose names are checked."""


POINTS = Sequence("array", None, Vector(3))
"""The points of an object."""
CURVES = ("TipableVMobject", "Polygram", "ParametricFunction", "CubicBezier")
"""What the objects with points of their own derive from."""
MADE_UP = {
    "set_": Signature(parameters=(Parameter("value", "plain", False),), gives="self"),
    "get_": Signature(parameters=()),
}
"""What the setters and getters take that Manim makes up."""


class AttributeRules:
    """Looks attributes up."""

    def __init__(self, world: World, findings: Findings) -> None:
        self.world, self.findings = world, findings
        self.rewriting = RewriteRules(world, findings)
        others = read_data("other_manims.json")
        self.others, self.corners, self.scenes = others["methods"], others["corners"], others["scenes"]
        self.forms, self.numpy = others["forms"], others["numpy"]

    def look_up(self, node: ast.Attribute, value: Value, frame: Frame) -> Value:
        """Return what an attribute stands for, and report one that cannot exist."""
        if isinstance(value, Instance):
            return self._of_instance(node, value, frame)
        if isinstance(value, Builder):
            return self._of_builder(node, value)
        if isinstance(value, Super):
            return self._of_super(node, value)
        if isinstance(value, Module):
            return self._of_module(node, value)
        if isinstance(value, Class):
            return self._of_class(node, value)
        return None

    def _of_instance(self, node: ast.Attribute, value: Instance, frame: Frame) -> Value:
        name, kind = node.attr, value.kind
        if not self.world.has_attribute(value, name):
            self._report(node, value)
            return None
        facts = self._facts(value, name, frame)
        if facts:
            return facts.pop() if len(facts) == 1 and name not in self.world.set_from_outside else None
        own = self.world.own_method(kind, name)
        if own is not None:
            return self._own_method(own, value)
        if name == "animate" and self.world.is_a(kind, "Mobject"):
            return Builder(value)
        if name == "camera":
            return self._camera(value)
        if (
            name == "points"
            and self.has_points(value)
            and name not in self.world.set_from_outside - self.world.index.loose
        ):
            return POINTS
        signature = self.world.method(kind, name) if name not in self.world.set_from_outside else None
        if signature is not None:
            return Method(value, name, signature)
        return Method(value, name, MADE_UP[name[:4]]) if self._is_made_up(value, name) else None

    def has_points(self, value: Instance) -> bool:
        """Tell whether an object has points of its own, unlike a group of others."""
        return any(self.world.is_a(value.kind, base) for base in CURVES)

    def _is_made_up(self, value: Instance, name: str) -> bool:
        """Tell whether a getter or setter is one that Manim makes up when it is asked, for an attribute."""
        if name[:4] not in MADE_UP or not self.world.is_a(value.kind, "Mobject"):
            return False
        kinds = list(self.world.families(value))
        return not any(self.world.is_open(kind) or name in self.world.known_attributes(kind) for kind in kinds)

    def _facts(self, value: Instance, name: str, frame: Frame) -> set[Value]:
        """Return everything that the source's own classes put into an attribute."""
        if value.kind not in self.world.own:
            return set()
        known = frame.before.attributes
        return {known[kind, name] for kind in self.world.families(value) if (kind, name) in known}

    def _own_method(self, node: ast.FunctionDef | ast.AsyncFunctionDef, value: Instance) -> Value:
        overridden = any(
            node.name in self.world.own[kind].methods and self.world.own[kind].methods[node.name] is not node
            for kind in self.world.families(value)
            if kind in self.world.own
        )
        if node.decorator_list or overridden or value.kind not in self.world.own:
            return None
        return OwnFunction(node, bound=True)

    def _camera(self, value: Instance) -> Value:
        base = self.world.manim_base(value.kind)
        own = self.world.own.get(value.kind)
        if base is None or "camera" in self.world.set_from_outside - self.world.index.loose:
            return None
        if own is not None and ("__init__" in own.methods or own.heirs - {value.kind} or len(own.bases) != 1):
            return None
        camera = self.world.index.camera(base)
        return Instance(camera) if camera else None

    def _of_builder(self, node: ast.Attribute, value: Builder) -> Value:
        name = node.attr
        if not self.world.has_attribute(value.target, name) and not name.startswith("_"):
            self._report(node, value.target)
            return None
        signature = self.world.method(value.target.kind, name)
        if self.world.own_method(value.target.kind, name) is not None:
            signature = None
        return Method(value.target, name, signature or ANYTHING, animated=True)

    def _of_super(self, node: ast.Attribute, value: Super) -> Value:
        if value.base in self.world.own:
            return None
        if node.attr == "__init__":
            return Method(Instance(value.base), "__init__", self.world.index.constructor(value.base))
        signature = self.world.index.method(value.base, node.attr)
        if signature is None and not self.world.has_attribute(Instance(value.base), node.attr):
            self._report(node, Instance(value.base))
        return Method(Instance(value.base), node.attr, signature) if signature else None

    def _of_module(self, node: ast.Attribute, value: Module) -> Value:
        index = self.world.index
        if value.name == "manim":
            if node.attr not in index.members and f"manim.{node.attr}" not in index.modules:
                near = nearest(node.attr, index.star)
                self.findings.add("unknown-name", node, f"manim has no {node.attr}.", nearest=near)
            return manim_value(node.attr, index)
        if value.name == "numpy" and node.attr in self.numpy and isinstance(node.value, ast.Name):
            self._report_numpy(node)
            return Module("math") if node.attr == "math" else None
        known = MODULES.get(value.name)
        if known is not None and node.attr not in known:
            near = nearest(node.attr, known)
            self.findings.add("unknown-attribute", node, f"{value.name} has no {node.attr}.", nearest=near)
        return None

    def _report_numpy(self, node: ast.Attribute) -> None:
        """Report a name that numpy has given up, with the one that stands for it now."""
        assert isinstance(node.value, ast.Name)  # noqa: S101
        use = self.numpy[node.attr].replace("np.", f"{node.value.id}.")
        fix = self.findings.replacing(node, use)
        self.findings.add("other-numpy-name", node, f"numpy has no {node.attr} any more.", nearest=use, fix=fix)

    def _of_class(self, node: ast.Attribute, value: Class) -> Value:
        instance = Instance(value.kind)
        own = value.kind in self.world.own or node.attr in {"mro", "register"}
        if not own and not self.world.has_attribute(instance, node.attr):
            self._report(node, instance)
        return None

    # ------------------------------------------------------------ reports

    def _report(self, node: ast.Attribute, value: Instance) -> None:
        kind, name = shown(value.kind), node.attr
        if name == "frame" and self.world.is_a(value.kind, "Camera"):
            self._report_frame(node)
        elif self._is_of_frame(value, name):
            span = self.findings.source.span(node.value)
            fix = Fix((self.findings.inserting(span.end_line, span.end_column, ".frame"),))
            message = f"{kind} has no {name}: its frame has."
            hint = f"Write camera.frame.{name}, in a MovingCameraScene."
            self.findings.add("camera-frame", node, message, hint=hint, fix=fix)
        elif name in self.corners and self.world.is_a(value.kind, "Mobject"):
            self._report_corner(node, value)
        elif self._report_form(node, value) or self.rewriting.report_attribute(node, value):
            return
        elif self._wanted_scene(value, name):
            self._report_flat(node, value, self._wanted_scene(value, name))
        else:
            other = self.others.get(name)
            known = self.world.known_attributes(value.kind)
            if other and (other["use"].split("(")[0] in known or not other.get("same")):
                hint = f"Use {other['use']}."
                self.findings.add("other-manim-name", node, f"{kind} has no {name}.", hint=hint, nearest=other["use"])
                return
            near = nearest(name, known)
            self.findings.add("unknown-attribute", node, f"{kind} has no {name}.", nearest=near)

    def _is_of_frame(self, value: Instance, name: str) -> bool:
        """Tell whether a flat camera is asked for what only its frame has."""
        flat = self.world.is_a(value.kind, "Camera") and not self.world.is_a(value.kind, "ThreeDCamera")
        return flat and name not in self.rewriting.table["methods"]["Camera"] and self._is_of_mobject(name)

    def _is_of_mobject(self, name: str) -> bool:
        known = name in {"animate", "set_width", "set_height"}
        return known or self.world.index.method("VMobject", name) is not None

    def report_renamed(self, call: ast.Call, node: ast.Attribute, value: Instance, value_of: ValueOf) -> bool:
        """Report the call of a method that has another name or form here; return whether it was one."""
        name = node.attr
        made_up = self._is_made_up(value, name) and not is_taken(call, MADE_UP[name[:4]])
        if self._report_other(call, node, value):
            return True
        missing = made_up or not self.world.has_attribute(value, name)
        return missing and self.rewriting.report_call(call, node, value, value_of)

    def _report_other(self, call: ast.Call, node: ast.Attribute, value: Instance) -> bool:
        if not self.world.has_attribute(value, node.attr) and self._report_fixed(call, node, value):
            return True
        other = self.others.get(node.attr)
        fails = len(call.args) + len(call.keywords) > 1 or call.keywords
        if node.attr == "set_backstroke" and fails and self._is_made_up(value, node.attr):
            line, column = self._name_place(node)
            place = Span(line=line, column=column, end_line=line, end_column=column)
            fix = backstroke_fix(self.findings, call, place) if self.world.imports.star else None
            message = f"{shown(value.kind)} has no set_backstroke."
            hint = "Use set_stroke(…, background=True)."
            self.findings.add("other-manim-name", node, message, hint=hint, fix=fix)
            return True
        if not other or not other.get("same") or self.world.has_attribute(value, node.attr):
            return False
        if self.world.method(value.kind, other["use"]) is None:
            return False
        words = {word.arg for word in call.keywords}
        fix = self._labels_fix(call, node, value, words)
        if fix is None and words <= set(other["words"]):
            line, column = self._name_place(node)
            place = Span(line=line, column=column, end_line=line, end_column=column + len(node.attr))
            fix = self.findings.replacing(place, other["use"])
        message = f"{shown(value.kind)} has no {node.attr}."
        self.findings.add("other-manim-name", node, message, hint=f"Use {other['use']}.", nearest=other["use"], fix=fix)
        return True

    def _labels_fix(self, call: ast.Call, node: ast.Attribute, value: Instance, words: set[str | None]) -> Fix | None:
        """Return the fix of `axes.add_coordinate_labels(x_label=…)`, which means the names of the axes."""
        labels = self.world.method(value.kind, "get_axis_labels")
        simple = isinstance(node.value, (ast.Name, ast.Attribute)) and words and not call.args
        if node.attr != "add_coordinate_labels" or not simple or labels is None or not words <= labels.by_name:
            return None
        receiver, whole = self.findings.source.span(node.value), self.findings.source.span(node)
        gap = dataclasses.replace(whole, line=receiver.end_line, column=receiver.end_column)
        text = f".add({self.findings.source.text(node.value)}.get_axis_labels"
        end = self.findings.source.span(call)
        return Fix((Edit(gap, text), self.findings.inserting(end.end_line, end.end_column, ")")))

    def _name_place(self, node: ast.Attribute) -> tuple[int, int]:
        span = self.findings.source.span(node)
        return span.end_line, span.end_column - len(node.attr)

    def _report_form(self, node: ast.Attribute, value: Instance) -> bool:
        """Report what is a method here and was none, or the other way round; return whether it was that."""
        form = self.forms.get(node.attr)
        known = self.world.known_attributes(value.kind)
        if (
            not form
            or not self.world.is_a(value.kind, form.get("of", "Mobject"))
            or form.get("needs", node.attr) not in {node.attr, *known}
        ):
            return False
        span = self.findings.source.span(node)
        line, column = self._name_place(node)
        called = self.findings.source.lines[span.end_line - 1][span.end_column - 1 :].startswith("()")
        end = span.end_column + (2 if called else 0)
        place = Span(line=line, column=column, end_line=line, end_column=end)
        fix = self.findings.replacing(place, form["use"]) if called == bool(form.get("call")) else None
        message = f"{shown(value.kind)} has no {node.attr}."
        self.findings.add("other-manim-name", node, message, nearest=form["use"], fix=fix)
        return True

    def _report_fixed(self, call: ast.Call, node: ast.Attribute, value: Instance) -> bool:
        """Report `mobject.fix_in_frame()`, which is the scene's to do; return whether it was that."""
        if node.attr != "fix_in_frame" or not self.world.is_a(value.kind, "Mobject"):
            return False
        text, receiver = self.findings.source.text(call), self.findings.source.text(node.value)
        inside = any(
            self._stands_in(node, own.node) and self.world.is_a(kind, "Scene") for kind, own in self.world.own.items()
        )
        alone = self.findings.source.lines[call.lineno - 1].strip() == text and isinstance(node.value, ast.Name)
        use = f"self.add_fixed_in_frame_mobjects({receiver})"
        fix = self.findings.replacing(call, use) if alone and inside and not call.args and not call.keywords else None
        message = f"{shown(value.kind)} has no fix_in_frame: the scene does it."
        self.findings.add("other-manim-name", node, message, hint=f"Write {use}.", nearest=use, fix=fix)
        return True

    def _report_corner(self, node: ast.Attribute, value: Instance) -> None:
        corner = self.corners[node.attr]
        span = self.findings.source.span(node)
        line, column = self._name_place(node)
        text = self.findings.source.lines[span.end_line - 1]
        fix = None
        if text[span.end_column - 1 : span.end_column + 1] == "()":
            place = Span(line=line, column=column, end_line=line, end_column=span.end_column + 2)
            fix = self.findings.replacing(place, f"get_corner({corner})")
        use = f"get_corner({corner})"
        message = f"{shown(value.kind)} has no {node.attr}."
        self.findings.add("other-manim-name", node, message, hint=f"Use {use}.", nearest=use, fix=fix)

    def _wanted_scene(self, value: Instance, name: str) -> str:
        if not self.world.is_a(value.kind, "Scene"):
            return ""
        return next((scene for scene, names in self.scenes.items() if name in names), "")

    def _report_flat(self, node: ast.Attribute, value: Instance, scene: str) -> None:
        message = f"{node.attr} belongs to {scene}; this is a {shown(value.kind)}."
        fix = self._base_fix(value.kind, scene)
        self.findings.add("flat-scene", node, message, hint=f"Derive the scene from {scene}.", nearest=scene, fix=fix)

    def _report_frame(self, node: ast.Attribute) -> None:
        kind = next((name for name, own in self.world.own.items() if self._stands_in(node, own.node)), "")
        fix = self._base_fix(kind, "MovingCameraScene") if kind else None
        message = "Only the camera of a MovingCameraScene has a frame."
        hint = "Derive the scene from MovingCameraScene."
        self.findings.add("camera-frame", node, message, hint=hint, nearest="MovingCameraScene", fix=fix)

    def _stands_in(self, node: ast.AST, outer: ast.ClassDef) -> bool:
        line = getattr(node, "lineno", 0)
        return outer.lineno <= line <= (outer.end_lineno or 0)

    def _base_fix(self, kind: str, scene: str) -> Fix | None:
        own = self.world.own.get(kind)
        if own is None or own.bases != ["Scene"] or not isinstance(own.node.bases[0], ast.Name):
            return None
        known = self.world.imports.star or scene in self.world.imports.names
        return self.findings.replacing(own.node.bases[0], scene) if known else None
