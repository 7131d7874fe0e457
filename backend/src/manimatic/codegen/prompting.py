"""Puts a brief into words. The words themselves are the files in `prompts/`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from string import Template

from manimatic.codegen.answer import Form
from manimatic.codegen.offline.recipes import Recipe, load_recipes
from manimatic.codegen.shelf import Shelf
from manimatic.jobs import Options, Revision
from manimatic.ports import Brief, Round

MARGIN = 0.5
"""Units of the frame that stay empty on every side."""
MAX_EXAMPLES = 3
MAX_EXAMPLE_CHARS = 14_000
"""Of all recipes that are shown, some 3,500 tokens: two long ones or three short ones."""
S_PER_PLAY = 2.0
"""A play and the wait after it."""
MAX_COMPLAINT_CHARS = 4000
"""Of a longer complaint the end is kept: a traceback's last lines say what happened."""
_SHAPES = {True: "landscape", False: "portrait: stack what would stand side by side"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a conversation begins with."""

    request: str
    """The user's turn."""

    def system(self, form: Form) -> str:
        """Return the instructions for an answer of this form."""
        return system_prompt(form)


class Prompter:
    """Puts briefs into words; one instance serves any number of threads.

    Args:
        recipes_dir: The gallery that examples are taken from; without it the one that is installed.
    """

    def __init__(self, recipes_dir: Traversable | None = None) -> None:
        folder = recipes_dir if recipes_dir is not None else files("manimatic") / "examples"
        self._shelf = Shelf(load_recipes(folder))

    def opening(self, brief: Brief) -> Opening:
        """Return what is said first; the nearest recipes are shown unless there is a scene already to be mended."""
        near = "" if brief.rounds or brief.revision else self.examples(brief.prompt)
        return Opening(request=f"{near}\n{request_text(brief)}" if near else request_text(brief))

    def examples(self, prompt: str) -> str:
        """Return the recipes nearest to a prompt, as many as there is room for; empty where none is near."""
        shown: list[str] = []
        for recipe in self._shelf.nearest(prompt, MAX_EXAMPLES):
            text = _example(recipe)
            if sum(map(len, shown)) + len(text) <= MAX_EXAMPLE_CHARS:
                shown.append(text)
        return _fill("nearest", examples="\n".join(shown)) if shown else ""


def system_prompt(form: Form = Form.SCHEMA) -> str:
    """Return what every request to the model begins with; it is the same for all, so that vendors can cache it."""
    return "\n".join(_load(name) for name in ("system", "api", "runtime", f"answer_{form.value}", "example"))


def request_text(brief: Brief) -> str:
    """Return the user's turn: the request, the frame, and what went wrong so far."""
    text = _fill(
        "request",
        prompt=brief.prompt,
        tag=_tag("request", brief.prompt),
        frame=_frame(brief.options),
        wishes=_wishes(brief.options),
    )
    later = [_revision(brief.revision)] if brief.revision else []
    return "\n".join([text, *later, *([_repair(brief.rounds)] if brief.rounds else [])])


def correction_text(fault: str) -> str:
    """Return the turn that sends an unusable answer back."""
    return _fill("correction", fault=fault)


def _frame(options: Options) -> str:
    picture = options.picture()
    width, height = picture.frame_width, picture.frame_height
    return _fill(
        "frame",
        aspect_ratio=options.aspect_ratio,
        shape="square" if width == height else _SHAPES[width > height],
        width=f"{width:.2f}",
        height=f"{height:.2f}",
        x=f"{width / 2 - MARGIN:.2f}",
        y=f"{height / 2 - MARGIN:.2f}",
        title_y=f"{height / 2 - 1.1:.2f}",
        caption_y=f"{height / 2 - 0.9:.2f}",
        pixels=f"{picture.width}x{picture.height}",
        background=options.background,
    )


def _wishes(options: Options) -> str:
    wishes = []
    if options.duration_hint_seconds:
        wished = options.duration_hint_seconds
        plays = max(1, round(wished / S_PER_PLAY))
        wishes.append(f"- The whole animation lasts about {wished:g} seconds, waits included: some {plays} plays.")
    if options.scene and options.scene.isidentifier():
        wishes.append(f"- The class is named {options.scene}.")
    return "\n".join(wishes)


def _revision(revision: Revision) -> str:
    return _fill(
        "revise",
        code=revision.code,
        fence=_fence(revision.code),
        instruction=revision.instruction,
        tag=_tag("change", revision.instruction),
    )


def _repair(rounds: Sequence[Round]) -> str:
    last = rounds[-1]
    complaint = _shorten(last.complaint)
    earlier = "\n".join(f"- {_shorten(one.complaint, 600)}" for one in rounds[:-1])
    return _fill(
        "repair",
        code=last.code,
        fence=_fence(last.code),
        complaint=complaint,
        tag=_tag("complaint", complaint),
        earlier=earlier or "- (none)",
        old_tag=_tag("complaints", earlier),
    )


def _example(recipe: Recipe) -> str:
    prompt = recipe.prompts[0]
    return _fill("scene", title=recipe.title, prompt=prompt, code=recipe.source.rstrip(), fence=_fence(recipe.source))


def _tag(name: str, text: str) -> str:
    """Return a tag that the text does not hold, so that no words in it can end it."""
    while re.search(rf"<\s*/?\s*{name}\b(?!-)", text, re.IGNORECASE):
        name += "-x"
    return name


def _fence(code: str) -> str:
    """Return a fence that is longer than any in the code."""
    longest = max(map(len, re.findall("`+", code)), default=0)
    return "`" * max(3, longest + 1)


def _shorten(text: str, limit: int = MAX_COMPLAINT_CHARS) -> str:
    return text if len(text) <= limit else f"[…]{text[-limit:]}"


def _load(name: str) -> str:
    return files("manimatic.codegen").joinpath("prompts", f"{name}.md").read_text(encoding="utf-8")


def _fill(name: str, **values: str) -> str:
    return Template(_load(name)).substitute(values)
