"""Paint mobjects with as little Python as there can be about each.

Patches of `Camera` (camera/camera.py). The calls that Cairo gets are Manim's, with the same numbers, but for fills and
strokes that are wholly transparent, which change nothing.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from typing import Any

import cairo
import numpy as np
from manim.camera.camera import CAP_STYLE_MAP, LINE_JOIN_MAP, Camera
from manim.mobject.mobject import Mobject
from manim.mobject.types.image_mobject import AbstractImageMobject
from manim.mobject.types.point_cloud_mobject import PMobject
from manim.mobject.types.vectorized_mobject import VMobject

from fastmanim.patching import Patch

_RTOL = 1.0e-5
"""Relative tolerance of numpy's `isclose`, by which Manim tells whether points coincide."""
_AXES = "manim.mobject.graphing.coordinate_systems"
_SHADING_OF_AXES = "ThreeDAxes._set_axis_shading.<locals>.make_func.<locals>.<lambda>"
_KINDS = (VMobject, PMobject, AbstractImageMobject, Mobject)
_stock_type = Camera.type_or_raise
_stock_set_path = Camera.set_cairo_context_path
_stock_set_color = Camera.set_cairo_context_color
_stock_display = Camera.display_vectorized
_stock_fill, _stock_stroke = Camera.apply_fill, Camera.apply_stroke
_stock_split = VMobject.get_subpath_split_indices_from_points
_stock_equal = VMobject.consider_points_equals_2d


def capture_mobjects(self: Any, mobjects: Iterable[Any], **kwargs: Any) -> None:
    """Paint mobjects, those of a kind that follow one another together (camera/camera.py:539)."""
    shown = self.get_mobjects_to_display(mobjects, **kwargs)
    if not shown:
        return
    kinds: dict[type[Any], Any] = {}
    is_stock = type(self).type_or_raise is _stock_type

    def kind_of(mobject: Any) -> Any:
        known = kinds.get(type(mobject)) if is_stock else None
        if known is None:
            known = kinds[type(mobject)] = self.type_or_raise(mobject)
        return known

    self.fastmanim_axes = {}
    try:
        for kind, group in itertools.groupby(shown, kind_of):
            self.display_funcs[kind](list(group), self.pixel_array)
    finally:
        vars(self).pop("fastmanim_axes", None)


def display_vectorized(self: Any, vmobject: Any, ctx: cairo.Context[Any]) -> Any:
    """Paint a mobject (camera/camera.py:679)."""
    kind = type(self)
    if kind.apply_fill is not _stock_fill or kind.apply_stroke is not _stock_stroke:
        return _stock_display(self, vmobject, ctx)
    steps = []
    for background in (True, None, False):
        width = 0 if background is None else vmobject.get_stroke_width(background)
        if background is not None and width == 0:
            continue
        if background is None:
            rgbas = self.get_fill_rgbas(vmobject)
        else:
            rgbas = self.get_stroke_rgbas(vmobject, background=background)
        if not _is_clear(rgbas):
            steps.append((background, width, rgbas))
    if not steps:
        return self
    self.set_cairo_context_path(ctx, vmobject)
    for background, width, rgbas in steps:
        self.set_cairo_context_color(ctx, rgbas, vmobject)
        if background is None:
            ctx.fill_preserve()
            continue
        ctx.set_line_width(width * self.cairo_line_width_multiple * (self.frame_width / self.frame_width))
        ctx.set_line_join(LINE_JOIN_MAP[vmobject.joint_type])
        ctx.set_line_cap(CAP_STYLE_MAP[vmobject.cap_style])
        ctx.stroke_preserve()
    return self


def _is_clear(rgbas: Any) -> bool:
    """Tell whether colours are wholly transparent; what is no array of colours is for Manim to judge."""
    if type(rgbas) is not np.ndarray or rgbas.ndim != 2 or rgbas.shape[1] != 4:
        return False
    if len(rgbas) == 1:
        return bool(rgbas[0, 3] == 0)
    return len(rgbas) > 0 and not rgbas[:, 3].any()


