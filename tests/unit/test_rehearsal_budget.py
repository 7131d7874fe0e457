"""How long a rehearsal may take, who is blamed for more, and what one that is cut off leaves."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from manimatic.rehearsal import Rehearse
from manimatic_worker.rehearsal.budget import BUDGETS
from manimatic_worker.rehearsal.leftovers import remove_unfinished

SVG = "<svg>\n<path/>\n</svg>\n"


def test_every_rehearsal_that_can_be_asked_for_has_a_budget() -> None:
    """Under the name that goes over the wire."""
    assert set(BUDGETS) == {mode.value for mode in Rehearse} - {"no"}


@pytest.mark.parametrize(
    ("mode", "limit_s", "may_take_s"),
    [
        (Rehearse.FIRST, 300.0, 150.0),
        (Rehearse.FIRST, None, 120.0),
        (Rehearse.ONLY, 60.0, 30.0),
        (Rehearse.BRIEFLY, 300.0, 3.0),
        (Rehearse.BRIEFLY, 15.0, 1.5),
        (Rehearse.BRIEFLY, None, 3.0),
    ],
)
def test_rehearsal_takes_its_share_and_no_more_than_its_bound(
    mode: Rehearse, limit_s: float | None, may_take_s: float
) -> None:
    """Whoever waits for the video waits for seconds, however long the run may take."""
    assert BUDGETS[mode].seconds(limit_s) == may_take_s


@pytest.mark.parametrize(
    ("mode", "busy_s", "is_blamed"),
    [
        (Rehearse.FIRST, 10.0, True),
        (Rehearse.FIRST, 1.0, False),
        (Rehearse.ONLY, 0.0, True),
        (Rehearse.BRIEFLY, 10.0, False),
    ],
)
def test_scene_is_blamed_for_the_time_where_someone_is_to_mend_it(
    mode: Rehearse, busy_s: float, is_blamed: bool
) -> None:
    """Unless it could not compute, and the render is still to come."""
    assert BUDGETS[mode].blames(10.0, busy_s) is is_blamed


def test_only_whole_pictures_are_left_for_the_render(tmp_path: Path) -> None:
    """Manim would take half a formula for the whole, and its sources for compiled."""
    (tmp_path / "Tex").mkdir()
    names = {"whole.svg": SVG, "half.svg": SVG[:9], "empty.svg": "", "a.dvi": "x", "a.tex": "x"}
    for name, text in names.items():
        (tmp_path / "Tex" / name).write_text(text)
    os.mkfifo(tmp_path / "pipe.svg")
    (tmp_path / "lost.svg").symlink_to("nowhere")
    remove_unfinished(tmp_path)
    remove_unfinished(tmp_path / "none")
    assert [path.name for path in (tmp_path / "Tex").iterdir()] == ["whole.svg"]
