"""The rules of the layout report, on pictures that are made by hand."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from manimatic_worker.layout import rules
from manimatic_worker.layout.report import EMPTY_S, Report
from manimatic_worker.layout.values import Shape, Text, View

WHITE, BLACK, NONE = (1.0, 1.0, 1.0, 1.0), (0.0, 0.0, 0.0, 1.0), (0.0, 0.0, 0.0, 0.0)
BLUE = (0.35, 0.77, 0.87, 1.0)


def text(key: int, x: float, y: float, *, letters: int = 6, size: float = 0.3, **fields: Any) -> Text:
    """Write some letters side by side, their middle at this place."""
    step = size * 1.2
    left = x - step * letters / 2
    glyphs = np.array([[left + step * n, y - size / 2, left + step * n + size, y + size / 2] for n in range(letters)])
    box = (float(glyphs[0, 0]), y - size / 2, float(glyphs[-1, 2]), y + size / 2)
    values = {"order": key, "colour": WHITE, "glyph_height": size}
    return Text(key=key, glyphs=glyphs, box=box, **{**values, **fields})


def path(*corners: tuple[float, float]) -> np.ndarray:
    """Draw straight pieces as cubic curves, as Manim has them."""
    points = np.array(corners, dtype=float)
    pieces = [
        start + (end - start) * share for start, end in itertools.pairwise(points) for share in (0, 1 / 3, 2 / 3, 1)
    ]
    return np.array(pieces)


def shape(key: int, *corners: tuple[float, float], **fields: Any) -> Shape:
    """Draw a line along these corners."""
    points = np.array(corners, dtype=float)
    box = (*(float(side) for side in points.min(axis=0)), *(float(side) for side in points.max(axis=0)))
    values = {"owner": key, "kind": "Polygram", "order": key, "fill": NONE, "stroke": WHITE, "stroke_width": 4.0}
    return Shape(key=key, box=box, path=path(*corners), **{**values, **fields})


def square(key: int, x: float, y: float, side: float, **fields: Any) -> Shape:
    """Draw a square about this place."""
    a = side / 2
    return shape(key, (x - a, y - a), (x + a, y - a), (x + a, y + a), (x - a, y + a), (x - a, y - a), **fields)


def view(*items: Text | Shape, **fields: Any) -> View:
    """Put a picture together, 14 by 8 units, at 480 lines."""
    values = {"width": 14.0, "height": 8.0, "pixels_per_unit": 60.0, "ground": BLACK, "at_s": 0.5, "lasts_s": 1.0}
    texts = tuple(item for item in items if isinstance(item, Text))
    shapes = tuple(item for item in items if isinstance(item, Shape))
    return View(texts=texts, shapes=shapes, **{**values, **fields})


def found(*items: Text | Shape, seconds: float = 1.0, **fields: Any) -> list[tuple[str, int | None, int | None]]:
    """Return rule and keys of what a report of this one picture finds."""
    report = Report()
    report.add(view(*items, lasts_s=seconds, **fields))
    return [(one.sight.rule, one.sight.key, one.sight.other) for one in report.findings()]


# ---------------------------------------------------------------- off the frame


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [(0, 0, False), (5.8, 0, False), (6.5, 0, True), (20, 0, True), (0, 3.84, False), (0, 3.95, True), (-7, -4, True)],
)
def test_text_off_the_frame_is_found_in_every_direction(x: float, y: float, expected: bool) -> None:
    """By a little or whole; at the very edge it is still on."""
    assert (("off_frame", 1, None) in found(text(1, x, y))) is expected


@pytest.mark.parametrize(
    ("x", "side", "expected"), [(6.0, 2.0, False), (6.9, 2.0, True), (30.0, 2.0, True), (5.0, 12.0, False)]
)
def test_shape_off_the_frame_is_found_unless_it_is_a_backdrop(x: float, side: float, expected: bool) -> None:
    """A square of nearly the frame's size may reach beyond it."""
    assert (("off_frame", 1, None) in found(square(1, x, 0, side))) is expected


