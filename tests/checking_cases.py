"""A few lines for each rule of the checker: what it has to find, and the good code beside it."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """The body of a construct method (or a whole source) that is bad, and one that is good."""

    rule: str
    bad: str
    good: str


def scene(body: str, base: str = "Scene") -> str:
    """Return a scene around the body of a construct method; one that plays nothing waits at its end."""
    body = textwrap.dedent(body).strip("\n")
    plays = "self.play(" in body or "self.wait(" in body
    inner = textwrap.indent(body if plays else f"{body}\nself.wait()", " " * 8)
    return f"from manim import *\n\n\nclass Example({base}):\n    def construct(self):\n{inner}\n"


def source(text: str) -> str:
    """Return a whole source, or the scene around a body."""
    return text if text.startswith(("from", "import", "class", "\n")) else scene(text)


GOOD = scene("self.wait()")
CASES = [
    Case("unknown-name", "self.add(Trapezium3())", "self.add(Square())"),
    Case("unknown-name", "self.play(FadeIn(circle))", "circle = Circle()\nself.play(FadeIn(circle))"),
    Case("missing-import", "self.add(Dot([math.sin(1), 0, 0]))", "self.add(Dot([np.sin(1), 0, 0]))"),
    Case(
        "missing-import",
        "class A(Scene):\n    def construct(self):\n        self.wait()\n",
        "from manim import Scene\nclass A(Scene):\n    def construct(self):\n        self.wait()\n",
    ),
    Case("other-manim-name", "self.play(ShowCreation(Circle()))", "self.play(Create(Circle()))"),
    Case("other-numpy-name", "x = np.float(3) + np.Inf", "x = np.float64(3) + np.inf"),
    Case("other-manim-name", "Axes().add_coordinate_labels()", "Axes().add_coordinates()"),
    Case("other-manim-name", "Axes().get_graph(lambda x: x)", "Axes().plot(lambda x: x)"),
    Case("other-manim-name", "Dot(Square().get_bottom_right())", "Dot(Square().get_corner(DR))"),
    Case(
        "other-manim-import",
        "from manimlib import *\nclass A(Scene):\n    pass\n",
        "from manim import *\n" + GOOD,
    ),
    Case("unknown-import", "from manim import Trapezium3\n" + GOOD, GOOD),
    Case(
        "unknown-import",
        "import tensorflow_for_scenes\n" + GOOD,
        "import numpy\n" + GOOD,
    ),
    Case("unknown-import", "import manim.shapes\n" + GOOD, "import manim.utils\n" + scene("self.wait()")),
    Case("unknown-attribute", "Circle().shift(UP).wiggle_about()", "Circle().shift(UP).scale(2)"),
    Case("unknown-attribute", "Circle().animate.wiggle_about()", "Circle().animate.set_anything(3)"),
    Case(
        "unknown-attribute",
        "for d in [Dot(), Dot()]:\n    d.wiggle_about()",
        "for d in [Dot(), Dot()]:\n    d.scale(2)",
    ),
    Case("unknown-attribute", "x = math_of = Circle()\nx.get_wiggles()", "x = Circle()\nx.get_radius()"),
    Case("unknown-attribute", "self.zoom_somewhere()", "self.wait()"),
    Case("unknown-argument", "Circle(wings=3)", "Circle(radius=3, stroke_width=2, z_index=1)"),
    Case("unknown-argument", "Axes().plot(np.sin, wings=3)", "Axes().plot(np.sin, color=RED, stroke_width=2)"),
    Case("unknown-argument", "FadeIn(Circle(), speed=3)", "FadeIn(Circle(), run_time=3, shift=UP)"),
    Case("renamed-argument", "Text('a', fontsize=30)", "Text('a', font_size=30)"),
    Case("duplicate-argument", "Circle(1, radius=2)", "Circle(1, color=RED)"),
    Case("missing-argument", "Transform()", "Transform(Circle(), Square())"),
    Case("missing-argument", "self.play()", "self.play(Create(Circle()))"),
    Case("missing-argument", "FadeIn()", "FadeIn(*[Circle()])"),
    Case("too-many-arguments", "Square(2, 3)", "Rectangle(RED, 2, 3)"),
    Case("too-many-arguments", "Circle().get_radius(3)", "Circle().get_radius()"),
    Case("too-many-arguments", "Square().set_wings(2, 3)", "Square().set_wings(2).set_color(RED, family=True)"),
    Case("point-2d", "Dot([1, 2])", "Dot([1, 2, 0])"),
    Case("point-2d", "Circle().move_to((1, 2))", "Circle().move_to((1, 2, 0))"),
    Case("point-2d", "Circle().shift(UP + np.array([1, 2]))", "Circle().shift(UP + np.array([1, 2, 0]))"),
    Case("point-2d", "Polygon([0, 0], [1, 0], [0, 1])", "Polygon([0, 0, 0], [1, 0, 0], [0, 1, 0])"),
    Case("points-in-a-list", "Polygon([Axes().c2p(0, 0), UP, LEFT])", "Polygon([0, 0, 0], [1, 0, 0], UP)"),
    Case("points-in-a-list", "p = [UP, LEFT, DOWN]\nPolygon(p)", "p = [UP, LEFT, DOWN]\nPolygon(*p)"),
    Case("point-2d", "x, y = Dot().get_center()", "x, y, z = Dot().get_center()\nx, y = Dot().get_center()[:2]"),
    Case(
        "point-2d", "A = np.array([[1, 2], [3, 4]])\nA @ UP", "A = np.array([[1, 2], [3, 4]])\nDot([*(A @ UP[:2]), 0])"
    ),
    Case(
        "point-2d",
        "values, vectors = np.linalg.eig([[1, 2], [3, 4]])\nArrow(ORIGIN, 2 * vectors[:, 0])",
        "values, vectors = np.linalg.eig(np.identity(3))\nArrow(ORIGIN, 2 * vectors[:, 0])",
    ),
    Case("point-2d", "v = np.array([1, 2, 3])\nDot(v[:2])", "v = np.array([1, 2, 3, 4])\nDot(v[1:])"),
    Case(
        "point-2d",
        "def turned(p):\n    return np.array([p[1], -p[0]])\nDot(turned(UP))",
        "def turned(p):\n    return np.array([p[1], -p[0], 0])\nDot(turned(UP))",
    ),
    Case("point-2d", "ParametricFunction(lambda t: [t, t])", "Axes().plot_parametric_curve(lambda t: [t, t])"),
    Case("scattered-point", "Dot().move_to(1, 2)", "Dot().move_to(UP, LEFT)"),
    Case("scattered-point", "np.array(1, 2)", "np.array([1, 2], float)"),
    Case(
        "not-numbers",
        "A = Matrix([[1]])\nDot().apply_matrix(A)",
        "A = np.array([[1, 2], [3, 4]])\nDot().apply_matrix(A)",
    ),
    Case(
        "no-target",
        "d = Dot()\nself.play(MoveToTarget(d))",
        "d = Dot()\nd.target = Dot(UP)\nself.play(MoveToTarget(d))",
    ),
    Case("wrong-updater", "self.add_updater(lambda m, dt: m)", "self.add_updater(lambda dt, speed=2: dt)"),
    Case("wrong-updater", "Dot().add_updater(lambda m, t: m)", "Dot().add_updater(lambda m, dt: m.shift(dt * UP))"),
    Case(
        "wrong-updater",
        "UpdateFromFunc(Dot(), lambda m, dt: m.shift(dt * UP))",
        "UpdateFromFunc(Dot(), lambda m, dt=1: m.shift(dt * UP))",
    ),
    Case(
        "turned-arguments",
        "ApplyPointwiseFunction(Dot(), lambda p: 2 * p)",
        "ApplyPointwiseFunction(lambda p: 2 * p, Dot())",
    ),
    Case("list-for-vector", "Dot([1, 2, 0] * 2)", "Dot([0] * 3)\nDot([0, 0] + [0])"),
    Case(
        "point-2d",
        "def flat(p):\n    x, y = p\n    return x\nflat(Axes().c2p(1, 2))",
        "def flat(p):\n    x, y = p\n    return x\nflat(Axes().c2p([1, 2], [3, 4]))",
    ),
    Case("height-for-point", "Surface(lambda u, v: np.sin(u) * v)", "a = UP\nSurface(lambda u, v: u * a + v * RIGHT)"),
    Case(
        "point-2d", "def f(height):\n    return Dot([1, height])\nself.renderer.later(f)", "Dot([1, self.renderer, 0])"
    ),
    Case("missing-import", "Dot(color=X_COLOR)", "Dot(color=GREEN_C)"),
    Case("renamed-argument", "Arrow3D(LEFT, RIGHT, buff=1)", "Arrow(LEFT, RIGHT, buff=1)"),
    Case("text-for-point", "Circle().to_edge('UP')", "Circle().to_edge(UP)"),
    Case("bad-color", "Circle(color='bluish')", "Circle(color='blue', fill_color='#ff0000')"),
    Case("bad-color", "Circle().set_fill('ff0000')", "Circle().set_fill('#f00', opacity=1)"),
    Case("not-text", "Text(3)", "Text(str(3))"),
    Case("not-an-animation", "c = Circle()\nself.play(c.shift(UP))", "c = Circle()\nself.play(c.animate.shift(UP))"),
    Case("not-an-animation", "self.play(Circle())", "self.play([Create(Circle()), FadeIn(Dot())])"),
    Case("not-an-animation", "LaggedStart(Circle())", "LaggedStart(*[Create(Circle())])"),
    Case("not-an-animation", "self.play(self.wait(1))", "self.wait(1)"),
    Case("uncalled-method", "c = Circle()\nself.play(c.shift)", "c = Circle()\nc.add_updater(c.update)"),
    Case("uncalled-method", "c = Circle()\nDot(c.get_center + UP)", "c = Circle()\nDot(c.get_center() + UP)"),
    Case("not-a-mobject", "FadeIn([Circle()])", "FadeIn(Circle(), Dot())"),
    Case("not-a-mobject", "self.add([Circle()])", "self.add(*[Circle()])"),
    Case("not-a-mobject", "Group([Circle()])", "VGroup([Circle()])"),
    Case("not-a-vmobject", "Create(Group(Circle()))", "Create(VGroup(Circle()))"),
    Case("not-a-vmobject", "VGroup(ValueTracker(1))", "Group(ValueTracker(1))"),
    Case("group-of-everything", "FadeOut(VGroup(*self.mobjects))", "FadeOut(Group(*self.mobjects))"),
    Case("camera-frame", "self.camera.frame.scale(2)", "self.camera.background_color = RED"),
    Case("flat-scene", "self.set_camera_orientation(phi=1)", "self.wait()"),
    Case("solid-in-flat-scene", "self.add(Sphere())", "self.add(Circle())"),
    Case("huge-wait", "self.wait(100000)", "self.wait(10)"),
    Case("endless-loop", "while True:\n    self.wait(1)", "while True:\n    self.wait(1)\n    break"),
    Case(
        "endless-loop",
        "for i in range(10**3 * 0 + 5):\n    pass\nfor i in range(1000000):\n    self.wait(1)",
        "for i in range(3):\n    self.wait(1)",
    ),
    Case("no-scene", "class A:\n    pass\n", GOOD),
    Case(
        "no-construct",
        "from manim import *\nclass A(Scene):\n    def make(self):\n        self.wait()\n",
        scene("self.wait()"),
    ),
    Case("tex-not-raw", "MathTex('\\frac{1}{2}')", "MathTex(r'\\frac{1}{2}')"),
    Case("tex-maths-in-text", "Tex('x^2')", "Tex('$x^2$ and a\\\\_b')"),
    Case("tex-dollars", "MathTex('$x$')", "MathTex(r'\\text{for $x$}')"),
    Case("tex-character", "MathTex('π')", "MathTex('é')"),
    Case("tex-command", "MathTex(r'90\\degree')", "MathTex(r'90^\\circ')"),
    Case("tex-environment", "MathTex(r'\\begin{matrix} a')", "MathTex(r'\\begin{matrix} a \\end{matrix}')"),
    Case("tex-special", "Tex('50%')", "Tex(r'50\\%')"),
    Case("unsafe", "import socket\n" + GOOD, "import math\n" + GOOD),
    Case("unsafe", "open('/etc/passwd')", "self.wait()"),
    Case("unsafe", "().__class__.__bases__", "self.wait()"),
    Case("syntax-error", "\nx = = 1\ny = 2\n" + GOOD, GOOD),
    Case("truncated", scene("self.play(\n    Create(Circle()),"), GOOD),
    Case("not-code", "\nI am sorry, but I cannot do that.\nReally not.", GOOD),
    Case("markdown-fence", "\n```python\n" + scene("self.wait()") + "```\n", GOOD),
]
