"""Decides how large things are, where they stand, and how far they may move without leaving the frame."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from manimatic.codegen.offline.story import Act, Look, Place, Step, Story, Thing
from manimatic.codegen.offline.tokens import Unsuitable

MARGIN = 0.5
"""Units that stay free at the frame's edge."""
TITLE = 1.0
"""Units that a title takes at the top."""
USUAL_MOVE = 0.25
"""Usual distance of a move, as a share of the frame."""
GAP = 0.8
"""Units between things in a row."""
_FRAMES = ((128 / 9, 8.0), (8.0, 128 / 9), (8.0, 8.0))
_UNIT_BY_NUMBER = {1: 1.7, 2: 1.4, 3: 1.2, 4: 1.0, 5: 0.85, 6: 0.7}
_VECTORS = {
    "LEFT": (-1, 0),
    "RIGHT": (1, 0),
    "UP": (0, 1),
    "DOWN": (0, -1),
    "UL": (-1, 1),
    "UR": (1, 1),
    "DL": (-1, -1),
    "DR": (1, -1),
    "ORIGIN": (0, 0),
}
_OPPOSITE = {"LEFT": "RIGHT", "RIGHT": "LEFT", "UP": "DOWN", "DOWN": "UP"}


def vector(direction: str) -> tuple[int, int]:
    """Return a Manim direction as x and y."""
    return _VECTORS[direction]


@dataclass(slots=True)
class Box:
    """Where a thing stands in one frame."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Things that are seen at the same time and have no place of their own."""

    keys: tuple[int, ...]
    axis: str
    """`row`, `column`, or `auto`: along the frame's long side."""


def settle(story: Story) -> Story:
    """Turn "from left to right" into a place to start from and a place to go to."""
    starts: dict[int, Place] = {}
    steps = [Step(acts=tuple(_settled(act, starts) for act in step.acts)) for step in story.steps]
    things = [t if t.place or t.key not in starts else replace(t, place=starts[t.key]) for t in story.things]
    return replace(story, things=tuple(things), steps=tuple(steps))


def _settled(act: Act, starts: dict[int, Place]) -> Act:
    if not act.direction.startswith("SWEEP_"):
        return act
    direction = act.direction.removeprefix("SWEEP_")
    for key in act.things:
        starts.setdefault(key, Place(direction=_OPPOSITE[direction]))
    return replace(act, verb="go_to", direction="", place=Place(direction=direction), pace=act.pace * 1.6)