@pytest.mark.parametrize("kind", ["NumberPlane", "TracedPath", "ParametricFunction"])
def test_what_stretches_by_its_nature_may_leave_the_frame(kind: str) -> None:
    """Grids and curves."""
    assert found(shape(1, (0, 0), (6, 7.5)), text(2, 0, -3)) != []
    assert found(shape(1, (0, 0), (6, 7.5), part_of=frozenset({kind})), text(2, 0, -3)) == []


def test_what_flies_or_fades_may_be_anywhere() -> None:
    """Animations bring things in from outside."""
    assert found(text(1, 20, 0, flying=True), square(2, 20, 0, 1, flying=True), text(3, 0, 0)) == []
    assert found(text(1, 20, 0, colour=(1, 1, 1, 0.2)), text(3, 0, 0)) == []


def test_what_comes_in_or_leaves_whole_is_not_told() -> None:
    """It was, or will be, where it can be seen; it moves before everybody's eyes, or an updater drives it."""
    for how in ({"flying": True}, {"driven": True}):
        report = Report()
        for x, moves in ((20.0, {}), (10.0, how), (0.0, {}), (-3.0, how), (-20.0, {})):
            moves = how if "driven" in how else moves
            report.add(view(text(1, x, 0, **moves), square(2, x, 2, 1, **moves), text(3, 0, -3)))
        assert report.findings() == []


def test_what_is_suddenly_outside_is_told() -> None:
    """Nobody takes something away like that; a camera that moves does."""
    for fields, expected in (({}, [1, 2]), ({"is_zoomed": True}, [])):
        report = Report()
        for x in (0.0, 20.0):
            report.add(view(text(1, x, 0), square(2, x, 2, 1), text(3, 0, -3), **fields))
        assert sorted(one.sight.key or 0 for one in report.findings()) == expected


def test_camera_that_looks_at_a_part_cuts_through_things() -> None:
    """Only what it can never have seen is told."""
    assert found(text(1, 6.9, 0), text(2, 0, 0), is_zoomed=True) == []
    assert found(text(1, 20, 0), text(2, 0, 0), is_zoomed=True) == [("off_frame", 1, None)]


# ---------------------------------------------------------------- texts


def test_text_over_text_names_the_later_one_first() -> None:
    """It is the one to move."""
    assert found(text(1, 0, 0), text(2, 0.4, 0.1)) == [("text_over_text", 2, 1)]


@pytest.mark.parametrize("dy", [0.0, 0.1, 0.2])
def test_texts_that_overlap_in_part_are_found(dy: float) -> None:
    """Also where only some letters meet."""
    assert found(text(1, 0, 0), text(2, 1.7, dy, size=0.31)) == [("text_over_text", 2, 1)]


@pytest.mark.parametrize(("dx", "dy"), [(2.3, 0), (0, 0.35), (0, 0.32)])
def test_texts_that_stand_close_are_fine(dx: float, dy: float) -> None:
    """Lines of a paragraph, words of a sentence."""
    assert found(text(1, 0, 0), text(2, dx, dy)) == []


def test_letters_drawn_twice_are_one_text() -> None:
    """A part that is highlighted lies exactly on its original."""
    assert found(text(1, 0, 0), text(2, 0, 0, colour=BLUE)) == []


def test_copy_of_a_text_may_lie_on_its_original() -> None:
    """A copy about to leave."""
    assert found(text(1, 0, 0, writing=7), text(2, 0.05, 0.05, writing=7)) == []


def test_ghosts_and_what_flies_may_lie_on_texts() -> None:
    """Faint texts are left overs on purpose; transforms pass over each other."""
    assert found(text(1, 0, 0), text(2, 0.4, 0, colour=(1, 1, 1, 0.3))) == []
    assert found(text(1, 0, 0), text(2, 0.4, 0, flying=True)) == []


