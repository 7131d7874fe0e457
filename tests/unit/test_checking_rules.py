"""Every rule of the static checker finds what it is for, and leaves the good code beside it alone."""

from __future__ import annotations

import pytest
from checking_cases import CASES, GOOD, Case, scene, source
from manimatic.checking.api import ApiIndex
from manimatic.checking.check import check_source
from manimatic.diagnostics import CheckReport, Severity


@pytest.fixture(scope="module")
def index() -> ApiIndex:
    """The index, read once."""
    return ApiIndex.load()


def names(case: Case) -> str:
    """Return a test's name."""
    return f"{case.rule}-{case.bad.splitlines()[-1][:30]}"


def rules(report: CheckReport) -> list[str]:
    """Return the rules that spoke."""
    return [found.rule for found in report.diagnostics]


@pytest.mark.parametrize("case", CASES, ids=names)
def test_rule_finds_the_bad_and_not_the_good(case: Case, index: ApiIndex) -> None:
    """The bad lines are found under the rule's name; the good ones cause nothing."""
    assert case.rule in rules(check_source(source(case.bad), index=index))
    assert case.rule not in rules(good := check_source(source(case.good), index=index))
    assert good.ok, good.errors


def test_position_is_the_place_of_the_name(index: ApiIndex) -> None:
    """Lines and columns count from 1, in characters."""
    found = check_source(scene("x = 'ééé'; Circle().wiggle_about()"), index=index).errors[0]
    assert (found.line, found.column, found.end_line, found.end_column) == (6, 20, 6, 41)


def test_nearest_name_is_told(index: ApiIndex) -> None:
    """A misspelt name comes with the right one."""
    found = check_source(scene("self.add(Circel())"), index=index).errors[0]
    assert (found.nearest, found.hint) == ("Circle", "Did you mean Circle?")


def test_policy_decides_how_bad_unsafe_code_is(index: ApiIndex) -> None:
    """People get a warning, a model has to write it again."""
    code = "import socket\n" + scene("self.wait()")
    assert check_source(code, index=index).ok
    assert not check_source(code, index=index, policy=Severity.ERROR).ok


def test_installed_packages_are_known(index: ApiIndex) -> None:
    """What an operator has installed for scenes may be imported."""
    code = "import manim_voiceover\n" + scene("self.wait()")
    assert not check_source(code, index=index).ok
    assert check_source(code, index=index, packages=frozenset({"manim_voiceover"})).ok


UNKNOWN = {
    "another branch": "x = Circle() if self.renderer else 3\nx.anything_at_all()",
    "asked first": "x = Circle()\nif hasattr(x, 'wings'):\n    x.wings()",
    "tried": "try:\n    Circle().wings()\nexcept AttributeError:\n    pass",
    "set from outside": "x = Circle()\nx.wings = 3\nCircle().wings",
    "set by name": "x = Circle()\nx.set_wings(3)\nx.set(wings=3)",
    "rebound in a loop": "x = Circle()\nfor i in range(2):\n    y = x\n    x = make()\n    x = y if i else 3\n",
    "parameter": "def f(x):\n    return x.wings\nf(3)",
    "dictionary": "x = {'a': Circle()}\nx['a'].wings",
    "stars": "words = {'weight': 1}\nMathTex(**words)\nLine(*[LEFT, RIGHT])",
    "unreachable": "return\nCircle().wings()",
    "short circuit": "x = Circle()\nself.renderer and x.wings",
    "redefined": "def Circle(**words):\n    return 3\nCircle(wings=3)",
    "list of points in 2-D coordinates": "NumberPlane().c2p(1, 2)\nVector([1, 2])\nGraph([1, 2], [(1, 2)])",
    "nested function": "dots = []\ndef grow():\n    dots.append(Dot())\ngrow()\nself.add(*dots)",
    "given by others": "def f(p):\n    p.wings()\nf(Circle())\nself.renderer.later(f)",
    "given two things": "def f(p):\n    return p.wings\nf(Circle())\nf(self.renderer)",
    "given nothing": "def f(c=None):\n    if c:\n        self.play(c)\nf()\nf(None)",
    "asked for its size": "def f(p):\n    if len(p) == 2:\n        x, y = p\nf(UP)\nf([1, 2])",
    "two numbers": "def f(p):\n    x, y = p\n    return x + y\nf([1, 2])\nf(np.array([3, 4]))",
    "array that changes": "A = np.array([[1, 2], [3, 4]])\nfor i in range(2):\n    A @ A[:, 0]\n    A = self.renderer",
    "matrix of space": "np.identity(3) @ UP\nA = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1]])\nDot(A @ UP)",
    "points of a group": "def f(p):\n    x, y = p\nfor p in VGroup(Dot()).points:\n    f(p)",
    "target in a loop": "d = Dot()\nfor e in [d]:\n    e.generate_target()\nself.play(MoveToTarget(d))",
    "updater by its name": "d = Dot()\nd.add_updater(lambda m, dt: m)\nd.add_updater(lambda m: m)",
    "split maths": "MathTex(r'\\frac{', 'a', '}{b}')\nMathTex('a', '=', 'b', '^2')",
}


