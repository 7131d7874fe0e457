"""What becomes of Gemini's failures, over HTTP through its own SDK."""

from __future__ import annotations

import socket
import time
import traceback
from collections.abc import Iterator

import pytest
from loopback import gemini_script as script
from loopback.gemini_script import GOOD_SCENE
from loopback.gemini_server import GeminiServer
from loopback.generating import KEY, MODEL, gemini, generate
from manimatic.codegen.generator import ModelGenerator
from manimatic.codegen.vendors import GEMINI
from manimatic.errors import (
    BudgetExceeded,
    ModelRefused,
    ModelRejectedKey,
    ModelUnavailable,
    UnusableAnswer,
)
from manimatic.jobs import Usage


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[GeminiServer]:
    """A server with a good answer, reached without a proxy."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with GeminiServer() as running:
        yield running


# ---------------------------------------------------------------- Gemini: failures


@pytest.mark.parametrize("step", [script.blocked, script.stops_for_safety()], ids=["prompt", "answer"])
def test_safety_block_raises_model_refused(server: GeminiServer, step: script.Step) -> None:
    """A refusal is final, and what it cost is known."""
    server.play(step)
    with pytest.raises(ModelRefused, match=r"PROHIBITED_CONTENT|SAFETY") as caught:
        generate(gemini(server))
    assert len(server.requests) == 1
    assert isinstance(caught.value.usage, Usage)
    assert caught.value.usage.input_tokens == 1000


@pytest.mark.parametrize("step", [script.wrong_key, script.status(401), script.status(403)], ids=["400", "401", "403"])
def test_wrong_key_raises_model_rejected_key(server: GeminiServer, step: script.Step) -> None:
    """A refused key is said at once, without showing it."""
    server.play(step)
    with pytest.raises(ModelRejectedKey) as caught:
        generate(gemini(server))
    assert len(server.requests) == 1
    assert KEY not in "".join(traceback.format_exception(caught.value))


def test_unknown_model_raises_model_refused_with_a_hint(server: GeminiServer) -> None:
    """Trying again would not help, setting another model would."""
    server.play(script.status(404))
    with pytest.raises(ModelRefused, match=MODEL) as caught:
        generate(gemini(server))
    assert "MANIMATIC_MODEL" in caught.value.hint
    assert not caught.value.retryable


@pytest.mark.parametrize("code", [429, 500, 503])
def test_transient_failure_is_tried_again(server: GeminiServer, code: int) -> None:
    """Two failures and an answer are an answer."""
    server.play(script.status(code), script.status(code), script.answer(GOOD_SCENE))
    assert generate(gemini(server)).code == GOOD_SCENE
    assert len(server.requests) == 3


@pytest.mark.parametrize("code", [429, 500, 503])
def test_failure_that_stays_raises_model_unavailable(server: GeminiServer, code: int) -> None:
    """After three tries the job fails as one that may be tried later."""
    server.play(script.status(code))
    with pytest.raises(ModelUnavailable) as caught:
        generate(gemini(server))
    assert len(server.requests) == 3
    assert caught.value.retryable


def test_retry_after_is_honoured(server: GeminiServer) -> None:
    """The next request does not come before the time that the vendor named."""
    server.play(script.status(429, headers={"Retry-After": "1"}), script.answer(GOOD_SCENE))
    started = time.monotonic()
    generate(gemini(server))
    assert time.monotonic() - started >= 1.0


def test_retry_after_beyond_the_timeout_is_not_waited_for(server: GeminiServer) -> None:
    """Where the vendor asks for more patience than there is, the job fails at once."""
    server.play(script.status(429, headers={"Retry-After": "60"}))
    started = time.monotonic()
    with pytest.raises(ModelUnavailable):
        generate(gemini(server))
    assert time.monotonic() - started < 30.0
    assert len(server.requests) == 1


@pytest.mark.parametrize("step", [script.stalls(), script.stalls(after=""), script.silent], ids=["mid", "open", "none"])
def test_stalled_stream_raises_model_unavailable(server: GeminiServer, step: script.Step) -> None:
    """Silence of timeout_s ends the wait, whether or not something came before."""
    server.play(step)
    started = time.monotonic()
    with pytest.raises(ModelUnavailable, match=r"sent nothing for 0\.3 s"):
        generate(gemini(server, timeout_s=0.3))
    assert time.monotonic() - started < 30.0


@pytest.mark.usefixtures("server")
def test_connection_refused_names_the_host_but_not_the_key() -> None:
    """A wrong address is told with its host."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    generator = ModelGenerator(GEMINI, api_key=KEY, model=MODEL, base_url=f"http://user:secret@{address}", timeout_s=1)
    with pytest.raises(ModelUnavailable, match=address) as caught:
        generate(generator)
    assert KEY not in caught.value.message
    assert "secret" not in caught.value.message


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>maintenance</html>",
        b"\xff\xfe\x00",
        b"data: {nope\r\n\r\n",
        b"data: 3\r\n\r\n",
        b"data: null\r\n\r\n",
        b'data: {"candidates": 5}\r\n\r\n',
        b'data: {"candidates": [{"content": {"parts": [{"text": 5}]}}]}\r\n\r\n',
        b'data: {"candidates": [{"content": {"parts": [{}]}}]}\r\n\r\n',
        b'data: {"candidates": [{"content": {"parts": [{"text": "{"}]}}]}\r\n\r\n',
        b'data: {"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}}\r\n\r\n',
    ],
)
def test_malformed_stream_raises_model_unavailable(server: GeminiServer, data: bytes) -> None:
    """Whatever the other side sends, the outcome is one of ours, after retries."""
    server.play(script.raw_stream(data))
    with pytest.raises(ModelUnavailable):
        generate(gemini(server))
    assert len(server.requests) == 3