def test_what_lasts_for_a_moment_is_not_told() -> None:
    """An exchange of two texts overlaps for a frame or two."""
    assert found(text(1, 0, 0), text(2, 0.4, 0), seconds=0.2) == []
    report = Report()
    for at in (0.1, 0.3, 0.5):
        report.add(view(text(1, 0, 0), text(2, 0.4, 0), at_s=at, lasts_s=0.2))
    (told,) = report.findings()
    assert (round(told.start_s, 3), round(told.end_s, 3), round(told.seconds, 3)) == (0.0, 0.6, 0.6)


# ---------------------------------------------------------------- texts and shapes


def test_label_in_its_shape_and_beside_it_is_fine() -> None:
    """The composition that everybody makes."""
    assert found(square(1, 0, 0, 3), text(2, 0, 0), text(3, 0, 1.8)) == []
    assert found(square(1, 0, 0, 3, fill=BLUE), text(2, 0, 0, colour=BLACK)) == []


def test_line_through_a_text_is_found() -> None:
    """A curve, an axis, an arrow; along the text or across it."""
    assert found(shape(1, (-5, -0.05), (5, 0.05)), text(2, 0, 0)) == [("text_over_shape", 2, 1)]
    assert found(shape(1, (0.2, -3), (0.2, 3)), text(2, 0, 0)) == [("text_over_shape", 2, 1)]
    assert found(shape(1, (0.9, -3), (0.9, 3)), text(2, 0, 0)) == []


def test_text_across_the_edge_of_a_shape_is_found() -> None:
    """Half in, half out."""
    assert found(square(1, 0, 0, 3), text(2, 1.5, 0)) == [("text_over_shape", 2, 1)]


@pytest.mark.parametrize("kind", ["NumberPlane", "Brace", "Underline", "SurroundingRectangle", "Cross"])
def test_what_is_put_on_texts_on_purpose_is_fine(kind: str) -> None:
    """By its class."""
    assert found(shape(1, (-5, -0.05), (5, 0.05), part_of=frozenset({kind})), text(2, 0, 0)) == []


def test_numbers_on_axes_may_touch_what_is_drawn_there() -> None:
    """A graph passes over them."""
    assert found(shape(1, (-3, -1), (3, 1)), text(2, 0, 0, part_of=frozenset({"NumberLine", "Axes"}))) == []


def test_line_that_strikes_a_text_out_is_fine() -> None:
    """As long as the text, through its middle."""
    assert found(shape(3, (-1.1, -0.05), (1.1, 0.05), kind="Line"), text(2, 0, 0)) == []


def test_text_with_a_ground_or_a_rim_stands_out_from_lines() -> None:
    """A filled rectangle between the two, or a stroke about the letters."""
    line = shape(1, (-5, -0.05), (5, 0.05))
    assert found(line, square(2, 0, 0, 3, fill=BLACK, stroke=NONE), text(3, 0, 0)) == []
    assert found(line, text(3, 0, 0, rim=BLACK)) == []
    assert found(shape(4, (-5, -0.05), (5, 0.05)), text(3, 0, 0, rim=BLACK)) != []


def test_thin_faint_or_distant_lines_are_fine() -> None:
    """They do not disturb reading."""
    line = ((-5, -0.05), (5, 0.05))
    assert found(shape(1, *line, stroke=(1, 1, 1, 0.3)), text(2, 0, 0)) == []
    assert found(shape(1, *line, stroke_width=0.5), text(2, 0, 0)) == []
    assert found(shape(1, (-5, -0.4), (5, -0.4)), text(2, 0, 0)) == []


def test_shapes_in_perspective_are_left_alone() -> None:
    """What lies before what is not known here."""
    assert found(shape(1, (-5, -0.05), (5, 0.05)), text(2, 0, 0), is_flat=False) == []


def test_text_behind_a_filling_is_found() -> None:
    """Drawn before what covers it."""
    assert found(square(2, 0, 0, 3, fill=BLUE), text(1, 0, 0)) == [("text_hidden", 1, 2)]
    assert found(square(2, 0, 0, 3, fill=(0.3, 0.7, 0.8, 0.4)), text(1, 0, 0)) == []
    assert found(square(2, 0, 0, 3, fill=BLUE, flying=True), text(1, 0, 0)) == []


