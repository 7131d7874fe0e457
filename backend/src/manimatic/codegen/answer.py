"""What a model's answer looks like, and how it is read.

The answer is one JSON object whose fields come in the order title, explanation, code, so that the user reads the
explanation while the code is still being written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from manimatic.errors import AnswerWithoutCode, UnusableAnswer

MAX_CODE_CHARS = 100_000
"""Longer sources are not parsed: no hand-held scene comes near, and the parser's memory grows with the source."""
MAX_ANSWER_CHARS = 4 * MAX_CODE_CHARS
MAX_TITLE_CHARS = 200
MAX_EXPLANATION_CHARS = 10_000

_NO_TEXT = re.compile("[\x00\ud800-\udfff]")
_FENCE = re.compile(r"^[ \t]*```[^\n]*\n(?P<code>.*?)(?:^[ \t]*```[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)


def answer_schema() -> dict[str, Any]:
    """Return the JSON schema that the model has to fill; the order of its properties is the order of writing."""
    fields = {
        "title": "A title of at most eight words.",
        "explanation": "Two to five sentences for the viewer: what the animation shows and why it is so.",
        "code": "The whole Python source: imports and one Scene class. No Markdown fences.",
    }
    properties = {name: {"type": "string", "description": text} for name, text in fields.items()}
    return {"type": "object", "properties": properties, "required": list(fields)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The model's words and its scene, as far as they are written."""

    title: str = ""
    explanation: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """An answer, and what makes it unusable; `fault` is None for a good one, `kind` the error that it would be."""

    answer: Answer
    fault: str | None = None
    kind: type[UnusableAnswer] = UnusableAnswer


def read_partial(text: str) -> Answer:
    """Read as much as has been written of an answer; an unreadable one is empty."""
    from pydantic_core import from_json

    try:
        return _as_answer(from_json(text, allow_partial="trailing-strings"))
    except ValueError:
        return Answer()


def read_answer(text: str) -> Reading:
    """Read a finished answer and look for what would make it useless; whether its code works is not asked here."""
    from pydantic_core import from_json

    if not text.strip():
        return Reading(answer=Answer(), fault="The answer is empty.", kind=AnswerWithoutCode)
    try:
        found = from_json(text)
    except ValueError:
        fault = "The answer is not one JSON object with title, explanation and code."
        return Reading(answer=Answer(), fault=fault, kind=AnswerWithoutCode)
    answer = _as_answer(found)
    if not answer.code.strip():
        return Reading(answer=answer, fault="The answer holds no code.", kind=AnswerWithoutCode)
    return Reading(answer=answer, fault=find_fault(answer.code))


def find_fault(code: str) -> str | None:
    """Tell why a text cannot be a source, or return None. It is not parsed: that is the checker's, in its process."""
    if len(code) > MAX_CODE_CHARS:
        return f"The code is longer than {MAX_CODE_CHARS} characters."
    if _NO_TEXT.search(code):
        return "The code holds null bytes or characters that are none."
    return None


def strip_fences(code: str) -> str:
    """Return what stands between Markdown fences, or the text itself where there are none."""
    fenced = _FENCE.search(code)
    return fenced["code"] if fenced else code


def _as_answer(found: object) -> Answer:
    if not isinstance(found, Mapping):
        return Answer()
    code = strip_fences(_text(found, "code").replace("\r\n", "\n"))
    return Answer(
        title=_printable(_text(found, "title"))[:MAX_TITLE_CHARS].strip(),
        explanation=_printable(_text(found, "explanation"))[:MAX_EXPLANATION_CHARS].strip(),
        code=code.strip("\n") + "\n" if code.strip() else "",
    )


def _text(found: Mapping[str, object], name: str) -> str:
    value = found.get(name)
    return value if isinstance(value, str) else ""


def _printable(text: str) -> str:
    return "".join(character for character in text if character.isprintable() or character in "\n\t")
