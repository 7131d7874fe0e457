"""Reads the things of a prompt: "a small red circle at the top", "three dots", "the square", "'Hello'"."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from manimatic.codegen.offline import checks
from manimatic.codegen.offline.cast import Cast
from manimatic.codegen.offline.lexicon import Lexicon
from manimatic.codegen.offline.modifiers import Modifiers
from manimatic.codegen.offline.story import Look, Place
from manimatic.codegen.offline.tokens import Cursor, NotUnderstood


@dataclass(slots=True)
class Description:
    """A noun phrase as it stands, before it is known whether it is new."""

    article: str = ""
    """`one`, `known`, or nothing."""
    plural: bool = False
    look: Look = field(default_factory=lambda: Look(kind="shape"))
    place: Place | None = None
    manners: tuple[str, ...] = ()
    """Verbs that stand before the noun: "a spinning square"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """The things that a noun phrase means, which of them are new, and what they do ("a spinning square")."""

    keys: tuple[int, ...]
    new: tuple[int, ...] = ()
    manners: tuple[tuple[int, str], ...] = ()


class Nouns:
    """Reads noun phrases and keeps the cast."""

    def __init__(self, cursor: Cursor, lexicon: Lexicon, cast: Cast) -> None:
        self._cursor, self._lexicon, self._cast = cursor, lexicon, cast
        self._modifiers = Modifiers(cursor, lexicon)

    def mention_list(self) -> Mention | None:
        """Read one or more noun phrases joined by commas and "and"."""
        first = self.mention()
        if first is None:
            return None
        mentions = [first]
        while (more := self._next_in_list(mentions)) is not None:
            mentions.append(more)
        return Mention(
            keys=tuple(k for m in mentions for k in m.keys),
            new=tuple(k for m in mentions for k in m.new),
            manners=tuple(pair for m in mentions for pair in m.manners),
        )

    def _next_in_list(self, mentions: list[Mention]) -> Mention | None:
        """Read the next of a list; "…, the square moves" and "…, a square moves" begin a new clause instead."""
        start, known = self._cursor.at, len(self._cast.things)
        focus, self._cast.focus = self._cast.focus, mentions[-1].keys
        comma = self._cursor.take_kind("comma") is not None
        joined = self._cursor.take_word("and", "plus") or self._cursor.take_kind("sign") == "&"
        more = self.mention() if joined or comma else None
        self._cast.focus = focus
        if more is None or (mentions[0].new and not more.new) or (not joined and self._verb_follows()):
            self._cursor.at = start
            self._cast.forget(known)
            return None
        return more

    def _verb_follows(self) -> bool:
        start = self._cursor.at
        self._cursor.skip(self._lexicon.table("auxiliaries"))
        found = self._cursor.take(self._lexicon.verbs) is not None
        self._cursor.at = start
        return found

    def mention(self) -> Mention | None:
        """Read one noun phrase; None where no one stands here."""
        pronoun = self._pronoun()
        if pronoun is not None:
            return Mention(keys=pronoun)
        description = self.description()
        return None if description is None else self._resolve(description)

    def _pronoun(self) -> tuple[int, ...] | None:
        cursor, table, start = self._cursor, self._lexicon.table, self._cursor.at
        if cursor.take(table("pronouns.last")):
            if not self._starts_writing():
                return self._cast.one()
            cursor.at = start
            return None
        if cursor.take(table("pronouns.many")):
            if self._starts_noun():
                cursor.at = start
                return None
            return self._cast.many()
        return self._cast.one() if cursor.take(table("pronouns.one")) else None

    def _starts_writing(self) -> bool:
        token = self._cursor.peek()
        return token is not None and token.kind in {"text", "formula", "stop"}

    def _starts_noun(self) -> bool:
        start = self._cursor.at
        found = self._modifiers.count() is not None or self._noun(Description())
        self._cursor.at = start
        return found

    def _resolve(self, d: Description) -> Mention:
        if d.article == "known":
            keys = self._cast.find(d.look.kind, d.look.shape, d.look.paint, all_of_them=d.plural)
            if keys:
                self._check_reference(d, keys)
                return Mention(keys=keys)
            self._cast.check_not_gone(d.look)
        key = self._cast.add(d.look, d.place)
        place, others = self._relation()
        if place is not None:
            self._cast.put(key, place)
        manners = tuple((key, m) for m in d.manners)
        return Mention(keys=(key,), new=(key, *others), manners=manners)

    def _check_reference(self, d: Description, keys: tuple[int, ...]) -> None:
        if d.place or d.manners:
            raise NotUnderstood(f"'the {d.look.name}' is there already, so it cannot be described anew")
        if d.plural and d.look.count > 1 and sum(self._cast.looks[k].count for k in keys) != d.look.count:
            raise NotUnderstood(f"there are not {d.look.count} of them on the stage")

    def _relation(self) -> tuple[Place | None, tuple[int, ...]]:
        """Read "above a blue square"; return the place, and the other thing if it is new."""
        direction = self._cursor.take(self._lexicon.table("relations"))
        if direction is None:
            return None, ()
        other = self.mention()
        if other is None or len(other.keys) != 1 or other.manners:
            raise self._cursor.refuse()
        return Place(direction=direction, other=other.keys[0]), other.new

    def description(self) -> Description | None:
        """Read a noun phrase without looking it up; None where no one stands here."""
        start, d = self._cursor.at, Description()
        self._article(d)
        self._before_noun(d)
        if not self._noun(d):
            self._cursor.at = start
            return None
        self._modifiers.after_noun(d)
        checks.look(d.look)
        return d

    def _article(self, d: Description) -> None:
        self._cursor.skip(self._lexicon.table("fillers"))
        for kind in ("known", "one"):
            if self._cursor.take(self._lexicon.table(f"articles.{kind}")):
                d.article = kind
                break
        count = self._modifiers.count()
        if count is not None:
            d.look = replace(d.look, count=count)

    def _before_noun(self, d: Description) -> None:
        while self._filler() or self._modifiers.adjective(d) or self._manner(d):
            self._cursor.take_kind("comma")

    def _filler(self) -> bool:
        return self._cursor.take(self._lexicon.table("fillers")) is not None

    def _manner(self, d: Description) -> bool:
        verb = self._cursor.take(self._lexicon.table("manners"))
        if verb is not None:
            d.manners += (verb,)
        return verb is not None

    def _noun(self, d: Description) -> bool:
        return self._shape(d) or self._text(d) or self._formula(d) or self._number(d)

    def _shape(self, d: Description) -> bool:
        shape = self._cursor.take(self._lexicon.shapes)
        many = None if shape else self._cursor.take(self._lexicon.plurals)
        if shape is None and many is None:
            return False
        d.plural = many is not None
        if many is not None and d.look.count == 1 and d.article != "known":
            raise NotUnderstood(f"it is not said how many {many.name}s there are")
        d.look = replace(d.look, shape=shape or many)
        self._cursor.take_word("shape", "shapes")
        return True

    def _text(self, d: Description) -> bool:
        start = self._cursor.at
        self._cursor.skip(self._lexicon.table("text_words"))
        self._cursor.take_kind("stop")
        words = self._cursor.take_kind("text")
        if words is None:
            self._cursor.at = start
            return False
        d.look = replace(d.look, kind="text", words=words)
        return True

    def _formula(self, d: Description) -> bool:
        start = self._cursor.at
        self._cursor.skip(self._lexicon.table("formula_words"))
        self._cursor.take_kind("stop")
        tex = self._cursor.take_kind("formula")
        if tex is None:
            self._cursor.at = start
            return False
        d.look = replace(d.look, kind="formula", words=tex.strip())
        return True

    def _number(self, d: Description) -> bool:
        start = self._cursor.at
        number = self._cursor.take_kind("number") if self._cursor.take_word("number") else None
        if number is None:
            self._cursor.at = start
            return False
        d.look = replace(d.look, kind="formula", words=number)
        return True
