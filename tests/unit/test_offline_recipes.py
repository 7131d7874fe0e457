"""Recipes as offline answers: read strictly, matched narrowly, filled safely."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from manimatic.codegen.offline import OfflineComposer
from manimatic.codegen.offline.recipes import BadRecipe, load_recipes
from manimatic.errors import NoOfflineAnswer
from offline_support import RECIPE, SCENE, compose, write_recipe


@pytest.fixture(scope="module")
def composer(tmp_path_factory: pytest.TempPathFactory) -> OfflineComposer:
    """Return a composer with one recipe, of rain."""
    return OfflineComposer(write_recipe(tmp_path_factory.mktemp("gallery")))


def constant(code: str, name: str) -> object:
    """Return the value of a constant of a scene."""
    values = {n.targets[0].id: n.value for n in ast.parse(code).body if isinstance(n, ast.Assign)}  # type: ignore[attr-defined]
    return ast.literal_eval(values[name])


@pytest.mark.parametrize(
    ("prompt", "name", "expected"),
    [
        ("show falling rain drops", "COUNT", 5),
        ("show rain with 12 drops", "COUNT", 12),
        ("rain falling for 3.5 seconds", "SECONDS", 3.5),
        ("rain named 'Storm \\\\ {x}'", "NAME", "Storm \\\\ {x}"),
        ("rain in red", "COLOUR", "#FC6255"),
        ("rain drops in #abcdef", "COLOUR", "#ABCDEF"),
        ("long rain drops", "SHAPE", "long"),
        ("rain of sizes 3, 1 and 2", "VALUES", "3,1,2"),
        ("rain of sizes [7, 8, 9]", "VALUES", "7,8,9"),
    ],
)
def test_value_in_the_prompt_becomes_the_constant(
    composer: OfflineComposer, prompt: str, name: str, expected: object
) -> None:
    """The literal is replaced; every other line of the scene stays as it is."""
    code = compose(composer, prompt).code
    assert constant(code, name) == expected
    assert code.splitlines()[-4:] == SCENE.splitlines()[-4:]


@pytest.mark.parametrize(
    ("prompt", "named"),
    [
        ("rain with 500 drops", "1 to 20"),
        ("rain for 0.1 seconds", "0.5 to 9"),
        ("rain with 2.5 drops", "whole numbers"),
        ("rain of sizes 1, 2, 3, 4, 5, 6, 7, 8, 9", "2 to 8"),
        ("rain of sizes 1, 20000", "0 to 999"),
    ],
)
def test_value_out_of_its_range_is_refused_with_the_range(composer: OfflineComposer, prompt: str, named: str) -> None:
    """Nothing is clamped in silence."""
    with pytest.raises(NoOfflineAnswer, match=named):
        compose(composer, prompt)


@pytest.mark.parametrize(
    "prompt",
    [
        "falling drops",
        "rain without drops",
        "no rain",
        "not rain",
        "rain and 7 unicorns",
        "rain over the city of Rome",
        "rain in red and blue",
        "why do dogs hate rain",
        "rain with $x^2$",
        'rain "one" and "two"',
        "train drops",
    ],
)
def test_prompt_that_a_recipe_does_not_cover_is_refused(composer: OfflineComposer, prompt: str) -> None:
    """Negations, missing words, other topics and values without a parameter stop a recipe."""
    with pytest.raises(NoOfflineAnswer):
        compose(composer, prompt)


@pytest.mark.parametrize("prompt", ["rain and 7 birds", "rain of shape 12", "rain with a 2x2 grid"])
def test_number_that_only_a_listed_prompt_or_a_choice_holds_is_no_known_word(tmp_path: Path, prompt: str) -> None:
    """It is a value there, and stands for nothing elsewhere; a size such as 3x3 is a word."""
    toml = RECIPE.replace(
        '"rain", "drops of rain fall"', '"rain with 7 drops and birds in a 3x3 grid", "rain of shape"'
    )
    write_recipe(tmp_path, toml=toml.replace('"round", "long"]', '"round", "12-sided"]'))
    composer = OfflineComposer(tmp_path)
    assert compose(composer, "birds in a 3x3 grid of rain").title == "Falling dots"
    with pytest.raises(NoOfflineAnswer, match="no use for"):
        compose(composer, prompt)


def test_refusal_names_the_nearest_recipe_first(composer: OfflineComposer) -> None:
    """A recipe that shares words with the prompt is offered."""
    with pytest.raises(NoOfflineAnswer, match="Nearest recipes: “show falling rain drops”"):
        compose(composer, "explain why drops of mercury are round")


def test_explanation_holds_the_values(composer: OfflineComposer) -> None:
    """Names in braces become the values, given or usual."""
    assert compose(composer, "rain with 12 drops").explanation == "12 drops fall for 2 s."


def test_few_unknown_words_are_named_in_the_explanation(composer: OfflineComposer) -> None:
    """What is left out is said."""
    assert "softly" in compose(composer, "falling rain drops fall softly").explanation


def test_light_background_is_refused(composer: OfflineComposer) -> None:
    """Recipes are drawn for dark grounds."""
    with pytest.raises(NoOfflineAnswer, match="dark background"):
        compose(composer, "rain", background="#FFFFFF")


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('title = "Falling dots"', "", "title"),
        ('title = "Falling dots"', f'title = "{"x" * 61}"', "title"),
        ('topic = "physics"', 'topic = "magic"', "topic"),
        ('summary = "Dots fall."', 'summary = ""', "summary"),
        ('summary = "Dots fall."', 'summary = "Dots."\nauthor = "me"', "author"),
        ('"rain", "drops of rain fall"]', "]", "prompts"),
        ('keywords = ["rain", "drops", "falling", "named"]', "keywords = [1]", "keywords"),
        ('requires = [["rain", "raindrops"]]', "requires = [[]]", "requires"),
        ("{COUNT} drops", "{KOUNT} drops", "explanation"),
        ('type = "integer"', 'type = "float"', "parameters.COUNT.type"),
        ("default = 5", "default = 6", "parameters.COUNT.default"),
        ("default = 5", "default = 5.0", "parameters.COUNT.default"),
        ("minimum = 1\n", "", "parameters.COUNT.minimum"),
        ("maximum = 20", "maximum = 4", "parameters.COUNT.default"),
        ('help = "Number of drops."', "", "parameters.COUNT.help"),
        ('help = "Number of drops."', 'help = "x"\nunit = "m"', "parameters.COUNT.unit"),
        ('pattern = "{value} seconds"', 'pattern = "seconds"', "parameters.SECONDS.pattern"),
        ('pattern = "{value} seconds"', 'pattern = "({value} seconds"', "parameters.SECONDS.pattern"),
        ('choices = ["round", "long"]', 'choices = ["long"]', "parameters.SHAPE.default"),
        ('default = "#58C4DD"', 'default = "blue"', "parameters.COLOUR.default"),
        ("[parameters.NAME]", "[parameters.TITLE]", "parameters.TITLE"),
    ],
)
def test_wrong_field_of_a_recipe_is_named(tmp_path: Path, old: str, new: str, named: str) -> None:
    """The error names the file and the field."""
    assert old in RECIPE
    write_recipe(tmp_path, toml=RECIPE.replace(old, new))
    with pytest.raises(BadRecipe, match=rf"rain.*{named}"):
        load_recipes(tmp_path)


@pytest.mark.parametrize("scene", ["COUNT = ", "COUNT = int('5')\n"])
def test_scene_that_cannot_be_filled_is_named(tmp_path: Path, scene: str) -> None:
    """A scene has to parse, and its constants have to be literals."""
    write_recipe(tmp_path, scene=scene)
    with pytest.raises(BadRecipe, match="rain"):
        load_recipes(tmp_path)


def test_folder_without_recipe_toml_is_named(tmp_path: Path) -> None:
    """Half a recipe is an error, not a gap."""
    (tmp_path / "half").mkdir()
    with pytest.raises(BadRecipe, match="half"):
        load_recipes(tmp_path)


def test_installed_gallery_is_read_and_every_listed_prompt_answers() -> None:
    """Each recipe of the gallery answers each of its own prompts with its usual or the named values."""
    composer = OfflineComposer()
    gallery = Path(__file__).resolve().parents[2] / "examples"
    for recipe in load_recipes(gallery):
        for prompt in recipe.prompts:
            assert compose(composer, prompt).title == recipe.title
