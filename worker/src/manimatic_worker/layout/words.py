"""Say what was found so that a person or a model can mend it: what, where, and what to change."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from manimatic_worker.layout.report import Lasting
from manimatic_worker.layout.values import Box
from manimatic_worker.protocol import MAX_FINDING_CHARS, Finding

MAX_EXCERPT_CHARS = 40
MAX_NAME_CHARS = 120
_MESSAGES = {
    "off_frame": "{name} is {how} the frame, at {box}; the frame is {width:.1f} wide and {height:.1f} high.",
    "text_over_text": "{name} at {box} lies over {other} at {other_box}.",
    "text_over_shape": "A line or edge of {other} goes through {name}, at {box}.",
    "text_hidden": "{name} at {box} is hidden behind {other}, which is drawn after it.",
    "too_small": "{name} cannot be read: its letters are {pixels:.1f} pixels high at this resolution.",
    "low_contrast": "{name} can hardly be seen: its contrast with what is behind it is {contrast:.1f} to 1.",
    "never_visible": "{name} is shown by {animation}, and can never be seen: its opacity is 0.",
    "missing_glyph": "{name} has characters that no installed font has: {characters}",
    "empty_screen": "Nothing is on the screen for {seconds:.1f} seconds.",
}
_HINTS = {
    "off_frame": "Move it {where} by at least {out:.1f}, or make it smaller; to_edge() and next_to() keep margins.",
    "text_over_text": "Move one of them, for example with next_to(), or take the earlier one away first.",
    "text_over_shape": "Move it off the line, or give it a BackgroundRectangle or add_background_rectangle().",
    "text_hidden": "Add it after what covers it, raise its z_index, or lower the cover's fill_opacity.",
    "too_small": "Make it at least {factor:.1f} times as large: font_size or scale().",
    "low_contrast": "Choose a colour that differs more in brightness; text wants a contrast of 4.5.",
    "never_visible": "Do not set its opacity to 0 before showing it: FadeIn and Write do so themselves.",
    "missing_glyph": "Use other characters, or give a font that has them.",
    "empty_screen": "Shorten the wait, or leave something on the screen.",
}
_WANTED_PX = 7.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """How an object is called, and the line that made it."""

    name: str
    line: int | None


def finding(lasting: Lasting, call: Callable[[int], Called], *, width: float, height: float) -> Finding:
    """Put one finding into words.

    Args:
        lasting: What was seen.
        call: Gives the name of an object by its key.
        width: The frame's, in units.
        height: Likewise.
    """
    sight = lasting.sight
    first, second = (None if key is None else _shortened(call(key)) for key in (sight.key, sight.other))
    values = {
        **_figures(lasting, width, height),
        **sight.detail,
        "name": first.name if first else "",
        "other": second.name if second else "",
        "box": _place(sight.box),
        "other_box": _place(sight.other_box),
    }
    return Finding(
        rule=sight.rule,
        message=_MESSAGES[sight.rule].format_map(values)[:MAX_FINDING_CHARS],
        hint=_HINTS[sight.rule].format_map(values)[:MAX_FINDING_CHARS],
        start_s=round(max(0.0, lasting.start_s), 3),
        end_s=round(max(0.0, lasting.end_s), 3),
        play_line=lasting.line,
        name=first.name if first else None,
        line=first.line if first else None,
        box=_rounded(sight.box),
        other_name=second.name if second else None,
        other_line=second.line if second else None,
        other_box=_rounded(sight.other_box),
    )


def called(mobject: Any, name: str | None, line: int | None) -> Called:
    """Call an object by the user's name for it, else by its kind, and by what is written in it."""
    excerpt = _excerpt(mobject)
    kind = type(mobject).__name__
    return Called(name=(f"{name} ({excerpt})" if name and excerpt else name or f"{kind} {excerpt}".strip()), line=line)


def _shortened(one: Called) -> Called:
    return dataclasses.replace(one, name=one.name[:MAX_NAME_CHARS])


def _excerpt(mobject: Any) -> str:
    known: Mapping[str, Any] = vars(mobject)
    written = next((known[key] for key in ("original_text", "tex_string", "text", "number") if key in known), None)
    if written is None:
        return ""
    text = " ".join(str(written).split())
    return repr(text if len(text) <= MAX_EXCERPT_CHARS else text[: MAX_EXCERPT_CHARS - 1] + "…")


def _figures(lasting: Lasting, width: float, height: float) -> dict[str, Any]:
    sight = lasting.sight
    share = float(sight.detail.get("inside", 0.0))
    pixels = float(sight.detail.get("pixels", _WANTED_PX))
    return {
        "how": "outside of" if share <= 0 else "partly outside of",
        "where": _way_back(sight.box, width, height),
        "width": width,
        "height": height,
        "factor": max(1.1, _WANTED_PX / max(pixels, 0.1)),
        "seconds": lasting.end_s - lasting.start_s,
    }


def _way_back(box: Box | None, width: float, height: float) -> str:
    """Name the directions that lead back into the frame."""
    if box is None:
        return ""
    ways = {
        "RIGHT": -width / 2 - box[0],
        "UP": -height / 2 - box[1],
        "LEFT": box[2] - width / 2,
        "DOWN": box[3] - height / 2,
    }
    return " and ".join(name for name, out in ways.items() if out > 0) or "inwards"


def _place(box: Box | None) -> str:
    if box is None:
        return "?"
    return f"x {box[0]:.1f} to {box[2]:.1f}, y {box[1]:.1f} to {box[3]:.1f}"


def _rounded(box: Box | None) -> tuple[float, ...]:
    return () if box is None else tuple(round(max(-1e9, min(1e9, side)), 3) for side in box)
