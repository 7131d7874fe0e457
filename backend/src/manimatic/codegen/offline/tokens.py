"""Splits a prompt into words, numbers, quoted texts and formulas, and walks through them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from manimatic.codegen.offline.lexicon import T, Table

MAX_PROMPT = 2000
"""Characters that a prompt may have here; longer ones are work for a model."""
LONGEST_PHRASE = 7
"""Words of the longest phrase in the tables."""

_TOKEN = re.compile(
    r"""
      \$\$(?P<display>[^$]*)\$\$ | \$(?P<formula>[^$]*)\$ | \\\((?P<inline>.*?)\\\) | \\\[(?P<block>.*?)\\\]
    | "(?P<double>[^"]*)" | “(?P<curly>[^”]*)” | „(?P<low>[^“”]*)[“”] | «(?P<angle>[^»]*)»
    | ‘(?P<curly_single>[^‘]*?)’(?!\w) | (?<!\w)'(?P<single>[^\n]*?)'(?!\w) | `(?P<tick>[^`]*)`
    | (?P<hex>\#[0-9A-Fa-f]{6}\b|\#[0-9A-Fa-f]{3}\b)
    | (?P<number>[-+−]?(?:\d+(?:\.\d+)?|\.\d+))
    | (?P<word>[^\W\d_]+)
    | (?P<comma>,) | (?P<stop>[.;:!\n]) | (?P<sign>[%°&]) | (?P<space>\s+|[-–—'’()?])
    """,
    re.VERBOSE | re.DOTALL,
)
_TEXTS = frozenset({"double", "curly", "low", "angle", "curly_single", "single", "tick"})
_FORMULAS = frozenset({"display", "formula", "inline", "block"})


class NotUnderstood(Exception):
    """The grammar does not cover this prompt; the message says what stopped it."""


class Unsuitable(Exception):
    """The prompt is understood, but a value in it cannot be shown; the message names the range."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One piece of the prompt; `kind` is word, number, text, formula, hex, comma, stop or sign."""

    kind: str
    text: str


def split(prompt: str) -> tuple[Token, ...]:
    """Split the prompt into tokens.

    Raises:
        NotUnderstood: The prompt is too long, or holds characters that the grammar has no use for.
    """
    if len(prompt) > MAX_PROMPT:
        raise NotUnderstood(f"the prompt is longer than {MAX_PROMPT:,} characters")
    tokens, at = [], 0
    text = unicodedata.normalize("NFC", prompt).strip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise NotUnderstood(f"the character {text[at]!r} is not understood")
        at = match.end()
        if match.lastgroup != "space":
            tokens.append(_token(match.lastgroup, match.group(match.lastgroup)))
    return tuple(tokens)


def _token(group: str, text: str) -> Token:
    if group in _TEXTS:
        return Token(kind="text", text=text)
    if group in _FORMULAS:
        return Token(kind="formula", text=text)
    if group == "word":
        return Token(kind="word", text=text.lower())
    return Token(kind=group, text=text.replace("−", "-"))


class Cursor:
    """A place in the tokens that only moves on over what has been understood."""

    def __init__(self, tokens: Iterable[Token]) -> None:
        self._tokens = tuple(tokens)
        self.at = 0

    def done(self) -> bool:
        """Tell whether everything has been understood."""
        return self.at >= len(self._tokens)

    def peek(self, ahead: int = 0) -> Token | None:
        """Return the token at this place, or so many after it."""
        place = self.at + ahead
        return self._tokens[place] if place < len(self._tokens) else None

    def peek_is(self, *words: str) -> bool:
        """Tell whether the next word is one of these."""
        token = self.peek()
        return token is not None and token.kind == "word" and token.text in words

    def take_kind(self, kind: str) -> str | None:
        """Take the next token if it is of this kind."""
        token = self.peek()
        if token is None or token.kind != kind:
            return None
        self.at += 1
        return token.text

    def take(self, table: Table[T]) -> T | None:
        """Take the longest phrase of the table that stands here."""
        words = self._words_here()
        for length in range(len(words), 0, -1):
            phrase = " ".join(words[:length])
            if phrase in table:
                self.at += length
                return table[phrase]
        return None

    def skip(self, table: Table[T]) -> bool:
        """Take any number of the table's phrases; tell whether there was one."""
        start = self.at
        while self.take(table) is not None:
            pass
        return self.at > start

    def take_word(self, *words: str) -> bool:
        """Take the next word if it is one of these."""
        return self.take({word: word for word in words}) is not None

    def refuse(self) -> NotUnderstood:
        """Make the error that names what stands here."""
        token = self.peek()
        if token is None:
            return NotUnderstood("the prompt ends too early")
        return NotUnderstood(f"{token.text[:40]!r} is not understood here")

    def _words_here(self) -> list[str]:
        words: list[str] = []
        for token in self._tokens[self.at : self.at + LONGEST_PHRASE]:
            if token.kind != "word":
                break
            words.append(token.text)
        return words