# ---------------------------------------------------------------- reading


@pytest.mark.parametrize(("size", "expected"), [(0.2, False), (0.09, False), (0.07, True), (0.02, True)])
def test_letters_of_few_pixels_are_too_small(size: float, expected: bool) -> None:
    """Five pixels are the least."""
    assert (("too_small", 1, None) in found(text(1, 0, 0, size=size))) is expected


def test_text_is_judged_at_its_largest_and_clearest() -> None:
    """It shrinks or fades once it has been read."""
    report = Report()
    report.add(view(text(1, 0, 0, size=0.3)))
    report.add(view(text(1, 0, 0, size=0.02, colour=(0.1, 0.1, 0.1, 1.0))))
    assert report.findings() == []


@pytest.mark.parametrize(
    ("colour", "ground", "expected"),
    [
        (WHITE, BLACK, False),
        ((0.53, 0.53, 0.53, 1), BLACK, False),
        ((0.15, 0.15, 0.15, 1), BLACK, True),
        (WHITE, (0.98, 0.98, 0.95, 1), True),
        (BLACK, WHITE, False),
    ],
)
def test_contrast_with_the_ground_is_measured(colour: Any, ground: Any, expected: bool) -> None:
    """Dark on dark and light on light."""
    assert (("low_contrast", 1, None) in found(text(1, 0, 0, colour=colour), ground=ground)) is expected


def test_contrast_is_with_what_lies_behind() -> None:
    """Black on a white shape is fine, white on it is not; a rim or a picture behind settles it."""
    sheet = square(1, 0, 0, 4, fill=WHITE)
    assert found(sheet, text(2, 0, 0, colour=BLACK)) == []
    assert found(sheet, text(2, 0, 0)) == [("low_contrast", 2, None)]
    assert found(sheet, text(2, 0, 0, rim=BLACK)) == []
    assert found(square(1, 0, 0, 4, fill=NONE, is_image=True), text(2, 0, 0, colour=BLACK)) == []


def test_characters_without_a_font_are_told() -> None:
    """With the characters."""
    report = Report()
    report.add(view(text(1, 0, 0, missing="你 好")))
    assert [one.sight.detail for one in report.findings()] == [{"characters": "你 好"}]


def test_text_that_an_animation_shows_in_vain_is_told() -> None:
    """Its opacity is 0 and stays so; a helper that nobody shows is fine, and so is what is seen later."""
    assert found(text(9, 0, 0), unseen={1: "FadeIn", 2: None, 3: "FadeOut"}) == [("never_visible", 1, None)]
    report = Report()
    report.add(view(unseen={1: "FadeIn"}))
    report.add(view(text(1, 0, 0)))
    assert report.findings() == []


def test_empty_screen_is_told_when_it_lasts() -> None:
    """Over several plays; what is outside of the frame does not fill it."""
    report = Report()
    for at in (0.5, 1.5, 2.5):
        report.add(view(at_s=at))
    report.add(view(text(1, 0, 0), at_s=3.5))
    report.add(view(at_s=4.5))
    (told,) = report.findings()
    assert (told.sight.rule, told.start_s, told.end_s) == ("empty_screen", 0.0, 3.0)
    assert told.end_s - told.start_s >= EMPTY_S


def test_report_asks_for_names_once() -> None:
    """Of what is new in a picture: names are looked up while the variables are there."""
    report = Report()
    assert sorted(report.add(view(text(1, 0, 0), text(2, 0.4, 0)))) == [1, 2]
    assert report.add(view(text(1, 0, 0), text(2, 0.4, 0))) == []


def test_rules_see_nothing_in_nothing() -> None:
    """An empty picture, texts alone, shapes alone."""
    for picture in (view(), view(text(1, 0, 0)), view(square(1, 0, 0, 1))):
        for rule in (rules.off_frame, rules.text_over_text, rules.text_over_shape, rules.text_hidden):
            assert list(rule(picture)) == []
