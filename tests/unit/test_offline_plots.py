"""Plots without a model: the parser of expressions, and what is drawn."""

from __future__ import annotations

import ast
import math
import re
from pathlib import Path

import pytest
from manimatic.codegen.offline import OfflineComposer
from manimatic.codegen.offline.curve import heights, pieces, sample
from manimatic.codegen.offline.evaluation import latex, numpy_source, value
from manimatic.codegen.offline.expression import BadExpression, parse
from manimatic.codegen.offline.ticks import axis, multiples_of_pi
from manimatic.errors import NoOfflineAnswer
from offline_support import compose, played


@pytest.fixture(scope="module")
def composer(tmp_path_factory: pytest.TempPathFactory) -> OfflineComposer:
    """Return a composer without recipes."""
    return OfflineComposer(Path(tmp_path_factory.mktemp("gallery")))


@pytest.mark.parametrize(
    ("text", "source", "tex"),
    [
        ("sin(x)/x", "np.sin(x) / x", r"\frac{\sin x}{x}"),
        ("2x", "2 * x", "2 x"),
        ("2(x+1)", "2 * (x + 1)", r"2 \left(x + 1\right)"),
        ("-x^2", "-x**2", "-x^{2}"),
        ("2^-x", "2**(-x)", "2^{-x}"),
        ("2^3^x", "2**3**x", "2^{3^{x}}"),
        ("x**3 - 3x", "x**3 - 3 * x", "x^{3} - 3 x"),
        ("e^(-x^2)", "np.exp(-x**2)", "e^{-x^{2}}"),
        ("sin 2x", "np.sin(2 * x)", r"\sin\left(2 x\right)"),
        ("sin^2(x)", "np.sin(x)**2", r"\sin^{2} x"),
        ("x sin x", "x * np.sin(x)", r"x \, \sin x"),
        ("√(x)", "np.sqrt(x)", r"\sqrt{x}"),
        ("|x - 1|", "abs(x - 1)", r"\left|x - 1\right|"),
        ("x²+πx", "x**2 + np.pi * x", r"x^{2} + \pi x"),
        ("arctan(x)", "np.arctan(x)", r"\arctan x"),
        ("ln(x)", "np.log(x)", r"\ln x"),
        ("log(x)", "np.log10(x)", r"\log_{10} x"),
        ("3-(2-x)", "3 - (2 - x)", r"3 - \left(2 - x\right)"),
        ("x/(2/3)", "x / (2 / 3)", r"\frac{x}{\frac{2}{3}}"),
        ("(2x)^2", "(2 * x)**2", r"\left(2 x\right)^{2}"),
        ("x squared plus 1", "x**2 + 1", "x^{2} + 1"),
        ("floor(x)", "np.floor(x)", r"\left\lfloor x \right\rfloor"),
        ("cbrt(x)", "np.cbrt(x)", r"\sqrt[3]{x}"),
    ],
)
def test_expression_is_written_as_numpy_and_as_latex(text: str, source: str, tex: str) -> None:
    """Both come from the tree, not from the text."""
    node = parse(text)
    assert numpy_source(node) == source
    assert latex(node) == tex
    ast.parse(numpy_source(node), mode="eval")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x+",
        "(x",
        "x)",
        "y",
        "sin",
        "x y",
        "import os",
        "__x__",
        "x" * 200,
        "(" * 60 + "x" + ")" * 60,
        "x=3",
        "f(x)",
        "2 3",
        "sin()",
        "x^^2",
        "1..2",
        "x!",
        "|x",
        "x;1",
        "2^" * 40 + "2",
        "lambda: x",
        "x[0]",
        "x.real",
        "os.system",
        "-(" * 40 + "x",
        "sin " * 29 + "x",
        "1e5x!",
        "x,x",
        "'x'",
        "x:x",
        "{x}",
        "$x",
        "x\x00",
    ],
)
def test_anything_else_is_no_expression(text: str) -> None:
    """Names, depth and length are bounded; no other error comes out."""
    with pytest.raises(BadExpression):
        parse(text)


@pytest.mark.parametrize(
    ("text", "x", "expected"),
    [
        ("x^2", 3, 9),
        ("1/x", 0, math.nan),
        ("sqrt(x)", -1, math.nan),
        ("ln(x)", 0, math.nan),
        ("9^9^9^9", 1, math.nan),
        ("x^0.5", -1, math.nan),
        ("exp(x)", 1000000000.0, math.nan),
        ("-2^2", 0, -4),
        ("asin(x)", 2, math.nan),
        ("|x|", -2, 2),
    ],
)
def test_value_is_a_number_or_nan(text: str, x: float, expected: float) -> None:
    """Undefined and overflowing values are nan."""
    assert value(parse(text), x) == pytest.approx(expected, nan_ok=True)


def test_tangent_is_cut_at_its_poles() -> None:
    """Four poles between −2π and 2π leave five pieces, none of which holds a pole."""
    found = pieces(math.tan, -6.28, 6.28, -10, 10)
    assert len(found) == 5
    poles = [-1.5 * math.pi, -0.5 * math.pi, 0.5 * math.pi, 1.5 * math.pi]
    assert not any(piece.start <= pole <= piece.end for piece in found for pole in poles)


