"""Reads a whole prompt into a story, or says which word it does not understand."""

from __future__ import annotations

from dataclasses import replace

from manimatic.codegen.offline.cast import Cast
from manimatic.codegen.offline.lexicon import Lexicon
from manimatic.codegen.offline.modifiers import Modifiers
from manimatic.codegen.offline.nouns import Mention, Nouns
from manimatic.codegen.offline.steps import Steps
from manimatic.codegen.offline.story import Act, Story
from manimatic.codegen.offline.surroundings import Surroundings
from manimatic.codegen.offline.tokens import Cursor, NotUnderstood, split
from manimatic.codegen.offline.verbs import GROWTH, Verbs

_TARGET_FOLLOWS = frozenset({"into", "to", "from"})


def read_story(prompt: str, lexicon: Lexicon) -> Story:
    """Read the prompt.

    Raises:
        NotUnderstood: Some word has no place in the grammar.
        Unsuitable: A value is out of its range.
    """
    return _Reader(Cursor(split(prompt)), lexicon).story()


class _Reader:
    def __init__(self, cursor: Cursor, lexicon: Lexicon) -> None:
        self._cursor, self._lexicon = cursor, lexicon
        self._cast, self._steps = Cast(), Steps()
        self._nouns = Nouns(cursor, lexicon, self._cast)
        self._verbs = Verbs(cursor, lexicon, self._nouns)
        self._modifiers = Modifiers(cursor, lexicon)
        self._around = Surroundings(cursor, lexicon)
        self._pace = 1.0

    def story(self) -> Story:
        self._clause("then")
        while not self._cursor.done():
            joint = self._joint()
            if joint:
                self._clause(joint)
            elif not self._cursor.done():
                raise self._cursor.refuse()
        if not self._cast.things:
            raise self._cursor.refuse()
        return Story(
            things=tuple(self._cast.things),
            steps=self._steps.finished(),
            title=self._around.title,
            background=self._around.background,
        )

    def _joint(self) -> str:
        """Read what joins two clauses: "then" or "while"; empty where nothing does."""
        joint = ""
        while not self._cursor.done():
            if self._cursor.take_kind("comma") is not None or self._cursor.take_kind("stop") is not None:
                joint = joint or "then"
            elif self._cursor.take(self._lexicon.table("joints.while")):
                joint = "while"
            elif self._cursor.take(self._lexicon.table("joints.then")):
                joint = joint or "then"
            else:
                break
        return joint

    def _clause(self, joint: str) -> None:
        self._around.opening()
        if self._cursor.done() or self._around.settings() or self._ending_words():
            return
        start = self._cursor.at
        before = len(self._steps)
        if not (self._present(joint) or self._command(joint) or self._sentence(joint)):
            self._cursor.at = max(self._cursor.at, start)
            raise self._cursor.refuse()
        self._order(before)
        self._trailer()

    def _ending_words(self) -> bool:
        start = self._cursor.at
        skipped = self._cursor.skip(self._lexicon.table("trailers"))
        while self._cursor.take_kind("stop") is not None:
            pass
        if skipped and self._cursor.done() and self._cast.things:
            return True
        self._cursor.at = start
        return False

    def _present(self, joint: str) -> bool:
        """Read "create a red circle and a square": things that come in."""
        start = self._cursor.at
        if self._verb() != "present":
            self._cursor.at = start
            return False
        mention = self._nouns.mention_list()
        if mention is None:
            raise self._cursor.refuse()
        self._enter(mention, joint)
        if not mention.new and not self._make_something(mention):
            raise self._cursor.refuse()
        self._tail(mention, joint, whole=False)
        return True

    def _make_something(self, mention: Mention) -> bool:
        """Read the rest of "make it blue": a colour, or a verb which `_tail` reads."""
        paint = self._modifiers.paint()
        if paint is not None:
            self._act([Act(verb="recolour", paint=paint)], mention.keys, "then")
            return True
        start = self._cursor.at
        known = self._verb() is not None
        self._cursor.at = start
        return known

    def _command(self, joint: str) -> bool:
        """Read "move the circle left", "fades out": a verb first."""
        start = self._cursor.at
        verb = self._verb()
        if verb is None or verb == "present":
            self._cursor.at = start
            return False
        mention = None if self._goes_on(verb, start) else self._nouns.mention_list()
        if mention is not None:
            self._enter(mention, joint)
        keys = mention.keys if mention else self._subject(verb)
        self._verb_phrase(verb, keys, joint)
        return True

    def _goes_on(self, verb: str, start: int) -> bool:
        """Tell whether what follows the verb cannot be its object."""
        token, first = self._cursor.peek(), self._cursor.peek(start - self._cursor.at)
        if token is None or (verb in {"move", "rotate", *GROWTH} and self._argument_follows(verb)):
            return True
        if verb == "become":
            return token.text in _TARGET_FOLLOWS or (first is not None and first.text.startswith("becom"))
        return verb == "wait"

    def _argument_follows(self, verb: str) -> bool:
        start = self._cursor.at
        try:
            self._verbs.read(verb)
            return self._cursor.at > start
        except NotUnderstood:
            return False
        finally:
            self._cursor.at = start

    def _subject(self, verb: str) -> tuple[int, ...]:
        focus = tuple(k for k in self._cast.focus if k not in self._cast.gone)
        if not focus and verb != "wait":
            raise NotUnderstood("it is not said what this happens to")
        return focus

    def _sentence(self, joint: str) -> bool:
        """Read "a red square turns into a blue circle": a thing first."""
        mention = self._nouns.mention_list()
        if mention is None:
            return False
        start = self._cursor.at
        first_verb = self._verb_after_auxiliaries()
        self._cursor.at = start
        if not mention.new and first_verb is None:
            raise self._cursor.refuse()
        self._enter(mention, joint, entrance=first_verb)
        self._tail(mention, joint, whole=True)
        return True

    def _tail(self, mention: Mention, joint: str, *, whole: bool) -> None:
        """Read what the things do, after a noun phrase."""
        self._cursor.skip({"animation": "", "animations": "", "drawing": ""})
        self._around.settings()
        start = self._cursor.at
        verb = self._verb_after_auxiliaries()
        if verb is None or verb == "present":
            self._cursor.at = start
            verb = "become" if self._cursor.peek_is("to", "into") and len(mention.keys) == 1 else None
        if verb is None:
            return
        keys = mention.keys if whole or len(mention.keys) == 1 or not self._singular(start) else mention.keys[-1:]
        self._verb_phrase(verb, keys, "then" if mention.new and joint != "while" else joint)

    def _singular(self, start: int) -> bool:
        token = self._cursor.peek(start - self._cursor.at)
        second = self._cursor.peek(start + 1 - self._cursor.at)
        first = second if token is not None and token.text in {"that", "which"} else token
        return first is not None and (first.text.endswith("s") or first.text.endswith("ing"))

    def _verb(self) -> str | None:
        """Take a verb, with "slowly" and its like before it."""
        self._pace = 1.0
        while (pace := self._cursor.take(self._lexicon.table("pace"))) is not None:
            self._pace *= pace
        return self._cursor.take(self._lexicon.verbs)

    def _verb_after_auxiliaries(self) -> str | None:
        direct = self._verb()
        if direct is not None:
            return direct
        self._cursor.skip(self._lexicon.table("auxiliaries"))
        return self._verb()

    def _verb_phrase(self, verb: str, keys: tuple[int, ...], joint: str) -> None:
        if verb == "fade":
            verb = "fade_in" if self._cursor.take_word("in") else "fade_out"
            self._cursor.take_word("out", "away")
        pace = self._pace
        if verb in {"appear", "fade_in"}:
            self._late_place(keys)
        acts = [replace(act, pace=act.pace * pace) for act in self._verbs.read(verb)]
        self._act(acts, keys, joint)

    def _late_place(self, keys: tuple[int, ...]) -> None:
        """Read "at the top" after "a star appears"."""
        place = self._modifiers.place()
        if place is None:
            return
        if len(keys) != 1 or self._cast.things[keys[0]].place is not None:
            raise self._cursor.refuse()
        self._cast.put(keys[0], place)

    def _enter(self, mention: Mention, joint: str, entrance: str | None = None) -> None:
        self._cast.focus = mention.keys
        if mention.new and entrance not in {"appear", "fade_in"}:
            self._steps.enter(mention.new, joint)
        for key, manner in mention.manners:
            self._act(self._verbs.read(manner), (key,), "then")

    def _act(self, acts: list[Act], keys: tuple[int, ...], joint: str) -> None:
        for act in acts:
            self._steps.add(replace(act, things=() if act.verb == "wait" else keys), joint)
            joint = "then"
            self._remember(act, keys)
        self._cast.focus = keys

    def _remember(self, act: Act, keys: tuple[int, ...]) -> None:
        for key in keys:
            look = self._cast.looks[key]
            if act.paint_before is not None:
                self._cast.start_in(key, act.paint_before)
            if act.verb == "become" and act.look is not None:
                self._cast.looks[key] = replace(act.look, paint=act.look.paint or look.paint)
            if act.verb == "recolour":
                self._cast.looks[key] = replace(look, paint=act.paint)
            if act.verb == "fade_out":
                self._cast.gone.add(key)

    def _order(self, before: int) -> None:
        order = self._cursor.take(self._lexicon.table("order"))
        if order == "one_by_one":
            self._steps.one_by_one()
        if order == "together":
            self._steps.together(before)

    def _trailer(self) -> None:
        while self._cursor.take(self._lexicon.table("trailers")) or self._around.settings():
            pass
