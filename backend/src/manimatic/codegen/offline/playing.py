"""Writes the animation of each act."""

from __future__ import annotations

from manimatic.codegen.offline.literals import number
from manimatic.codegen.offline.paints import Paints
from manimatic.codegen.offline.stage import vector
from manimatic.codegen.offline.story import Act, Look, Place

SECONDS = {
    "enter": 1.2,
    "fade_in": 1.0,
    "fade_out": 1.0,
    "move": 1.2,
    "go_to": 1.4,
    "rotate": 1.5,
    "scale": 1.2,
    "become": 1.5,
    "recolour": 1.0,
}
_CALLS = frozenset({"move", "go_to", "scale", "recolour"})


def usual_seconds(act: Act) -> float:
    """Return how long an act takes where nothing is said."""
    if act.seconds is not None:
        return act.seconds
    if act.verb == "rotate":
        return round(max(0.8, min(1.0 + abs(act.amount) / 360 * 0.7, 8.0)) * act.pace, 2)
    if act.verb in {"bounce", "pulse", "blink", "wiggle"}:
        each = {"bounce": 0.7, "pulse": 0.8, "blink": 0.8, "wiggle": 1.2}[act.verb]
        return round(each * act.times * act.pace, 2)
    return round(SECONDS[act.verb] * act.pace, 2)


def entrance(look: Look, name: str) -> str:
    """Write how a thing comes in."""
    if look.kind in {"text", "formula"}:
        return f"Write({name})"
    if look.count > 1:
        return f"LaggedStart(*[{_single_entrance(look, 'one')} for one in {name}], lag_ratio=0.3)"
    return _single_entrance(look, name)


def _single_entrance(look: Look, name: str) -> str:
    if look.name == "dot":
        return f"GrowFromCenter({name})"
    if look.name == "arrow":
        return f"GrowArrow({name})"
    hollow = look.shape is None or look.shape.fill < 0 or look.fill == 0
    return f"Create({name})" if hollow and not look.label else f"DrawBorderThenFill({name})"


class Playing:
    """Writes animations for one story."""

    def __init__(self, paints: Paints, *, titled: bool) -> None:
        self._paints, self._titled = paints, titled

    def call(self, act: Act, share: float, names: dict[int, str]) -> str:
        """Write the method call that `.animate` takes: ".shift(2 * LEFT)"."""
        if act.verb == "move":
            return f".shift({shift(act, share)})"
        if act.verb == "scale":
            return f".scale({number(act.amount)})"
        if act.verb == "recolour" and act.paint is not None:
            return f".set_color({self._paints.visible_code(act.paint, 'thing')})"
        assert act.place is not None  # noqa: S101 - go_to always has one
        return place_call(act.place, names, titled=self._titled)

    def calls(self, acts: list[tuple[Act, float]], names: dict[int, str]) -> str | None:
        """Write several acts on one thing as one chain of calls; None where that cannot be."""
        if any(act.verb not in _CALLS for act, _ in acts):
            return None
        return "".join(self.call(act, share, names) for act, share in acts)

    def other(self, act: Act, name: str, look: Look) -> str:
        """Write the animation of an act that is no method call."""
        if act.verb == "enter":
            return entrance(look, name)
        times = act.times
        written = {
            "fade_in": f"FadeIn({name})",
            "fade_out": f"FadeOut({name})",
            "rotate": f"Rotate({name}, angle={number(act.amount)} * DEGREES)",
            "bounce": f"{name}.animate(rate_func=lambda t: abs(np.sin({times} * PI * t))).shift(UP)",
            "pulse": f"{name}.animate(rate_func=lambda t: np.sin({times} * PI * t) ** 2).scale(1.2)",
            "blink": f"Blink({name}, blinks={times}, time_on=0.4, time_off=0.4)",
            "wiggle": f"Wiggle({name}, n_wiggles={6 * times})",
        }
        return written[act.verb]


def shift(act: Act, share: float) -> str:
    """Write the vector of a move."""
    across, along = vector(act.direction)
    parts = []
    for sign, positive, negative, length in ((across, "RIGHT", "LEFT", "width"), (along, "UP", "DOWN", "height")):
        if sign:
            direction = positive if sign > 0 else negative
            given = number(act.distance) if act.distance is not None else f"{number(share)} * config.frame_{length}"
            parts.append(direction if given == "1" else f"{given} * {direction}")
    return " + ".join(parts)


def place_call(place: Place, names: dict[int, str], *, titled: bool = False) -> str:
    """Write the method call that brings a thing to a place."""
    if place.other is not None:
        other = names[place.other]
        return f".move_to({other})" if place.direction == "INSIDE" else f".next_to({other}, {place.direction})"
    across, along = vector(place.direction)
    if not across and not along:
        return ".move_to(ORIGIN)"
    if across and along:
        return f".to_corner({place.direction})"
    return f".to_edge({place.direction}" + (", buff=1.5)" if titled and along > 0 else ")")
