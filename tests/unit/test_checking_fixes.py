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
    "colour of CSS": ("Dot(color=LIGHT_GREEN)", 'Dot(color=ManimColor("#90ee90"))'),
    "text of CSS": ("Dot(color='cyan')", 'Dot(color="#00ffff")'),
    "rate function": (
        "self.play(FadeIn(Dot()), rate_func=ease_in_out_quad)",
        "self.play(FadeIn(Dot()), rate_func=rate_functions.ease_in_out_quad)",
    ),
    "rate function as text": (
        "self.play(FadeIn(Dot(), rate_func='linear'))",
        "self.play(FadeIn(Dot(), rate_func=linear))",
    ),
    "labels of axes": (
        "axes = Axes()\naxes.add_coordinate_labels(x_label='t', y_label='w₁')",
        "axes = Axes()\naxes.add(axes.get_axis_labels(x_label='t', y_label='w_1'))",
    ),
    "coordinates": ("Dot(Axes().coordinate_to_point(1, 2))", "Dot(Axes().coords_to_point(1, 2))"),
    "fade from a side": ("self.play(FadeInFrom(Dot(), UP + LEFT))", "self.play(FadeIn(Dot(), shift=-(UP + LEFT)))"),
    "fade from below": ("self.play(FadeInFromDown(Dot()))", "self.play(FadeIn(Dot(), shift=UP))"),
    "fade and shift": (
        "self.play(FadeOutAndShift(Dot(), direction=UP, run_time=2))",
        "self.play(FadeOut(Dot(), shift=UP, run_time=2))",
    ),
    "played object": ("c = Circle()\nself.play(c)", "c = Circle()\nself.play(FadeIn(c))"),
    "drawn group": (
        "g = Group(Dot())\nself.play(Create(g, run_time=2))",
        "g = Group(Dot())\nself.play(FadeIn(g, run_time=2))",
    ),
    "group of others": ("self.add(VGroup(Dot(), ValueTracker(1)))", "self.add(Group(Dot(), ValueTracker(1)))"),
    "faded list": ("self.play(FadeOut([Dot(), Dot()]))", "self.play(FadeOut(*[Dot(), Dot()]))"),
    "drawn list": ("self.play(Create([Dot(), Dot()]))", "self.play(Create(VGroup(*[Dot(), Dot()])))"),
    "unit vector": (
        "v = np.array([1, 2])\nArrow(ORIGIN, v / np.linalg.norm(v))",
        "v = np.array([1, 2])\nArrow(ORIGIN, np.append(v / np.linalg.norm(v), 0))",
    ),
    "maths put together": (
        'a = 1\nTex(r"\\mu =" + f"{a}")',
        'a = 1\nMathTex(r"\\mu =" + f"{a}")',
    ),
    "number of points": ("range(Circle().num_points)", "range(Circle().get_num_points())"),
    "lines of a plane": ("NumberPlane().get_lines()", "NumberPlane().background_lines"),
    "solid box": (
        "Box(width=1, height=2, depth=3, color=RED)",
        "Prism(dimensions=[1, 2, 3], color=RED)",
    ),
    "flat box": ("self.add(Box(width=1, height=2))", "self.add(Rectangle(width=1, height=2))"),
    "move to a point": (
        "d = Dot()\nself.play(MoveToTarget(d, UP, run_time=2))",
        "d = Dot()\nself.play(d.animate(run_time=2).move_to(UP))",
    ),
    "behind": ("Dot().next_to(Square(), BACK)", "Dot().next_to(Square(), IN)"),
    "weight of a line": ("Line(weight=3)", "Line(stroke_width=3)"),
    "matrix in text": (
        'a = 1\nTex(f"A = \\\\begin{{bmatrix}} {a} & 2 \\\\end{{bmatrix}}")',
        'a = 1\nMathTex(f"A = \\\\begin{{bmatrix}} {a} & 2 \\\\end{{bmatrix}}")',
    ),
    "environment in an f-string": (
        'a = 1\nMathTex(f"\\\\begin{bmatrix} {a} \\\\end{bmatrix}")',
        'a = 1\nMathTex(f"\\\\begin{{bmatrix}} {a} \\\\end{{bmatrix}}")',
    ),
    "one brace too many": (
        'a = 1\nMathTex(f"\\\\begin{{cases}} {a} \\\\end{{cases}}}")',
        'a = 1\nMathTex(f"\\\\begin{{cases}} {a} \\\\end{{cases}}")',
    ),
    "forgotten bracket": ("Dot(np.array([1, 2, 0])\nDot()", "Dot(np.array([1, 2, 0]))\nDot()"),
    "bracket before another": ("VGroup(*[Dot(UP])", "VGroup(*[Dot(UP)])"),
    "stray bracket": ("self.play(FadeIn(Dot())))", "self.play(FadeIn(Dot()))"),
    "eigenvectors": (
        "values, vectors = np.linalg.eig([[2, 1], [1, 2]])\na, b = vectors.T\nArrow(ORIGIN, 2 * a)",
        "values, vectors = np.linalg.eig([[2, 1], [1, 2]])\na, b = vectors.T\nArrow(ORIGIN, np.append(2 * a, 0))",
    ),
    "flat matrix": (
        "A = np.array([[2, 1], [1, 2]])\nfor p in Square().points:\n    Dot(A @ p)",
        "A = np.array([[2, 1], [1, 2]])\nfor p in Square().points:\n    Dot(np.append(A @ p[:2], p[2]))",
    ),
    "function of flat points": (
        "def turned(p):\n    x, y = p\n    return np.array([-y, x])\nDot(turned(UP))\nDot(turned(np.array([1, 2])))",
        (
            "def turned(p):\n    x, y = p[:2]\n    return np.array([-y, x])\n"
            "Dot(np.append(turned(UP), 0))\nDot(np.append(turned(np.array([1, 2])), 0))"
        ),
    ),
    "characters between what is put in": (
        'a = 1\nTex(f"λ₁ = {a}")\nMathTex(f"α₁₂ = {a}")',
        'a = 1\nTex(f"$\\\\lambda$$_1$ = {a}")\nMathTex(f"\\\\alpha _{{12}} = {a}")',
    ),
    "arguments of methods": (
        "Dot().set_stroke(stroke_width=3).set_fill(fill_opacity=1)\nself.wait(run_time=2)",
        "Dot().set_stroke(width=3).set_fill(opacity=1)\nself.wait(duration=2)",
    ),
    "flat curve": (
        "def f(t):\n    return np.array([t, t**2])\nParametricFunction(f)",
        "def f(t):\n    return np.array([t, t**2, 0])\nParametricFunction(f)",
    ),
    "numbers of a point": (
        "v = np.array(0, 1)\nNumberPlane().get_vector(1, 2, color=RED)",
        "v = np.array([0, 1])\nNumberPlane().get_vector([1, 2], color=RED)",
    ),
    "picture of a matrix": (
        "A = Matrix([[2, 1], [1, 1]]).set_color(RED)\nSquare().apply_matrix(A)",
        "A = Matrix([[2, 1], [1, 1]]).set_color(RED)\nSquare().apply_matrix([[2, 1], [1, 1]])",
    ),
    "target of a move": (
        (
            "r = Dot()\nfor x in range(3):\n    r.move_to(RIGHT * x)\n    t = Text('a').next_to(r)\n"
            "    self.play(MoveToTarget(r), Write(t))"
        ),
        (
            "r = Dot()\nfor x in range(3):\n    r.generate_target()\n    r.target.move_to(RIGHT * x)\n"
            "    t = Text('a').next_to(r.target)\n    self.play(MoveToTarget(r), Write(t))"
        ),
    ),
    "updater of the scene": (
        "d = Dot()\ndef move(mob, dt):\n    d.shift(dt * UP)\nself.add_updater(move)\nself.remove_updater(move)",
        "d = Dot()\ndef move(dt):\n    d.shift(dt * UP)\nself.add_updater(move)\nself.remove_updater(move)",
    ),
    "gap at the ends": (
        "CurvedArrow(LEFT, RIGHT, buff=0.1, color=RED)\nArrow3D(end=UP, start=DOWN, buff=0)",
        "CurvedArrow(*Line(LEFT, RIGHT, buff=0.1).get_start_and_end(), color=RED)\nArrow3D(end=UP, start=DOWN)",
    ),
    "lines behind the axes": (
        "NumberPlane(grid_color=RED, x_length=3, grid_stroke_width=2)",
        'NumberPlane(background_line_style={"stroke_color": RED, "stroke_width": 2}, x_length=3)',
    ),
    "style of the lines behind the axes": (
        "NumberPlane(grid_style={'color': RED, 'weight': 1})",
        'NumberPlane(background_line_style={"stroke_color": RED, "stroke_width": 1})',
    ),
    "step of the lines behind the axes": (
        "NumberPlane(x_range=[-5, 5], y_range=[-5, 5], grid_step=1, grid_opacity=0.5)",
        'NumberPlane(x_range=[-5, 5, 1], y_range=[-5, 5, 1], background_line_style={"stroke_opacity": 0.5})',
    ),
    "object and function": (
        "self.play(UpdateFromFunc(lambda m, dt: m.shift(UP), Dot()))",
        "self.play(UpdateFromFunc(Dot(), lambda m: m.shift(UP)))",
    ),
    "made and played": (
        "self.play(Text('a').to_edge(UP), run_time=2)",
        "self.play(FadeIn(Text('a').to_edge(UP)), run_time=2)",
    ),
    "list as a vector": (
        "Arrow(ORIGIN, 2 * [1, 1])\nDot([1, 2, 0] + [0, 1, 0])",
        "Arrow(ORIGIN, np.append(2 * np.array([1, 1]), 0))\nDot(np.array([1, 2, 0]) + [0, 1, 0])",
    ),
    "bar": ("Bar(height=3, width=0.5, color=RED)", "Rectangle(height=3, width=0.5, color=RED)"),
    "arrow in space": ("Vector3D(start=LEFT, end=UP)", "Arrow3D(start=LEFT, end=UP)"),
    "ring's sector": ("Sector(inner_radius=1, outer_radius=2)", "AnnularSector(inner_radius=1, outer_radius=2)"),
    "listing": (
        "Code(code='x', font_size=20, style='vim', font='Mono')",
        """Code(code_string='x', paragraph_config={"font_size": 20, "font": 'Mono'}, formatter_style='vim')""",
    ),
    "numbers of lines": ("Code(code='x', insert_line_no=False)", "Code(code_string='x', add_line_numbers=False)"),
    "ends of axes": (
        "Axes(x_min=-1, y_max=4, x_max=3, y_min=0, number_line_config={})",
        "Axes(x_range=[-1, 3], y_range=[0, 4], axis_config={})",
    ),
    "ends and ticks": ("NumberLine(x_min=0, x_max=4, tick_frequency=2)", "NumberLine(x_range=[0, 4, 2])"),
    "ends of a graph": (
        "Axes().get_graph(lambda x: x, x_min=0, x_max=2)",
        "Axes().plot(lambda x: x, x_range=[0, 2])",
    ),
    "fade with a direction": ("self.play(FadeIn(Dot(), UP))", "self.play(FadeIn(Dot(), shift=UP))"),
    "turn": ("self.play(Rotating(Dot(), radians=PI))", "self.play(Rotating(Dot(), angle=PI))"),
    "height of a surface": (
        "def height(x, y):\n    return (x - 1) ** 2 + np.cos(y)\nSurface(lambda u, v: height(u, v))",
        "def height(x, y):\n    return (x - 1) ** 2 + np.cos(y)\nSurface(lambda u, v: np.array([u, v, height(u, v)]))",
    ),
    "rows of a raw string": (
        "MathTex('\\begin{matrix} 1 \\\\ 2 \\end{matrix}')",
        "MathTex(r'\\begin{matrix} 1 \\\\ 2 \\end{matrix}')",
    ),
    "rows of a raw f-string": (
        'a = 1\nMathTex(f"\\frac{{{a}}}{{2}} \\\\ 2")',
        'a = 1\nMathTex(rf"\\frac{{{a}}}{{2}} \\\\ 2")',
    ),
    "stroke behind": (
        "Text('a').set_backstroke(width=5)",
        "Text('a').set_stroke(BLACK, 5, background=True)",
    ),
    "sides of axes": ("Axes(width=6, height=4)", "Axes(x_length=6, y_length=4)"),
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
    assert fixed.ok


