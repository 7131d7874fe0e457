"""Quadratic equations are found in prompts and read to the last sign."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from manimatic.codegen.offline import OfflineComposer
from manimatic.codegen.offline.quadratics import SHAPE, coefficients
from manimatic.codegen.offline.recipes import BadRecipe, load_recipes
from manimatic.errors import NoOfflineAnswer
from offline_support import compose, write_recipe

QUADRATIC = """title = "Roots"
topic = "algebra"
summary = "Roots."
explanation = "{EQUATION}"
prompts = ["roots", "roots of a parabola", "solve x^2 - 5x + 6 = 0"]
keywords = ["roots", "solve", "0"]
requires = [["roots", "solve"]]

[parameters.EQUATION]
type = "quadratic"
default = "1,-2,-3"
least = [0.5, -9, -9]
most = [3, 9, 9]
help = "Coefficients."
"""
SCENE = 'from manim import *\n\nEQUATION = "1,-2,-3"\n\n\nclass A(Scene):\n    pass\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x^2 - 5x + 6 = 0", (1, -5, 6)),
        ("x²−2x−3=0", (1, -2, -3)),
        ("2 x squared + 0.5 x", (2, 0.5, 0)),
        ("-x^2 + x - 1", (-1, 1, -1)),
        ("x^2 + 6x = 7", (1, 6, -7)),
        ("x^2 = -4", (1, 0, 4)),
        ("x^2 - 9", (1, 0, -9)),
    ],
)
def test_equation_is_read_with_everything_on_its_left_side(text: str, expected: tuple[float, ...]) -> None:
    """Spaces, missing coefficients and missing terms do not matter."""
    found = re.fullmatch(SHAPE, text)
    assert found is not None
    assert coefficients(found[0]) == expected


@pytest.fixture(scope="module")
def composer(tmp_path_factory: pytest.TempPathFactory) -> OfflineComposer:
    """Return a composer with one recipe, of roots."""
    return OfflineComposer(write_recipe(tmp_path_factory.mktemp("gallery"), toml=QUADRATIC, scene=SCENE, name="roots"))


@pytest.mark.parametrize(
    ("prompt", "filled"),
    [
        ("roots", "1,-2,-3"),
        ("solve x^2 - 5x + 6 = 0", "1,-5,6"),
        ("solve x^2 + 5x + 6 = 0", "1,5,6"),
        ("solve x^2 + 3x = 4 please", "1,3,-4"),
        ("roots of x² - x", "1,-1,0"),
    ],
)
def test_equation_of_the_prompt_becomes_the_constant(composer: OfflineComposer, prompt: str, filled: str) -> None:
    """Also where the prompt has the very words of a listed one and other signs."""
    assert f'EQUATION = "{filled}"' in compose(composer, prompt).code


@pytest.mark.parametrize(
    "prompt",
    [
        "solve 20x^2 - 5x + 6 = 0",
        "solve -x^2 + 1 = 0",
        "solve x^2 - 5x + 6 = 7x",
        "solve x^2 - 5x + 6 + 8",
        "solve x^2 - 2/3 = 0",
        "solve x^2 + 2y^2 = 0",
        "solve 3x = 6",
        "solve x^2 * 4 = 0",
    ],
)
def test_equation_that_is_not_wholly_read_is_refused(composer: OfflineComposer, prompt: str) -> None:
    """And so is one whose coefficients are out of their ranges."""
    with pytest.raises(NoOfflineAnswer):
        compose(composer, prompt)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("least = [0.5, -9, -9]\n", "", "least"),
        ("most = [3, 9, 9]", "most = [3, 9]", "most"),
        ("most = [3, 9, 9]", 'most = [3, 9, "x"]', "most"),
        ("most = [3, 9, 9]", "most = [3, -3, 9]", "default"),
        ('default = "1,-2,-3"', 'default = "1,x,-3"', "default"),
    ],
)
def test_wrong_limits_of_a_quadratic_are_named(tmp_path: Path, old: str, new: str, named: str) -> None:
    """The error names the field."""
    scene = SCENE.replace("1,-2,-3", "1,x,-3") if "x,-3" in new else SCENE
    write_recipe(tmp_path, toml=QUADRATIC.replace(old, new), scene=scene, name="roots")
    with pytest.raises(BadRecipe, match=rf"parameters.EQUATION.{named}"):
        load_recipes(tmp_path)
