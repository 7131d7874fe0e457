"""What becomes of a play's frames in this process: drawn and encoded, or passed over because another draws them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

MIN_PART_FRAMES = 30
"""Fewer frames than this are not worth a process of their own beside another for the same play."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some frames of a play, from the first up to before the last, and the file that they go to."""

    first: int
    last: int
    path: Path


class Watch:
    """Stands in for the drawing of a play: counts its frames, and draws those of a part."""

    def __init__(self, part: Part | None = None, encoder: Any = None) -> None:
        self._part = part
        self._encoder = encoder
        self._number = 0

    def frame(self, renderer: Any, scene: Any, moving: Any) -> None:
        """Take note of the next frame (renderer/cairo_renderer.py:177)."""
        part = self._part
        if part is not None and part.first <= self._number < part.last:
            renderer.update_frame(scene, moving)
            self._encoder.write_frame(renderer.camera.pixel_array)
        elif hasattr(renderer.camera, "reset_rotation_matrix"):
            renderer.camera.reset_rotation_matrix()
        self._number += 1
        renderer.time += 1 / renderer.camera.frame_rate


def parts_of(frames: int, segment: Path, processes: int) -> list[Part]:
    """Divide a play among processes: whole where it is short."""
    count = max(1, min(processes, frames // MIN_PART_FRAMES))
    if count == 1:
        return [Part(0, frames, segment)]
    edges = [round(frames * number / count) for number in range(count + 1)]
    return [
        Part(edges[number], edges[number + 1], segment.with_name(f".{segment.stem}.{number:03}{segment.suffix}"))
        for number in range(count)
    ]


def draw_part(renderer: Any, scene: Any, part: Part, times: Any, *, jumps: bool) -> None:
    """Draw a part of a play that has begun, in a process that ends with it.

    Args:
        renderer: Manim's.
        scene: The scene, as it is after the play has begun.
        part: Which frames.
        times: Moments of all frames of the play.
        jumps: The frames before may be left out.
    """
    encoder = renderer.file_writer._create_segment_encoder(part.path)
    renderer.save_static_frame_data(scene, scene.static_mobjects)
    watch = renderer.fastmanim_watch = Watch(part, encoder)
    for number, moment in enumerate(times[: part.last]):
        if number < part.first and jumps:
            watch.frame(renderer, scene, ())
            continue
        scene.update_to_time(moment)
        renderer.render(scene, moment, scene.moving_mobjects)
    encoder.finish()


def draw_hold(renderer: Any, scene: Any, segment: Path, frames: int) -> None:
    """Draw a picture that is held, in a process that ends with it (renderer/cairo_renderer.py:126)."""
    encoder = renderer.file_writer._create_segment_encoder(segment)
    renderer.save_static_frame_data(scene, scene.static_mobjects)
    renderer.update_frame(scene, mobjects=scene.moving_mobjects)
    encoder.write_frame(renderer.camera.pixel_array, repeat=frames)
    encoder.finish()
