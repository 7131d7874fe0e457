"""How long each kind of rehearsal may take, and what a scene that needs longer comes to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

NO_LIMIT_S = 240.0
"""Stands in for the limit of a run that has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What one rehearsal may take."""

    share: float
    """Of the time that the run may take."""
    longest_s: float
    """Bound whatever the run's limit is."""
    patience_s: float
    """How long the child may then take to say where it was."""
    ends_run: bool
    """A scene that needs far too long ends the run, with its line; else it is rendered as far as it comes."""
    busy_share: float = 0.25
    """Share of its rehearsal that a scene must have had a processor for, if it is to be blamed for the time: one that
    waits, or a machine that is busy, is left to the render and to the host's clock."""

    def seconds(self, limit_s: float | None) -> float:
        """Return how long the scene is rehearsed in a run with this limit."""
        return min(self.longest_s, self.share * (NO_LIMIT_S if limit_s is None else limit_s))

    def blames(self, took_s: float, busy_s: float) -> bool:
        """Tell whether a scene is told that it takes too long, after this time and so much of a processor."""
        return self.ends_run and busy_s >= self.busy_share * took_s


BUDGETS: Mapping[str, Budget] = MappingProxyType(
    {
        "first": Budget(share=0.5, longest_s=math.inf, patience_s=5.0, ends_run=True),
        "only": Budget(share=0.5, longest_s=math.inf, patience_s=5.0, ends_run=True, busy_share=0.0),
        "briefly": Budget(share=0.1, longest_s=3.0, patience_s=1.0, ends_run=False),
    }
)
"""By what the request asks for.

Whoever can mend the scene is told of half of its time being up: executing it once more would take the other half, and
nothing would have been drawn. Whoever wants the video waits for seconds, and nine tenths of the time are the render's.
Where nothing is rendered there is nobody else to tell.
"""
