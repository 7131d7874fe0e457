"""Boxes, paths and colours."""

from __future__ import annotations

import numpy as np
import pytest
from manimatic_worker.layout import geometry
from manimatic_worker.layout.colours import contrast, painted

FRAME = (-7.0, -4.0, 7.0, 4.0)
CIRCLE = np.array(
    [
        point
        for turn in range(4)
        for point in (
            (np.cos(turn * np.pi / 2), np.sin(turn * np.pi / 2)),
            (
                np.cos(turn * np.pi / 2) - 0.5523 * np.sin(turn * np.pi / 2),
                np.sin(turn * np.pi / 2) + 0.5523 * np.cos(turn * np.pi / 2),
            ),
            (
                np.cos((turn + 1) * np.pi / 2) + 0.5523 * np.sin((turn + 1) * np.pi / 2),
                np.sin((turn + 1) * np.pi / 2) - 0.5523 * np.cos((turn + 1) * np.pi / 2),
            ),
            (np.cos((turn + 1) * np.pi / 2), np.sin((turn + 1) * np.pi / 2)),
        )
    ]
)
"""A circle of radius 1 in four cubic curves."""


@pytest.mark.parametrize(
    ("box", "share"),
    [
        ((-1, -1, 1, 1), 1.0),
        ((6, -1, 8, 1), 0.5),
        ((6, 3, 8, 5), 0.25),
        ((8, 0, 9, 1), 0.0),
        ((6, 0, 8, 0), 0.5),
        ((0, 0, 0, 0), 1.0),
    ],
)
def test_share_inside_is_that_of_the_area_or_the_length(box: geometry.Box, share: float) -> None:
    """A line has no area."""
    assert geometry.share_inside(box, FRAME) == pytest.approx(share)


def test_protrusion_is_the_farthest_side() -> None:
    """0 inside."""
    assert geometry.protrusion((-1, -1, 1, 1), FRAME) == 0
    assert geometry.protrusion((6, 0, 8, 4.5), FRAME) == 1


def test_shared_area_leaves_out_what_coincides() -> None:
    """One glyph drawn twice."""
    boxes = np.array([[0.0, 0.0, 1.0, 1.0], [2.0, 0.0, 3.0, 1.0]])
    assert geometry.shared_area(boxes, boxes) == (0.0, 0.0)
    area, depth = geometry.shared_area(boxes, boxes + 0.5)
    assert (area, depth) == (pytest.approx(0.5), pytest.approx(0.5))


def test_curve_crosses_the_boxes_on_its_way_only() -> None:
    """Not those in the corners of its own box, nor the one in its middle."""
    boxes = np.array([[0.9, -0.1, 1.1, 0.1], [0.65, 0.65, 0.75, 0.75], [0.9, 0.9, 1.0, 1.0], [-0.1, -0.1, 0.1, 0.1]])
    assert geometry.crossed(*geometry.polyline(CIRCLE), boxes).tolist() == [True, True, False, False]
    assert geometry.crossed(*geometry.polyline(CIRCLE[:0]), boxes).tolist() == [False] * 4


def test_straight_lines_along_an_axis_cross_boxes() -> None:
    """Their step is 0 in one direction."""
    start, end = np.array([[-1.0, 0.5]]), np.array([[3.0, 0.5]])
    boxes = np.array([[0.0, 0.0, 1.0, 1.0], [0.0, 0.6, 1.0, 1.0], [4.0, 0.0, 5.0, 1.0]])
    assert geometry.crossed(start, end, boxes).tolist() == [True, False, False]


def test_path_contains_its_middle_and_not_what_is_beside_it() -> None:
    """Also at the very height of its points, and where it is not closed."""
    points = np.array([[0.0, 0.0], [0.5, 0.5], [1.5, 0.0], [-1.5, 0.0], [0.0, 1.0001], [0.9, 0.9]])
    assert geometry.contains(CIRCLE, points).tolist() == [True, True, False, False, False, False]
    assert geometry.contains(CIRCLE[:12], np.array([[-0.3, 0.1]])).tolist() == [True]


def test_contrast_is_that_of_wcag() -> None:
    """Black on white is 21 to 1."""
    black, white, grey = (0.0, 0.0, 0.0, 1.0), (1.0, 1.0, 1.0, 1.0), (0.4667, 0.4667, 0.4667, 1.0)
    assert contrast(black, white) == pytest.approx(21)
    assert contrast(white, grey) == pytest.approx(4.48, abs=0.02)
    assert contrast(grey, grey) == 1


def test_layers_are_painted_over_each_other() -> None:
    """The last one on top."""
    black, half, blue = (0.0, 0.0, 0.0, 1.0), (1.0, 1.0, 1.0, 0.5), (0.0, 0.0, 1.0, 1.0)
    assert painted(black, [half]) == (0.5, 0.5, 0.5, 1.0)
    assert painted(black, [half, blue]) == (0.0, 0.0, 1.0, 1.0)
    assert painted(black, [blue, half]) == (0.5, 0.5, 1.0, 1.0)


@pytest.mark.parametrize(
    ("glyphs", "height"),
    [
        ([(0, 0, 2, 3), (2, 0, 4, 3), (4, 0, 4.4, 0.4)], 3.0),
        ([(0, 0, 2, 3), (2, 1, 4, 1.2)], 3.0),
        ([(0, 0, 50, 0.1), (0, 1, 2, 4), (0, -4, 2, -1)], 3.0),
        ([(0, 0, 6, 2)], 3.0),
    ],
    ids=["full stop", "dash", "fraction", "lone sign"],
)
def test_letters_give_the_height_of_a_text(glyphs: list[tuple[float, ...]], height: float) -> None:
    """Dots, dashes and rules do not count beside letters; a sign that is all there is counts by its width."""
    assert geometry.letter_height(np.array(glyphs, dtype=float)) == height
