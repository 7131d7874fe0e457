"""Pictures that are converted in part are those that would be converted whole."""

from __future__ import annotations

from typing import Any

import av
import numpy as np
import pytest
from fastmanim.converting import Converter


def _whole(pixels: Any) -> Any:
    frame = av.VideoFrame.from_ndarray(pixels, format="rgba")
    return frame.reformat(format="yuv420p", threads=1).to_ndarray()


def _noise(random: Any, height: int, width: int) -> Any:
    return random.integers(0, 256, (height, width, 4), dtype=np.uint8)


@pytest.mark.parametrize("size", [(426, 240), (640, 362), (854, 480), (270, 480), (64, 36)])
def test_rows_that_changed_are_converted_as_in_the_whole_picture(size: tuple[int, int]) -> None:
    """At the edges too, in heights that are no multiple of what is converted at once, and in small pictures."""
    width, height = size
    random = np.random.default_rng(5)
    converter = Converter(width, height, "yuv420p")
    pixels = _noise(random, height, width)
    converter.converted(pixels)
    edges = [(0, 1), (height - 1, 1), (0, height), (height // 2, 0)]
    for top, rows in [*edges, *((int(random.integers(height)), int(random.integers(1, 60))) for _ in range(30))]:
        pixels = pixels.copy()
        pixels[top : top + rows] = _noise(random, len(pixels[top : top + rows]), width)
        assert np.array_equal(converter.converted(pixels).to_ndarray(), _whole(pixels)), (top, rows)