def test_jump_is_found_to_a_hair() -> None:
    """The steps of floor are cut at the whole numbers."""
    found = pieces(lambda x: float(math.floor(x)), 0, 3, -1, 4)
    assert [round(piece.start) for piece in found] == [0, 1, 2]
    assert found[1].start == pytest.approx(1, abs=1e-3)


def test_steep_but_continuous_curve_stays_whole() -> None:
    """A steep rise is no jump."""
    assert len(pieces(lambda x: math.atan(200 * x), -5, 5, -2, 2)) == 1


def test_heights_leave_out_what_runs_away() -> None:
    """1/x near 0 does not flatten the rest; a parabola is shown whole."""
    low, high = heights(sample(lambda x: value(parse("1/x"), x), -5, 5))
    assert -10 < low < -1
    assert 1 < high < 10
    assert heights(sample(lambda x: x * x, -3, 3))[1] == pytest.approx(9)


def test_axis_has_round_numbers() -> None:
    """Ends and ticks are whole steps of 1, 2 or 5 times a power of ten, without the zero."""
    a = axis(-0.217, 1.0, 6)
    assert (a.low, a.high, a.step, a.places) == (-0.4, 1.0, 0.2, 1)
    assert 0 not in a.numbers


def test_multiples_of_pi_are_labelled_in_lowest_terms() -> None:
    """Halves and wholes of π."""
    _, labels = multiples_of_pi(-math.pi, 2 * math.pi, 8)
    assert labels[-0.5] == r"-\frac{\pi}{2}"
    assert labels[2.0] == r"2\pi"


@pytest.mark.parametrize(
    ("prompt", "sources"),
    [
        ("plot y = sin(x)/x from -10 to 10", ["np.sin(x) / x"]),
        ("plot y = x^2", ["x**2"]),
        ("plot sin(x) and cos(x) from 0 to 2pi", ["np.sin(x)", "np.cos(x)"]),
        ("plot x, x^2 and x^3 from -1 to 1", ["x", "x**2", "x**3"]),
        ("graph the function f(x) = x^3 - 3x", ["x**3 - 3 * x"]),
        ("draw the graph of y = 2x + 1", ["2 * x + 1"]),
        ("show a sine wave", ["np.sin(x)"]),
        ("a parabola", ["x**2"]),
        ("sketch y = tan x", ["np.tan(x)"]),
        ("plot |x| in green from -3 to 3", ["abs(x)"]),
        ("y = e^x", ["np.exp(x)"]),
        ("plot $y = x^2$", ["x**2"]),
        ("plot y = 1/x for x between -4 and 4", ["1 / x"]),
        ("plot floor(x) over [0, 4]", ["np.floor(x)"]),
        ("plot ln(x) for 0 < x < 5", ["np.log(x)"]),
        ("plot y = 5", ["5 + 0 * x"]),
        ("please plot y = x on a white background", ["x"]),
    ],
)
def test_plot_prompt_gives_its_functions(composer: OfflineComposer, prompt: str, sources: list[str]) -> None:
    """Each function of the prompt is defined once and drawn once, in a colour of its own."""
    code = compose(composer, prompt).code
    assert re.findall(r"return (.+)", code) == sources
    assert played(code) == ["Create", *["Create & Write"] * len(sources)]
    colours = re.findall(r"_label = MathTex\(.*color=(\w+)", code)
    assert len(set(colours)) == len(sources)


@pytest.mark.parametrize(
    "prompt",
    [
        "plot",
        "plot the stock market",
        "plot y = x^2 + z",
        "plot y^2 + x^2 = 1",
        "plot sqrt(-1-x^2)",
        "plot x from 5 to 1",
        "plot x from 0 to 0",
        "plot ln(x) from -5 to -1",
        "plot x from y to 3",
        "plot x from 1 to 9999999999",
        "plot sin(x) and cos(x) in red",
        "plot x from x to 2",
        "plot x, 2x, 3x, 4x, 5x, 6x",
        "plot sin(1/x) not x",
        "plot floor(20x) from 0 to 10",
        "plot exp(x) from 0 to 100",
        "plot y = x and a banana",
    ],
)
def test_plot_that_cannot_be_drawn_is_refused(composer: OfflineComposer, prompt: str) -> None:
    """A part that is no function, no range or no colour stops the plot."""
    with pytest.raises(NoOfflineAnswer):
        compose(composer, prompt)


def test_hole_of_a_function_is_not_evaluated(composer: OfflineComposer) -> None:
    """sin(x)/x is drawn in two pieces that leave out 0."""
    code = compose(composer, "plot y = sin(x)/x from -10 to 10").code
    (left_end, right_start) = re.search(r"f_pieces = \[\(-10, (\S+)\), \((\S+), 10\)\]", code).groups()  # type: ignore[union-attr]
    assert -0.01 < float(left_end) < 0 < float(right_start) < 0.01


def test_range_in_pi_gives_ticks_in_pi(composer: OfflineComposer) -> None:
    """From 0 to 2pi is labelled in parts of π."""
    assert r"\frac{\pi}{2}" in compose(composer, "plot cos(x) from 0 to 2pi").code


def test_duration_hint_lengthens_a_plot(composer: OfflineComposer) -> None:
    """Run times and waits add up to the hint."""
    code = compose(composer, "plot x^2", duration_hint_seconds=15.0).code
    assert sum(float(s) for s in re.findall(r"(?:run_time=|wait\()([\d.]+)", code)) == pytest.approx(15, abs=0.6)
