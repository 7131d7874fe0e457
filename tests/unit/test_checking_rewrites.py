"""The table of rewrites: each kind of it, and whether every row of it leads to what Manim has."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest
from checking_cases import scene
from manimatic.checking.api import ApiIndex
from manimatic.checking.fixing import fix_source
from manimatic.checking.rewrites import read_rewrite
from manimatic.checking.ruledata import read_data
from rewrite_cases import REWRITTEN, UNTOUCHED

MADE = {
    "Surface": "Surface(lambda u, v: np.array([u, v, 0]))",
    "Line": "Line(LEFT, RIGHT)",
    "Brace": "Brace(Square())",
    "Matrix": "Matrix([[1, 2], [3, 4]])",
    "Table": "Table([['a', 'b']])",
    "BarChart": "BarChart([1, 2])",
    "CoordinateSystem": "Axes()",
    "SingleStringMathTex": "MathTex('x')",
    "ParametricFunction": "ParametricFunction(lambda t: np.array([t, t, 0]))",
    "Polygram": "Square()",
    "Mobject": "Circle()",
    "Scene": "self",
    "ArrowVectorField": "ArrowVectorField(lambda p: p)",
    "Camera": "self.camera",
    "Text": "Text('a')",
    "ThreeDScene": "self",
}
"""How an object of each class of the table is made, where its name and two brackets will not do."""
GIVEN = {
    **dict.fromkeys(("mobject", "mobjects", "other", "target", "path", "obj"), "Square()"),
    **dict.fromkeys(("direction", "edge", "corner", "vector", "point", "start", "end", "a", "b", "c", "d"), "RIGHT"),
    **dict.fromkeys(("graph", "bounded_graph"), "g"),
    **dict.fromkeys(("function",), "lambda x: x"),
    **dict.fromkeys(("label", "x_label", "y_label", "tex", "text"), "'x'"),
    **dict.fromkeys(("xs", "ys", "x_values", "y_values", "coords"), "[1, 2]"),
    **dict.fromkeys(("updater", "func", "update_function", "update_func"), "lambda x: x"),
    **dict.fromkeys(("line1", "line2"), "Line(LEFT, RIGHT)"),
    "decimal": "DecimalNumber(1)",
    "group": "VGroup(Square())",
    "color": "RED",
    "index": "0",
    "row": "0",
    "column": "0",
}
"""An argument for each name of a parameter; any other is a number."""


NUMBERS = {"byte": "255", "text": "'#ff0000'", "list": "[1, 2]", "color": "RED"}
"""An argument for each condition that needs one of its own."""


@pytest.fixture(scope="module")
def index() -> ApiIndex:
    """The index, read once."""
    return ApiIndex.load()


@pytest.mark.parametrize(("bad", "good"), REWRITTEN.values(), ids=REWRITTEN.keys())
def test_what_has_another_form_is_rewritten(bad: str, good: str, index: ApiIndex) -> None:
    """The mended source is the right one, and has no errors left."""
    fixed = fix_source(scene(bad), index=index)
    assert fixed.code == scene(good)
    assert fixed.ok


@pytest.mark.parametrize("body", UNTOUCHED.values(), ids=UNTOUCHED.keys())
def test_what_is_not_certain_is_left_alone(body: str, index: ApiIndex) -> None:
    """There may be two readings, or an argument would be lost."""
    assert fix_source(scene(body), index=index).code == scene(body)


STARRED = ("Square()", "FadeIn(Square())", "1, 2", "RED, BLUE", "LEFT, RIGHT", "g, 'x'", "self.mobjects", "")
"""What may stand for any further arguments; a row of the table has to mend one of them."""


def _forms(text: str | list[str | None]) -> list[str]:
    return [text] if isinstance(text, str) else [one for one in text if one is not None]


def _arguments(text: str) -> list[str]:
    if text.startswith("@"):
        return [""]
    rewrite = read_rewrite(text)
    named = [f"{one}={GIVEN.get(one, '1')}" for one in rewrite.names if one not in rewrite.in_order]
    given = [NUMBERS.get(rewrite.conditions.get(one, ""), GIVEN.get(one, "1")) for one in rewrite.in_order]
    stars = STARRED if "*" in rewrite.parameters else ("",)
    return [", ".join(filter(None, [*given, star, *named])) for star in stars]


def _mended(bodies: Iterable[str], base: str, index: ApiIndex) -> bool:
    reports = (fix_source(scene(body, base), index=index) for body in bodies)
    return any(report.applied and report.ok for report in reports)


METHODS = read_data("rewrites.json")["methods"]


@pytest.mark.parametrize("kind", METHODS)
def test_every_method_of_the_table_leads_to_one_that_manim_has(kind: str, index: ApiIndex) -> None:
    """No name of the table is Manim's own, and what it becomes is found in order; each template once."""
    base = kind if kind.endswith("Scene") else "MovingCameraScene" if kind == "Camera" else "Scene"
    real = {"CoordinateSystem": "Axes", "Mobject": "VMobject", "SingleStringMathTex": "MathTex"}.get(kind, kind)
    seen = set()
    for name, entry in METHODS[kind].items():
        assert name not in index.attributes(real), f"{kind} has {name}"
        for text in _forms(entry)[:1]:
            if text.startswith("@"):
                assert index.method(real, text[1:]) is not None, f"{kind} has no {text[1:]}"
            elif text not in seen:
                made = f"axes = Axes()\ng = axes.plot(np.sin)\nx = {MADE.get(kind, kind + '()')}\n"
                bodies = [f"{made}x.{name}({given})" for given in _arguments(text)]
                assert _mended(bodies, base, index), f"{kind}.{name} is not mended"
                seen.add(text)


