"""Project and shade what lies in space.

Patches of `ThreeDCamera` (camera/three_d_camera.py) and of the corners' normals (mobject/three_d/three_d_utils.py). The
numbers are Manim's to the last bit: products of vectors go through numpy as there, since libraries add them up in ways
of their own; all else is the same arithmetic on plain numbers.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from manim.constants import DOWN, UP

from fastmanim.patching import Patch

_BEHIND = 10**6
_TOLERANCE = 1e-6


def project_points(self: Any, points: Any) -> Any:
    """Turn points to the camera and bring them nearer the farther they are (camera/three_d_camera.py:305)."""
    frame_center = self.frame_center
    focal_distance = self.get_focal_distance()
    zoom = self.get_zoom()
    points = np.dot(points - frame_center, self.get_rotation_matrix().T)
    depths = points[:, 2]
    if self.exponential_projection:
        factor = np.exp(depths / focal_distance)
        before = depths < 0
        factor[before] = focal_distance / (focal_distance - depths[before])
    else:
        distances = focal_distance - depths
        factor = focal_distance / distances
        behind = distances < 0
        if behind.any():
            factor[behind] = _BEHIND
    factor = factor * zoom
    points[:, 0] *= factor
    points[:, 1] *= factor
    return points


def modified_rgbas(self: Any, vmobject: Any, rgbas: Any) -> Any:
    """Shade the colours of a face at two of its corners (camera/three_d_camera.py:113)."""
    if not self.should_apply_shading or not vmobject.shade_in_3d or vmobject.get_num_points() == 0:
        return rgbas
    source = self.light_source.points[0]
    shaded = rgbas.repeat(2, axis=0) if len(rgbas) < 2 else np.array(rgbas[:2])
    points = vmobject.points
    for row, corner in ((0, 0), (1, ((len(points) - 1) // 6) * 3)):
        shaded[row, :3] = shaded[row, :3] + _light(source - points[corner], _normal(vmobject, points, corner))
    return shaded


def _light(to_source: Any, normal: Any) -> Any:
    """Return how much lighter a corner is (utils/color/core.py:1604)."""
    norm = math.sqrt(to_source.dot(to_source))
    to_sun = to_source / norm if norm > 0 else np.zeros(3)
    light = 0.5 * np.dot(normal, to_sun) ** 3
    return light * 0.5 if light < 0 else light


def _normal(vmobject: Any, points: Any, corner: int) -> Any:
    """Return the direction in which a face looks at one of its corners (mobject/three_d/three_d_utils.py:62)."""
    count = len(points)
    if len(vmobject.get_anchors()) <= 2 if count < 8 or count % 4 else False:
        return UP
    before = corner - 3 if corner > 2 else count - 4
    after = corner + 3 if corner < count - 3 else 3
    here = points[corner]
    normal = _unit_normal((points[after] - here).tolist(), (points[before] - here).tolist())
    return UP if not normal.any() else normal


def _unit_normal(one: list[float], other: list[float]) -> Any:
    """Return the unit normal of two vectors (utils/space_ops.py:407)."""
    greatest, greatest_other = max(map(abs, one)), max(map(abs, other))
    if greatest == 0.0 and greatest_other == 0.0:
        return DOWN
    if greatest == 0.0:
        unit = [value / greatest_other for value in other]
    else:
        unit = [value / greatest for value in one]
    if greatest != 0.0 and greatest_other != 0.0:
        a, b, c = unit
        x, y, z = (value / greatest_other for value in other)
        product = np.array([b * z - c * y, c * x - a * z, a * y - b * x])
        norm = math.sqrt(np.dot(product, product))
        if norm > _TOLERANCE:
            return product / norm
    if abs(unit[0]) < _TOLERANCE and abs(unit[1]) < _TOLERANCE:
        return DOWN
    x, y, z = unit
    product = np.array([-x * z, -y * z, x * x + y * y])
    return product / math.sqrt(np.dot(product, product))


_MODULE = "manim.camera.three_d_camera"
PATCHES = (
    Patch(module=_MODULE, name="ThreeDCamera.project_points", sha256="bd77d9fe31f47f89", by=project_points),
    Patch(module=_MODULE, name="ThreeDCamera.modified_rgbas", sha256="3b6eb4487615627b", by=modified_rgbas),
)
