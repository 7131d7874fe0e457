"""Fixes without a model: certain, recorded, and applied until nothing changes."""

from __future__ import annotations

import pytest
from checking_cases import CASES, scene, source
from manimatic.checking.api import ApiIndex
from manimatic.checking.fixing import fix_source

MENDED = {
    "renamed class": ("self.play(ShowCreation(Circle()))", "self.play(Create(Circle()))"),
    "renamed method": ("Axes().add_coordinate_labels()", "Axes().add_coordinates()"),
    "corner": ("Dot(Square().get_bottom_right())", "Dot(Square().get_corner(DR))"),
    "keyword": ("Text('é', fontsize=30, colour=RED)", "Text('é', font_size=30, color=RED)"),
    "points": ("Line([0, 0], [1, 1])", "Line([0, 0, 0], [1, 1, 0])"),
    "point in an array": ("Dot(np.array([1, 2]))", "Dot(np.array([1, 2, 0]))"),
    "direction": ("Dot().to_edge('up')", "Dot().to_edge(UP)"),
    "animate": ("c = Circle()\nself.play(c.shift(UP))", "c = Circle()\nself.play(c.animate.shift(UP))"),
    "list": ("self.add([Circle()])", "self.add(*[Circle()])"),
    "text": ("Text(3)", "Text(str(3))"),
    "call": ("c = Circle()\nDot(c.get_center + UP)", "c = Circle()\nDot(c.get_center() + UP)"),
    "group": ("self.play(FadeOut(VGroup(*self.mobjects)))", "self.play(FadeOut(Group(*self.mobjects)))"),
    "raw string": ("MathTex('\\frac{1}{2}')", "MathTex(r'\\frac{1}{2}')"),
    "dollars": ("MathTex('$x^2$')", "MathTex('x^2')"),
    "maths in text": ("Tex('x^2')", "MathTex('x^2')"),
    "greek": ("MathTex('2π')", "MathTex('2\\\\pi ')"),
    "subscript in text": ("Tex('mass m₁₂ of $v₁$')", "Tex('mass m$_{12}$ of $v_1$')"),
    "lost backslash": ("MathTex('\\\\alpha \\beta')", "MathTex('\\\\alpha \\\\beta')"),
    "opacity": ("Circle(opacity=0.5)", "Circle(fill_opacity=0.5, stroke_opacity=0.5)"),
    "mathematics": ("Dot([sin(1), 0, 0])", "Dot([np.sin(1), 0, 0])"),
    "point with a name": ("p = [1, 2]\nDot(p)", "p = [1, 2]\nDot(np.append(p, 0))"),
    "sum of points": ("Dot(UP + np.array([1, 2]))", "Dot(UP + np.array([1, 2, 0]))"),
    "old play": (
        "c, d = Dot(), Dot()\nself.play(c.shift, UP, d.scale, 2)",
        "c, d = Dot(), Dot()\nself.play(c.animate.shift(UP), d.animate.scale(2))",
    ),
    "percent": ("Tex('50%')", "Tex(r'50\\%')"),
}


@pytest.fixture(scope="module")
def index() -> ApiIndex:
    """The index, read once."""
    return ApiIndex.load()


@pytest.mark.parametrize(("bad", "good"), MENDED.values(), ids=MENDED.keys())
def test_certain_mistakes_are_mended(bad: str, good: str, index: ApiIndex) -> None:
    """The mended source is the right one, and has no errors left."""
    fixed = fix_source(scene(bad), index=index)
    assert fixed.code == scene(good)
    assert fixed.report.ok


def test_missing_import_is_added(index: ApiIndex) -> None:
    """The import stands behind the docstring, once, whatever else is mended."""
    code = '"""A scene."""\n' + scene("Dot([math.sin(1), 0, 0])\nDot([math.cos(1), random.random(), 0])")
    fixed = fix_source(code, index=index)
    assert fixed.code.startswith('"""A scene."""\nimport ')
    assert sorted(fixed.code.splitlines()[1:3]) == ["import math", "import random"]
    assert fixed.report.ok


@pytest.mark.parametrize(
    ("body", "base"),
    [("self.camera.frame.scale(2)", "MovingCameraScene"), ("self.set_camera_orientation(phi=1)", "ThreeDScene")],
)
def test_scene_gets_the_camera_that_it_uses(body: str, base: str, index: ApiIndex) -> None:
    """A flat scene that moves its camera derives from the scene that can."""
    fixed = fix_source(scene(body), index=index)
    assert fixed.code == scene(body, base)
    assert fixed.report.ok


def test_fences_are_taken_off(index: ApiIndex) -> None:
    """What stands between Markdown fences is the source."""
    code = "Here it is:\n```python\n" + scene("self.play(ShowCreation(Circle()))") + "```\nEnjoy!\n"
    fixed = fix_source(code, index=index)
    assert fixed.code == scene("self.play(Create(Circle()))")


def test_each_fix_is_recorded(index: ApiIndex) -> None:
    """The record has the rule, the line and what changed."""
    fixed = fix_source(scene("self.play(ShowCreation(Circle()))"), index=index)
    (applied,) = fixed.applied
    assert (applied.rule, applied.line) == ("other-manim-name", 6)
    assert "+        self.play(Create(Circle()))" in applied.diff


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_no_fix_makes_anything_worse(case: object, index: ApiIndex) -> None:
    """After mending there are no more errors than before, and nothing is lost: every play is still there."""
    code = source(case.bad)  # type: ignore[attr-defined]
    fixed = fix_source(code, index=index)
    again = fix_source(fixed.code, index=index)
    assert again.code == fixed.code
    assert fixed.code.count(".play(") == code.count(".play(")


def test_uncertain_mistakes_are_left_alone(index: ApiIndex) -> None:
    """A name that only looks like another one is not replaced."""
    for body in ("self.add(Circel(weight=3))", "c = Dot()\nself.play(c.shift, UP, c.scale, 2)"):
        assert fix_source(scene(body), index=index).code == scene(body)