class Stage:
    """The sizes and places of one story in the frame it is made for."""

    def __init__(self, story: Story, frame: tuple[float, float]) -> None:
        self._story, self.frame = story, frame
        self.clusters = tuple(self._clusters())
        self.crowded = len(story.things) > 1
        self._peaks = {t.key: self._peak(t.key) for t in story.things}
        self.units = {t.key: self._unit(t) for t in story.things}
        self.shares = self._walk()

    # ------------------------------------------------ who stands with whom

    def _clusters(self) -> Iterable[Cluster]:
        open_keys: list[int] = []
        end = -1
        for thing in (t for t in self._story.things if t.place is None):
            first, last = self._life(thing.key)
            if open_keys and first > end:
                yield self._cluster(open_keys)
                open_keys, end = [], -1
            open_keys.append(thing.key)
            end = max(end, last)
        if open_keys:
            yield self._cluster(open_keys)

    def _life(self, key: int) -> tuple[int, int]:
        numbers = [n for n, step in enumerate(self._story.steps) if any(key in a.things for a in step.acts)]
        gone = [n for n in numbers if any(a.verb == "fade_out" and key in a.things for a in self._story.steps[n].acts)]
        return (min(numbers, default=0), gone[0] if gone else len(self._story.steps))

    def _cluster(self, keys: list[int]) -> Cluster:
        return Cluster(keys=tuple(keys), axis=self.axis(keys))

    def axis(self, keys: Iterable[int]) -> str:
        """Return the axis across the way these things move, so that each has a lane of its own."""
        wanted = set(keys)
        moves = [a.direction for s in self._story.steps for a in s.acts if a.verb == "move" and wanted & set(a.things)]
        across = any(vector(d)[0] for d in moves)
        along = any(vector(d)[1] for d in moves)
        if across == along:
            return "auto"
        return "column" if across else "row"

    def in_row(self, axis: str, frame: tuple[float, float] | None = None) -> bool:
        """Tell whether things stand side by side in this frame."""
        width, height = frame or self.frame
        return axis == "row" or (axis == "auto" and width >= height)

    # ------------------------------------------------ how large

    def _peak(self, key: int) -> float:
        """Return how many times its first size a thing gets at most."""
        factor = peak = 1.0
        for step in self._story.steps:
            for act in step.acts:
                if act.verb == "scale" and key in act.things:
                    factor *= act.amount
                    peak = max(peak, factor)
        return peak

    def _unit(self, thing: Thing) -> float:
        look = thing.look
        if look.unit is not None:
            return look.unit
        unit = self._base(thing) * look.size * (look.shape.scale if look.shape else 1.0)
        width, height = self._extent(look, 1.0)
        most = min((self.frame[0] - 1) / width, (self.frame[1] - 1.6) / height)
        return round(max(0.06, min(unit, most / self._peaks[thing.key])), 2)

    def unit_of(self, key: int, look: Look, grown: float) -> float:
        """Return the unit of what a thing turns into, when it has grown by this factor."""
        if look.unit is not None:
            return look.unit
        old = self._story.things[key].look
        before = (old.shape.scale if old.shape else 1.0) * (old.size if look.size == 1.0 else 1.0)
        first = self.units[key] / before if look.size == 1.0 else self._base(self._story.things[key])
        after = (look.shape.scale if look.shape else 1.0) * look.size
        unit = self._base(self._story.things[key]) * after if old.shape is None else first * after
        if old.shape is not None and look.size == 1.0:
            unit *= old.size * grown
        width, height = self._extent(look, 1.0)
        return round(min(unit, (self.frame[0] - 1) / width, (self.frame[1] - 1.6) / height), 2)

    def _base(self, thing: Thing) -> float:
        if thing.place is not None:
            return 0.7 if thing.place.direction == "INSIDE" else 1.0
        together = next(c for c in self.clusters if thing.key in c.keys)
        number = sum(min(self._story.things[k].look.count, 12) for k in together.keys)
        moves = any(
            a.verb in {"move", "go_to", "scale"} and thing.key in a.things for s in self._story.steps for a in s.acts
        )
        base = _UNIT_BY_NUMBER.get(number, 0.55 if number < 9 else 0.4)
        small = 1.0 if min(self.frame) < max(self.frame) or number < 3 else 0.8
        return min(base, 1.2) * small if moves else base * small

    def _extent(self, look: Look, unit: float) -> tuple[float, float]:
        """Return width and height of one thing."""
        if look.shape is not None:
            return look.shape.width * unit, look.shape.height * unit
        letters = max((len(line) for line in look.words.split("\n")), default=1)
        size = 0.32 if look.kind == "text" else 0.22
        return min(size * max(letters, 2), self.frame[0] - 1), 0.7

    def size(self, key: int, look: Look | None = None) -> tuple[float, float]:
        """Return width and height of a thing, of a group as a whole."""
        look = look or self._story.things[key].look
        width, height = self._extent(look, self.units[key])
        if look.count == 1:
            return width, height
        if look.count > 8:
            return min(self.frame[0] - 2, 8.0), min(self.frame[1] - 2, 5.0)
        reach = (look.count - 1) * self.gap(key)
        if self.in_row(self.axis([key])):
            return look.count * width + reach, height
        return width, look.count * height + reach

    def gap(self, key: int) -> float:
        """Return the gap between the members of a group."""
        width, height = self._extent(self._story.things[key].look, self.units[key])
        wide = 1.2 if self._story.things[key].look.name == "dot" else 0.5
        return round(max(0.25, min(GAP, wide * max(width, height)) * self._peaks[key]), 2)

    # ------------------------------------------------ how far

    def _walk(self) -> Mapping[tuple[int, int], float]:
        """Return for every move (step, act) its usual distance as a share of the frame."""
        shares: dict[tuple[int, int], float] = {}
        for frame in (self.frame, *_FRAMES):
            boxes = {t.key: self._start(t, frame) for t in self._story.things}
            for cluster in self.clusters:
                self._arrange(cluster, boxes, frame)
            for n, step in enumerate(self._story.steps):
                for m, act in enumerate(step.acts):
                    share = self._play(act, boxes, frame)
                    if act.verb == "move" and act.distance is None:
                        shares[n, m] = min(share, shares.get((n, m), 1.0))
        return shares

    def _start(self, thing: Thing, frame: tuple[float, float]) -> Box:
        width, height = self.size(thing.key)
        box = Box(0, 0, width, height)
        if thing.place is not None:
            self._go(box, thing.place, frame)
        return box

    def _arrange(self, cluster: Cluster, boxes: Mapping[int, Box], frame: tuple[float, float]) -> None:
        row = self.in_row(cluster.axis, frame)
        lengths = [boxes[k].width if row else boxes[k].height for k in cluster.keys]
        total = sum(lengths) + GAP * (len(lengths) - 1)
        squeeze = min(1.0, ((frame[0] if row else frame[1]) - 1) / total)
        at = -total / 2
        for key, length in zip(cluster.keys, lengths, strict=True):
            middle = squeeze * (at + length / 2)
            boxes[key].x, boxes[key].y = (middle, 0.0) if row else (0.0, -middle)
            at += length + GAP

    @staticmethod
    def _go(box: Box, place: Place, frame: tuple[float, float]) -> None:
        if place.direction not in _VECTORS or place.other is not None:
            return
        across, along = vector(place.direction)
        if across or place.direction == "ORIGIN":
            box.x = across * (frame[0] / 2 - MARGIN - box.width / 2)
        if along or place.direction == "ORIGIN":
            box.y = along * (frame[1] / 2 - MARGIN - box.height / 2)

    def _play(self, act: Act, boxes: Mapping[int, Box], frame: tuple[float, float]) -> float:
        share = 1.0
        if act.verb == "move":
            share = min((self._room(boxes[k], act, frame) for k in act.things), default=USUAL_MOVE)
        for key in act.things:
            self._change(key, act, boxes[key], frame, share)
        return share

    def _room(self, box: Box, act: Act, frame: tuple[float, float]) -> float:
        share = 1.0
        for sign, at, size, length in zip(
            vector(act.direction), (box.x, box.y), (box.width, box.height), frame, strict=True
        ):
            if sign:
                room = length / 2 - MARGIN - size / 2 - sign * at
                room -= TITLE if self._story.title and sign > 0 and length == frame[1] else 0
                wanted = USUAL_MOVE * length * act.amount
                share = min(share, max(0.04 * length, min(wanted, room)) / length)
        return share

    def _change(self, key: int, act: Act, box: Box, frame: tuple[float, float], share: float) -> None:
        if act.verb == "move":
            across, along = vector(act.direction)
            box.x += across * (act.distance if act.distance is not None else share * frame[0])
            box.y += along * (act.distance if act.distance is not None else share * frame[1])
            self._check_inside(box, act, frame)
        elif act.verb == "go_to" and act.place is not None:
            self._go(box, act.place, frame)
        elif act.verb == "scale":
            box.width, box.height = box.width * act.amount, box.height * act.amount
        elif act.verb == "become" and act.look is not None:
            box.width, box.height = self.size(key, act.look)

    def _check_inside(self, box: Box, act: Act, frame: tuple[float, float]) -> None:
        if act.distance is None or frame != self.frame:
            return
        if abs(box.x) + box.width / 2 > frame[0] / 2 or abs(box.y) + box.height / 2 > frame[1] / 2:
            width, height = frame
            raise Unsuitable(
                f"A move of {act.distance:g} units leaves the frame, which is {width:.4g} units wide and "
                f"{height:.4g} high."
            )
