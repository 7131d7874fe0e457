"""Draw objects on a surface of a few pixels: some mistakes show only there, and so does how long drawing takes."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any

MAX_TIMED = 12
"""Objects of a picture that are drawn to learn how long the whole of it takes."""
_DRAWN = "_was_drawn"
_PIXELS = 4


class Sketch:
    """Draws what it has not drawn yet; copies count as drawn with their originals."""

    def __init__(self) -> None:
        self._context: Any = None

    def draw_new(self, scene: Any) -> None:
        """Draw what is new on the screen. Raises what drawing it in the video would raise."""
        for mobject in _drawn((*scene.mobjects, *scene.foreground_mobjects)):
            if _DRAWN not in vars(mobject):
                vars(mobject)[_DRAWN] = True
                self._draw(scene, mobject)

    def time_moving(self, scene: Any) -> float:
        """Return how many seconds it takes to draw what the play under way draws in every frame, but for the pixels.

        Each of a few objects is drawn; what they take stands for the rest.
        """
        moving = list(_drawn(scene.moving_mobjects))
        some = moving[:: max(1, -(-len(moving) // MAX_TIMED))]
        began = time.perf_counter()
        for mobject in some:
            self._draw(scene, mobject)
        return (time.perf_counter() - began) * len(moving) / max(1, len(some))

    def _draw(self, scene: Any, mobject: Any) -> None:
        from manim.camera.camera import cairo

        if self._context is None:
            self._context = cairo.Context(cairo.ImageSurface(cairo.FORMAT_ARGB32, _PIXELS, _PIXELS))
        scene.renderer.camera.display_vectorized(mobject, self._context)


def _drawn(mobjects: Iterable[Any]) -> Iterator[Any]:
    """Yield what Cairo draws of these objects and their parts, each once."""
    from manim.mobject.types.vectorized_mobject import VMobject

    parts = {id(part): part for mobject in mobjects for part in mobject.family_members_with_points()}
    yield from (part for part in parts.values() if isinstance(part, VMobject))
