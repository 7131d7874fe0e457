"""The offline grammar: what is asked for is what the scene does, and nothing else is answered."""

from __future__ import annotations

import ast
import re
import threading
import time
import tomllib
from pathlib import Path

import pytest
from manimatic.codegen.offline import OfflineComposer
from manimatic.errors import JobCancelled, NoOfflineAnswer
from manimatic.jobs import Options
from manimatic.ports import Brief, CodeGenerator
from offline_support import Heard, compose, played

CASES = Path(__file__).parent / "offline_cases"
ANSWERED = tomllib.loads((CASES / "answered.toml").read_text(encoding="utf-8"))["case"]
REFUSED = [line for line in (CASES / "refused.txt").read_text(encoding="utf-8").splitlines()[1:] if line]
_THINGS = re.compile(r"\b(Circle|Square|Triangle|Rectangle|Ellipse|Star|RegularPolygon|Line|Arrow|Dot|Text|MathTex)\(")
_COLOURS = re.compile(r"(?<=color=)(?:\w+|\"#\w+\")|(?<=set_color\()\w+")


@pytest.fixture(scope="module")
def composer(tmp_path_factory: pytest.TempPathFactory) -> OfflineComposer:
    """Return a composer without recipes; it keeps no state between prompts."""
    return OfflineComposer(tmp_path_factory.mktemp("gallery"))


@pytest.mark.parametrize("case", ANSWERED, ids=lambda case: case["prompt"])
def test_understood_prompt_gives_its_things_colours_and_animations_in_order(
    composer: OfflineComposer, case: dict[str, str]
) -> None:
    """Each prompt of the table gives exactly the things, colours and plays that stand beside it."""
    code = compose(composer, case["prompt"]).code
    assert " ".join(_THINGS.findall(code)) == case["things"]
    assert " ".join(sorted(set(_COLOURS.findall(code)))) == case["colours"]
    assert " | ".join(played(code)) == case["plays"]


@pytest.mark.parametrize("prompt", REFUSED)
def test_prompt_that_is_not_wholly_understood_is_refused_with_three_prompts_that_are(
    composer: OfflineComposer, prompt: str
) -> None:
    """A refusal names three prompts to try and how to set a model."""
    with pytest.raises(NoOfflineAnswer) as caught:
        compose(composer, prompt)
    assert caught.value.message.count("“") >= 3
    assert "GEMINI_API_KEY" in caught.value.hint


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        "   ",
        "\x00",
        "a circle\x00",
        "🎉" * 500,
        "ש" * 900,
        "a" * 1000000,
        "a circle " * 200000,
        "'" * 1999,
        "(" * 1999,
        "$" * 1999,
        "a red " * 330,
        "and " * 499,
        "plot " + "(" * 1900,
        "plot " + "x from " * 280,
        "\\" * 1999,
        "very " * 390,
        '"' * 1999,
        "a circle and " * 150,
        "plot " + "9" * 1900,
        "plot y = x in " + "blue " * 300,
    ],
    ids=range(21),
)
def test_hostile_prompt_is_refused_without_long_thought(composer: OfflineComposer, prompt: str) -> None:
    """Length, depth and odd characters raise no other error and cost no more than linear time would (about 30 ms)."""
    started = time.process_time()
    with pytest.raises(NoOfflineAnswer):
        compose(composer, prompt)
    assert time.process_time() - started < 5


def test_composer_is_a_code_generator_that_cannot_repair(composer: OfflineComposer) -> None:
    """It fits the port, and asking again gives nothing new."""
    assert isinstance(composer, CodeGenerator)
    assert (composer.name, composer.can_repair) == ("offline", False)


def test_draft_is_heard_by_the_listener_once(composer: OfflineComposer) -> None:
    """The listener hears what is returned."""
    heard = Heard()
    draft = composer.generate(Brief(prompt="a circle", options=Options()), heard, threading.Event())
    assert heard.drafts == [{"title": draft.title, "explanation": draft.explanation, "code": draft.code}]


def test_set_cancel_event_raises_job_cancelled(composer: OfflineComposer) -> None:
    """A cancelled job gets no scene."""
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(JobCancelled):
        composer.generate(Brief(prompt="a circle", options=Options()), Heard(), cancel)


