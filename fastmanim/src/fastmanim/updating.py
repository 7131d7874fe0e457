"""Call updaters without looking at their signatures each time.

Patches of `Mobject.update` and its relatives (mobject/mobject.py:1041).
"""

from __future__ import annotations

import inspect
from types import FunctionType, MethodType
from typing import Any

from fastmanim.patching import Patch


def takes_dt(updater: Any) -> bool:
    """Tell whether a parameter of the updater is called `dt`, as `inspect.signature` would."""
    kind, skipped = type(updater), 0
    function = updater
    if kind is MethodType:
        function, skipped = updater.__func__, 1
        kind = type(function)
    if kind is not FunctionType or function.__dict__:
        return "dt" in inspect.signature(updater).parameters
    code = function.__code__
    if code.co_argcount < skipped:
        return "dt" in inspect.signature(updater).parameters
    flags = code.co_flags
    count = code.co_argcount + code.co_kwonlyargcount
    count += bool(flags & inspect.CO_VARARGS) + bool(flags & inspect.CO_VARKEYWORDS)
    return "dt" in code.co_varnames[skipped:count]


def update(self: Any, dt: float = 0, recursive: bool = True) -> Any:
    """Apply all updaters (mobject/mobject.py:1041)."""
    if self.updating_suspended:
        return self
    for updater in self.updaters:
        if takes_dt(updater):
            updater(self, dt)
        else:
            updater(self)
    if recursive:
        for submobject in self.submobjects:
            submobject.update(dt, recursive=recursive)
    return self


def get_time_based_updaters(self: Any) -> list[Any]:
    """Return the updaters that take `dt` (mobject/mobject.py:1080)."""
    return [updater for updater in self.updaters if takes_dt(updater)]


def has_time_based_updater(self: Any) -> bool:
    """Tell whether one of the updaters takes `dt` (mobject/mobject.py:1102)."""
    return any(takes_dt(updater) for updater in self.updaters)


_MODULE = "manim.mobject.mobject"
PATCHES = (
    Patch(module=_MODULE, name="Mobject.update", sha256="35587db594c81d28", by=update),
    Patch(
        module=_MODULE, name="Mobject.get_time_based_updaters", sha256="dd545fea0e293d9a", by=get_time_based_updaters
    ),
    Patch(module=_MODULE, name="Mobject.has_time_based_updater", sha256="eede141e40c82dbb", by=has_time_based_updater),
)