def test_object_is_fixed_in_the_frame_by_its_scene(index: ApiIndex) -> None:
    """Which then is one that can."""
    fixed = fix_source(scene("t = Text('a')\nt.fix_in_frame()\nself.add(t)"), index=index)
    good = scene("t = Text('a')\nself.add_fixed_in_frame_mobjects(t)\nself.add(t)", "ThreeDScene")
    assert (fixed.code, fixed.ok) == (good, True)


def test_what_plays_by_itself_is_not_played_again(index: ApiIndex) -> None:
    """The others are played at the same time, and nothing is lost."""
    body = "self.play(self.apply_matrix([[1, 2], [3, 4]]), FadeIn(Dot()), run_time=2)\nself.wait()"
    good = "self.apply_matrix([[1, 2], [3, 4]], added_anims=[FadeIn(Dot())], run_time=2)\nself.wait()"
    fixed = fix_source(scene(body, "LinearTransformationScene"), index=index)
    assert (fixed.code, fixed.ok) == (scene(good, "LinearTransformationScene"), True)


def test_label_of_a_basis_vector_is_one_of_both(index: ApiIndex) -> None:
    """There is one method for both labels."""
    fixed = fix_source(scene("self.add(self.get_j_hat_label())", "LinearTransformationScene"), index=index)
    good = scene("self.add(self.get_basis_vector_labels()[1])", "LinearTransformationScene")
    assert (fixed.code, fixed.ok) == (good, True)


