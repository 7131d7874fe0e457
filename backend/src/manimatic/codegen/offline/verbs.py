"""Reads what happens: the words after a verb, as acts without their things yet."""

from __future__ import annotations

from collections.abc import Callable

from manimatic.codegen.offline.arguments import Arguments
from manimatic.codegen.offline.lexicon import Lexicon
from manimatic.codegen.offline.modifiers import Modifiers
from manimatic.codegen.offline.nouns import Nouns
from manimatic.codegen.offline.story import Act, Place
from manimatic.codegen.offline.tokens import Cursor

GROWTH = {"grow": 1.8, "shrink": 0.5, "double": 2.0, "halve": 0.5}
"""Factors where the prompt names none."""


class Verbs:
    """Reads the arguments of each verb and makes its acts."""

    def __init__(self, cursor: Cursor, lexicon: Lexicon, nouns: Nouns) -> None:
        self._cursor, self._lexicon, self._nouns = cursor, lexicon, nouns
        self._modifiers = Modifiers(cursor, lexicon)
        self._arguments = Arguments(cursor, lexicon)

    def read(self, verb: str) -> list[Act]:
        """Read the arguments of a verb of verbs.toml.

        Raises:
            NotUnderstood: An argument is missing.
        """
        readers: dict[str, Callable[[], list[Act]]] = {
            "move": self._move,
            "rise": lambda: self._move("UP"),
            "fall": lambda: self._move("DOWN"),
            "rotate": self._rotate,
            "become": self._become,
            "recolour": self._recolour,
            "wait": self._wait,
        }
        if verb in readers:
            return readers[verb]()
        if verb in GROWTH or verb == "scale":
            return self._scale(verb)
        return self._plain(verb)

    def _plain(self, verb: str) -> list[Act]:
        pace = self._arguments.pace()
        times = self._arguments.times() if verb in {"bounce", "blink", "pulse", "wiggle"} else None
        seconds = self._arguments.seconds()
        names = {"appear": "enter", "fade": "fade_out"}
        default = {"bounce": 2, "blink": 3}.get(verb, 1)
        return [Act(verb=names.get(verb, verb), times=times or default, pace=pace, seconds=seconds)]

    def _move(self, direction: str = "") -> list[Act]:
        pace = self._arguments.pace()
        target = self._target()
        if target is not None:
            return [Act(verb="go_to", place=target, pace=pace, seconds=self._arguments.seconds())]
        acts = [self._one_move(direction, pace)]
        while (more := self._another_direction()) is not None:
            acts.append(self._one_move(more, pace))
        target = self._target()
        return [Act(verb="go_to", place=target, pace=pace)] if target else acts

    def _one_move(self, direction: str, pace: float) -> Act:
        factor = self._cursor.take(self._lexicon.table("amounts"))
        distance = self._arguments.distance(needs_unit=True)
        direction = self._cursor.take(self._lexicon.table("directions")) or direction
        if not direction:
            raise self._cursor.refuse()
        if distance is None:
            distance = self._arguments.distance(needs_unit=False)
        factor = factor or self._cursor.take(self._lexicon.table("amounts")) or 1.0
        pace *= self._arguments.pace()
        seconds = self._arguments.seconds()
        return Act(verb="move", direction=direction, amount=factor, distance=distance, pace=pace, seconds=seconds)

    def _another_direction(self) -> str | None:
        start = self._cursor.at
        self._cursor.take_kind("comma")
        self._cursor.skip(self._lexicon.table("joints.then"))
        if self._cursor.at == start:
            return None
        found = self._cursor.take(self._lexicon.table("directions"))
        if found is None:
            self._cursor.at = start
        return found

    def _target(self) -> Place | None:
        start = self._cursor.at
        self._cursor.take_word("back")
        relation = self._relation()
        if relation is not None:
            return relation
        self._cursor.at = start
        self._cursor.take_word("back", "up", "down")
        place = self._place() if self._cursor.take(self._lexicon.table("towards")) else self._bare_place()
        if place is None:
            self._cursor.at = start
        return place

    def _relation(self) -> Place | None:
        direction = self._cursor.take(self._lexicon.table("relations"))
        other = self._nouns.mention() if direction else None
        if direction is None or other is None or other.new or len(other.keys) != 1:
            return None
        return Place(direction=direction, other=other.keys[0])

    def _bare_place(self) -> Place | None:
        return self._modifiers.place() if not self._at_direction() else None

    def _place(self) -> Place | None:
        start = self._cursor.at
        direction = self._cursor.take(self._lexicon.table("places"))
        bare = self._cursor.at - start == 1
        tail = self._cursor.take(self._lexicon.table("place_openers.tails"))
        if direction in {"LEFT", "RIGHT"} and bare and tail is None:
            return None
        return Place(direction=direction) if direction else None

    def _at_direction(self) -> bool:
        start = self._cursor.at
        found = self._cursor.take(self._lexicon.table("directions")) is not None
        ends_here = self._cursor.peek() is None or not self._follows_place()
        self._cursor.at = start
        return found and ends_here

    def _follows_place(self) -> bool:
        token = self._cursor.peek()
        return token is not None and token.text in {"side", "edge", "corner", "of", "hand"}

    def _rotate(self) -> list[Act]:
        pace, degrees, sign, seconds = self._arguments.pace(), None, 1.0, None
        while True:
            start = self._cursor.at
            sign = self._arguments.sense() or sign
            degrees = self._arguments.angle() if degrees is None else degrees
            pace *= self._arguments.pace()
            seconds = self._arguments.seconds() if seconds is None else seconds
            if self._cursor.at == start:
                break
        amount = sign * (360.0 if degrees is None else degrees)
        return [Act(verb="rotate", amount=amount, pace=pace, seconds=seconds)]

    def _scale(self, verb: str) -> list[Act]:
        pace = self._arguments.pace()
        factor = self._factor(verb)
        slight = self._cursor.take(self._lexicon.table("amounts"))
        if slight is not None:
            factor = 1 + (factor - 1) * slight
        pace *= self._arguments.pace()
        return [Act(verb="scale", amount=factor, pace=pace, seconds=self._arguments.seconds())]

    def _factor(self, verb: str) -> float:
        share = self._arguments.percent()
        if share is not None:
            factor = {"grow": 1 + share, "shrink": 1 - share}.get(verb, share)
        else:
            factor = self._arguments.factor() or GROWTH.get(verb, 0.0)
            factor = 1 / factor if verb == "shrink" and factor > 1 else factor
        if factor <= 0 or (verb == "grow" and factor <= 1):
            raise self._cursor.refuse()
        return factor

    def _become(self) -> list[Act]:
        self._cursor.take({p: p for p in ("into", "to", "with", "in to", "its color to", "its colour to")})
        if self._cursor.take_word("from"):
            return self._recolour(opened=True)
        start = self._cursor.at
        description = self._nouns.description()
        if description is not None:
            pace, seconds = self._arguments.pace(), self._arguments.seconds()
            if description.place or description.manners or description.look.count != 1:
                raise self._cursor.refuse()
            return [Act(verb="become", look=description.look, pace=pace, seconds=seconds)]
        self._cursor.at = start
        return self._recolour()

    def _recolour(self, *, opened: bool = False) -> list[Act]:
        before = None
        if opened or self._cursor.take_word("from"):
            before = self._modifiers.paint()
            if before is None:
                raise self._cursor.refuse()
        self._cursor.take_word("to", "into")
        paint = self._modifiers.paint()
        if paint is None:
            raise self._cursor.refuse()
        pace, seconds = self._arguments.pace(), self._arguments.seconds()
        return [Act(verb="recolour", paint=paint, paint_before=before, pace=pace, seconds=seconds)]

    def _wait(self) -> list[Act]:
        self._cursor.take({p: p for p in ("there", "still", "on")})
        return [Act(verb="wait", amount=self._arguments.seconds(bare=True) or 1.0)]
