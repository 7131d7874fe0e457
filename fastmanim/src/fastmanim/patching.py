"""Put functions of ours in the place of Manim's, and back.

A patch is written against one version of Manim: it names what it stands for and the hash of that source, which a test
compares with the Manim that is installed.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

WRITTEN_FOR = "0.22.0"
"""The version of Manim that the patches were written against; beside any other they are left out."""
BUILT_IN = "built in"
"""In the place of a hash: what has no source in Python."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """A function of Manim's, and ours that takes its place.

    Args:
        module: Where Manim's is.
        name: Its name there, with its class: `Camera.capture_mobjects`.
        sha256: Of its source, without the indentation; the first 16 digits.
        by: Ours.
        imported_by: Modules that hold a function under its own name.
    """

    module: str
    name: str
    sha256: str
    by: Callable[..., Any]
    imported_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Applied:
    """What a place held before a patch."""

    place: Any
    name: str
    stock: Any
    ours: Any


def source_hash(patch: Patch) -> str:
    """Hash the source of Manim's function as it is installed.

    Raises:
        LookupError: Manim has no such function.
    """
    place, name = _place(patch.module, patch.name)
    if name not in vars(place):
        raise LookupError(f"{patch.module} has no {patch.name}")
    function = getattr(inspect.unwrap(_plain(vars(place)[name])), "__func__", _plain(vars(place)[name]))
    return hashlib.sha256(textwrap.dedent(inspect.getsource(function)).encode()).hexdigest()[:16]


def apply(patches: Iterable[Patch]) -> list[Applied]:
    """Put each function in its place and return what was there."""
    applied = []
    for patch in patches:
        place, name = _place(patch.module, patch.name)
        places = [place, *(importlib.import_module(other) for other in patch.imported_by)]
        for one in places:
            applied.append(Applied(one, name, vars(one)[name], patch.by))
            setattr(one, name, patch.by)
    return applied


def revert(applied: Iterable[Applied]) -> None:
    """Put back what was there, but where somebody else has put something since."""
    for one in applied:
        if vars(one.place).get(one.name) is one.ours:
            setattr(one.place, one.name, one.stock)


def _place(module: str, name: str) -> tuple[Any, str]:
    place: Any = importlib.import_module(module)
    *classes, last = name.split(".")
    for one in classes:
        place = getattr(place, one)
    return place, last


def _plain(attribute: Any) -> Any:
    return attribute.fget if isinstance(attribute, property) else attribute
