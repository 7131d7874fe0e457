"""How Gemini is asked and how its answers are read, over HTTP through its own SDK."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator

import pytest
from loopback import gemini_script as script
from loopback.gemini_script import FAILS_TO_PARSE, GOOD_SCENE, HOLDS_NO_SCENE
from loopback.gemini_server import GeminiServer
from loopback.generating import MODEL, Listener, brief, gemini, generate
from manimatic.errors import (
    AnswerCutOff,
    AnswerWithoutCode,
    InvalidInput,
    UnusableAnswer,
)
from manimatic.jobs import Usage
from manimatic.ports import Round


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[GeminiServer]:
    """A server with a good answer, reached without a proxy."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with GeminiServer() as running:
        yield running


# ---------------------------------------------------------------- Gemini: the request


def test_request_carries_prompt_frame_and_schema(server: GeminiServer) -> None:
    """The conversation holds the prompt and the frame's size; the answer's fields are ordered; no temperature."""
    generate(gemini(server), brief("show π", aspect_ratio="9:16", duration_hint_seconds=12))
    sent = server.requests[0]
    assert sent.path == f"/v1beta/models/{MODEL}:streamGenerateContent?alt=sse"
    assert "show π" in sent.text
    assert "8.00 units wide and 14.22 high" in sent.text
    assert "about 12 seconds" in sent.text
    assert "0.22.0" in sent.body["systemInstruction"]["parts"][0]["text"]
    settings = sent.body["generationConfig"]
    assert list(settings["responseJsonSchema"]["properties"]) == ["title", "explanation", "code"]
    assert not {"temperature", "topP", "topK"} & set(settings)


def test_failed_rounds_are_told_to_the_model(server: GeminiServer) -> None:
    """The last scene goes back whole with its complaint; older complaints are named, older scenes are not sent."""
    rounds = (Round(code="OLD = 1", complaint="old complaint"), Round(code="NEW = 2", complaint="new complaint"))
    generate(gemini(server), brief("x", *rounds))
    said = server.requests[0].text
    assert "NEW = 2" in said
    assert "new complaint" in said
    assert "old complaint" in said
    assert "OLD = 1" not in said


def test_model_of_the_brief_wins(server: GeminiServer) -> None:
    """A request may name another Gemini model, and the draft says which one wrote it."""
    draft = generate(gemini(server), brief(model="gemini-4-argon"))
    assert "/models/gemini-4-argon:" in server.requests[0].path
    assert draft.model == "gemini-4-argon"


@pytest.mark.parametrize("name", ["gpt-5", "gemini-", "gemini-3/../files", "gemini-3?key=1", "GEMINI-3", ""])
def test_foreign_model_name_is_refused_before_asking(server: GeminiServer, name: str) -> None:
    """Only names of Gemini models reach the address."""
    with pytest.raises(InvalidInput):
        generate(gemini(server), brief(model=name))
    assert not server.requests


# ---------------------------------------------------------------- Gemini: the answer


def test_explanation_is_heard_while_the_code_is_written(server: GeminiServer) -> None:
    """Drafts grow, the words before the code, at most about five a second."""
    server.play(script.answer(GOOD_SCENE, pieces=24, pause_s=0.04))
    listener = Listener()
    started = time.monotonic()
    gemini(server).generate(brief(), listener, threading.Event())
    took_s = time.monotonic() - started
    sizes = [len(draft["code"]) for draft in listener.drafts]
    assert sizes == sorted(sizes)
    assert any(draft["explanation"] == script.EXPLANATION and draft["code"] != GOOD_SCENE for draft in listener.drafts)
    assert 3 <= len(sizes) <= took_s / 0.2 + 2


def test_usage_holds_tokens_and_cost(server: GeminiServer) -> None:
    """The vendor's counts are kept and priced."""
    usage = generate(gemini(server)).usage
    assert (usage.requests, usage.input_tokens, usage.output_tokens) == (1, 1000, 400)
    assert usage.cost_usd is not None
    assert 0 < usage.cost_usd < 0.05


def test_cost_of_an_unknown_model_is_none(server: GeminiServer) -> None:
    """A price that nobody knows is not zero."""
    reply = json.dumps({"title": "T", "explanation": "E", "code": GOOD_SCENE})
    body = script.chunk(reply, finish="STOP") | {"modelVersion": "gemini-99-xenon"}
    server.play(lambda handler: (handler.begin_stream(), handler.send_event(body))[-1])
    usage = generate(gemini(server), brief(model="gemini-99-xenon")).usage
    assert usage.cost_usd is None
    assert usage.input_tokens == 1000


@pytest.mark.parametrize("bad", ["", "\0", "\ud800", "x = 1\n" * 20_000])
def test_unusable_code_is_asked_for_again(server: GeminiServer, bad: str) -> None:
    """One bad answer costs one more request that names the fault, and both are counted."""
    server.play(script.answer(bad), script.answer(GOOD_SCENE))
    draft = generate(gemini(server))
    assert draft.code == GOOD_SCENE
    assert draft.usage.requests == 2
    assert server.requests[1].roles == ["user", "model", "user"]
    assert "cannot be used" in server.requests[1].text


@pytest.mark.parametrize("broken", [FAILS_TO_PARSE, HOLDS_NO_SCENE, "x = " + "(" * 3000])
def test_broken_code_is_not_the_generators_to_judge(server: GeminiServer, broken: str) -> None:
    """It is not even parsed here: that is done where it can kill nothing but the checker."""
    server.play(script.answer(broken))
    assert generate(gemini(server)).code == broken.strip("\n") + "\n"
    assert len(server.requests) == 1


def test_answer_that_stays_unusable_raises_unusable_answer(server: GeminiServer) -> None:
    """After the allowed corrections the last fault is the message."""
    server.play(script.text("I would rather talk about circles."))
    with pytest.raises(AnswerWithoutCode, match="not one JSON object") as caught:
        generate(gemini(server, max_corrections=2))
    assert len(server.requests) == 3
    assert caught.value.usage == Usage(
        requests=3, input_tokens=3000, output_tokens=1200, cost_usd=pytest.approx(0.00675)
    )


def test_truncated_answer_is_asked_for_again_but_shorter(server: GeminiServer) -> None:
    """What was cut off is not sent back; the model is told to be brief."""
    server.play(script.truncated(), script.answer(GOOD_SCENE))
    assert generate(gemini(server)).code == GOOD_SCENE
    assert "model" not in server.requests[1].roles
    assert "half the length" in server.requests[1].text


def test_truncation_that_goes_on_raises_unusable_answer(server: GeminiServer) -> None:
    """The user learns that the output limit was in the way."""
    server.play(script.truncated())
    with pytest.raises(AnswerCutOff, match="output limit"):
        generate(gemini(server))


@pytest.mark.parametrize("words", ["", "no JSON at all", "[1, 2]", '{"title": "T"}', '{"code": "\\ud800"}'])
def test_answer_that_is_no_scene_raises_unusable_answer(server: GeminiServer, words: str) -> None:
    """Empty and shapeless answers are asked for again, then given up."""
    server.play(script.text(words))
    with pytest.raises(UnusableAnswer):
        generate(gemini(server))
    assert len(server.requests) == 2


def test_code_fences_are_stripped(server: GeminiServer) -> None:
    """Markdown around the code is no fault."""
    server.play(script.answer(f"Here it is:\n```python\n{GOOD_SCENE}```\nEnjoy."))
    assert generate(gemini(server)).code == GOOD_SCENE