def test_same_prompt_gives_the_same_draft(composer: OfflineComposer) -> None:
    """Nothing is random, and nothing is kept."""
    assert compose(composer, "two stars and a circle") == compose(composer, "two stars and a circle")


def test_text_that_looks_like_code_stays_a_text(composer: OfflineComposer) -> None:
    """Quotes, braces and calls in a text end up inside one string literal."""
    wanted = "'); import os; os.system('ls') #{x}"
    code = compose(composer, f'write "{wanted}"').code
    strings = [n.value for n in ast.walk(ast.parse(code)) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    assert [" ".join(text.split()) for text in strings] == [wanted]
    assert played(code) == ["Write"]


def test_scene_without_fade_out_is_held_two_seconds(composer: OfflineComposer) -> None:
    """The last picture is held."""
    assert compose(composer, "a circle").code.rstrip().endswith("self.wait(2)")


def test_scene_that_fades_out_ends_half_a_second_later(composer: OfflineComposer) -> None:
    """An empty frame is not held for long."""
    assert compose(composer, "a circle fades out").code.rstrip().endswith("self.wait(0.5)")


@pytest.mark.parametrize("hint", [4.0, 8.0, 20.0])
def test_duration_hint_is_met_by_stretching_waits(composer: OfflineComposer, hint: float) -> None:
    """Run times and waits add up to the hint."""
    code = compose(composer, "a red circle turns into a square and grows", duration_hint_seconds=hint).code
    seconds = sum(float(s) for s in re.findall(r"(?:run_time=|wait\()([\d.]+)", code))
    assert seconds == pytest.approx(hint, abs=0.1)


def test_light_background_gives_dark_text(composer: OfflineComposer) -> None:
    """White text on white is never written."""
    assert "color=BLACK" in compose(composer, "write 'Hi'", background="#FFFFFF").code


def test_shape_in_the_colour_of_the_background_gets_an_outline(composer: OfflineComposer) -> None:
    """A black square on black is seen by its edge."""
    assert "color=WHITE, fill_color=BLACK" in compose(composer, "a black square").code


def test_text_in_the_colour_of_the_background_is_refused(composer: OfflineComposer) -> None:
    """What cannot be seen is not shown."""
    with pytest.raises(NoOfflineAnswer, match="cannot be seen"):
        compose(composer, "write 'Hi' in black")


@pytest.mark.parametrize(
    ("prompt", "named"),
    [
        ("a circle with radius 100", "radius 0.05 to 3.5"),
        ("a circle moves left 50 units", "14.22 units wide"),
        ("a square spins 1000 times", "1 to 20"),
        ("500 dots", "1 to 100"),
        ("a polygon with 2 sides", "3 to 20"),
        ("a circle fades in over 500 seconds", "0.1 to 60"),
        ("scale a square by a factor of 99", "0.05 to 10"),
    ],
)
def test_value_out_of_its_range_is_refused_with_the_range(composer: OfflineComposer, prompt: str, named: str) -> None:
    """Nothing is clamped in silence."""
    with pytest.raises(NoOfflineAnswer, match=re.escape(named)):
        compose(composer, prompt)


@pytest.mark.parametrize("ratio", ["16:9", "9:16", "1:1", "4:5", "4:3"])
def test_usual_move_stays_within_every_frame(composer: OfflineComposer, ratio: str) -> None:
    """The share of the frame that a thing moves is the same small one whatever the frame."""
    code = compose(composer, "a circle moves left", aspect_ratio=ratio).code
    share = float(re.search(r"([\d.]+) \* config.frame_width \* LEFT", code)[1])  # type: ignore[index]
    assert 0.1 <= share <= 0.25


def test_title_is_written_only_where_it_is_asked_for(composer: OfflineComposer) -> None:
    """A title comes first, and its words become the draft's title."""
    draft = compose(composer, "a red circle with the title 'My circle'")
    assert draft.title == "My circle"
    assert played(draft.code)[0] == "Write"


def test_explanation_tells_the_steps(composer: OfflineComposer) -> None:
    """The explanation follows the prompt."""
    told = compose(composer, "a red square turns into a blue circle and moves left").explanation
    assert "The red square turns into a blue circle. The blue circle moves left." in told
