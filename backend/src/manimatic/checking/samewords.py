"""Names that are made of the same words: in another order, in the plural, in full, or with a `get` more or less."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_EMPTY = frozenset({"get", "the", "of", "a", "an"})
_SAME = {
    **dict.fromkeys(("coord", "coords", "coordinates"), "coordinate"),
    **dict.fromkeys(("axes", "axises"), "axis"),
    **dict.fromkeys(("vertices", "vertexes"), "vertex"),
    **dict.fromkeys(("rect", "rects", "rectangles"), "rectangle"),
    **dict.fromkeys(("num", "number", "numbers"), "number"),
    **dict.fromkeys(("pos", "position"), "position"),
    **dict.fromkeys(("mob", "mobs", "mobjects"), "mobject"),
    **dict.fromkeys(("func", "functions"), "function"),
    **dict.fromkeys(("vec", "vectors"), "vector"),
    "colour": "color",
    "colours": "color",
    "centre": "center",
    "bulleted": "bullet",
    "rounded": "round",
    "labeled": "label",
    "labelled": "label",
    "dashed": "dash",
    "curved": "curve",
}
MIN_PLURAL = 4


def same_words(name: str, known: Iterable[str]) -> str | None:
    """Return the one known name that is made of the words of a name; None where there is none, or more than one."""
    wanted = _words(name)
    found = [one for one in known if _words(one) == wanted] if wanted else []
    return found[0] if len(found) == 1 and found[0] != name else None


@functools.lru_cache(maxsize=20_000)
def _words(name: str) -> tuple[str, ...]:
    """Return the words that carry a name's meaning, sorted; nothing where it is a single one."""
    words = [_SAME.get(word, word) for word in (part.lower() for part in _WORD.findall(name))]
    kept = sorted(_singular(word) for word in words if word not in _EMPTY)
    return tuple(kept) if len(kept) > 1 else ()


def _singular(word: str) -> str:
    return _SAME.get(word[:-1], word[:-1]) if len(word) >= MIN_PLURAL and word[-1] == "s" and word[-2] != "s" else word
