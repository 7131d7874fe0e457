"""Predict how long rendering will take, from what the rehearsal measured on this machine.

A frame costs the step that Manim computes, which the rehearsal has timed, and the drawing and encoding, which it has
not: those are estimated from the number of pixels and of curves with the figures below, scaled by how fast this
machine proved to be.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from manimatic_worker.rehearsal.stage import Play

PIXELS_S = 9e-9
"""Clearing, copying, converting and encoding one pixel of a frame, on the machine that gave `REFERENCE_S`."""
FRAME_S = 0.6e-3
"""What a frame costs whatever is on it."""
CURVE_S = 1.1e-6
"""Drawing one curve of what moves."""
SAME_FRAME = 0.45
"""Share of the pixels' cost of a frame that is like the one before: it is not drawn, but copied and encoded."""
PLAY_S = 0.012
"""Opening and closing a play's own piece of video."""
MOST_WAITING = 4.0
"""Bound of how much longer things take than the processor does: a moment of load is not the whole run."""
REFERENCE_S = 0.0006
"""How long `_speed` takes on that machine when nothing else runs."""


@dataclass(slots=True)
class Cost:
    """Adds up what rendering will take.

    Args:
        pixels: Of one frame.
    """

    pixels: int
    slowness: float = 1.0
    spent_s: float = 0.0
    """Seconds that rendering takes up to here."""
    _elapsed_s: float = 0.0
    _processor_s: float = 0.0

    def measure_machine(self) -> None:
        """See how fast this machine is now."""
        self.slowness = max(0.2, _speed() / REFERENCE_S)

    def add(self, play: Play, curves: int) -> None:
        """Add a play in which this many curves moved."""
        step_s = play.stepping_s / play.steps if play.steps else 0.0
        drawing_s = FRAME_S + CURVE_S * curves + PIXELS_S * self.pixels
        same = play.frames - play.distinct_frames
        estimated_s = PLAY_S + play.distinct_frames * drawing_s + same * SAME_FRAME * PIXELS_S * self.pixels
        self._elapsed_s += play.spent_s
        self._processor_s += play.processor_s
        estimated_s *= self.slowness * self._waiting()
        self.spent_s += play.beginning_s + play.distinct_frames * step_s + estimated_s

    def _waiting(self) -> float:
        """Return how many times longer everything takes because processors are shared or rationed."""
        return min(MOST_WAITING, max(1.0, self._elapsed_s / self._processor_s)) if self._processor_s > 0.05 else 1.0


def _speed() -> float:
    """Time a little of what rendering does, the quickest of three times."""
    return min(_timed() for _ in range(3))


def _timed() -> float:
    import numpy as np

    began = time.perf_counter()
    block: Any = np.zeros((400, 400, 4), dtype=np.uint8)
    total = 0
    for number in range(8_000):
        total += number * number
    for _ in range(4):
        block = block.copy()
    return time.perf_counter() - began
