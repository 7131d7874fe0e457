"""Draw every object once, on a surface of a few pixels: some mistakes show only when an object is drawn."""

from __future__ import annotations

from typing import Any

_DRAWN = "_was_drawn"
_PIXELS = 4


class Sketch:
    """Draws what it has not drawn yet; copies count as drawn with their originals."""

    def __init__(self) -> None:
        self._context: Any = None

    def draw_new(self, scene: Any) -> None:
        """Draw what is new on the screen. Raises what drawing it in the video would raise."""
        from manim.camera.camera import cairo
        from manim.mobject.types.vectorized_mobject import VMobject

        if self._context is None:
            self._context = cairo.Context(cairo.ImageSurface(cairo.FORMAT_ARGB32, _PIXELS, _PIXELS))
        camera = scene.renderer.camera
        for top in (*scene.mobjects, *scene.foreground_mobjects):
            for mobject in top.family_members_with_points():
                if _DRAWN not in vars(mobject) and isinstance(mobject, VMobject):
                    vars(mobject)[_DRAWN] = True
                    camera.display_vectorized(mobject, self._context)
