"""What the rewrites make of the test cases runs in the pinned Manim: every case in one process, drawing nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from checking_cases import scene
from manim_quietly import manim
from rewrite_cases import REWRITTEN

SMALL = {
    "dry_run": True,
    "pixel_width": 32,
    "pixel_height": 18,
    "frame_rate": 1,
    "disable_caching": True,
    "progress_bar": "none",
    "verbosity": "ERROR",
}


@pytest.mark.parametrize("good", [good for _, good in REWRITTEN.values()], ids=REWRITTEN.keys())
def test_what_is_rewritten_runs(good: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A rewrite that Manim does not take would be no mend; formulas are set once for all cases."""
    media: Path = tmp_path_factory.getbasetemp() / "media"
    names: dict[str, object] = {"__name__": "scene"}
    exec(compile(scene(good), "scene.py", "exec"), names)  # noqa: S102
    with manim.tempconfig({**SMALL, "media_dir": str(media)}):
        example = names["Example"]
        assert isinstance(example, type)
        example().render()
