"""What a model's answer looks like, and how it is read.

The answer is one JSON object whose fields come in the order title, explanation, code, so that the user reads the
explanation while the code is still being written. Where a server knows no JSON schemas, the answer is text with the
same three fields, the code between fences: no quoting can go wrong there. Both are read whichever was asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from manimatic.errors import AnswerWithoutCode, UnusableAnswer

MAX_CODE_CHARS = 100_000
"""Longer sources are not parsed: no hand-held scene comes near, and the parser's memory grows with the source."""
MAX_ANSWER_CHARS = 4 * MAX_CODE_CHARS
MAX_TITLE_CHARS = 200
MAX_EXPLANATION_CHARS = 10_000

_NO_TEXT = re.compile("[\x00\ud800-\udfff]")
_FENCE = re.compile(r"^[ \t]*```[^\n]*\n(?P<code>.*?)(?P<end>^[ \t]*```[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_THOUGHTS = re.compile(r"\A\s*<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL)
_LABEL = r"^[ \t#*_`]*{}[*_`]*[ \t]*:[*_`]*[ \t]*"
_TITLE = re.compile(_LABEL.format("title") + r"(?P<text>[^\n]*)", re.MULTILINE | re.IGNORECASE)
_EXPLANATION = re.compile(_LABEL.format("explanation"), re.MULTILINE | re.IGNORECASE)
_CODE = re.compile(_LABEL.format("code") + r"\s*\Z", re.MULTILINE | re.IGNORECASE)


class Form(Enum):
    """How the answer is asked for."""

    SCHEMA = "schema"
    """As a JSON object that the server holds to a schema."""
    TEXT = "text"
    """As labelled text with the code between fences."""


def answer_schema() -> dict[str, Any]:
    """Return the JSON schema that the model has to fill; the order of its properties is the order of writing."""
    fields = {
        "title": "A title of at most eight words.",
        "explanation": "Two to five sentences for the viewer: what the animation shows and why it is so.",
        "code": "The whole Python source: imports and one Scene class. No Markdown fences.",
    }
    properties = {name: {"type": "string", "description": text} for name, text in fields.items()}
    return {"type": "object", "properties": properties, "required": list(fields), "additionalProperties": False}


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

    text = _THOUGHTS.sub("", text)
    if not _begins_json(text):
        return _read_labelled(text).answer
    try:
        return _as_answer(from_json(text[text.index("{") :], allow_partial="trailing-strings"))
    except ValueError:
        return Answer()


def read_answer(text: str) -> Reading:
    """Read a finished answer and look for what would make it useless; whether its code works is not asked here."""
    text = _THOUGHTS.sub("", text)
    if not text.strip():
        return Reading(answer=Answer(), fault="The answer is empty.", kind=AnswerWithoutCode)
    found = _find_json(text)
    reading = _read_labelled(text) if found is None else Reading(answer=_as_answer(found))
    if reading.fault is not None:
        return reading
    answer = reading.answer
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


def _begins_json(text: str) -> bool:
    return text.lstrip().removeprefix("```json").lstrip().startswith("{")


def _find_json(text: str) -> Mapping[str, object] | None:
    """Return the object that an answer is, or that stands in it between other words; None where there is none."""
    from pydantic_core import from_json

    begin, end = text.find("{"), text.rfind("}")
    for piece in (text, text[begin : end + 1]):
        try:
            found = from_json(piece)
        except ValueError:
            continue
        if isinstance(found, Mapping) and "code" in found:
            return found
        if piece is text:
            return {}
    return None


def _read_labelled(text: str) -> Reading:
    """Read an answer of labels and a block of code; the longest block is the scene."""
    text = text.replace("\r\n", "\n")
    blocks = list(_FENCE.finditer(text))
    block = max(blocks, key=lambda found: len(found["code"]), default=None)
    answer = _as_answer(_labelled_fields(text[: block.start()] if block else text, block["code"] if block else ""))
    if block is None:
        fault = "The answer is not one JSON object with title, explanation and code, and holds no block of code."
        return Reading(answer=answer, fault=fault, kind=AnswerWithoutCode)
    return Reading(answer=answer, fault=None if block["end"] else "The block of code does not end.")


def _labelled_fields(words: str, code: str) -> dict[str, object]:
    title, explanation = _TITLE.search(words), _EXPLANATION.search(words)
    said = words[explanation.end() :] if explanation else words[title.end() :] if title else ""
    return {"title": title["text"].strip(" *_`") if title else "", "explanation": _CODE.sub("", said), "code": code}


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
