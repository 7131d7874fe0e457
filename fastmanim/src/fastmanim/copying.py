"""Copy mobjects without what no copy needs of its own.

Patch of `Mobject.__deepcopy__` (mobject/mobject.py:449). A copy is the same as Manim's, attribute by attribute: arrays
are copied, what cannot change is shared. The path that a glyph was read from is shared as well: it is not read again
after the points were made from it (mobject/svg/svg_mobject.py:641), and copying its objects took most of the time.
"""

from __future__ import annotations

import copy
from types import BuiltinFunctionType, FunctionType
from typing import Any

import numpy as np
from manim.utils.color import ManimColor

from fastmanim.patching import Patch

_SHARED = frozenset(
    {type(None), int, float, bool, complex, bytes, str, type, range, FunctionType, BuiltinFunctionType, ManimColor}
)
"""Types of which `copy.deepcopy` returns the same object, and Manim's colours, which nothing changes."""
_SHARED_NAMES = frozenset({"path_obj"})


def deepcopy_mobject(self: Any, memo: dict[int, Any]) -> Any:
    """Copy a mobject and all that it holds (mobject/mobject.py:449)."""
    cls = self.__class__
    result = cls.__new__(cls)
    memo[id(self)] = result
    for name, value in self.__dict__.items():
        kind = type(value)
        if kind in _SHARED or name in _SHARED_NAMES:
            copied = value
        elif kind is np.ndarray or kind is list:
            copied = _copied(value, kind, memo)
        else:
            copied = copy.deepcopy(value, memo)
        setattr(result, name, copied)
    result.original_id = str(id(self))
    return result


def _copied(value: Any, kind: type[Any], memo: dict[int, Any]) -> Any:
    known = memo.get(id(value))
    if known is not None:
        return known
    if kind is np.ndarray:
        copied = copy.deepcopy(value, memo) if value.dtype.hasobject else value.copy(order="K")
        memo[id(value)] = copied
        return copied
    copied = memo[id(value)] = []
    for item in value:
        copied.append(item if type(item) in _SHARED else copy.deepcopy(item, memo))
    return copied


PATCHES = (
    Patch(module="manim.mobject.mobject", name="Mobject.__deepcopy__", sha256="7157dccc5a830ba6", by=deepcopy_mobject),
)
