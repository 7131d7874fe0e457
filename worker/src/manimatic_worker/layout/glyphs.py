"""Find characters that no installed font has: Pango draws a box with their number instead."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from manimatic_worker.layout.looking import MISSING

_BOX = b"fill:none;stroke-width:"
"""How the picture of a text draws the box, and nothing else: letters and underlines are filled."""
_ASCII = 0x7E
MAX_TRIED = 40
"""Characters of one text that are looked up by themselves."""


def note_missing_glyphs() -> None:
    """Have texts remember the characters that could not be drawn. Changes Manim for the rest of the process."""
    from manim.mobject.text.text_mobject import MarkupText, Text

    for kind in (Text, MarkupText):
        setattr(kind, "_text2svg", _noting(kind._text2svg))  # noqa: B010


def _noting(write: Callable[..., Any]) -> Callable[..., Any]:
    def noting(self: Any, *args: Any, **kwargs: Any) -> Any:
        path = write(self, *args, **kwargs)
        if _has_boxes(path):
            vars(self)[MISSING] = " ".join(_missing_in(self)) or "?"
        return path

    return noting


def _missing_in(text: Any) -> list[str]:
    """Find out which characters it is by writing each alone."""
    from manim.mobject.text.text_mobject import Text

    suspects = sorted({character for character in str(text.text) if ord(character) > _ASCII})[:MAX_TRIED]
    if len(suspects) == 1:
        return suspects
    return [one for one in suspects if MISSING in vars(Text(one, font=text.font))]


def _has_boxes(path: Any) -> bool:
    try:
        return _BOX in Path(path).read_bytes()
    except OSError:
        return False