def test_stream_that_breaks_off_once_is_asked_for_again(server: GeminiServer) -> None:
    """A dropped connection in the middle does not cost the job, and both tries are counted."""
    server.play(script.text('{"title": "A', finish=None), script.answer(GOOD_SCENE))
    draft = generate(gemini(server))
    assert draft.code == GOOD_SCENE
    assert draft.usage.requests == 2


def test_redirect_is_not_followed(server: GeminiServer) -> None:
    """The key goes to the configured address and nowhere else."""
    server.play(script.redirects)
    with pytest.raises(ModelUnavailable):
        generate(gemini(server))
    assert all("elsewhere" not in request.path for request in server.requests)


# ---------------------------------------------------------------- Gemini: limits


def test_too_many_tokens_raise_budget_exceeded(server: GeminiServer) -> None:
    """The stream is left as soon as the vendor reports more tokens than allowed."""
    server.play(script.answer(GOOD_SCENE, pieces=40, pause_s=0.1))
    started = time.monotonic()
    with pytest.raises(BudgetExceeded, match="1400 tokens") as caught:
        generate(gemini(server, max_tokens=1399))
    assert time.monotonic() - started < 30.0
    assert isinstance(caught.value.usage, Usage)
    assert caught.value.usage.output_tokens == 400


def test_too_much_money_raises_budget_exceeded(server: GeminiServer) -> None:
    """Dollars count as tokens do."""
    with pytest.raises(BudgetExceeded, match=r"\$0\.0022"):
        generate(gemini(server, max_cost_usd=0.002))


def test_corrections_share_the_budget(server: GeminiServer) -> None:
    """Two answers that fit alone but not together are one too many."""
    server.play(script.text("prose"))
    with pytest.raises(BudgetExceeded):
        generate(gemini(server, max_tokens=2000))
    assert len(server.requests) == 2


def test_endless_answer_raises_unusable_answer(server: GeminiServer) -> None:
    """An answer that grows beyond all measure is left."""
    server.play(script.text("a" * 500_000))
    with pytest.raises(UnusableAnswer, match="longer than"):
        generate(gemini(server))
    assert len(server.requests) == 1