def test_name_of_an_inner_module_is_imported(index: ApiIndex) -> None:
    """Manim has it, and does not export it."""
    fixed = fix_source(scene("Dot(color=X_COLOR)"), index=index)
    assert fixed.code == "from manim.scene.vector_space_scene import X_COLOR\n" + scene("Dot(color=X_COLOR)")
    assert fixed.ok


def test_scene_that_only_adds_waits_at_its_end(index: ApiIndex) -> None:
    """Of a picture a video is made; what it shows stays."""
    code = scene("self.add(\n    Dot()\n)").removesuffix("        self.wait()\n")
    fixed = fix_source(code, index=index)
    assert (fixed.code, fixed.diagnostics) == (code + "        self.wait()\n", ())


KEPT = {
    "argument without a place": "self.play(FadeInFrom(Dot(), UP, 3))",
    "default direction": "self.play(FadeOutAndShift(Dot()))",
    "drawn with more": "self.play(Create(Group(Dot()), remover=True))",
    "list of unknown things": "things = self.mobjects\nself.play(Create([*things]))",
    "weight of letters": "MathTex('x', weight=3)",
    "box without sides": "Box()",
    "bar without sides": "Bar(3)",
    "fixed in passing": "self.add(Text('a').fix_in_frame())",
    "target seen in between": "d = Dot()\nd.shift(UP)\nself.add(d)\nself.play(MoveToTarget(d))",
    "target without a move": "d = Dot()\nself.play(MoveToTarget(d))",
    "updater that uses the object": "self.add_updater(lambda m, dt: m.wait(dt))",
    "updater that calls the time dt elsewhere": "dt = 1\nDot().add_updater(lambda m, t: m.shift(t * dt))",
    "time that is used and not given": "UpdateFromFunc(Dot(), lambda m, dt: m.shift(dt * UP))",
    "step of unknown ranges": "r = [0, 1]\nNumberPlane(x_range=r, y_range=r, grid_step=1)",
    "flat curve that is used twice": "def f(t):\n    return [t, t]\nParametricFunction(f)\nAxes().c2p(*f(1))",
    "one end of axes": "Axes(x_min=1)",
    "fade with a direction and a shift": "self.play(FadeIn(Dot(), UP, shift=DOWN))",
    "updater that may never be called": "Dot().add_updater(lambda m, delta: m.shift(delta * UP))",
    "gap at unknown ends": "p = [LEFT, RIGHT]\nArrow3D(*p, buff=1)",
    "style that is not known": "NumberPlane(grid_style={'wings': 3})",
    "style given twice": "NumberPlane(grid_color=RED, background_line_style={})",
    "picture of a matrix that changes": "A = Matrix([[1]])\nA = Matrix([[2]])\nDot().apply_matrix(A)",
    "labels at a call": "Axes().add_coordinate_labels(x_label='t')",
}


