"""Remembers what is on the stage while a prompt is read, so that "it" and "the circle" find their thing."""

from __future__ import annotations

from dataclasses import replace

from manimatic.codegen.offline.lexicon import Shape
from manimatic.codegen.offline.story import Look, Paint, Place, Thing
from manimatic.codegen.offline.tokens import NotUnderstood, Unsuitable

MAX_THINGS = 12
"""Things that one scene may hold."""
MAX_COUNT = 100
"""Copies that one group may hold."""


class Cast:
    """The things of a story, what they look like now, and whom the last clause was about."""

    def __init__(self) -> None:
        self.things: list[Thing] = []
        self.looks: dict[int, Look] = {}
        self.focus: tuple[int, ...] = ()
        self.gone: set[int] = set()

    def add(self, look: Look, place: Place | None) -> int:
        """Put a new thing on the list and return its key."""
        if len(self.things) >= MAX_THINGS:
            raise Unsuitable(f"A scene may hold at most {MAX_THINGS} different things.")
        if not 1 <= look.count <= MAX_COUNT:
            raise Unsuitable(f"{look.count} copies are not possible: allowed are 1 to {MAX_COUNT}.")
        key = len(self.things)
        self.things.append(Thing(key=key, look=look, place=place))
        self.looks[key] = look
        return key

    def forget(self, number: int) -> None:
        """Take back all things but the first so many."""
        for thing in self.things[number:]:
            del self.looks[thing.key]
        del self.things[number:]

    def check_not_gone(self, look: Look) -> None:
        """Raise NotUnderstood where "the circle" is one that has left."""
        if any(self._fits(self.looks[k], look.kind, look.shape, look.paint) for k in self.gone):
            raise NotUnderstood(f"the {look.name} has left the stage already")

    def put(self, key: int, place: Place) -> None:
        """Say where a thing stands."""
        self.things[key] = replace(self.things[key], place=place)

    def start_in(self, key: int, paint: Paint) -> None:
        """Say which colour a thing has before it changes. Raises NotUnderstood where it has another one."""
        thing = self.things[key]
        now = self.looks[key].paint
        if now is None:
            self.things[key] = replace(thing, look=replace(thing.look, paint=paint))
            self.looks[key] = replace(self.looks[key], paint=paint)
        elif now.name != paint.name:
            raise NotUnderstood(f"the {thing.look.name} is {now.name}, not {paint.name}")

    def present(self) -> tuple[int, ...]:
        """Return the keys of what has not left the stage."""
        return tuple(t.key for t in self.things if t.key not in self.gone)

    def one(self) -> tuple[int, ...]:
        """Resolve "it": what the last clause was about."""
        keys = tuple(k for k in self.focus if k not in self.gone)
        if len(keys) != 1:
            raise NotUnderstood("it is not clear what 'it' stands for")
        return keys

    def many(self) -> tuple[int, ...]:
        """Resolve "they": the things of the last clause, or all."""
        keys = tuple(k for k in self.focus if k not in self.gone)
        if len(keys) > 1 or (len(keys) == 1 and self.looks[keys[0]].count > 1):
            return keys
        everything = self.present()
        if not everything:
            raise NotUnderstood("it is not clear what 'they' stands for")
        return everything

    def find(self, kind: str, shape: Shape | None, paint: Paint | None, *, all_of_them: bool) -> tuple[int, ...]:
        """Return the things on the stage that fit "the red circle"; the last mentioned one, or all of them."""
        fits = [k for k in self.present() if self._fits(self.looks[k], kind, shape, paint)]
        return tuple(fits) if all_of_them else tuple(fits[-1:])

    @staticmethod
    def _fits(look: Look, kind: str, shape: Shape | None, paint: Paint | None) -> bool:
        same = look.kind == kind and look.shape == shape
        return same and (paint is None or (look.paint is not None and look.paint.name == paint.name))
