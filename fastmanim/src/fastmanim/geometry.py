"""Families and corners of mobjects, without a list for each point.

Patches of `VMobject` (mobject/types/vectorized_mobject.py), `Mobject` (mobject/mobject.py) and
`extract_mobject_family_members` (utils/family.py). Each gives what Manim's gives, in the same order. Where a class of
the scene's own takes part in it, Manim's own function is called.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from manim.mobject.mobject import Mobject
from manim.mobject.types.vectorized_mobject import VMobject

from fastmanim.patching import Patch

_FIRST_AND_LAST = [0, 3]
_stock_boundary = VMobject.get_points_defining_boundary
_stock_anchors = VMobject.get_anchors
_stock_family = Mobject.get_family
_stock_iterate = Mobject._iter_family
_stock_extremum = Mobject.get_extremum_along_dim


def get_points_defining_boundary(self: Any) -> Any:
    """Return the anchors of the whole family (mobject/types/vectorized_mobject.py:1791)."""
    family = [self] if not self.submobjects and type(self).get_family is get_family else self.get_family()
    found = []
    for member in family:
        points = member.points
        if type(member).get_anchors is not _stock_anchors or member.n_points_per_cubic_curve != 4:
            return _stock_boundary(self)
        count = len(points)
        if count == 1:
            found.append(points)
        elif count % 4:
            return _stock_boundary(self)
        elif count:
            found.append(points.reshape(-1, 4, points.shape[1])[:, _FIRST_AND_LAST].reshape(-1, points.shape[1]))
    if not found:
        return np.array(())
    return np.concatenate(found) if len(found) > 1 else np.array(found[0])


def get_critical_point(self: Any, direction: Any) -> Any:
    """Return a point of the box around a mobject (mobject/mobject.py:2386)."""
    result = np.zeros(self.dim)
    points = self.get_points_defining_boundary()
    if len(points) == 0:
        return result
    if type(self).get_extremum_along_dim is not _stock_extremum:
        for dim in range(self.dim):
            result[dim] = self.get_extremum_along_dim(points, dim=dim, key=np.array(direction[dim]))
        return result
    lowest, highest = points.min(axis=0), points.max(axis=0)
    for dim in range(self.dim):
        key = direction[dim]
        if key < 0:
            result[dim] = lowest[dim]
        elif key == 0:
            result[dim] = (lowest[dim] + highest[dim]) / 2
        else:
            result[dim] = highest[dim]
    return result


def get_family(self: Any, recurse: bool = True) -> list[Any]:
    """Return a mobject and all below it (mobject/mobject.py:2658)."""
    if type(self)._iter_family is not _stock_iterate:
        return list(_stock_family(self, recurse))
    if not self.submobjects:
        return [self]
    found: list[Any] = []
    _collect(self, found, set())
    return _last_of_each(found)


def extract_mobject_family_members(
    mobjects: Iterable[Any], use_z_index: bool = False, only_those_with_points: bool = False
) -> list[Any]:
    """Return the families of these mobjects, each member once (utils/family.py:12)."""
    found: list[Any] = []
    for mobject in mobjects:
        kind = type(mobject)
        if kind.get_family is not get_family or kind._iter_family is not _stock_iterate:
            found += mobject.get_family()
        elif mobject.submobjects:
            _collect(mobject, found, set())
        else:
            found.append(mobject)
    members = _last_of_each(found)
    if only_those_with_points:
        members = [member for member in members if member.get_num_points() > 0]
    if use_z_index:
        return sorted(members, key=_z_index)
    return members


def _collect(mobject: Any, found: list[Any], above: set[Any]) -> None:
    """Add a mobject and all below it; one that lies below itself is not followed again."""
    if type(mobject)._iter_family is not _stock_iterate:
        found += mobject._iter_family(above)
        return
    found.append(mobject)
    above.add(mobject)
    for one in mobject.submobjects:
        if one.submobjects:
            if one not in above:
                _collect(one, found, above)
        elif one not in above:
            found.append(one)
    above.remove(mobject)


def _last_of_each(members: list[Any]) -> list[Any]:
    """Keep the last occurrence of each (utils/iterables.py:330)."""
    return list(dict.fromkeys(reversed(members)))[::-1]


def _z_index(mobject: Any) -> Any:
    return mobject.z_index


def interpolate_color(self: Any, mobject1: Any, mobject2: Any, alpha: float) -> Any:
    """Set colours and widths between those of two mobjects (mobject/types/vectorized_mobject.py:1965)."""
    for name in _COLOURS:
        end = getattr(mobject2, name)
        if alpha == 1.0:
            value = end.copy() if isinstance(end, np.ndarray) else end
        else:
            value = (1 - alpha) * getattr(mobject1, name) + alpha * end
        setattr(self, name, value)
    return self


_COLOURS = (
    "fill_rgbas",
    "stroke_rgbas",
    "background_stroke_rgbas",
    "stroke_width",
    "background_stroke_width",
    "sheen_direction",
    "sheen_factor",
)
_MOBJECT = "manim.mobject.mobject"
_VMOBJECT = "manim.mobject.types.vectorized_mobject"
PATCHES = (
    Patch(module=_MOBJECT, name="Mobject.get_family", sha256="33866e1e793fe410", by=get_family),
    Patch(module=_MOBJECT, name="Mobject.get_critical_point", sha256="110baca92f9f0774", by=get_critical_point),
    Patch(
        module=_VMOBJECT,
        name="VMobject.get_points_defining_boundary",
        sha256="104b87b2bfb873a1",
        by=get_points_defining_boundary,
    ),
    Patch(module=_VMOBJECT, name="VMobject.interpolate_color", sha256="ae3e0c018646a047", by=interpolate_color),
    Patch(
        module="manim.utils.family",
        name="extract_mobject_family_members",
        sha256="90b769a1324ec5df",
        by=extract_mobject_family_members,
        imported_by=(
            "manim.camera.camera",
            "manim.camera.three_d_camera",
            "manim.scene.scene",
            "manim.scene.moving_camera_scene",
        ),
    ),
)
