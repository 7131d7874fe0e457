"""What was found is said so that it can be mended, within the protocol's bounds."""

from __future__ import annotations

import pytest
from manimatic_worker.layout.report import Lasting
from manimatic_worker.layout.values import Sight
from manimatic_worker.layout.words import Called, called, finding
from manimatic_worker.protocol import LAYOUT_RULES, MAX_FINDING_CHARS, encode

DETAIL = {
    "inside": 0.5,
    "out": 1.25,
    "pixels": 3.5,
    "contrast": 1.21,
    "animation": "FadeIn",
    "characters": "你",
    "share": 0.2,
}


class Words:
    """A text as Manim has it, as far as it is called by its words."""

    def __init__(self, text: str) -> None:
        self.original_text = text


def call(key: int) -> Called:
    """Call two objects."""
    return {1: Called(name="title", line=3), 2: Called(name="axes", line=4)}[key]


def lasting(rule: str, *, key: int | None = 1, other: int | None = 2) -> Lasting:
    """Return a sight that lasted from 1.5 to 3.25 seconds."""
    box = (6.0, 1.0, 8.25, 2.0)
    return Lasting(Sight(rule=rule, key=key, other=other, box=box, other_box=box, detail=DETAIL), 1.5, 3.25, 9)


@pytest.mark.parametrize("rule", LAYOUT_RULES)
def test_every_rule_has_words(rule: str) -> None:
    """A message that names the object, and what to change; all of it goes over the wire."""
    told = finding(lasting(rule), call, width=14.0, height=8.0)
    assert (told.rule, told.start_s, told.end_s, told.play_line) == (rule, 1.5, 3.25, 9)
    assert (told.name, told.line, told.other_name, told.other_line) == ("title", 3, "axes", 4)
    assert "{" not in told.message + told.hint
    assert ("title" in told.message) is (rule != "empty_screen")
    encode(told)


def test_way_back_into_the_frame_is_named() -> None:
    """In Manim's words."""
    told = finding(lasting("off_frame"), call, width=14.0, height=8.0)
    assert told.message.startswith("title is partly outside of the frame, at x 6.0 to 8.2, y 1.0 to 2.0;")
    assert told.hint.startswith("Move it LEFT by at least 1.2")


def test_nothing_needs_an_object() -> None:
    """An empty screen has none."""
    told = finding(lasting("empty_screen", key=None, other=None), call, width=14.0, height=8.0)
    assert (told.name, told.other_name, told.message) == (None, None, "Nothing is on the screen for 1.8 seconds.")


def test_objects_are_called_by_name_and_words() -> None:
    """Both where they are known; long words are cut."""
    assert called(Words("Areas"), "title", 3) == Called(name="title ('Areas')", line=3)
    assert called(Words("Areas"), None, None).name == "Words 'Areas'"
    assert called(object.__new__(Words), "box", None).name == "box"
    assert len(called(Words("x" * 999), "title", 3).name) < 60


def test_endless_names_and_places_stay_within_the_protocol() -> None:
    """Whatever a scene calls its objects and wherever it puts them."""

    def long(_: int) -> Called:
        return Called(name="x" * 10_000, line=1)

    sight = Sight(rule="off_frame", key=1, box=(-1e300, 0.0, 1e300, 1.0), detail={"inside": 0.0, "out": 1e300})
    told = finding(Lasting(sight, -1.0, 2.0, None), long, width=14.0, height=8.0)
    assert len(told.message) <= MAX_FINDING_CHARS
    assert len(told.name or "") <= MAX_FINDING_CHARS
    assert (told.start_s, told.box[0]) == (0.0, -1e9)
    encode(told)
