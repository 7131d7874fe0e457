"""How a model's answer is read, whole and in parts."""

from __future__ import annotations

import json
import time

import pytest
from manimatic.codegen.answer import MAX_CODE_CHARS, Answer, find_fault, read_answer, read_partial, strip_fences
from manimatic.errors import AnswerWithoutCode

SCENE = "from manim import *\n\n\nclass A(Scene):\n    def construct(self):\n        self.wait()\n"


@pytest.mark.parametrize("code", [SCENE, "class A(Scene):\n    def construct(self:\n", "x = " + "-" * 90_000])
def test_code_is_not_judged_here(code: str) -> None:
    """Whether it works is the checker's to say."""
    assert find_fault(code) is None


@pytest.mark.parametrize(
    ("code", "fault"), [("a\0", "null bytes"), ("\ud800", "null bytes"), ("#" * MAX_CODE_CHARS + "\n", "longer than")]
)
def test_text_that_is_no_source_has_a_fault(code: str, fault: str) -> None:
    """The fault says what is wrong."""
    assert fault in (find_fault(code) or "")


@pytest.mark.parametrize("text", ["", "Sure! Here is", "[1]", '{"title": "A"}', '{"code": " "}'])
def test_prose_is_an_answer_without_code(text: str) -> None:
    """It has an error of its own."""
    reading = read_answer(text)
    assert (reading.fault is not None, reading.kind) == (True, AnswerWithoutCode)


@pytest.mark.parametrize(
    "text",
    ["```python\nx = 1\n```", "Here:\n```py\nx = 1\n```\nDone.", "```\nx = 1\n", "x = 1\n"],
)
def test_fences_are_stripped(text: str) -> None:
    """What stands between the fences stays, closed or not."""
    assert strip_fences(text).strip() == "x = 1"


def test_partial_answer_gives_what_is_written() -> None:
    """A string that is cut off counts as far as it goes; a broken one gives nothing."""
    assert read_partial('{"title": "A", "explan') == Answer(title="A")
    assert read_partial('{"title": "A", "explanation": "Be') == Answer(title="A", explanation="Be")
    assert read_partial("nonsense") == Answer()


def test_words_hold_no_control_characters_and_are_bounded() -> None:
    """Titles and explanations can be stored and shown as they are."""
    text = json.dumps({"title": "A\x00\x1b[31m" + "b" * 500, "explanation": "one\ntwo\x07", "code": SCENE})
    answer = read_answer(text).answer
    assert answer.title.startswith("A[31mb")
    assert len(answer.title) == 200
    assert answer.explanation == "one\ntwo"


def test_code_ends_with_one_line_break() -> None:
    """Windows line ends and blank edges are evened out."""
    code = "\r\n\n" + SCENE.replace("\n", "\r\n") + "\r\n\r\n"
    assert read_answer(json.dumps({"title": "", "explanation": "", "code": code})).answer.code == SCENE


# ---------------------------------------------------------------- answers that no schema held

LABELLED = f"title: A scene\n\nexplanation: It waits.\nThat is all.\n\ncode:\n```python\n{SCENE}```\n"


@pytest.mark.parametrize(
    "text",
    [
        LABELLED,
        LABELLED.replace("title:", "**Title:**")
        .replace("explanation:", "## Explanation:")
        .replace("code:", "**Code**:"),
        LABELLED.replace("\ncode:", ""),
        f"Sure, here it is.\n\n{LABELLED}\nEnjoy! Run it with `manim -ql`:\n```bash\nmanim\n```",
        LABELLED.replace("\n", "\r\n"),
        f"<think>\n```python\nx = 1\n```\n</think>\n{LABELLED}",
    ],
    ids=["plain", "bold", "no label of code", "chatty", "windows", "thoughts"],
)
def test_labelled_text_is_read(text: str) -> None:
    """Words before the block of code, and the longest block."""
    reading = read_answer(text)
    assert reading.fault is None
    assert reading.answer == Answer(title="A scene", explanation="It waits.\nThat is all.", code=SCENE)


@pytest.mark.parametrize("around", ["{}", "Here is the answer:\n{}", "```json\n{}\n```", "<think>{{}}</think>{}"])
def test_object_is_found_among_other_words(around: str) -> None:
    """Models put words and fences around what they were asked to send bare."""
    whole = json.dumps({"title": "A", "explanation": "B", "code": SCENE})
    assert read_answer(around.format(whole)).answer == Answer(title="A", explanation="B", code=SCENE)


def test_block_of_code_that_does_not_end_is_a_fault() -> None:
    """Half a scene is none, however well it parses."""
    reading = read_answer(LABELLED.removesuffix("```\n"))
    assert "does not end" in (reading.fault or "")


def test_labelled_text_is_read_in_parts() -> None:
    """What is written so far is shown; thoughts are not."""
    assert read_partial("title: A sc") == Answer(title="A sc")
    assert read_partial(LABELLED[: LABELLED.index("That")]).explanation == "It waits."
    assert read_partial(LABELLED[: LABELLED.index("class")]).code == "from manim import *\n"
    assert read_partial("<think>title: no") == Answer()
    assert read_partial('```json\n{"title": "A') == Answer(title="A")


@pytest.mark.parametrize(
    "text", ["{" * 50_000, "`" * 100_000, "```\n" * 20_000, "title:" * 20_000, "\n#*_`title" * 9_000]
)
def test_hostile_answers_are_read_in_little_time(text: str) -> None:
    """No text makes reading it slow."""
    started = time.process_time()
    read_answer(text)
    read_partial(text)
    assert time.process_time() - started < 2.0
