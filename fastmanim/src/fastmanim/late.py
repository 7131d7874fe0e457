"""Import Manim without what few scenes need: libraries that take more than half of its import.

While Manim is imported, stand-ins take the place of `networkx`, `bs4` and scipy's rotations. They load the real library
when something of it is used. Whoever imports these libraries afterwards gets them themselves. Rotation matrices, which
every text needs, are computed here: the same operations in the same order, so the same numbers.
"""

from __future__ import annotations

import importlib
import math
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

SMALL_ANGLE = 1e-3
"""Up to here scipy takes a series for the sine."""
_ROTATIONS = "scipy.spatial.transform"


def import_manim() -> None:
    """Import Manim with stand-ins, unless it has been imported."""
    if "manim" in sys.modules:
        return
    stand_ins: dict[str, ModuleType] = {
        "networkx": _LateModule("networkx"),
        "bs4": _LateModule("bs4"),
        _ROTATIONS: ModuleType(_ROTATIONS),
    }
    vars(stand_ins["bs4"])["Tag"] = _LateClass("Tag", (), {"module": "bs4"})
    vars(stand_ins[_ROTATIONS])["Rotation"] = Rotation()
    absent = {name: module for name, module in stand_ins.items() if name not in sys.modules}
    sys.modules.update(absent)
    try:
        importlib.import_module("manim")
    finally:
        for name, module in absent.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]


class _LateModule(ModuleType):
    """A library that is loaded when something of it is called."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            return _LateName(self.__name__, name)
        return getattr(importlib.import_module(self.__name__), name)


class _LateName:
    """A name in a library that is loaded when it is called."""

    def __init__(self, module: str, path: str) -> None:
        self._module = module
        self._path = path

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _LateName(self._module, f"{self._path}.{name}")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _real(self._module, self._path)(*args, **kwargs)


class _LateClass(type):
    """A class in a library that is loaded when something is compared with it."""

    module: str

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _real(cls.module, cls.__name__))


def _real(module: str, path: str) -> Any:
    place = importlib.import_module(module)
    for name in path.split("."):
        place = getattr(place, name)
    return place


class Rotation:
    """Stands for scipy's class of this name, of which Manim uses one path (utils/space_ops.py:265)."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(importlib.import_module(_ROTATIONS).Rotation, name)

    def from_rotvec(self, vector: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the rotation about a vector by its length."""
        if args or kwargs or getattr(vector, "shape", None) != (3,):
            return importlib.import_module(_ROTATIONS).Rotation.from_rotvec(vector, *args, **kwargs)
        return _Turn([float(value) for value in vector])


class _Turn:
    """A rotation about a vector."""

    def __init__(self, vector: list[float]) -> None:
        self._vector = vector

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(importlib.import_module(_ROTATIONS).Rotation.from_rotvec(self._vector), name)

    def as_matrix(self) -> Any:
        """Return the rotation as a matrix."""
        import numpy as np

        return np.array(matrix_of(self._vector))


def matrix_of(vector: Sequence[float]) -> list[list[float]]:
    """Return the matrix of a rotation about a vector by its length, by way of a quaternion as scipy does."""
    a, b, c = vector
    angle = math.sqrt(a * a + b * b + c * c)
    if angle <= SMALL_ANGLE:
        square = angle * angle
        scale = 0.5 - square / 48 + square * square / 3840
    else:
        scale = math.sin(angle / 2) / angle
    x, y, z, w = scale * a, scale * b, scale * c, math.cos(angle / 2)
    x2, y2, z2, w2 = x * x, y * y, z * z, w * w
    xy, zw, xz, yw, yz, xw = x * y, z * w, x * z, y * w, y * z, x * w
    return [
        [x2 - y2 - z2 + w2, 2 * (xy - zw), 2 * (xz + yw)],
        [2 * (xy + zw), -x2 + y2 - z2 + w2, 2 * (yz - xw)],
        [2 * (xz - yw), 2 * (yz + xw), -x2 - y2 + z2 + w2],
    ]
