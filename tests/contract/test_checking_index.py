"""The index of the API is that of the pinned Manim."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from manimatic.checking.api import ApiIndex, nearest
from manimatic.checking.ruledata import read_data
from source_tree import PACKAGES, ROOT


@pytest.fixture(scope="module")
def index() -> ApiIndex:
    """The index, read once."""
    return ApiIndex.load()


def test_index_is_that_of_the_installed_manim() -> None:
    """Made anew from the installed Manim, the index is what is committed."""
    command = [sys.executable, str(ROOT / "script/make_index.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr


def test_index_is_small() -> None:
    """The data is at most 400 kB."""
    files = list((PACKAGES["manimatic"] / "checking/data").iterdir())
    assert sum(path.stat().st_size for path in files) < 400_000


@pytest.mark.parametrize(
    ("kind", "word", "taken"),
    [
        ("Circle", "radius", True),
        ("Circle", "stroke_width", True),
        ("Circle", "z_index", True),
        ("Circle", "weight", False),
        ("Arrow", "path_arc", True),
        ("MathTex", "font_size", True),
        ("MathTex", "weight", False),
        ("FadeIn", "run_time", True),
        ("FadeIn", "speed", False),
        ("BarChart", "x_axis_config", True),
    ],
)
def test_keywords_are_followed_through_the_hierarchy(index: ApiIndex, kind: str, word: str, taken: bool) -> None:
    """A keyword is known where a constructor far up takes it, and nowhere else."""
    signature = index.constructor(kind)
    assert signature.words is not None
    assert (word in signature.by_name | signature.words) is taken


def test_results_of_methods_are_known(index: ApiIndex) -> None:
    """Methods that return themselves, points, numbers or new objects say so."""
    given = {name: index.method("Axes", name) for name in ("shift", "get_center", "plot")}
    results = {name: found.gives for name, found in given.items() if found}
    assert results == {"shift": "self", "get_center": "vec3", "plot": "ParametricFunction"}


def test_scenes_know_their_cameras(index: ApiIndex) -> None:
    """Each scene makes its own kind of camera."""
    cameras = [index.camera(name) for name in ("Scene", "MovingCameraScene", "ThreeDScene")]
    assert cameras == ["Camera", "MovingCamera", "ThreeDCamera"]


@pytest.mark.parametrize(("name", "found"), [("circle", "Circle"), ("Circel", "Circle"), ("Zxqwv", None)])
def test_nearest_name(index: ApiIndex, name: str, found: str | None) -> None:
    """The nearest name is the one that was meant, or none."""
    assert nearest(name, index.star) == found


def test_names_that_numpy_has_given_up_are_gone() -> None:
    """The installed numpy has none of them, and all that stand for them."""
    for name, use in read_data("other_manims.json")["numpy"].items():
        assert name not in dir(np), name
        if "np." in use:
            assert use.partition("np.")[2] in dir(np), use
