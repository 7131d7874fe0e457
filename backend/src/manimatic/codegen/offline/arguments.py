"""Reads the small words after a verb: how far, how often, how fast, how long."""

from __future__ import annotations

from manimatic.codegen.offline.lexicon import Lexicon
from manimatic.codegen.offline.modifiers import Modifiers
from manimatic.codegen.offline.tokens import Cursor, Unsuitable

MAX_SECONDS = 60.0
MAX_TIMES = 20
FACTOR_RANGE = (0.05, 10.0)
MAX_DEGREES = 3600.0


class Arguments:
    """Reads one argument each; a method takes nothing and returns None where it finds none."""

    def __init__(self, cursor: Cursor, lexicon: Lexicon) -> None:
        self._cursor, self._lexicon = cursor, lexicon
        self._modifiers = Modifiers(cursor, lexicon)

    def pace(self) -> float:
        """Read "slowly"; 1.0 where nothing is said."""
        return self._cursor.take(self._lexicon.table("pace")) or 1.0

    def seconds(self, *, bare: bool = False) -> float | None:
        """Read "for 2 seconds"; with `bare` also "2 seconds" and "a moment"."""
        start = self._cursor.at
        opened = self._cursor.take_word("for", "in", "over", "within", "during")
        value = self._span() if opened or bare else None
        if value is None:
            self._cursor.at = start
            return None
        if not 0.1 <= value <= MAX_SECONDS:
            raise Unsuitable(f"{value:g} seconds are not possible: allowed are 0.1 to {MAX_SECONDS:g}.")
        return value

    def _span(self) -> float | None:
        if self._cursor.take({p: p for p in ("a second", "a moment", "a while")}):
            return 1.0
        number = self._modifiers.number()
        unit = self._cursor.take_word("second", "seconds", "sec", "secs", "s")
        return number if unit else None

    def times(self) -> int | None:
        """Read "twice", "3 times"."""
        count = self._cursor.take(self._lexicon.table("times"))
        if count is None:
            start = self._cursor.at
            count = self._modifiers.count()
            if count is None or not self._cursor.take_word("times", "time"):
                self._cursor.at = start
                return None
        if not 1 <= count <= MAX_TIMES:
            raise Unsuitable(f"{count} times is not possible: allowed are 1 to {MAX_TIMES}.")
        return int(count)

    def distance(self, *, needs_unit: bool) -> float | None:
        """Read "by 3 units"; without `needs_unit` also "3"."""
        start = self._cursor.at
        self._cursor.take_word("by")
        figures = self._cursor.peek()
        value = self._modifiers.number()
        unit = self._cursor.take_word("unit", "units")
        if not unit and figures is not None and figures.kind != "number":
            value = None
        if value is None or (needs_unit and not unit) or value <= 0 or self._at_time():
            self._cursor.at = start
            return None
        return value

    def _at_time(self) -> bool:
        token = self._cursor.peek()
        return token is not None and token.text in {"second", "seconds", "s", "times", "time", "%"}

    def sense(self) -> float | None:
        """Read "clockwise" (−1) or "counterclockwise" (1)."""
        sense: float | None = self._cursor.take(self._lexicon.table("senses"))
        return sense

    def angle(self) -> float | None:
        """Read "90 degrees", "2 turns", "twice", "a half turn"; in degrees."""
        self._cursor.take_word("by")
        degrees = self._cursor.take(self._lexicon.table("turns")) or self._degrees()
        if degrees is None:
            times = self.times()
            degrees = None if times is None else 360.0 * times
        if degrees is not None and not 0 < abs(degrees) <= MAX_DEGREES:
            raise Unsuitable(f"A turn of {degrees:g} degrees is not possible: allowed are 1 to {MAX_DEGREES:g}.")
        return degrees

    def _degrees(self) -> float | None:
        start = self._cursor.at
        value = self._modifiers.number()
        if value is not None and (self._cursor.take_word("degrees", "degree", "deg") or self._sign("°")):
            return value
        if value is not None and self._cursor.take_word("turns", "turn", "rotations", "revolutions", "full"):
            self._cursor.take_word("turns", "turn", "rotations", "revolutions")
            return 360.0 * value
        self._cursor.at = start
        return None

    def factor(self) -> float | None:
        """Read "by a factor of 2", "to twice its size", "by 2"."""
        phrase = self._cursor.take(self._lexicon.table("factors"))
        if phrase is not None:
            return float(phrase)
        start = self._cursor.at
        value = self._modifiers.number() if self._cursor.take({"by a factor of": 1, "by factor": 1, "by": 1}) else None
        if value is None:
            self._cursor.at = start
            return None
        self._cursor.take_word("times")
        if not FACTOR_RANGE[0] <= value <= FACTOR_RANGE[1]:
            raise Unsuitable(f"A factor of {value:g} is not possible: allowed are 0.05 to 10.")
        return value

    def percent(self) -> float | None:
        """Read "by 50 %" as 0.5."""
        start = self._cursor.at
        value = self._modifiers.number() if self._cursor.take_word("by") else None
        if value is None or not (self._sign("%") or self._cursor.take_word("percent")):
            self._cursor.at = start
            return None
        if not 1 <= value <= 500:
            raise Unsuitable(f"{value:g} % is not possible here: allowed are 1 to 500.")
        return value / 100

    def _sign(self, sign: str) -> bool:
        token = self._cursor.peek()
        found = token is not None and token.kind == "sign" and token.text == sign
        if found:
            self._cursor.at += 1
        return found
