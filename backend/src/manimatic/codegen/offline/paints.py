"""Turns colours into Manim code, with enough contrast to the background."""

from __future__ import annotations

from collections.abc import Sequence

from manimatic.codegen.offline.lexicon import Lexicon
from manimatic.codegen.offline.story import Paint
from manimatic.codegen.offline.tokens import Unsuitable

MIN_CONTRAST = 1.6
"""Below this ratio a thing can hardly be told from the ground."""
_PALETTE = ("blue", "yellow", "green", "red", "purple", "orange", "teal", "pink")


def luminance(value: str) -> float:
    """Return the relative luminance (WCAG) of a #rrggbb value."""
    channels = [int(value[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two #rrggbb values, 1 to 21."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


class Paints:
    """Names colours for one background."""

    def __init__(self, background: str, lexicon: Lexicon) -> None:
        self.background = background.upper()
        self.light = luminance(self.background) > 0.35
        self._lexicon = lexicon

    @property
    def foreground(self) -> str:
        """Return the code of the colour for text and lines."""
        return "BLACK" if self.light else "WHITE"

    def code(self, paint: Paint) -> str:
        """Return the Manim code of a colour."""
        return self._pair(paint)[0]

    def value(self, paint: Paint) -> str:
        """Return the #rrggbb value of a colour."""
        return self._pair(paint)[1]

    def hidden(self, paint: Paint) -> bool:
        """Tell whether this colour is lost on the background."""
        return contrast(self.value(paint), self.background) < MIN_CONTRAST

    def visible_code(self, paint: Paint, what: str) -> str:
        """Return the code of a colour that has to stand out by itself. Raises Unsuitable where it does not."""
        if self.hidden(paint):
            raise Unsuitable(f"A {what} in {paint.name} cannot be seen on the background {self.background}.")
        return self.code(paint)

    def label_code(self, paint: Paint | None) -> str:
        """Return the code of the colour for text on a shape of this colour."""
        bright = luminance(self.value(paint)) if paint else luminance(self.background)
        if self.light:
            return "WHITE" if bright < 0.08 else "BLACK"
        return "BLACK" if bright > 0.6 else "WHITE"

    def free(self, used: Sequence[str]) -> Paint:
        """Return the first colour of the palette that is not in use."""
        names = [n for n in _PALETTE if n not in used and not self.hidden(self._paint(n))]
        return self._paint(names[0] if names else _PALETTE[len(used) % len(_PALETTE)])

    def _paint(self, name: str) -> Paint:
        return Paint(name=name, word=self._lexicon.colours[name])

    def _pair(self, paint: Paint) -> tuple[str, str]:
        if paint.word is None:
            return repr(paint.name).replace("'", '"'), paint.name
        return paint.word.light if self.light else paint.word.dark
