"""What is seen of a picture: texts with their glyphs, shapes with their outlines, and the frame about them.

Boxes are rows of left, bottom, right, top in Manim's units, with the frame's centre as the origin. Colours are red,
green, blue and opacity from 0 to 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

Box: TypeAlias = tuple[float, float, float, float]
Colour: TypeAlias = tuple[float, float, float, float]
Array: TypeAlias = Any
"""A numpy array."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Text:
    """A text, a formula or a number on the screen: what of its glyphs can be seen."""

    key: int
    """The same for the same object in every picture."""
    glyphs: Array
    """One box a glyph that can be seen."""
    box: Box
    order: int
    """What is drawn later has a higher number."""
    colour: Colour
    """Of most of its glyphs; its opacity is the highest of fill and stroke."""
    rim: Colour | None = None
    """The colour of a stroke about the glyphs."""
    writing: int | None = None
    """The same for copies of one text."""
    part_of: frozenset[str] = frozenset()
    """Names of the classes of what it is part of."""
    groups: frozenset[int] = frozenset()
    """What it is part of, by key."""
    flying: bool = False
    """It is being animated."""
    driven: bool = False
    """An updater moves it, or what it is part of."""
    glyph_height: float = 0.0
    """Height of half of its letters at most, in units."""
    missing: str = ""
    """Characters that no font has."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shape:
    """A piece of a drawing: one path with one style."""

    key: int
    owner: int
    """Key of the object that it is a piece of, such as an arrow or axes."""
    kind: str
    """Name of its class."""
    box: Box
    order: int
    path: Array
    """Points along the path, two numbers each; a row of NaN parts pieces that are not joined."""
    fill: Colour
    stroke: Colour
    stroke_width: float
    """In Manim's measure: hundredths of a unit."""
    part_of: frozenset[str] = frozenset()
    groups: frozenset[int] = frozenset()
    flying: bool = False
    driven: bool = False
    is_image: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class View:
    """One picture, for the time that it lasts."""

    texts: tuple[Text, ...]
    shapes: tuple[Shape, ...]
    """Both without what cannot be seen, in no order."""
    unseen: dict[int, str | None] = field(default_factory=dict)
    """Keys of texts that are in the scene and cannot be seen, with the animation that they are in."""
    width: float
    height: float
    """Of what the camera sees, in units."""
    pixels_per_unit: float
    ground: Colour
    at_s: float
    lasts_s: float
    line: int | None = None
    """Line of the scene that is being executed."""
    is_flat: bool = True
    """There is no perspective."""
    is_zoomed: bool = False
    """The camera shows another part than the whole frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Something wrong that was seen in one picture: of the first object, and sometimes a second."""

    rule: str
    key: int | None
    other: int | None = None
    box: Box | None = None
    other_box: Box | None = None
    detail: dict[str, float | str] = field(default_factory=dict)
    """Figures for the message."""
