"""Says in words what a story shows: the title and the explanation of its draft."""

from __future__ import annotations

from collections.abc import Sequence

from manimatic.codegen.offline.evaluation import latex, numpy_source
from manimatic.codegen.offline.plot_request import PlotRequest
from manimatic.codegen.offline.story import Act, Look, Place, Step, Story

_PLACES = {
    "LEFT": "the left edge",
    "RIGHT": "the right edge",
    "UP": "the top",
    "DOWN": "the bottom",
    "UL": "the top left corner",
    "UR": "the top right corner",
    "DL": "the bottom left corner",
    "DR": "the bottom right corner",
    "ORIGIN": "the centre",
}
_WAYS = {
    "LEFT": "left",
    "RIGHT": "right",
    "UP": "up",
    "DOWN": "down",
    "UL": "up and to the left",
    "UR": "up and to the right",
    "DL": "down and to the left",
    "DR": "down and to the right",
}
_SIDES = {"UP": "above", "DOWN": "below", "LEFT": "to the left of", "RIGHT": "to the right of", "INSIDE": "into"}
_PLAIN = {
    "enter": "comes in",
    "fade_in": "fades in",
    "fade_out": "fades out",
    "bounce": "bounces",
    "pulse": "pulses",
    "blink": "blinks",
    "wiggle": "wiggles",
}


def title_of(story: Story) -> str:
    """Return a title of at most 60 characters."""
    if story.title:
        return story.title
    names = list(dict.fromkeys(named(t.look) for t in story.things))
    text = _listed(names)
    text = text[0].upper() + text[1:]
    return text if len(text) <= 60 else text[:59].rstrip() + "…"


def explanation_of(story: Story) -> str:
    """Return one sentence for each step."""
    looks = {t.key: t.look for t in story.things}
    sentences = [_sentence(step, looks) for step in story.steps]
    return "This animation shows what the prompt says, step by step. " + " ".join(sentences)


def named(look: Look) -> str:
    """Return "a red square", "3 dots" or "the text 'Hello'"."""
    if look.kind != "shape":
        words = look.words if len(look.words) <= 40 else look.words[:39] + "…"
        return f"the {look.kind} “{words}”"
    colour = f"{look.paint.name.replace('_', ' ')} " if look.paint else ""
    if look.count > 1:
        return f"{look.count} {colour}{look.name}s"
    article = "an" if (colour or look.name)[0] in "aeio" else "a"
    return f"{article} {colour}{look.name}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def _sentence(step: Step, looks: dict[int, Look]) -> str:
    parts = [_part(act, looks) for act in step.acts]
    text = " while ".join(parts) + "."
    return text[0].upper() + text[1:]


def _part(act: Act, looks: dict[int, Look]) -> str:
    if act.verb == "wait":
        return f"all rests for {act.amount:g} s"
    who = _listed([_known(looks[k]) for k in act.things])
    many = len(act.things) > 1 or any(looks[k].count > 1 for k in act.things)
    for key in act.things:
        if act.verb == "enter":
            who = _listed([named(looks[k]) for k in act.things])
        elif act.look is not None:
            looks[key] = act.look
    text = f"{who} {_plural(_done(act)) if many else _done(act)}"
    return text + (", one after another" if act.one_by_one else "")


def _known(look: Look) -> str:
    text = named(look)
    if look.count > 1:
        return f"the {text}"
    return text if look.kind != "shape" else "the " + text.partition(" ")[2]


def _plural(done: str) -> str:
    first, _, rest = done.partition(" ")
    base = {"goes": "go", "flashes": "flash"}.get(first, first.removesuffix("s"))
    return f"{base} {rest}".strip()


def _done(act: Act) -> str:
    if act.verb == "move":
        by = f" by {act.distance:g} units" if act.distance is not None else ""
        return f"moves {_WAYS.get(act.direction, 'across the frame')}{by}"
    if act.verb == "go_to" and act.place is not None:
        return f"goes {_to(act.place)}"
    if act.verb == "rotate":
        return f"turns by {abs(act.amount):g}° {'clockwise' if act.amount < 0 else 'counterclockwise'}"
    if act.verb == "scale":
        return f"{'grows' if act.amount > 1 else 'shrinks'} to {100 * act.amount:.0f} % of its size"
    if act.verb == "become" and act.look is not None:
        return f"turns into {named(act.look)}"
    if act.verb == "recolour" and act.paint is not None:
        return f"turns {act.paint.name.replace('_', ' ')}"
    return _PLAIN[act.verb] + (f" {act.times} times" if act.times > 1 else "")


def _to(place: Place) -> str:
    if place.other is None:
        return f"to {_PLACES[place.direction]}"
    return _SIDES[place.direction] + " the other one"


def plot_title_of(request: PlotRequest) -> str:
    """Return a title for a plot."""
    names = ", ".join("y = " + numpy_source(f).replace("np.", "").replace("**", "^") for f in request.functions)
    return names if len(names) <= 60 else "Graphs of functions" if len(request.functions) > 1 else "Graph of a function"


def plot_explanation_of(request: PlotRequest) -> str:
    """Return what a plot shows."""
    tex = " and ".join(f"$y = {latex(f)}$" for f in request.functions)
    what = "the graph" if len(request.functions) == 1 else "the graphs"
    return (
        f"This animation draws {what} of {tex} for x from {request.start:.4g} to {request.end:.4g}. "
        "Where a function has no value, or runs out of the picture at a pole, its line is interrupted."
    )
