"""What a prompt asks for, as values: things, what happens to them, and in which order."""

from __future__ import annotations

from dataclasses import dataclass

from manimatic.codegen.offline.lexicon import Colour, Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Paint:
    """A colour that the prompt names: a word's or a #hex value."""

    name: str
    word: Colour | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a thing looks like; None means that the prompt leaves it open."""

    kind: str
    """`shape`, `text` or `formula`."""
    shape: Shape | None = None
    words: str = ""
    """The text or the TeX source."""
    paint: Paint | None = None
    outline: Paint | None = None
    fill: float | None = None
    size: float = 1.0
    unit: float | None = None
    """Half of the height, where the prompt gives a length."""
    sides: int | None = None
    count: int = 1
    label: str = ""

    @property
    def name(self) -> str:
        """Return the word for it."""
        return self.shape.name if self.shape else self.kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a thing stands: a direction of the frame, or a side of another thing."""

    direction: str
    """A Manim direction, ORIGIN, or INSIDE."""
    other: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """Something on the stage; `key` counts from 0 in the order of the prompt."""

    key: int
    look: Look
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One thing that happens; which fields matter depends on `verb`."""

    verb: str
    """enter, fade_in, fade_out, move, go_to, rotate, scale, become, recolour, bounce, blink, pulse, wiggle, wait."""
    things: tuple[int, ...] = ()
    direction: str = ""
    amount: float = 1.0
    """Factor of the usual distance, growth factor, degrees, or seconds."""
    distance: float | None = None
    """Units that the prompt gives."""
    place: Place | None = None
    look: Look | None = None
    paint: Paint | None = None
    paint_before: Paint | None = None
    """The colour that a change starts from, where the prompt names it."""
    times: int = 1
    pace: float = 1.0
    seconds: float | None = None
    one_by_one: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What happens at the same time."""

    acts: tuple[Act, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """All that a prompt asks for."""

    things: tuple[Thing, ...]
    steps: tuple[Step, ...]
    title: str = ""
    background: Paint | None = None