@pytest.mark.parametrize("body", KEPT.values(), ids=KEPT.keys())
def test_fix_that_would_lose_something_is_not_made(body: str, index: ApiIndex) -> None:
    """What is wrong is told, and left to its author."""
    fixed = fix_source(scene(body), index=index)
    assert (fixed.code, fixed.applied) == (scene(body), ())


def test_missing_import_is_added(index: ApiIndex) -> None:
    """The import stands behind the docstring, once, whatever else is mended."""
    code = '"""A scene."""\n' + scene("Dot([math.sin(1), 0, 0])\nDot([math.cos(1), random.random(), 0])")
    fixed = fix_source(code, index=index)
    assert fixed.code.startswith('"""A scene."""\nimport ')
    assert sorted(fixed.code.splitlines()[1:3]) == ["import math", "import random"]
    assert fixed.ok


@pytest.mark.parametrize(
    ("body", "base"),
    [("self.camera.frame.scale(2)", "MovingCameraScene"), ("self.set_camera_orientation(phi=1)", "ThreeDScene")],
)
def test_scene_gets_the_camera_that_it_uses(body: str, base: str, index: ApiIndex) -> None:
    """A flat scene that moves its camera derives from the scene that can."""
    fixed = fix_source(scene(body), index=index)
    assert fixed.code == scene(body, base)
    assert fixed.ok


def test_frame_of_the_camera_has_one_name(index: ApiIndex) -> None:
    """Its old name is mended, and the scene gets the camera that has a frame."""
    fixed = fix_source(scene("self.camera_frame.scale(2)"), index=index)
    assert (fixed.code, fixed.ok) == (scene("self.camera.frame.scale(2)", "MovingCameraScene"), True)


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