@pytest.mark.parametrize(("kind", "names"), read_data("rewrites.json")["attributes"].items())
def test_every_attribute_of_the_table_leads_to_one_that_manim_has(
    kind: str, names: dict[str, str], index: ApiIndex
) -> None:
    """Each by itself."""
    base = "MovingCameraScene" if kind == "Scene" else "Scene"
    for name in names.keys() - index.loose:
        fixed = fix_source(scene(f"x = {MADE.get(kind, kind + '()')}\nprint(x.{name})", base), index=index)
        assert fixed.applied, f"{kind}.{name} is not mended"
        assert fixed.ok, f"{kind}.{name}: {fixed.errors}"


def test_every_call_of_the_table_leads_to_what_manim_has(index: ApiIndex) -> None:
    """No name of the table is Manim's own; each template once."""
    seen = set()
    for name, entry in read_data("rewrites.json")["calls"].items():
        assert name not in index.star
        for text in _forms(entry):
            if text not in seen:
                tracker = "value" in text and "_value(" in text
                made = f"m = {'ValueTracker()' if tracker else 'Square()'}\naxes = Axes()\ng = axes.plot(np.sin)\n"
                found = [given.replace("Square()", "m") for given in _arguments(text)]
                assert _mended([f"{made}x = {name}({one})" for one in found], "Scene", index), f"{name}: {text}"
                seen.add(text)


def test_every_other_name_leads_to_one_that_manim_has(index: ApiIndex) -> None:
    """Constants, classes and functions that only have another name."""
    for name, entry in read_data("other_manims.json")["names"].items():
        if entry.get("same"):
            assert name not in index.star
            first = re.split(r"[^\w]", entry["use"].lstrip("("))[0]
            assert first in index.star | {"np", "config", "rate_functions"}, entry["use"]


def test_every_other_name_of_an_argument_leads_to_one_that_the_class_takes(index: ApiIndex) -> None:
    """Otherwise nothing would be mended."""
    for names, words in read_data("other_manims.json")["keywords_of"].items():
        for name in names.split():
            if name.startswith("."):
                continue
            signature = index.constructor(name)
            allowed = signature.by_name | (signature.words or frozenset())
            assert set(words.values()) <= allowed, (name, set(words.values()) - allowed)


def test_one_fix_that_breaks_the_source_does_not_keep_the_others_from_being_made(index: ApiIndex) -> None:
    """An import that is not there, and an argument with another name."""
    code = "from manim.mobject.svg.tex_mobject import Tex\nfrom manim import Scene, ShowCreation, Circle\n"
    code += scene("self.play(ShowCreation(Circle(2, radius=2)))").split("\n", 1)[1]
    fixed = fix_source(code, index=index)
    assert fixed.ok
    assert "from manim import Tex\nfrom manim import Scene, Create as ShowCreation, Circle\n" in fixed.code


def test_scene_of_another_manim_is_translated(index: ApiIndex) -> None:
    """Its Tex sets maths."""
    code = "from manimlib import *\n" + scene("self.play(ShowCreation(Tex('x^2')))").split("\n", 1)[1]
    fixed = fix_source(code, index=index)
    assert (fixed.code, fixed.ok) == (scene("self.play(Create(MathTex('x^2')))"), True)
