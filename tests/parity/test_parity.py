"""fastmanim draws what Manim draws: a slice of the corpus. The whole of it: `script/bench parity`."""

from __future__ import annotations

from pathlib import Path

import pytest

from parity.comparing import compare
from parity.corpus import own_scenes
from parity.quality import MAX_LOSS_DB, losses

SLICE = (
    "changing-EveryCreation",
    "changing-Lagged",
    "changing-OwnMobject",
    "changing-Waits",
    "moving-AddedMidway",
    "moving-LongPlay",
    "moving-LongUpdater",
    "moving-Redrawn",
    "moving-WaitUntil",
    "things-Formulas",
    "things-Pictures",
    "views-Captions",
    "views-Curved",
    "views-FailsInUpdater",
    "views-MovingFrame",
    "views-Patches",
    "views-ReadsPixels",
    "views-Sections",
    "views-Threaded",
    "views-WrongColour",
    "views-Zoomed",
)


@pytest.mark.timeout(400)
def test_slice_of_the_corpus_is_drawn_alike(tmp_path: Path) -> None:
    """Every frame, on one process and on two; moments, sections, sounds, captions, random numbers, failures."""
    scenes = [scene for scene in own_scenes() if scene.name in SLICE]
    assert len(scenes) == len(SLICE)
    assert compare(scenes, tmp_path, processes=(1, 2)) == {}


def test_corpus_is_as_large_as_it_is_said_to_be() -> None:
    """Sixty scenes of our own at least, each name once."""
    names = [scene.name for scene in own_scenes()]
    assert len(names) == len(set(names)) >= 60


def test_pictures_are_as_near_to_their_source_as_manims(tmp_path: Path) -> None:
    """Each within half a decibel of what Manim's own video makes of it."""
    scenes = [scene for scene in own_scenes() if scene.name in {"changing-EveryFade", "moving-Redrawn", "views-Curved"}]
    found = losses(scenes, tmp_path)
    assert len(found) == 3
    assert max(loss for scene in found.values() for loss in scene) <= MAX_LOSS_DB
