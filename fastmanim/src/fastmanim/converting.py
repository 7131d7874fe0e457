"""Turn pictures into what the encoder takes, as far as they have changed.

Of most pictures of a play a few rows differ from the picture before. Those rows are converted, by the same library with
the same numbers, and put into the picture that was encoded last.
"""

from __future__ import annotations

import ctypes
from typing import Any

import av
import numpy as np
from av.video.reformatter import VideoReformatter

BAND = 8
"""How many rows are compared at once."""
REACH = 2
"""A row of colours is made of four rows of the picture: so far beyond what has changed, it changes too."""
ROWS = 32
"""How many rows are converted at once, at most."""
AROUND = 8
"""Rows converted above and below and left out, so that those between are made of what is really around them."""
MOST_CHANGED = 0.6
"""From this part of a picture on it is converted whole: rows around the rows cost more than they save."""


class Converter:
    """Converts the pictures of one segment.

    Args:
        width: Of the pictures, in pixels; even.
        height: Likewise.
        pixel_format: What the encoder takes; one with its planes of colours at half the size, as `yuv420p`.
    """

    def __init__(self, width: int, height: int, pixel_format: str) -> None:
        self._height = height
        self._format = pixel_format
        self._row_bytes = width * 4
        self._whole, self._window = VideoReformatter(), VideoReformatter()
        self._last: Any = None
        self._picture: Any = None
        self._planes: list[Any] = []
        self._compare = _comparison()

    def converted(self, pixels: Any) -> Any:
        """Return the picture; it is changed when the next one is converted.

        Args:
            pixels: Rows of RGBA in one piece.
        """
        if self._compare is None or self._height < 4 * ROWS:
            return self.alone(pixels)
        if self._last is None:
            self._last = pixels.copy()
            return self._begin(pixels)
        runs = self._changed(pixels)
        if sum(bottom - top for top, bottom in runs) > MOST_CHANGED * self._height:
            return self._begin(pixels)
        for top, bottom in runs:
            for first in range(top, bottom, ROWS):
                self._convert_rows(pixels, first, min(first + ROWS, bottom))
        return self._picture

    def _changed(self, pixels: Any) -> list[tuple[int, int]]:
        """Take over the rows that differ, and return which rows are to be converted."""
        now, before, row = pixels.ctypes.data, self._last.ctypes.data, self._row_bytes
        runs: list[tuple[int, int]] = []
        for top in range(0, self._height, BAND):
            bottom = min(top + BAND, self._height)
            if not self._compare(now + top * row, before + top * row, (bottom - top) * row):
                continue
            self._last[top:bottom] = pixels[top:bottom]
            top, bottom = max(0, top - REACH), min(bottom + REACH, self._height)
            if runs and top <= runs[-1][1]:
                runs[-1] = (runs[-1][0], bottom)
            else:
                runs.append((top, bottom))
        return runs

    def alone(self, pixels: Any) -> Any:
        """Return a picture that has nothing to do with those before and after it."""
        return self._reformatted(self._whole, pixels)

    def _begin(self, pixels: Any) -> Any:
        """Convert a whole picture, which the next ones are put into."""
        self._picture = self.alone(pixels)
        self._planes = [_rows_of(plane) for plane in self._picture.planes]
        return self._picture

    def _convert_rows(self, pixels: Any, top: int, bottom: int) -> None:
        """Convert some rows in a window that is as high at the edges: the library prepares itself for one size."""
        height = ROWS + 2 * AROUND
        first = max(0, min(top - AROUND, self._height - height))
        window = self._reformatted(self._window, pixels[first : first + height])
        for number, (target, plane) in enumerate(zip(self._planes, window.planes, strict=True)):
            less = 2 if number else 1
            rows = _rows_of(plane)[(top - first) // less : (bottom - first) // less]
            target[top // less : bottom // less] = rows

    def _reformatted(self, reformatter: VideoReformatter, pixels: Any) -> Any:
        return reformatter.reformat(
            av.VideoFrame.from_numpy_buffer(pixels, format="rgba"), format=self._format, threads=1
        )


def _rows_of(plane: Any) -> Any:
    return np.frombuffer(plane, dtype=np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]


def _comparison() -> Any:
    """Return the C library's comparison of memory, or None where there is none to be had by that name."""
    try:
        compare = ctypes.CDLL(None).memcmp
    except (AttributeError, OSError, TypeError):
        return None
    compare.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
    compare.restype = ctypes.c_int
    return compare
