"""What the checker knows of a value: frozen descriptions, and None for nothing at all."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TypeAlias

from manimatic.checking.api import Signature


@dataclass(frozen=True, slots=True)
class Instance:
    """An object of a class; one that is not exact may be of a class that derives from it."""

    kind: str
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Class:
    """A class itself."""

    kind: str


@dataclass(frozen=True, slots=True)
class Function:
    """A function of Manim's."""

    name: str
    signature: Signature


@dataclass(frozen=True, slots=True)
class OwnFunction:
    """A function that the source defines."""

    node: ast.FunctionDef | ast.AsyncFunctionDef
    bound: bool = False


@dataclass(frozen=True, slots=True)
class Method:
    """A method of an object, not called yet; `signature` is None for one that Manim makes up when it is asked."""

    receiver: Instance
    name: str
    signature: Signature | None
    animated: bool = False


@dataclass(frozen=True, slots=True)
class Builder:
    """What `.animate` gives."""

    target: Instance


@dataclass(frozen=True, slots=True)
class Super:
    """What `super()` gives in a method of a class of the source."""

    base: str
    own: str


@dataclass(frozen=True, slots=True)
class Module:
    """An imported module."""

    name: str


@dataclass(frozen=True, slots=True)
class Builtin:
    """A built-in function."""

    name: str


@dataclass(frozen=True, slots=True)
class Plain:
    """A value of Python's own: `num`, `str`, `bool`, `none`, `dict`, `lambda`; `text` for a literal string."""

    kind: str
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Vector:
    """A numpy array of so many numbers."""

    size: int


@dataclass(frozen=True, slots=True)
class Array:
    """A numpy array of so many rows and columns of numbers."""

    rows: int
    columns: int


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list or tuple: its items where they are known one by one, and what they have in common."""

    kind: str
    items: tuple[Value, ...] | None = None
    common: Value = None


Known: TypeAlias = (
    Instance
    | Class
    | Function
    | OwnFunction
    | Method
    | Builder
    | Super
    | Module
    | Builtin
    | Plain
    | Vector
    | Array
    | Sequence
)
Value: TypeAlias = Known | None

NUMBER = Plain("num")
STRING = Plain("str")
SOME_NUMBERS = Sequence("array", None, NUMBER)
"""Points of which some have more numbers than others."""


def join(one: Value, other: Value) -> Value:
    """Return what holds for both."""
    if one == other:
        return one
    if isinstance(one, Plain) and isinstance(other, Plain) and one.kind == other.kind:
        return Plain(one.kind)
    if isinstance(one, Instance) and isinstance(other, Instance) and one.kind == other.kind:
        return Instance(one.kind, False)
    sizes = {point_size(value) or value == SOME_NUMBERS for value in (one, other)}
    if False not in sizes and len(sizes) == 2:
        return SOME_NUMBERS
    if isinstance(one, Sequence) and isinstance(other, Sequence) and one.kind == other.kind:
        if one.items == ():
            return Sequence(one.kind, None, other.common)
        if other.items == ():
            return Sequence(one.kind, None, one.common)
        return Sequence(one.kind, None, join(one.common, other.common))
    return None


def sequence(kind: str, items: tuple[Value, ...]) -> Sequence:
    """Return a list or tuple of known items."""
    common = items[0] if items else None
    for item in items[1:]:
        common = join(common, item)
    return Sequence(kind, items, common)


def point_size(value: Value) -> int | None:
    """Return how many numbers a literal point has; None for what is no point or not known."""
    if isinstance(value, Vector):
        return value.size
    if not isinstance(value, Sequence) or value.items is None or not 2 <= len(value.items) <= 3:
        return None
    numbers = all(isinstance(item, Plain) and item.kind == "num" for item in value.items)
    return len(value.items) if numbers else None
