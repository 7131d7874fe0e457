"""Predict how long rendering will take, from what the rehearsal measured on this machine.

A frame costs the step that Manim computes and the paths that it draws, which the rehearsal has timed, and the pixels,
which it has not: those are estimated with the figures below, scaled by how fast this machine proved to be.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from manimatic_worker.rehearsal.stage import Play

PIXELS_S = 19e-9
"""Clearing, copying, converting and encoding one pixel of a frame, on the machine that gave `REFERENCE_S`."""
FRAME_S = 3e-3
"""What a frame costs whatever is on it."""
INK = 2.0
"""How many times longer drawing takes in a whole picture than on the few pixels where it is timed."""
SAME_FRAME = 0.6
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
    _plays_s: float = 0.0
    _elapsed_s: float = 0.0
    _processor_s: float = 0.0
    _began_s: float = 0.0

    def begin(self) -> None:
        """See how fast this machine is now, and count from here."""
        self.slowness = max(0.2, _speed() / REFERENCE_S)
        self._began_s = time.process_time()

    @property
    def render_s(self) -> float:
        """Seconds that rendering takes up to here; what the scene computes between plays it computes again."""
        return self._plays_s + max(0.0, time.process_time() - self._began_s - self._processor_s)

    def add(self, play: Play, drawing_s: float) -> None:
        """Add a play of which drawing what moves took so long, for a frame and without its pixels."""
        step_s = play.stepping_s / play.steps if play.steps else 0.0
        frame_s = FRAME_S + PIXELS_S * self.pixels
        same = play.frames - play.distinct_frames
        estimated_s = PLAY_S + play.distinct_frames * frame_s + same * SAME_FRAME * PIXELS_S * self.pixels
        self._elapsed_s += play.spent_s
        self._processor_s += play.processor_s
        estimated_s *= self.slowness * self._waiting()
        self._plays_s += play.beginning_s + play.distinct_frames * (step_s + INK * drawing_s) + estimated_s

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
