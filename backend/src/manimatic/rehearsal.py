"""What a rehearsal tells: how long the scene is, how long rendering it will take, and what is wrong with its layout.

A rehearsal executes the scene inside the sandbox without drawing it. All of it is the guest's word: it may be wrong or
a lie, so it advises people and models and never decides a verdict about a limit.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Rehearse(enum.StrEnum):
    """Whether a run rehearses its scene."""

    NO = "no"
    """Render at once."""
    FIRST = "first"
    """Rehearse, then render in the same worker, unless the scene failed or would take far too long.

    For who can mend the scene.
    """
    BRIEFLY = "briefly"
    """Rehearse for seconds at most, then render in the same worker, unless the scene failed.

    For who wants the video.
    """
    ONLY = "only"
    """Rehearse and deliver no video."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutObject:
    """An object on the screen that a finding is about."""

    name: str
    """The user's own name for it where it can be told (`title`, `labels[2]`), else its kind and its text."""
    line: int | None
    """Line of the scene that made it."""
    box: tuple[float, float, float, float] | None
    """Left, bottom, right and top in Manim's units, as the camera sees it; the frame's centre is the origin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutFinding:
    """One thing that is wrong with the picture, from `start_s` to `end_s` of the video."""

    rule: str
    """One of `manimatic_worker.protocol.LAYOUT_RULES`."""
    message: str
    hint: str
    """What to change."""
    objects: tuple[LayoutObject, ...] = ()
    """At most two; the first is the one to move or change."""
    start_s: float = 0.0
    end_s: float = 0.0
    line: int | None = None
    """Line of the play that was running or had just ended when it was first seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What a rehearsal found out."""

    ended: bool
    """The scene ran to its end; where it did not, the rest tells of what ran."""
    animations: int
    duration_s: float
    """Length of the video at the frame rate that was asked for."""
    predicted_render_s: float
    """How long rendering will take from where the rehearsal ended, on this machine now; an estimate."""
    findings: tuple[LayoutFinding, ...] = ()
    """The layout report, in order of time."""


def rule_id(rule: str) -> str:
    """Return the name of a rule of the layout report among those of the checker."""
    return f"layout-{rule.replace('_', '-')}"
