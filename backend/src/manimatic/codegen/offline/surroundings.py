"""Reads what stands around the matter of a prompt: "please show me a short animation of", titles, backgrounds."""

from __future__ import annotations

from manimatic.codegen.offline import checks
from manimatic.codegen.offline.lexicon import Lexicon
from manimatic.codegen.offline.modifiers import Modifiers
from manimatic.codegen.offline.story import Paint
from manimatic.codegen.offline.tokens import Cursor, NotUnderstood

_WITH_TITLE = (
    "with the title",
    "with a title",
    "with title",
    "titled",
    "entitled",
    "and the title",
    "add the title",
    "title",
)


class Surroundings:
    """Keeps the title and the background that a prompt names."""

    def __init__(self, cursor: Cursor, lexicon: Lexicon) -> None:
        self._cursor, self._lexicon = cursor, lexicon
        self._modifiers = Modifiers(cursor, lexicon)
        self.title = ""
        self.background: Paint | None = None

    def opening(self) -> None:
        """Skip what is said before the matter itself."""
        table = self._lexicon.table
        self._cursor.skip(table("openings"))
        start = self._cursor.at
        self._cursor.take(
            {
                p: p
                for p in (
                    "create",
                    "make",
                    "generate",
                    "show",
                    "render",
                    "give",
                    "show me",
                    "make me",
                    "create me",
                    "give me",
                    "produce",
                    "i want",
                )
            }
        )
        self._cursor.take(table("articles.one"))
        self._cursor.skip(table("fillers"))
        noun = self._cursor.take(table("productions.nouns"))
        if noun is None or not self._cursor.take(table("productions.links")):
            self._cursor.at = start
        self._cursor.skip(table("openings"))

    def settings(self) -> bool:
        """Read a title or a background; tell whether there was one."""
        return self._on_background() or self._titled()

    def _on_background(self) -> bool:
        start = self._cursor.at
        self._cursor.take(
            {
                p: p
                for p in (
                    "on a",
                    "on",
                    "with a",
                    "use a",
                    "against a",
                    "set the background to",
                    "the background is",
                    "make the background",
                )
            }
        )
        paint = self._modifiers.paint() if self._cursor.at > start else None
        words = ("background", "ground", "backdrop")
        if paint is None or not (self._cursor.take_word(*words) or self._named_before(start)):
            self._cursor.at = start
            return False
        self.background = paint
        return True

    def _named_before(self, start: int) -> bool:
        token = self._cursor.peek(start - self._cursor.at + 2)
        return token is not None and token.text == "background"

    def _titled(self) -> bool:
        start = self._cursor.at
        words = self._cursor.take_kind("text") if self._cursor.take({p: p for p in _WITH_TITLE}) else None
        if words is None:
            self._cursor.at = start
            return False
        checks.text(words)
        if len(words) > 60:
            raise NotUnderstood("the title is longer than 60 characters")
        self.title = words
        return True
