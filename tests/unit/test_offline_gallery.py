"""Which recipe answers which prompt: near neighbours are told apart, and what is none of them is refused."""

from __future__ import annotations

import contextlib

import pytest
from manimatic.codegen.offline.lexicon import load_lexicon
from manimatic.codegen.offline.matching import Gallery, Match
from manimatic.codegen.offline.recipes import Recipe, load_recipes
from manimatic.codegen.offline.tokens import NotUnderstood, Unsuitable
from source_tree import ROOT

RECIPES = load_recipes(ROOT / "examples")


@pytest.fixture(scope="module")
def gallery() -> Gallery:
    """Return the real gallery."""
    return Gallery(RECIPES, load_lexicon())


def answer(gallery: Gallery, prompt: str) -> Match | None:
    """Return what answers a prompt that no recipe lists, or None where it is refused."""
    with contextlib.suppress(NotUnderstood, Unsuitable):
        return gallery.best(prompt)
    return None


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.id)
def test_listed_prompt_in_other_words_is_answered_by_no_other_recipe(gallery: Gallery, recipe: Recipe) -> None:
    """What a prompt means is not left to chance where it is not the very one that is listed."""
    for prompt in recipe.prompts:
        match = answer(gallery, f"please make a short video: {prompt}")
        assert match is None or match.recipe is recipe, (prompt, match.recipe.id if match else None)


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("how does vector addition work", "vector_addition"),
        ("what is the dot product", "dot_product"),
        ("area of a parallelogram by the determinant", "determinant_area"),
        ("how does a 2x2 matrix transform the plane", "matrix_transform"),
        ("explain the unit circle", "unit_circle"),
        ("unit circle tracing a sine wave", "sine_from_circle"),
        ("how does the cosine rule work", "law_of_cosines"),
        ("area function of a line", "area_function"),
        ("show the area under a parabola", "riemann_sum"),
        ("newton's method for the square root of 7", "newton_method"),
        ("what is the derivative of sine", "derivative_tangent"),
        ("zeros of the parabola x^2 - 4", "quadratic_formula"),
        ("complete the square for x^2 + 8x = 20", "complete_the_square"),
        ("prove that a squared plus b squared equals c squared", "pythagoras"),
        ("geometric series with ratio 2/3", "geometric_series"),
        ("taylor series of cosine", "taylor_series"),
        ("binomial distribution with 8 rows of pins", "galton_board"),
        ("bell curve of a normal distribution", "normal_distribution"),
        ("what is conditional probability", "bayes_areas"),
        ("law of large numbers with coins", "coin_flips"),
        ("epsilon and delta of a limit", "epsilon_delta"),
    ],
)
def test_neighbours_are_told_apart(gallery: Gallery, prompt: str, expected: str) -> None:
    """Prompts of people that no recipe lists."""
    match = answer(gallery, prompt)
    assert match is not None
    assert match.recipe.id == expected


@pytest.mark.parametrize(
    "prompt",
    [
        "dot product of (1, 2, 3) and (3, 4, 5)",
        "cross product of two vectors",
        "geometric series with ratio 1/8",
        "geometric series with ratio 2/5",
        "arithmetic series",
        "newton's laws of motion",
        "binomial theorem",
        "sin 37 degrees",
        "exact value of sin 31",
        "solve 2x + 3 = 7",
        "solve x^3 - 1 = 0",
        "solve x^2 - 5x + 6 = 7x",
        "law of sines",
        "determinant of a 3x3 matrix as a volume",
        "eigenvectors of a 3x3 matrix",
        "limit of my credit card",
        "the speed limit on a motorway",
        "the galton family tree",
        "newton's method for the cube root of 7",
        "fundamental theorem of algebra",
        "a positive test result for a drug in the workplace of a football club",
    ],
)
def test_what_is_none_of_them_is_refused(gallery: Gallery, prompt: str) -> None:
    """Words that a recipe shares do not make it an answer."""
    match = answer(gallery, prompt)
    assert match is None, match.recipe.id if match else None


@pytest.mark.parametrize(
    ("prompt", "values"),
    [
        ("add the vectors (1, 2) and (-3, 1)", {"UX": 1.0, "UY": 2.0, "VX": -3.0, "VY": 1.0}),
        ("dot product of the vectors (2, -1) and (1, 3)", {"UX": 2.0, "UY": -1.0, "VX": 1.0, "VY": 3.0}),
        ("dot product of (1, 2) and (3, 4)", {"UX": 1.0, "UY": 2.0, "VX": 3.0, "VY": 4.0}),
        ("law of cosines with sides 3 and 5 and an angle of 90 degrees", {"SIDE_A": 3.0, "SIDE_B": 5.0, "ANGLE": 90.0}),
        ("sine and cosine of 210 degrees", {"ANGLE": "210"}),
        ("square root of 7 by newton's method starting at 6", {"NUMBER": 7.0, "START": 6.0}),
        ("geometric series with ratio 3/4", {"RATIO": "3/4"}),
        ("galton board with 8 rows and 200 balls", {"ROWS": 8, "BALLS": 200}),
        ("bayes theorem for a disease of 2 percent", {"ILL": 2.0}),
        ("epsilon delta with epsilon 0.4", {"EPSILON": 0.4}),
        ("determinant of the matrix 2 1 -1 3 as an area", {"A": 2.0, "B": 1.0, "C": -1.0, "D": 3.0}),
        ("area function of a parabola", {"FUNCTION": "parabola"}),
    ],
)
def test_values_of_the_prompt_reach_the_recipe(gallery: Gallery, prompt: str, values: dict[str, object]) -> None:
    """All of them, and no other."""
    match = answer(gallery, prompt)
    assert match is not None
    assert match.filling.values == values
