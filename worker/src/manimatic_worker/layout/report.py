"""Put together what was seen over the whole scene, and tell what lasted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from manimatic_worker.layout import rules
from manimatic_worker.layout.values import Box, Sight, Text, View

MIN_S = {"off_frame": 0.4, "text_over_text": 0.4, "text_over_shape": 0.6, "text_hidden": 0.6}
"""How long each has to last, at rest, before it is told."""
SMALL_PX = 5.0
"""Height of a small letter in pixels below which it cannot be read: 24 points of TeX at 480 lines have 6.8."""
LOW_CONTRAST = 1.8
"""Contrast below which a text is told of; WCAG wants 4.5, which many a deliberate grey does not reach."""
READ_S = 0.4
"""What was shown for less was not meant to be read."""
_SHOWING = frozenset(
    {"Create", "DrawBorderThenFill", "FadeIn", "GrowFromCenter", "GrowFromEdge", "GrowFromPoint", "Write"}
)
_BY_THE_END = frozenset({"low_contrast", "never_visible", "too_small"})
"""Told of objects that were never better; a scene that was cut off might have made them so."""
EMPTY_S = 2.5
"""How long the screen may be empty."""


@dataclass(slots=True)
class Lasting:
    """A sight over time."""

    sight: Sight
    start_s: float
    end_s: float
    line: int | None
    seconds: float = 0.0


@dataclass(slots=True)
class _Reading:
    """How well a text could be read at its best."""

    text: Text
    start_s: float
    line: int | None
    end_s: float = 0.0
    seconds: float = 0.0
    pixels: float = 0.0
    contrast: float = 0.0


@dataclass(slots=True)
class Report:
    """Gathers views in order of time."""

    _lasting: dict[tuple[str, int | None, int | None], Lasting] = field(default_factory=dict)
    _readings: dict[int, _Reading] = field(default_factory=dict)
    _seen: set[int] = field(default_factory=set)
    _resting: set[int] = field(default_factory=set)
    """What was at rest on the frame when it was last seen there, and has not moved before anyone's eyes since."""
    _jumped: set[int | None] = field(default_factory=set)
    _shown_by: dict[int, Lasting] = field(default_factory=dict)
    _empty: list[Lasting] = field(default_factory=list)

    def add(self, view: View) -> list[int]:
        """Take in a picture; return the keys of what a new sight is about, while it is still there to be named."""
        before = set(self._lasting)
        for rule in (rules.off_frame, rules.text_over_text, rules.text_over_shape, rules.text_hidden):
            for sight in rule(view):
                self._note(sight, view)
        self._remember(view)
        fresh = [key for one in self._lasting.keys() - before for key in one[1:] if key is not None]
        self._note_empty(view)
        return [*fresh, *self._read(view), *self._note_unseen(view)]

    def findings(self, *, ended: bool = True) -> list[Lasting]:
        """Return what is worth telling, in order of time; of a scene that did not end, what its rest cannot undo."""
        found = [*self._told(), *self._unreadable(), *self._never_seen(), *self._long_empty()]
        certain = [one for one in found if ended or one.sight.rule not in _BY_THE_END]
        return sorted(certain, key=lambda one: (one.start_s, one.sight.rule))

    def _remember(self, view: View) -> None:
        """Note what has been seen, and what of it is at rest."""
        for key, is_resting in rules.inside(view):
            self._seen.add(key)
            if is_resting:
                self._resting.add(key)
        self._resting.difference_update(rules.moving(view))
        if view.is_zoomed or not view.is_flat:
            self._resting.clear()

    def _note(self, sight: Sight, view: View) -> None:
        key = (sight.rule, sight.key, sight.other)
        start = view.at_s - view.lasts_s / 2
        if sight.key in self._resting and not view.is_zoomed:
            self._jumped.add(sight.key)
        lasting = self._lasting.setdefault(key, Lasting(sight, start, start, view.line))
        lasting.seconds += view.lasts_s
        lasting.end_s = view.at_s + view.lasts_s / 2

    def _read(self, view: View) -> Iterator[int]:
        """Note how well each text can be read."""
        for text, pixels, contrast in rules.legibility(view):
            if text.key not in self._readings:
                self._readings[text.key] = _Reading(text, view.at_s - view.lasts_s / 2, view.line)
                if text.missing or pixels < SMALL_PX or contrast < LOW_CONTRAST:
                    yield text.key
            reading = self._readings[text.key]
            reading.seconds += 0.0 if text.flying else view.lasts_s
            reading.end_s = view.at_s + view.lasts_s / 2
            reading.pixels = max(reading.pixels, pixels)
            reading.contrast = max(reading.contrast, contrast)

    def _note_unseen(self, view: View) -> Iterator[int]:
        """Note texts that an animation shows and that cannot be seen in its middle."""
        for key, animation in view.unseen.items():
            if animation in _SHOWING and key not in self._shown_by:
                sight = Sight(rule="never_visible", key=key, detail={"animation": animation})
                self._shown_by[key] = Lasting(sight, view.at_s, view.at_s, view.line)
                yield key

    def _note_empty(self, view: View) -> None:
        if not rules.is_empty(view):
            return
        start, end = view.at_s - view.lasts_s / 2, view.at_s + view.lasts_s / 2
        last = self._empty[-1] if self._empty else None
        if last is not None and abs(last.end_s - start) < 0.1:
            last.end_s = end
        else:
            self._empty.append(Lasting(Sight(rule="empty_screen", key=None), start, end, view.line))

    def _told(self) -> Iterator[Lasting]:
        """Yield what lasted; what came from outside of the frame or went away whole was meant to."""
        for lasting in self._lasting.values():
            sight = lasting.sight
            is_out = sight.rule == "off_frame" and sight.detail["inside"] == 0.0
            is_gone = is_out and sight.key in self._seen and sight.key not in self._jumped
            if lasting.seconds >= MIN_S[sight.rule] and not is_gone:
                yield lasting

    def _unreadable(self) -> Iterator[Lasting]:
        for key, reading in self._readings.items():
            if reading.seconds < READ_S:
                continue
            box = reading.text.box
            if reading.text.missing:
                yield self._of_text(key, reading, "missing_glyph", box, {"characters": reading.text.missing})
            if reading.pixels < SMALL_PX:
                yield self._of_text(key, reading, "too_small", box, {"pixels": reading.pixels})
            if reading.contrast < LOW_CONTRAST and reading.text.colour[3] >= rules.CLEAR:
                yield self._of_text(key, reading, "low_contrast", box, {"contrast": reading.contrast})

    def _of_text(self, key: int, reading: _Reading, rule: str, box: Box, detail: dict[str, float | str]) -> Lasting:
        sight = Sight(rule=rule, key=key, box=box, detail=detail)
        return Lasting(sight, reading.start_s, reading.end_s, reading.line, reading.seconds)

    def _never_seen(self) -> Iterator[Lasting]:
        for key, lasting in self._shown_by.items():
            if key not in self._seen:
                yield lasting

    def _long_empty(self) -> Iterator[Lasting]:
        return (lasting for lasting in self._empty if lasting.end_s - lasting.start_s >= EMPTY_S)
