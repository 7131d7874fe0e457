"""Puts acts in order: one after the other, or together."""

from __future__ import annotations

from dataclasses import replace

from manimatic.codegen.offline.story import Act, Step
from manimatic.codegen.offline.tokens import NotUnderstood

_COMBINES = frozenset({"move", "go_to", "scale", "recolour", "become", "fade_out", "fade_in", "rotate"})


class Steps:
    """The steps of a story while it is read."""

    def __init__(self) -> None:
        self._steps: list[list[Act]] = []

    def __len__(self) -> int:
        return len(self._steps)

    def enter(self, keys: tuple[int, ...], joint: str) -> None:
        """Let new things come in; with "while" they come before what goes on, or with what just came."""
        act = Act(verb="enter", things=keys)
        if joint != "while" or not self._steps:
            self._steps.append([act])
        elif len(self._steps) > 1 and all(a.verb == "enter" for a in self._steps[-2]):
            self._steps[-2].append(act)
        else:
            self._steps.insert(len(self._steps) - 1, [act])

    def add(self, act: Act, joint: str) -> None:
        """Add an act after the others, or with "while" to the last step."""
        if joint != "while" or not self._steps:
            self._steps.append([act])
            return
        self._check(act)
        self._steps[-1].append(act)

    def _check(self, act: Act) -> None:
        for other in self._steps[-1]:
            shared = set(other.things) & set(act.things)
            if shared and (other.verb == act.verb or not {other.verb, act.verb} <= _COMBINES):
                raise NotUnderstood("these two things cannot happen to one object at the same time")

    def one_by_one(self) -> None:
        """Let the last step happen to its things one after the other."""
        if not self._steps:
            return
        self._steps[-1] = [replace(act, one_by_one=True) for act in self._steps[-1]]

    def together(self, before: int) -> None:
        """Merge the steps of the last clause with the step before it, where they are about different things."""
        acts = self._steps[-1]
        spread = sum(len(a.things) for a in acts) > 1
        if spread or before < 1:
            return
        target = before - 1
        entries = [a for step in self._steps[before:-1] for a in step if a.verb == "enter"]
        if len(entries) != len(self._steps) - 1 - before:
            raise NotUnderstood("it is not clear what happens at the same time")
        del self._steps[before:]
        for act in acts:
            self._check(act)
        self._steps[-1].extend(acts)
        if not entries:
            return
        if target > 0 and all(act.verb == "enter" for act in self._steps[target - 1]):
            self._steps[target - 1].extend(entries)
        else:
            self._steps.insert(target, entries)

    def finished(self) -> tuple[Step, ...]:
        """Return the steps as values."""
        return tuple(Step(acts=tuple(acts)) for acts in self._steps)