def set_cairo_context_path(self: Any, ctx: cairo.Context[Any], vmobject: Any) -> Any:
    """Give Cairo the path of a mobject (camera/camera.py:698)."""
    kind = type(vmobject)
    if (
        kind.get_subpath_split_indices_from_points is not _stock_split
        or kind.consider_points_equals_2d is not _stock_equal
    ):
        return _stock_set_path(self, ctx, vmobject)
    points = self.transform_points_pre_display(vmobject, vmobject.points)
    if len(points) == 0:
        return self
    ctx.new_path()
    if vmobject.n_points_per_cubic_curve != 4 or points.dtype != np.float64:
        return _stock_set_path(self, ctx, vmobject)
    _trace(ctx, points[:, :2].ravel().tolist(), vmobject.tolerance_for_point_equality)
    return self


def _trace(ctx: cairo.Context[Any], xy: list[float], tolerance: float) -> None:
    """Trace curves of four points each; where one does not begin where the last ended, a new path begins."""
    move_to, curve_to = ctx.move_to, ctx.curve_to
    start, last = 0, len(xy) - 7
    at = 0
    while at < last:
        if at == start:
            ctx.new_sub_path()
            move_to(xy[at], xy[at + 1])
        curve_to(xy[at + 2], xy[at + 3], xy[at + 4], xy[at + 5], xy[at + 6], xy[at + 7])
        at += 8
        ends = at >= last
        if not ends:
            x, y, next_x, next_y = xy[at - 2 : at + 2]
            ends = (x != next_x or y != next_y) and not (
                _is_close(x, next_x, tolerance) and _is_close(y, next_y, tolerance)
            )
        if ends:
            stop = at if at < last else len(xy)
            first_x, first_y = xy[start], xy[start + 1]
            if _is_close(first_x, xy[stop - 2], tolerance) and _is_close(first_y, xy[stop - 1], tolerance):
                ctx.close_path()
            start = at


def _is_close(one: float, other: float, tolerance: float) -> bool:
    """Compare as `numpy.isclose` does: by the second number's size; what is not finite is close to itself alone."""
    if one == other:
        return True
    difference = abs(one - other)
    return difference <= tolerance + _RTOL * abs(other) and math.isfinite(difference)


def set_cairo_context_color(self: Any, ctx: cairo.Context[Any], rgbas: Any, vmobject: Any) -> Any:
    """Set the colour or gradient to paint with (camera/camera.py:769)."""
    if type(rgbas) is not np.ndarray or rgbas.ndim != 2 or rgbas.shape[1] != 4 or len(rgbas) == 0:
        return _stock_set_color(self, ctx, rgbas, vmobject)
    if len(rgbas) == 1:
        red, green, blue, alpha = rgbas[0].tolist()
        ctx.set_source_rgba(blue, green, red, alpha)
        return self
    points = _gradient_of(self, vmobject)
    points = self.transform_points_pre_display(vmobject, points)
    pattern = cairo.LinearGradient(*itertools.chain(*(point[:2] for point in points)))
    offsets = (0.0, 1.0) if len(rgbas) == 2 else np.linspace(0, 1, len(rgbas)).tolist()
    for (red, green, blue, alpha), offset in zip(rgbas.tolist(), offsets, strict=True):
        pattern.add_color_stop_rgba(offset, blue, green, red, alpha)
    ctx.set_source(pattern)
    return self


def _gradient_of(camera: Any, vmobject: Any) -> Any:
    """Return where a gradient begins and ends.

    Each piece of an axis in space asks for the box around the whole axis (mobject/graphing/coordinate_systems.py:2527),
    which is the same for all pieces that one picture shows.
    """
    own = vars(vmobject).get("get_gradient_start_and_end_points")
    known = vars(camera).get("fastmanim_axes")
    if known is None or getattr(own, "__qualname__", "") != _SHADING_OF_AXES or own.__module__ != _AXES:
        return vmobject.get_gradient_start_and_end_points()
    key = tuple(id(cell.cell_contents) for cell in own.__closure__)
    if key not in known:
        known[key] = own()
    return known[key]


_MODULE = "manim.camera.camera"
PATCHES = (
    Patch(module=_MODULE, name="Camera.capture_mobjects", sha256="745473756f3748ca", by=capture_mobjects),
    Patch(module=_MODULE, name="Camera.display_vectorized", sha256="fa05ebedc90cc913", by=display_vectorized),
    Patch(module=_MODULE, name="Camera.set_cairo_context_path", sha256="e4f00466f630bbce", by=set_cairo_context_path),
    Patch(module=_MODULE, name="Camera.set_cairo_context_color", sha256="05ceceef3c8fdf45", by=set_cairo_context_color),
)
