"""Boxes and paths: plain geometry, without Manim."""

from __future__ import annotations

from collections.abc import Sequence

from manimatic_worker.layout.values import Array, Box

_ASIDE = 1.7e-4
"""Rays do not start at the very height of a path's points, which would be counted twice or not at all."""

DOT = 0.4
"""Share of the highest glyph's height below which a glyph is a dot or a dash, and stays out of account."""
FLAT = 2.0
"""How many times as wide as high a sign is that is read by its width: =, - and arrows."""


def letter_height(glyphs: Array) -> float:
    """Return how high a text's letters are, from the boxes of its glyphs; of flat signs alone, half their width."""
    import numpy as np

    widths, heights = (glyphs[:, 2:] - glyphs[:, :2]).T
    if (widths > FLAT * heights).all():
        return float(np.median(widths)) / FLAT
    return float(np.median(heights[heights >= DOT * heights.max()]))


def area(box: Box) -> float:
    """Return the area of a box."""
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def overlap(first: Box, second: Box) -> tuple[float, float]:
    """Return width and height of what two boxes share; neither is above 0 where they share nothing."""
    return (
        min(first[2], second[2]) - max(first[0], second[0]),
        min(first[3], second[3]) - max(first[1], second[1]),
    )


def meeting(first: Sequence[Box], second: Sequence[Box], depth: float) -> list[tuple[int, int]]:
    """Return the pairs, by number, of which both sides of what the boxes share are longer than `depth`."""
    import numpy as np

    if not first or not second:
        return []
    one, other = np.array(first)[:, None, :], np.array(second)[None, :, :]
    sides = np.minimum(one[..., 2:], other[..., 2:]) - np.maximum(one[..., :2], other[..., :2])
    return [(int(row), int(column)) for row, column in np.argwhere(sides.min(axis=-1) > depth)]


def share_inside(box: Box, frame: Box) -> float:
    """Return how much of a box lies in the frame, from 0 to 1; a line is measured by its length."""
    share = 1.0
    for low, high in ((0, 2), (1, 3)):
        length = box[high] - box[low]
        inside = min(box[high], frame[high]) - max(box[low], frame[low])
        if inside < 0:
            return 0.0
        share *= inside / length if length > 1e-6 else 1.0
    return min(1.0, share)


def protrusion(box: Box, frame: Box) -> float:
    """Return how far a box stands out of the frame at most."""
    return max(frame[0] - box[0], frame[1] - box[1], box[2] - frame[2], box[3] - frame[3], 0.0)


def shared_area(first: Array, second: Array) -> tuple[float, float]:
    """Return how much area the boxes of two texts share, and how deep the deepest pair is in each other.

    Pairs that all but coincide do not count: they are one glyph drawn twice, on purpose.
    """
    import numpy as np

    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    sides = np.clip(high - low, 0.0, None)
    shared = sides[..., 0] * sides[..., 1]
    areas = [np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (first, second)]
    joint = areas[0][:, None] + areas[1][None, :] - shared
    shared = np.where(shared > 0.85 * joint, 0.0, shared)
    depth = np.where(shared > 0, sides.min(axis=-1), 0.0)
    return float(shared.sum()), float(depth.max(initial=0.0))


def polyline(path: Array, pieces: int = 4) -> tuple[Array, Array]:
    """Turn a path of cubic curves (four points each) into straight pieces: where they start and where they end."""
    import numpy as np

    curves = path[: len(path) // 4 * 4].reshape(-1, 4, 2)
    steps = np.linspace(0.0, 1.0, pieces + 1)[None, :, None]
    back = 1.0 - steps
    a, b, c, d = (curves[:, None, number, :] for number in range(4))
    points = back**3 * a + 3 * back**2 * steps * b + 3 * back * steps**2 * c + steps**3 * d
    return points[:, :-1].reshape(-1, 2), points[:, 1:].reshape(-1, 2)


def crossed(starts: Array, ends: Array, boxes: Array) -> Array:
    """Tell for each box whether a straight piece goes through it: one truth value a box.

    Each piece is clipped against each box (Liang and Barsky, 1984).
    """
    import numpy as np

    if not len(starts) or not len(boxes):
        return np.zeros(len(boxes), dtype=bool)
    step = (ends - starts)[:, None, :]
    start = starts[:, None, :]
    with np.errstate(divide="ignore", invalid="ignore"):
        first = (boxes[None, :, :2] - start) / step
        last = (boxes[None, :, 2:] - start) / step
    enter, leave = np.minimum(first, last), np.maximum(first, last)
    still = np.abs(step) < 1e-12
    between = (start >= boxes[None, :, :2]) & (start <= boxes[None, :, 2:])
    enter = np.where(still, np.where(between, -np.inf, np.inf), enter)
    leave = np.where(still, np.where(between, np.inf, -np.inf), leave)
    begins = np.maximum(enter.max(axis=-1), 0.0)
    stops = np.minimum(leave.min(axis=-1), 1.0)
    return (begins <= stops).any(axis=0)


def shrunk(boxes: Array, by: float) -> Array:
    """Return boxes smaller by this share of their size at every side."""
    import numpy as np

    margin = (boxes[:, 2:] - boxes[:, :2]) * by
    return np.hstack([boxes[:, :2] + margin, boxes[:, 2:] - margin])


def contains(path: Array, points: Array) -> Array:
    """Tell for each point whether a closed path goes around it, by counting crossings of a ray to the right."""
    import numpy as np

    starts, ends = polyline(path, pieces=2)
    if not len(starts):
        return np.zeros(len(points), dtype=bool)
    starts, ends = np.vstack([starts, ends[-1:]]), np.vstack([ends, starts[:1]])  # an open path is closed
    x, y = points[:, None, 0], points[:, None, 1] + _ASIDE
    spans = (starts[None, :, 1] > y) != (ends[None, :, 1] > y)
    with np.errstate(divide="ignore", invalid="ignore"):
        at = starts[None, :, 0] + (y - starts[None, :, 1]) * (ends - starts)[None, :, 0] / (ends - starts)[None, :, 1]
    hits = spans & (at > x)
    return hits.sum(axis=1) % 2 == 1


def centres(boxes: Array) -> Array:
    """Return the middle of each box."""
    return (boxes[:, :2] + boxes[:, 2:]) / 2