@pytest.mark.parametrize("body", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_nothing_is_said_of_what_cannot_be_known(body: str, index: ApiIndex) -> None:
    """Where a value may be anything, the checker is silent."""
    code = scene(body).replace("make()", "self.renderer")
    assert check_source(code, index=index).errors == ()


KNOWN = {
    "an attribute of the scene": "self.c = Circle()\nself.c.wings()",
    "a list that grew": "cs = []\nfor i in range(3):\n    cs.append(Circle())\nfor c in cs:\n    c.wings()",
    "pairs": "for i, c in enumerate([Circle(), Circle()]):\n    c.wings()",
    "zipped": "for a, b in zip([Circle()], [Dot()]):\n    b.wings()",
    "a comprehension": "cs = [Circle() for i in range(3)]\ncs[0].wings()",
    "unpacked": "a, b = Circle(), Dot()\nb.wings()",
    "a function of its own": "def make():\n    return Circle()\nmake().wings()",
    "its arity": "def make(a):\n    return Circle()\nmake(1, 2)",
    "a lambda": "c = Circle()\nd = always_redraw(lambda: Dot(c.wings()))",
    "the module by its name": "import manim as mn\nmn.Circle().wings()",
    "a method that gives another class": "Axes().plot(lambda x: x).wings()",
}


@pytest.mark.parametrize("body", KNOWN.values(), ids=KNOWN.keys())
def test_types_are_followed(body: str, index: ApiIndex) -> None:
    """What a name stands for is known through assignments, loops, calls and closures."""
    assert not check_source(scene(body), index=index).ok


def test_inner_names_of_manim_are_their_own(index: ApiIndex) -> None:
    """A class of an inner module is not the public one of the same name."""
    public = "from manim.mobject.geometry.polygram import Polygon\nPolygon().wings()\n"
    inner = "from manim.utils.polylabel import Polygon\nPolygon(3).inside(4)\n"
    assert not check_source(public + GOOD, index=index).ok
    assert check_source(inner + GOOD, index=index).ok


def test_own_classes_are_known(index: ApiIndex) -> None:
    """Classes of the source have their own methods, their parents' and nothing else."""
    code = "from manim import *\nclass Pair(VGroup):\n    def __init__(self, a, **words):\n"
    code += "        super().__init__(**words)\n        self.a = a\n    def both(self):\n        return self.a\n"
    good = code + scene("p = Pair(1)\np.both()\np.a\np.arrange(RIGHT)")
    assert check_source(good, index=index).ok
    for bad in ("Pair()", "Pair(1).neither()", "Pair(1, 2)"):
        assert not check_source(code + scene(bad), index=index).ok


def test_code_that_may_never_run_only_warns(index: ApiIndex) -> None:
    """A mistake in a function that nobody calls does not make the scene fail."""
    code = scene("self.wait()") + "    def never(self):\n        Circle().wings()\n"
    report = check_source(code, index=index)
    assert report.ok
    assert [found.severity for found in report.diagnostics] == [Severity.WARNING]


@pytest.mark.parametrize("code", ["def construct(self):\n    self.add(Circle())\n", "self.play(Create(Circle()))\n"])
def test_short_forms_are_scenes(code: str, index: ApiIndex) -> None:
    """A bare construct method and a bare body are accepted, as the worker accepts them."""
    assert check_source(code, index=index).ok
    assert not check_source(code.replace("Circle", "Circel"), index=index).ok
