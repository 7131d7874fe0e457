"""Decides how long everything takes, within the length that the user has in mind."""

from __future__ import annotations

from manimatic.codegen.offline.playing import usual_seconds
from manimatic.codegen.offline.story import Step, Story

BETWEEN_S = 0.3
"""Pause after each step."""
LAST_S = 2.0
"""How long the last picture is held."""
EMPTY_S = 0.5
"""How long an empty frame is held at the end."""
SHORTEST = 0.4
"""Share of its usual time that a step keeps at least."""


class Timing:
    """The seconds of every step and pause."""

    def __init__(self, story: Story, hint_s: float | None) -> None:
        self._steps = story.steps
        self._pauses = sum(not _waits(step) for step in story.steps[:-1])
        usual = sum(self._usual(step) for step in story.steps) + BETWEEN_S * self._pauses + LAST_S
        spare = (hint_s or usual) - usual - (1.0 if story.title else 0.0)
        self._spare = max(0.0, spare)
        self._squeeze = 1.0 if spare >= 0 else max(SHORTEST, 1 + spare / usual)

    @staticmethod
    def _usual(step: Step) -> float:
        if _waits(step):
            return sum(act.amount for act in step.acts)
        return max(_length(step))

    def run_time(self, n: int) -> float:
        """Return the seconds that this step plays."""
        return max(0.2, round(self._usual(self._steps[n]) * self._squeeze, 2))

    def pause(self, n: int) -> float:
        """Return the seconds of stillness after this step; none after the last, which `last` gives."""
        if n == len(self._steps) - 1:
            return 0.0
        extra = 0.7 * self._spare / self._pauses if self._pauses else 0.0
        return round(BETWEEN_S * self._squeeze + extra, 2)

    def last(self, *, empty: bool) -> float:
        """Return the seconds that the last picture is held."""
        extra = (0.3 if self._pauses else 1.0) * self._spare
        return round((EMPTY_S if empty else LAST_S * self._squeeze) + extra, 2)


def _waits(step: Step) -> bool:
    return all(act.verb == "wait" for act in step.acts)


def _length(step: Step) -> list[float]:
    return [usual_seconds(act) * _stretch(len(act.things), act.one_by_one) for act in step.acts if act.verb != "wait"]


def _stretch(number: int, one_by_one: bool) -> float:
    return max(2.0, 0.7 * number) if one_by_one else 1.0
