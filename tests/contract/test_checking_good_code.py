"""Code that is known to be good is not refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from manim_examples import manim_examples
from manimatic.checking.api import ApiIndex
from manimatic.checking.check import check_source
from manimatic.checking.fixing import fix_source
from source_tree import PACKAGES, ROOT

RECIPES = sorted(PACKAGES["manimatic"].glob("examples/*/*.py"))


@pytest.fixture(scope="module")
def index() -> ApiIndex:
    """The index, read once."""
    return ApiIndex.load()


def test_no_example_of_manim_is_refused(index: ApiIndex) -> None:
    """All the examples in Manim's docstrings pass: no false alarm."""
    examples = dict(manim_examples())
    assert len(examples) > 300
    refused = {
        name: report.errors for name, code in examples.items() if not (report := check_source(code, index=index)).ok
    }
    assert refused == {}


def test_no_example_of_manim_is_made_poorer(index: ApiIndex) -> None:
    """Fixes leave good code alone, but where a Group is safer and where a picture would be no video."""
    for name, code in manim_examples():
        applied = {one.rule for one in fix_source(code, index=index).applied}
        assert applied <= {"group-of-everything", "no-animation"}, name


@pytest.mark.parametrize(
    "path", sorted(PACKAGES["manimatic"].glob("examples/*/*.py")), ids=lambda path: path.parent.name
)
def test_no_recipe_of_the_gallery_is_refused(path: Path, index: ApiIndex) -> None:
    """The offline answers are clean."""
    assert check_source(path.read_text(encoding="utf-8"), index=index).errors == ()


@pytest.mark.parametrize("path", sorted((ROOT / "tests/scenes").glob("ok_*.py")), ids=lambda path: path.stem)
def test_no_good_scene_of_the_zoo_is_refused(path: Path, index: ApiIndex) -> None:
    """What renders in the sandbox's tests passes."""
    assert check_source(path.read_text(encoding="utf-8"), index=index).errors == ()
