"""Puts a brief into words. The words themselves are the files in `prompts/`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from string import Template

from manimatic.codegen.answer import Form
from manimatic.jobs import Options
from manimatic.ports import Brief, Round

MARGIN = 0.5
"""Units of the frame that stay empty on every side."""
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
    """Puts briefs into words."""

    def opening(self, brief: Brief) -> Opening:
        """Return what is said first."""
        return Opening(request=request_text(brief))


def system_prompt(form: Form = Form.SCHEMA) -> str:
    """Return what every request to the model begins with; it is the same for all, so that vendors can cache it."""
    return f"{_load('system')}\n{_load(f'answer_{form.value}')}\n{_load('example')}"


def request_text(brief: Brief) -> str:
    """Return the user's turn: the request, the frame, and what went wrong so far."""
    text = _fill("request", prompt=brief.prompt, frame=_frame(brief.options), wishes=_wishes(brief.options))
    return f"{text}\n{_repair(brief.rounds)}" if brief.rounds else text


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
        wishes.append(f"- The whole animation lasts about {options.duration_hint_seconds:g} seconds.")
    if options.scene and options.scene.isidentifier():
        wishes.append(f"- The class is named {options.scene}.")
    return "\n".join(wishes)


def _repair(rounds: Sequence[Round]) -> str:
    last = rounds[-1]
    earlier = "\n".join(f"- {_shorten(one.complaint, 600)}" for one in rounds[:-1])
    return _fill("repair", code=last.code, complaint=_shorten(last.complaint), earlier=earlier or "- (none)")


def _shorten(text: str, limit: int = MAX_COMPLAINT_CHARS) -> str:
    return text if len(text) <= limit else f"[…]{text[-limit:]}"


def _load(name: str) -> str:
    return files("manimatic.codegen").joinpath("prompts", f"{name}.md").read_text(encoding="utf-8")


def _fill(name: str, **values: str) -> str:
    return Template(_load(name)).substitute(values)
