"""Play a scene without drawing: Manim's own steps at a frame rate of our own, with the pictures left out.

`Stage.take` changes Manim for the rest of the process, which is why a rehearsal has a process of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from fastmanim.purity import Purity

STEPS_PER_S = 15
"""Frame rate of a rehearsal, whatever that of the video: what moves by time steps then moves as at low quality."""
LOOK_EVERY_S = 0.5
"""How often the picture is looked at while something moves that only stepping can move."""
MAX_LOOKS = 12
"""Looks at one play."""


class Audience(Protocol):
    """Looks at the stage."""

    def look(self, scene: Any, *, at_s: float, lasts_s: float, flying: list[Any]) -> None:
        """Look at the picture, which lasts this long about this moment; what is animated now is `flying`."""

    def played(self, play: Play) -> None:
        """A play has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """What one play came to."""

    frames: int
    """Frames of the video, at its own rate."""
    distinct_frames: int
    """Those that have to be drawn: a frozen wait has one."""
    steps: int
    """Steps that were taken, and the time that they took."""
    stepping_s: float
    beginning_s: float
    """Time for preparing and finishing, which rendering takes as well."""
    spent_s: float
    """Time of the whole play, and what of it this process had a processor for."""
    processor_s: float


class Stage:
    """Takes the renderer's place in this process.

    Args:
        audience: Who looks.
        step_all: Never jump, to check jumping against.
    """

    def __init__(self, audience: Audience, *, step_all: bool = False) -> None:
        self._audience = audience
        self._step_all = step_all
        self._purity = Purity()
        self._is_playing = False

    def take(self) -> None:
        """Replace what draws and writes in Manim's renderer for Cairo."""
        from manim.renderer.cairo_renderer import CairoRenderer
        from manim.scene.scene_file_writer import SceneFileWriter

        drawing = CairoRenderer.update_frame
        for name, stand_in in {
            "play": self._play,
            "update_frame": self._unless_playing(drawing),
            "add_frame": _nothing,
            "freeze_current_frame": _nothing,
            "save_static_frame_data": _nothing,
            "scene_finished": _nothing,
        }.items():
            setattr(CairoRenderer, name, stand_in if name == "update_frame" else _method(stand_in))
        for name in ("begin_animation", "end_animation", "write_frame", "save_image", "finish"):
            setattr(SceneFileWriter, name, _nothing)

    def _unless_playing(self, drawing: Callable[..., None]) -> Callable[..., None]:
        """Draw where the scene itself asks for a picture, outside of a play."""

        def drawn(renderer: Any, *args: Any, **kwargs: Any) -> None:
            if not self._is_playing:
                drawing(renderer, *args, **kwargs)

        return drawn

    def _play(self, renderer: Any, scene: Any, *args: Any, **kwargs: Any) -> None:
        """Do what `CairoRenderer.play` does, but for hashes, pictures and files."""
        began, processor = time.perf_counter(), time.process_time()
        renderer.skip_animations = renderer._original_skipping_status
        renderer.update_skipping_status()
        scene.compile_animation_data(*args, **kwargs)
        with self._playing():
            scene.begin_animations()
            if scene.is_current_animation_frozen_frame():
                play = self._hold(renderer, scene)
            else:
                play = self._perform(renderer, scene)
        renderer.num_plays += 1
        spent = time.perf_counter() - began
        self._audience.played(
            Play(
                frames=play.frames,
                distinct_frames=play.distinct_frames,
                steps=play.steps,
                stepping_s=play.stepping_s,
                beginning_s=max(0.0, spent - play.stepping_s - play.looking_s),
                spent_s=spent,
                processor_s=time.process_time() - processor,
            )
        )

    @contextmanager
    def _playing(self) -> Iterator[None]:
        self._is_playing = True
        try:
            yield
        finally:
            self._is_playing = False

    def _hold(self, renderer: Any, scene: Any) -> _Played:
        """Let time pass over a picture that does not change."""
        frame_s = 1 / renderer.camera.frame_rate
        frames = 0 if renderer.skip_animations else int(scene.duration / frame_s)
        looking_s = self._look(scene, renderer.time + scene.duration / 2, scene.duration, [])
        _pass_time(renderer, frames, frame_s)
        if renderer.skip_animations:
            renderer.time += scene.duration
        return _Played(frames=frames, distinct_frames=min(1, frames), looking_s=looking_s)

    def _perform(self, renderer: Any, scene: Any) -> _Played:
        """Step through a play, or jump to where it is looked at where that is the same."""
        import numpy as np

        scene.duration = duration = scene.get_run_time(scene.animations)
        frame_s, start_s = 1 / renderer.camera.frame_rate, renderer.time
        skipped = renderer.skip_animations
        jumps = skipped or (not self._step_all and self._purity.may_jump(scene))
        times = [duration / 2] if jumps else list(np.arange(0, duration, 1 / STEPS_PER_S))
        flying = list(scene.animations)
        looks = _looks(len(times), duration)
        stepping_s = looking_s = 0.0
        reached = 0
        for number, at in enumerate(times):
            began = time.perf_counter()
            scene.update_to_time(at)
            renderer.time = start_s + at
            stepping_s += time.perf_counter() - began
            reached = number + 1
            if number in looks:
                looking_s += self._look(scene, start_s + at, duration / len(looks), flying)
            if scene.stop_condition is not None and scene.stop_condition():
                break
        renderer.time = start_s
        frames = _frames(duration, frame_s, reached / max(1, len(times)), skipped=skipped)
        _pass_time(renderer, frames, frame_s)
        if skipped:
            renderer.time += duration
        for animation in scene.animations:
            animation.finish()
            animation.clean_up_from_scene(scene)
        if not skipped:
            scene.update_mobjects(0)
        renderer.static_image = None
        return _Played(frames=frames, distinct_frames=frames, steps=reached, stepping_s=stepping_s, looking_s=looking_s)

    def _look(self, scene: Any, at_s: float, lasts_s: float, flying: list[Any]) -> float:
        began = time.perf_counter()
        self._audience.look(scene, at_s=float(at_s), lasts_s=float(lasts_s), flying=flying)
        return time.perf_counter() - began


@dataclass(frozen=True, slots=True, kw_only=True)
class _Played:
    """A play from within; rendering does not need the time spent on looking."""

    frames: int
    distinct_frames: int
    steps: int = 0
    stepping_s: float = 0.0
    looking_s: float = 0.0


def _frames(duration: float, frame_s: float, share: float, *, skipped: bool) -> int:
    """Return how many frames Manim writes for a play; `share` is how much of it a stop condition let pass."""
    import numpy as np

    if skipped:
        return 0
    whole = len(np.arange(0, duration, frame_s))
    return whole if share == 1 else max(1, round(whole * share))


def _pass_time(renderer: Any, frames: int, frame_s: float) -> None:
    """Add up the time as Manim does, frame by frame, so that rounding is the same."""
    for _ in range(frames):
        renderer.time += frame_s


def _looks(steps: int, duration: float) -> set[int]:
    """Choose the steps at which to look, in the middle of equal stretches of the play."""
    wanted = max(1, min(MAX_LOOKS, steps, round(duration / LOOK_EVERY_S))) if steps > 1 else 1
    return {min(steps - 1, int((number + 0.5) * steps / wanted)) for number in range(wanted)}


def _nothing(*_: Any, **__: Any) -> None:
    """Stand in for what draws or writes."""


def _method(function: Callable[..., None]) -> Callable[..., None]:
    """Make a bound method of ours a method of another class."""

    def method(self: Any, *args: Any, **kwargs: Any) -> None:
        function(self, *args, **kwargs)

    return method
