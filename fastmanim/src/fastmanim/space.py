"""Project and shade what lies in space.

Patches of `ThreeDCamera` (camera/three_d_camera.py) and of the corners' normals (mobject/three_d/three_d_utils.py). The
numbers are Manim's to the last bit: products of vectors go through numpy as there, since libraries add them up in ways
of their own; all else is the same arithmetic on plain numbers.
"""

from __future__ import annotations

import math
import weakref
from typing import Any

import numpy as np
from manim.camera.camera import Camera
from manim.constants import DOWN, UP
from manim.mobject.mobject import Mobject

from fastmanim.geometry import get_critical_point, get_points_defining_boundary
from fastmanim.patching import Patch

_BEHIND = 10**6
_TOLERANCE = 1e-6
_stock_reference = Mobject.get_z_index_reference_point
_stock_center = Mobject.get_center


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


class _Face:
    """What was worked out for a face, as long as its points are the same to the last bit."""

    __slots__ = ("center", "lights", "normals", "points", "source")

    def __init__(self, points: bytes) -> None:
        self.points = points
        self.center: Any = None
        self.normals: Any = None
        self.source = b""
        self.lights: Any = None


def _face_of(camera: Any, vmobject: Any) -> _Face:
    """Return what is known of a face; a camera that moves asks again for what has not moved."""
    faces = camera.__dict__.get("fastmanim_faces")
    if faces is None:
        faces = camera.fastmanim_faces = weakref.WeakKeyDictionary()
    points = vmobject.points.tobytes()
    face = faces.get(vmobject)
    if face is None or face.points != points:
        face = faces[vmobject] = _Face(points)
    return face  # type: ignore[no-any-return]


def modified_rgbas(self: Any, vmobject: Any, rgbas: Any) -> Any:
    """Shade the colours of a face at two of its corners (camera/three_d_camera.py:113)."""
    if not self.should_apply_shading or not vmobject.shade_in_3d or vmobject.get_num_points() == 0:
        return rgbas
    shaded = rgbas.repeat(2, axis=0) if len(rgbas) < 2 else np.array(rgbas[:2])
    first, second = _lights_on(_face_of(self, vmobject), vmobject, self.light_source.points[0])
    shaded[0, :3] = shaded[0, :3] + first
    shaded[1, :3] = shaded[1, :3] + second
    return shaded


def _lights_on(face: _Face, vmobject: Any, source: Any) -> Any:
    """Return how much lighter the first and the opposite corner of a face are."""
    key = source.tobytes()
    if face.lights is None or face.source != key:
        points = vmobject.points
        corners = (0, ((len(points) - 1) // 6) * 3)
        if face.normals is None:
            face.normals = [_normal(vmobject, points, corner) for corner in corners]
        lights = zip(corners, face.normals, strict=True)
        face.lights = [_light(source - points[corner], normal) for corner, normal in lights]
        face.source = key
    return face.lights


def get_mobjects_to_display(self: Any, *args: Any, **kwargs: Any) -> list[Any]:
    """Return what to paint, from the back to the front (camera/three_d_camera.py:150)."""
    mobjects = Camera.get_mobjects_to_display(self, *args, **kwargs)
    turned = self.get_rotation_matrix().T

    def depth(mobject: Any) -> Any:
        if not (hasattr(mobject, "shade_in_3d") and mobject.shade_in_3d):
            return np.inf
        return np.dot(_center_of(self, mobject), turned)[2]

    return sorted(mobjects, key=depth)


def _center_of(camera: Any, mobject: Any) -> Any:
    kind = type(mobject)
    if (
        mobject.submobjects
        or kind.get_z_index_reference_point is not _stock_reference
        or kind.get_center is not _stock_center
        or kind.get_critical_point is not get_critical_point
        or kind.get_points_defining_boundary is not get_points_defining_boundary
        or hasattr(mobject, "z_index_group")
    ):
        return mobject.get_z_index_reference_point()
    face = _face_of(camera, mobject)
    if face.center is None:
        face.center = mobject.get_center()
    return face.center


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
    unit = [value / greatest for value in one] if greatest else [value / greatest_other for value in other]
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
    Patch(
        module=_MODULE,
        name="ThreeDCamera.get_mobjects_to_display",
        sha256="deed2b23dca778b8",
        by=get_mobjects_to_display,
    ),
    Patch(module=_MODULE, name="ThreeDCamera.modified_rgbas", sha256="3b6eb4487615627b", by=modified_rgbas),
)
