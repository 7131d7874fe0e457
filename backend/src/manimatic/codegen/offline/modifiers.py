"""Reads what stands around a noun: counts, sizes, colours, places, lengths, labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from manimatic.codegen.offline.lexicon import Lexicon
from manimatic.codegen.offline.story import Look, Paint, Place
from manimatic.codegen.offline.tokens import Cursor

_SECOND_SIDES = frozenset({"LEFT", "RIGHT"})


class Described(Protocol):
    """What modifiers change."""

    look: Look
    place: Place | None


class Modifiers:
    """Reads single modifiers; each method takes nothing where it finds nothing."""

    def __init__(self, cursor: Cursor, lexicon: Lexicon) -> None:
        self._cursor, self._lexicon = cursor, lexicon

    def count(self) -> int | None:
        """Read "three" or "3"."""
        start = self._cursor.at
        number = self.number()
        if number is None or number != int(number) or number < 0:
            self._cursor.at = start
            return None
        return int(number)

    def number(self) -> float | None:
        """Read a number in figures or in words."""
        figures = self._cursor.take_kind("number")
        if figures is not None:
            return float(figures)
        word = self._cursor.take(self._lexicon.table("numbers"))
        return None if word is None else float(word)

    def paint(self) -> Paint | None:
        """Read a colour word or a #hex value."""
        value = self._cursor.take_kind("hex")
        if value is not None:
            long = value if len(value) == 7 else "#" + "".join(2 * c for c in value[1:])
            return Paint(name=long.upper())
        colour = self._cursor.take(self._lexicon.colours)
        if colour is None:
            return None
        self._cursor.take_word("colored", "coloured")
        return Paint(name=colour.name, word=colour)

    def adjective(self, d: Described) -> bool:
        """Read one size, colour or style before a noun."""
        size = self._cursor.take(self._lexicon.table("sizes"))
        if size is not None:
            d.look = replace(d.look, size=d.look.size * size)
            return True
        style = self._cursor.take(self._lexicon.table("styles"))
        if style is not None:
            d.look = replace(d.look, fill=style)
            return True
        return self._colour_adjective(d)

    def _colour_adjective(self, d: Described) -> bool:
        if d.look.paint is not None:
            return False
        paint = self.paint()
        if paint is not None:
            d.look = replace(d.look, paint=paint)
        return paint is not None

    def after_noun(self, d: Described) -> None:
        """Read everything that describes the thing after its noun."""
        readers = (self._coloured, self._placed, self._filled, self._outlined, self._sides, self._length, self._label)
        while any(self._attempt(reader, d) for reader in readers):
            pass

    def _attempt(self, reader: Callable[[Described], bool], d: Described) -> bool:
        start = self._cursor.at
        found = reader(d)
        if not found:
            self._cursor.at = start
        return found

    def _coloured(self, d: Described) -> bool:
        if not self._cursor.take({p: p for p in ("in", "colored", "coloured", "in the color", "in the colour")}):
            return False
        if d.look.paint is not None:
            return False
        paint = self.paint()
        if paint is None:
            return False
        d.look = replace(d.look, paint=paint)
        return True

    def _placed(self, d: Described) -> bool:
        if d.place is not None:
            return False
        d.place = self.place()
        return d.place is not None

    def place(self) -> Place | None:
        """Read "in the top left corner", "at the centre of the screen"."""
        start = self._cursor.at
        opened = self._cursor.take(self._lexicon.table("place_openers"))
        direction = self._cursor.take(self._lexicon.table("places")) if opened else None
        if direction is None:
            self._cursor.at = start
            return None
        tail = self._cursor.take(self._lexicon.table("place_openers.tails"))
        if tail is None and self._cursor.take_word("of"):
            self._cursor.at = start
            return None
        return Place(direction=direction)

    def _filled(self, d: Described) -> bool:
        if not self._cursor.take_word("filled"):
            return False
        self._cursor.take({p: p for p in ("with", "in")})
        paint = self.paint()
        if paint is not None and d.look.paint is None:
            d.look = replace(d.look, paint=paint, fill=1.0)
        elif paint is not None:
            return False
        else:
            d.look = replace(d.look, fill=1.0)
        return True

    def _outlined(self, d: Described) -> bool:
        if not self._cursor.take({p: p for p in ("with a", "with an", "with the", "with", "and a", "and an")}):
            return False
        paint = self.paint()
        if paint is None or not self._cursor.take_word("outline", "border", "edge", "stroke"):
            return False
        d.look = replace(d.look, outline=paint)
        return True

    def _sides(self, d: Described) -> bool:
        if not self._cursor.take_word("with") or d.look.shape is None or d.look.shape.name != "polygon":
            return False
        sides = self.count()
        if sides is None or not self._cursor.take_word("sides", "corners", "vertices"):
            return False
        d.look = replace(d.look, sides=sides)
        return True

    def _length(self, d: Described) -> bool:
        if d.look.shape is None or d.look.unit is not None:
            return False
        if not self._cursor.take({p: p for p in ("with a", "of", "with", "and a")}):
            return False
        factor = self._cursor.take(d.look.shape.length)
        self._cursor.take({p: p for p in ("of", "equal to", "is")})
        value = self.number() if factor is not None else None
        if value is None or factor is None:
            return False
        self._cursor.take_word("units", "unit")
        d.look = replace(d.look, unit=factor * value)
        return True

    def _label(self, d: Described) -> bool:
        openings = ("labelled", "labeled", "with the label", "with a label", "with label", "with the text", "with text")
        if d.look.kind != "shape" or d.look.label:
            return False
        if not self._cursor.take({p: p for p in openings}):
            return False
        text = self._cursor.take_kind("text")
        if text is None:
            return False
        d.look = replace(d.look, label=text)
        return True
