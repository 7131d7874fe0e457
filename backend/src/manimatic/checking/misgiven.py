"""Arguments that Manim takes and then fails on: in another order, one by one, or in a dictionary that it hands on."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from manimatic.checking.api import nearest
from manimatic.checking.binding import Bound
from manimatic.checking.findings import Findings
from manimatic.checking.rewrites import read_rewrite, rewritten
from manimatic.checking.ruledata import read_data
from manimatic.checking.samewords import same_words
from manimatic.checking.values import NUMBER, Array, Instance, Plain, Sequence, Value
from manimatic.checking.world import World
from manimatic.checking.wrapping import starred, wrapped
from manimatic.diagnostics import Edit, Fix

NUMBER_FIRST = frozenset({"i2gp", "input_to_graph_point", "slope_of_tangent", "angle_of_tangent"})
"""Methods of axes that take a number and then a graph."""
ENDS = {
    "get_area": "(graph, low, high, **) -> {callee}({graph}, x_range=[{low}, {high}]{**})",
    "get_riemann_rectangles": "(graph, low, high, **) -> {callee}({graph}, x_range=[{low}, {high}]{**})",
    "plot": "(function, low, high, **) -> {callee}({function}, x_range=[{low}, {high}]{**})",
}
"""Methods that take a range, and how its two ends are given to them."""
LINE = "(x_values, y_values, **) -> {self}.plot_line_graph({x_values}, {y_values}, add_vertex_dots=False{**})"
CONFIGS = frozenset({"axis_config", "x_axis_config", "y_axis_config", "z_axis_config"})
SWITCHES = {
    **dict.fromkeys(("numbers", "show_numbers", "add_numbers", "include_labels", "add_coordinates"), "include_numbers"),
    **dict.fromkeys(("include_tips", "tips", "tip", "show_tip", "add_tip", "arrow"), "include_tip"),
    **dict.fromkeys(("ticks", "show_ticks", "add_ticks", "include_tick_marks"), "include_ticks"),
    **dict.fromkeys(("line_color", "axis_color", "axes_color"), "color"),
    **dict.fromkeys(("number_font_size", "label_font_size", "numbers_font_size"), "font_size"),
}
"""Switches of a line under other names; given a list they mean something else."""
LISTS = dict.fromkeys(("numbers", "numbers_to_show", "numbers_to_display", "labels"), "numbers_to_include")
ONE_OBJECT = frozenset(
    {"Create", "Uncreate", "Write", "Unwrite", "DrawBorderThenFill", "ShowPassingFlash", "GrowFromCenter"}
)
"""Animations of one object, whose second argument without a name is something else."""
SHAPES = {"circle": "Circle", "rectangle": "Rectangle", "rect": "Rectangle", "square": "Rectangle", "box": "Rectangle"}


class MisgivenRules:
    """Looks at what goes into calls in a form that Manim only fails on later."""

    def __init__(self, world: World, findings: Findings) -> None:
        self.world, self.findings = world, findings
        others = read_data("other_manims.json")
        self.renamed: Mapping[str, str] = others["keywords"]

    def method_called(self, call: ast.Call, name: str, kind: str, values: Mapping[int, Value]) -> None:
        """Look at a call of a method of axes."""
        if not self.world.is_a(kind, "CoordinateSystem"):
            return
        given = [values.get(id(part)) for part in call.args]
        if name in NUMBER_FIRST and len(given) == 2 and _is_turned(*given):
            self._turned(call, name)
        elif name in ENDS and given[1:3] == [NUMBER, NUMBER]:
            fix = rewritten(self.findings, call, read_rewrite(ENDS[name]))
            message = f"{name}() takes both ends of a range together."
            self.findings.add("scattered-point", call.args[1], message, hint="Write x_range=[low, high].", fix=fix)
        elif name == "plot" and len(given) == 2 and _are_numbers(call.args[0], given[0]):
            fix = rewritten(self.findings, call, read_rewrite(LINE))
            message = "plot() takes a function; these are numbers."
            hint = "Use plot_line_graph(x_values, y_values)."
            self.findings.add("numbers-for-function", call.args[0], message, hint=hint, fix=fix)

    def _turned(self, call: ast.Call, name: str) -> None:
        one, other = call.args
        text = self.findings.source.text
        edits = [*self.findings.replacing(one, text(other)).edits, *self.findings.replacing(other, text(one)).edits]
        message = f"{name}() takes the number and then the graph."
        self.findings.add("turned-arguments", one, message, hint="Change their order.", fix=Fix(tuple(edits)))

    def made(self, kind: str, bound: Bound) -> None:
        """Look at what axes hand on to the lines that they are made of."""
        if not self.world.index.is_a(kind, "CoordinateSystem"):
            return
        line = self.world.index.constructor("NumberLine")
        if line.words is None:
            return
        allowed = line.by_name | line.words | {"tip_shape"}
        for name in sorted(CONFIGS):
            given = bound.get(name)
            if isinstance(given, ast.Dict):
                self._config(given, allowed, name)

    def _config(self, given: ast.Dict, allowed: frozenset[str], name: str) -> None:
        keys = [key for key in given.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
        taken = {str(key.value) for key in keys}
        for key, value in zip(given.keys, given.values, strict=True):
            if not isinstance(key, ast.Constant) or not isinstance(key.value, str) or key.value in allowed:
                continue
            word = key.value
            listed = isinstance(value, (ast.List, ast.Tuple))
            use = LISTS.get(word) if listed else SWITCHES.get(word) or self.renamed.get(word)
            use = use if use in allowed else same_words(word, allowed)
            near = use if use in allowed else nearest(word, allowed)
            known = use is not None and use in allowed and use not in taken
            fix = self.findings.replacing(key, f'"{use}"') if known else None
            message = f"{name} goes to a NumberLine, which has no argument {word}."
            rule = "renamed-argument" if known else "unknown-argument"
            self.findings.add(rule, key, message, nearest=near, fix=fix)

    def animated(self, call: ast.Call, kind: str, bound: Bound, values: Mapping[int, Value]) -> None:
        """Look at the making of an animation."""
        given = [values.get(id(part)) for part in call.args]
        if kind in ONE_OBJECT and len(given) > 1 and all(self._is_drawn(value) for value in given):
            first, last = self.findings.source.span(call.args[0]), self.findings.source.span(call.args[-1])
            opening = self.findings.inserting(first.line, first.column, "VGroup(")
            edits = (opening, self.findings.inserting(last.end_line, last.end_column, ")"))
            fix = Fix(edits) if self.world.imports.star else None
            message = f"{kind} animates one object; {len(given)} are given."
            self.findings.add("too-many-arguments", call.args[1], message, hint="Put them into a VGroup.", fix=fix)
        elif kind == "GrowArrow":
            self._grown(call, bound, values)
        elif kind == "Circumscribe":
            self._shape(bound.get("shape"), values)
        elif kind == "ApplyMethod" and call.args:
            self._applied(call, values)

    def everything(self, target: ast.expr, kind: str) -> None:
        """Report an animation of the list of everything in the scene."""
        fades = kind in {"FadeIn", "FadeOut"}
        message = f"{kind} animates objects; self.mobjects is a list of them."
        fix = starred(self.findings, target) if fades else None
        if not fades and self.world.imports.star:
            fix = wrapped(self.findings, target, "Group(*")
        self.findings.add("not-a-mobject", target, message, hint="Write *self.mobjects.", fix=fix)

    def _is_drawn(self, value: Value) -> bool:
        return isinstance(value, Instance) and self.world.is_a(value.kind, "VMobject")

    def _grown(self, call: ast.Call, bound: Bound, values: Mapping[int, Value]) -> None:
        """Report GrowArrow of a line that is no arrow: it grows from its start as any object from a point."""
        arrow = bound.get("arrow")
        value = values.get(id(arrow)) if arrow is not None else None
        if not isinstance(value, Instance) or arrow is None or self.world.is_a(value.kind, "Arrow"):
            return
        if not self.world.is_a(value.kind, "TipableVMobject") or self.world.is_open(value.kind):
            return
        text = self.findings.source.text(arrow)
        simple = isinstance(arrow, (ast.Name, ast.Attribute)) and self.world.imports.star and len(call.args) == 1
        func, span = call.func, self.findings.source.span(arrow)
        point = self.findings.inserting(span.end_line, span.end_column, f", {text}.get_start()")
        fix = Fix((Edit(self.findings.source.span(func), "GrowFromPoint"), point)) if simple else None
        message = "GrowArrow grows an Arrow, and this is none."
        hint = "Write GrowFromPoint(line, line.get_start())."
        self.findings.add("not-an-arrow", arrow, message, hint=hint, fix=fix)

    def _shape(self, shape: ast.expr | None, values: Mapping[int, Value]) -> None:
        """Report the shape of a Circumscribe that is text or an object: a class belongs there."""
        value = values.get(id(shape)) if shape is not None else None
        use = ""
        if isinstance(value, Plain) and value.kind == "str":
            use = SHAPES.get((value.text or "").lower(), "")
        elif isinstance(value, Instance) and value.kind in {"Circle", "Rectangle"}:
            use = value.kind if isinstance(shape, ast.Call) and not shape.args and not shape.keywords else ""
        if shape is not None and (use or (isinstance(value, Plain) and value.kind == "str")):
            message = "The shape of a Circumscribe is the class Rectangle or Circle."
            fix = self.findings.replacing(shape, use) if use and self.world.imports.star else None
            self.findings.add("text-for-function", shape, message, nearest=use or None, fix=fix)

    def _applied(self, call: ast.Call, values: Mapping[int, Value]) -> None:
        """Report `ApplyMethod(mobject.shift(UP))`: the method is called before there is an animation."""
        inner = call.args[0]
        value = values.get(id(inner))
        called = isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute)
        if not called or not isinstance(value, Instance) or not self.world.is_a(value.kind, "Mobject"):
            return
        assert isinstance(inner, ast.Call)  # noqa: S101
        assert isinstance(inner.func, ast.Attribute)  # noqa: S101
        text = self.findings.source.text
        receiver = inner.func.value
        simple = isinstance(receiver, (ast.Name, ast.Attribute)) and len(call.args) == 1 and not call.keywords
        given = ", ".join([*map(text, inner.args), *(f"{word.arg}={text(word.value)}" for word in inner.keywords)])
        stars = any(word.arg is None for word in inner.keywords)
        use = f"{text(receiver)}.animate.{inner.func.attr}({given})"
        fix = self.findings.replacing(call, use) if simple and not stars else None
        message = "ApplyMethod takes the method; here it is called already."
        self.findings.add("not-an-animation", inner, message, hint=f"Write {use}." if fix else "", fix=fix)


def _is_turned(first: Value, second: Value) -> bool:
    """Tell whether a graph stands before a number."""
    return isinstance(first, Instance) and (second == NUMBER or (second is None and first.kind == "ParametricFunction"))


def _are_numbers(node: ast.expr, value: Value) -> bool:
    """Tell whether a list of numbers is given, and no function."""
    listed = isinstance(value, Sequence) and value.kind in {"list", "tuple", "range"}
    return listed or isinstance(value, Array) or isinstance(node, (ast.List, ast.Tuple, ast.ListComp))
