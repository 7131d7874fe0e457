"""How a model's answer is read, whole and in parts."""

from __future__ import annotations

import json

import pytest
from manimatic.codegen.answer import MAX_CODE_CHARS, Answer, find_fault, read_answer, read_partial, strip_fences

SCENE = "from manim import *\n\n\nclass A(Scene):\n    def construct(self):\n        self.wait()\n"


@pytest.mark.parametrize(
    "code",
    [
        SCENE,
        SCENE.replace("Scene", "manim.ThreeDScene"),
        "class Base(MovingCameraScene):\n    def construct(self): ...\n\nclass A(Base): ...\n",
        "class Base(Scene): ...\n\nclass A(Base):\n    def construct(self): ...\n",
    ],
)
def test_scene_with_construct_has_no_fault(code: str) -> None:
    """Scenes are found by their base class, also through another class."""
    assert find_fault(code) is None


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        (" \n", "no code"),
        ("class A(Scene):\n    def construct(self:\n", "SyntaxError in line 2"),
        ("class A(Scene):\n    def setup(self): ...\n", "no Scene class with a construct"),
        ("class A:\n    def construct(self): ...\n", "no Scene class"),
        ("def construct(self): ...\n", "no Scene class"),
        ("x = " + "-" * 90_000 + "1\n", "nested too deeply"),
        ("#" * MAX_CODE_CHARS + "\n", "longer than"),
    ],
)
def test_code_without_a_usable_scene_has_a_fault(code: str, fault: str) -> None:
    """The fault says what is wrong, also where the parser itself gives up."""
    assert fault in (find_fault(code) or "")


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
