"""OpenAI, Anthropic and OpenAI-compatible servers: asked and read over HTTP through the vendors' own SDKs."""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Iterator

import pytest
from loopback import gemini_script, openai_server
from loopback.gemini_script import EXPLANATION, FAILS_AT_RUN_TIME, GOOD_SCENE, TITLE
from loopback.generating import PROVIDERS, Listener, Provider, brief, generate
from loopback.model_server import ModelServer
from manimatic.codegen.generator import ModelGenerator
from manimatic.codegen.vendors import ANTHROPIC, COMPATIBLE, OPENAI
from manimatic.errors import (
    AnswerCutOff,
    AnswerWithoutCode,
    BudgetExceeded,
    GenerationError,
    InvalidInput,
    JobCancelled,
    ModelRefused,
    ModelRejectedKey,
    ModelUnavailable,
    SettingsError,
)
from manimatic.ports import Round

FOREIGN_KEY = "sk-somebody-elses-key"
COMPATIBLE_PROVIDER = next(one for one in PROVIDERS if one.vendor is COMPATIBLE)
ANTHROPIC_PROVIDER = next(one for one in PROVIDERS if one.vendor is ANTHROPIC)
OPENAI_PROVIDER = next(one for one in PROVIDERS if one.vendor is OPENAI)


@pytest.fixture(params=PROVIDERS, ids=lambda provider: provider.vendor.name)
def provider(request: pytest.FixtureRequest) -> Provider:
    """Each provider in turn."""
    chosen: Provider = request.param
    return chosen


@pytest.fixture
def server(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    """Its server with a good answer, reached without a proxy."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with provider.server() as running:
        yield running


# ---------------------------------------------------------------- the answer


def test_answer_becomes_a_draft_with_its_cost(provider: Provider, server: ModelServer) -> None:
    """Words, code and tokens arrive; dollars do where the price is known, which no local server's is."""
    draft = generate(provider.generator(server), brief("show π"))
    assert (draft.title, draft.explanation, draft.code) == (TITLE, EXPLANATION, GOOD_SCENE)
    assert (draft.generator, draft.model) == (provider.vendor.name, provider.model)
    assert (draft.usage.requests, draft.usage.input_tokens, draft.usage.output_tokens) == (1, 1000, 400)
    if provider.vendor is COMPATIBLE:
        assert draft.usage.cost_usd is None
    else:
        assert draft.usage.cost_usd is not None
        assert 0 < draft.usage.cost_usd < 0.05


def test_request_carries_instructions_prompt_model_and_key(provider: Provider, server: ModelServer) -> None:
    """The rules stand in the instructions, the wish in the user's turn, and no sampling is asked for."""
    generate(provider.generator(server), brief("show π"))
    sent = server.requests[0]
    assert sent.path.split("?")[0] in {"/v1/chat/completions", "/v1/messages"}
    assert "Manim Community 0.22.0" in sent.system
    assert "show π" in sent.text
    assert "show π" not in sent.system
    assert sent.body["model"] == provider.model
    assert not {"temperature", "top_p", "top_k"} & set(sent.body)
    assert provider.key in (sent.headers.get("authorization", "") + sent.headers.get("x-api-key", ""))


def test_words_are_heard_while_the_code_is_written(provider: Provider, server: ModelServer) -> None:
    """Drafts grow in both forms of the answer."""
    for form in (provider.script.answer, provider.script.labelled):
        server.play(form(GOOD_SCENE, pieces=24, pause_s=0.04))
        listener = Listener()
        provider.generator(server).generate(brief(), listener, threading.Event())
        sizes = [len(draft["code"]) for draft in listener.drafts]
        assert sizes == sorted(sizes)
        assert any(one["explanation"] == EXPLANATION and one["code"] != GOOD_SCENE for one in listener.drafts)


def test_labelled_answer_is_read_whatever_was_asked_for(provider: Provider, server: ModelServer) -> None:
    """A server that takes the schema and ignores it costs nothing."""
    server.play(provider.script.labelled(GOOD_SCENE))
    draft = generate(provider.generator(server))
    assert (draft.title, draft.explanation, draft.code) == (TITLE, EXPLANATION, GOOD_SCENE)
    assert len(server.requests) == 1


def test_server_without_schemas_is_asked_in_plain_text_from_then_on(provider: Provider, server: ModelServer) -> None:
    """The first rejection is followed by a request without the schema, and the next call begins with one."""
    server.play(provider.script.without_schemas(provider.script.labelled(GOOD_SCENE)))
    generator = provider.generator(server)
    assert generate(generator).code == GOOD_SCENE
    assert len(server.requests) == 2
    assert "plain text" in server.requests[1].system
    assert generate(generator).code == GOOD_SCENE
    assert len(server.requests) == 3


def test_failed_round_is_told_to_the_model(provider: Provider, server: ModelServer) -> None:
    """A repair carries the scene and what was wrong with it."""
    draft = generate(provider.generator(server), brief("x", Round(code=FAILS_AT_RUN_TIME, complaint="no get_glow")))
    assert draft.code == GOOD_SCENE
    assert "get_glow" in server.requests[0].text
    assert "no get_glow" in server.requests[0].text


def test_prose_is_asked_for_again_with_its_fault(provider: Provider, server: ModelServer) -> None:
    """One repair of the answer itself, over the same conversation; both are counted."""
    server.play(provider.script.text("I would rather talk about circles."), provider.script.answer(GOOD_SCENE))
    draft = generate(provider.generator(server))
    assert draft.code == GOOD_SCENE
    assert draft.usage.requests == 2
    assert server.requests[1].roles == ["user", "assistant", "user"]
    assert "cannot be used" in server.requests[1].text


def test_prose_that_goes_on_raises_answer_without_code(provider: Provider, server: ModelServer) -> None:
    """After the allowed corrections the last fault is the message."""
    server.play(provider.script.text("I would rather talk about circles."))
    with pytest.raises(AnswerWithoutCode, match="no block of code"):
        generate(provider.generator(server))
    assert len(server.requests) == 2


def test_answer_cut_off_at_the_token_limit_is_asked_for_again_but_shorter(
    provider: Provider, server: ModelServer
) -> None:
    """Both forms of a half answer are known as such."""
    reason = {"stop": "max_tokens"} if provider.vendor is ANTHROPIC else {"finish": "length"}
    for half in ('{"title": "A", "explanation": "B", "code": "from man', f"title: A\n\ncode:\n```python\n{GOOD_SCENE}"):
        server.play(provider.script.text(half, **reason))
        with pytest.raises(AnswerCutOff, match="output limit"):
            generate(provider.generator(server))
        assert "half the length" in server.requests[-1].text


# ---------------------------------------------------------------- failures


def test_wrong_key_raises_model_rejected_key_without_showing_it(provider: Provider, server: ModelServer) -> None:
    """A refused key is said at once, with the variable to look at."""
    server.api_key = "another"
    key = provider.key or "a-local-key-0123"
    with pytest.raises(ModelRejectedKey) as caught:
        generate(provider.generator(server, api_key=key))
    assert len(server.requests) == 1
    assert key not in "".join(traceback.format_exception(caught.value))
    assert provider.vendor.key_variable in caught.value.hint


def test_unknown_model_raises_model_refused(provider: Provider, server: ModelServer) -> None:
    """Setting another model would help."""
    server.play(provider.script.status(404))
    with pytest.raises(ModelRefused, match=provider.model) as caught:
        generate(provider.generator(server))
    assert "MANIMATIC_MODEL" in caught.value.hint


@pytest.mark.parametrize("code", [429, 500, 503, 529])
def test_overload_is_waited_out(provider: Provider, server: ModelServer, code: int) -> None:
    """Two failures and an answer are an answer; the SDK does not try by itself."""
    failure = provider.script.status(code)
    server.play(failure, failure, provider.script.answer(GOOD_SCENE))
    assert generate(provider.generator(server)).code == GOOD_SCENE
    assert len(server.requests) == 3


def test_overload_that_stays_raises_model_unavailable(provider: Provider, server: ModelServer) -> None:
    """After three tries the job fails as one that may be tried later."""
    server.play(provider.script.status(503))
    with pytest.raises(ModelUnavailable) as caught:
        generate(provider.generator(server))
    assert len(server.requests) == 3
    assert caught.value.retryable


def test_retry_after_is_honoured(provider: Provider, server: ModelServer) -> None:
    """The next request does not come before the time that the vendor named."""
    server.play(provider.script.status(429, headers={"Retry-After": "1"}), provider.script.answer(GOOD_SCENE))
    started = time.monotonic()
    generate(provider.generator(server))
    assert time.monotonic() - started >= 1.0


def test_retry_after_beyond_the_timeout_is_not_waited_for(provider: Provider, server: ModelServer) -> None:
    """Where the vendor asks for more patience than there is, the job fails at once."""
    server.play(provider.script.status(429, headers={"Retry-After": "60"}))
    with pytest.raises(ModelUnavailable):
        generate(provider.generator(server))
    assert len(server.requests) == 1


@pytest.mark.parametrize("when", ["before", "within"])
def test_silence_raises_model_unavailable(provider: Provider, server: ModelServer, when: str) -> None:
    """Silence of timeout_s ends the wait, whether or not something came before."""
    server.play(gemini_script.silent if when == "before" else provider.script.stalls())
    started = time.monotonic()
    with pytest.raises(ModelUnavailable, match=r"sent nothing for 0\.3 s"):
        generate(provider.generator(server, timeout_s=0.3))
    assert time.monotonic() - started < 30.0


def test_cancel_is_heard_while_nothing_comes(provider: Provider, server: ModelServer) -> None:
    """A stalled answer does not hold the job."""
    server.play(provider.script.stalls())
    cancel = threading.Event()
    timer = threading.Timer(0.3, cancel.set)
    timer.start()
    started = time.monotonic()
    with pytest.raises(JobCancelled):
        provider.generator(server, timeout_s=60).generate(brief(), Listener(), cancel)
    assert time.monotonic() - started < 20.0
    timer.join()


def test_content_filter_raises_model_refused(provider: Provider, server: ModelServer) -> None:
    """A refusal is final, and what it cost is known."""
    reason = {"stop": "refusal"} if provider.vendor is ANTHROPIC else {"finish": "content_filter"}
    server.play(provider.script.text('{"title": "A', **reason))
    with pytest.raises(ModelRefused, match="declined") as caught:
        generate(provider.generator(server))
    assert len(server.requests) == 1
    assert getattr(caught.value.usage, "input_tokens", 0) == 1000


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>maintenance</html>",
        b"\xff\xfe\x00",
        b"data: {nope\r\n\r\n",
        b"event: message_start\r\ndata: {nope\r\n\r\n",
        b"data: 3\r\n\r\n",
        b"data: null\r\n\r\n",
        b'data: {"choices": 5}\r\n\r\n',
        b'data: {"choices": [{"delta": {"content": {"a": 5}}}]}\r\n\r\n',
        b'event: content_block_delta\r\ndata: {"type": "content_block_delta", "index": 0, "delta": 3}\r\n\r\n',
        b'event: message_start\r\ndata: {"type": "message_start", "message": {"usage": "much"}}\r\n\r\n',
        b'data: {"error": {"code": 503, "message": "busy"}}\r\n\r\n',
    ],
)
def test_malformed_stream_ends_in_an_error_of_ours(provider: Provider, server: ModelServer, data: bytes) -> None:
    """Whatever the other side sends, the outcome is one of ours, and not the scene's fault."""
    server.play(provider.script.raw_stream(data))
    with pytest.raises((ModelUnavailable, AnswerWithoutCode)):
        generate(provider.generator(server))


@pytest.mark.parametrize("code", [302, 400, 429, 500])
@pytest.mark.parametrize("body", [None, "no", {"error": {"code": [], "type": {}, "message": {"a": 1}}}], ids=repr)
def test_hostile_error_ends_in_an_error_of_ours(
    provider: Provider, server: ModelServer, code: int, body: object
) -> None:
    """An error's body is as little to be trusted as an answer's."""
    server.play(lambda handler: handler.send_json(code, body, {"Retry-After": "soon"}))
    with pytest.raises(GenerationError):
        generate(provider.generator(server, backoff_s=0.001))


def test_too_many_tokens_raise_budget_exceeded(provider: Provider, server: ModelServer) -> None:
    """The vendor's counts are compared with the limit."""
    with pytest.raises(BudgetExceeded):
        generate(provider.generator(server, max_tokens=1399))


def test_answer_is_left_as_soon_as_it_must_be_over_the_budget(provider: Provider, server: ModelServer) -> None:
    """Nobody counts tokens before the end, so they are estimated while the answer comes."""
    server.play(provider.script.text("a" * 40_000, pieces=40, pause_s=0.1))
    started = time.monotonic()
    with pytest.raises(BudgetExceeded):
        generate(provider.generator(server, max_tokens=6_000))
    assert time.monotonic() - started < 3.5


def test_redirect_is_not_followed(provider: Provider, server: ModelServer) -> None:
    """The key goes to the configured address and nowhere else."""
    server.play(gemini_script.redirects)
    with pytest.raises((ModelUnavailable, ModelRefused)):
        generate(provider.generator(server))
    assert all("elsewhere" not in request.path for request in server.requests)


# ---------------------------------------------------------------- keys, names, the check at the start


def test_key_is_in_no_log_and_no_repr(
    provider: Provider, server: ModelServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Even the wordiest log keeps the key."""
    caplog.set_level(logging.DEBUG)
    key = "sk-never-to-be-seen-4711"
    generator = provider.generator(server, api_key=key)
    generate(generator)
    assert generator.check() is None
    assert key not in caplog.text
    assert key not in repr(generator) + repr(vars(generator))


@pytest.mark.parametrize("variable", ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"])
def test_key_of_the_environment_is_not_taken(
    provider: Provider, server: ModelServer, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDKs would read keys from the environment; what is sent is what is set."""
    monkeypatch.setenv(variable, FOREIGN_KEY)
    generate(provider.generator(server))
    assert FOREIGN_KEY not in str(server.requests[0].headers)


@pytest.mark.parametrize("variable", ["OPENAI_BASE_URL", "ANTHROPIC_BASE_URL"])
def test_address_of_the_environment_is_not_taken(
    provider: Provider, server: ModelServer, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key goes where the settings say."""
    monkeypatch.setenv(variable, "http://127.0.0.1:9/")
    assert generate(provider.generator(server)).code == GOOD_SCENE


def test_missing_key_stops_the_start(provider: Provider) -> None:
    """It is said before anything is asked, with the variable's name; a local server needs none."""
    if not provider.vendor.needs_key:
        assert ModelGenerator(provider.vendor, api_key="", model="m", base_url="http://127.0.0.1:9/v1").name
        return
    with pytest.raises(SettingsError, match=provider.vendor.key_variable):
        ModelGenerator(provider.vendor, api_key="", model=provider.model)


@pytest.mark.parametrize("name", ["../files", "a b", "", "models/../x", "x?key=1"])
def test_name_that_is_no_models_is_refused_before_asking(provider: Provider, server: ModelServer, name: str) -> None:
    """Neither the setting nor a request can smuggle one in."""
    with pytest.raises(InvalidInput):
        generate(provider.generator(server), brief(model=name))
    with pytest.raises(SettingsError, match="MANIMATIC_MODEL"):
        provider.generator(server, model=name)
    assert not server.requests


def test_check_is_silent_about_a_listed_model_and_names_another(provider: Provider, server: ModelServer) -> None:
    """The list of the server is what counts."""
    assert provider.generator(server).check() is None
    server.models = ["something-else"]
    assert provider.model in (provider.generator(server).check() or "")


# ---------------------------------------------------------------- one vendor's own


@pytest.mark.parametrize("provider", [OPENAI_PROVIDER], ids=["openai"], indirect=True)
def test_refusal_in_its_own_field_raises_model_refused(provider: Provider, server: ModelServer) -> None:
    """What the model says instead of an answer is told."""
    server.play(openai_server.refuses("I cannot help with that."))
    with pytest.raises(ModelRefused, match="cannot help with that"):
        generate(provider.generator(server))


@pytest.mark.parametrize("provider", [OPENAI_PROVIDER], ids=["openai"], indirect=True)
def test_prompt_that_is_turned_down_is_not_sent_again(provider: Provider, server: ModelServer) -> None:
    """A rejection for what the prompt says is not mistaken for one of the schema."""
    server.play(openai_server.status(400, kind="content_policy_violation", message="Your request was rejected."))
    with pytest.raises(ModelRefused, match="declined"):
        generate(provider.generator(server))
    assert len(server.requests) == 1


@pytest.mark.parametrize("provider", [COMPATIBLE_PROVIDER], ids=["compatible"], indirect=True)
def test_server_that_counts_no_tokens_is_still_capped(provider: Provider, server: ModelServer) -> None:
    """Tokens are estimated from the characters, so that the limit of a job holds."""
    server.play(openai_server.answer(GOOD_SCENE, usage=None))
    usage = generate(provider.generator(server)).usage
    assert usage.input_tokens > 1000
    assert 50 < usage.output_tokens < 400
    assert usage.cost_usd is None
    with pytest.raises(BudgetExceeded):
        generate(provider.generator(server, max_tokens=500))


@pytest.mark.parametrize("provider", [COMPATIBLE_PROVIDER], ids=["compatible"], indirect=True)
def test_server_that_gives_no_reason_for_the_end_is_read(provider: Provider, server: ModelServer) -> None:
    """Some servers close the stream and say no more."""
    server.play(openai_server.answer(GOOD_SCENE, finish=None))
    assert generate(provider.generator(server)).code == GOOD_SCENE


@pytest.mark.parametrize("provider", [COMPATIBLE_PROVIDER], ids=["compatible"], indirect=True)
def test_thoughts_are_no_part_of_the_answer(provider: Provider, server: ModelServer) -> None:
    """A reasoning model's words between its tags are neither shown nor taken for code."""
    server.play(openai_server.thinks('Perhaps {"code": "x"} or ```python\nx\n```?', GOOD_SCENE))
    listener = Listener()
    draft = provider.generator(server).generate(brief(), listener, threading.Event())
    assert draft.code == GOOD_SCENE
    assert "Perhaps" not in str(listener.drafts)


@pytest.mark.parametrize("provider", [COMPATIBLE_PROVIDER], ids=["compatible"], indirect=True)
def test_price_of_a_local_model_is_unknown_even_under_a_known_name(provider: Provider, server: ModelServer) -> None:
    """What a vendor charges for a model of that name is not what this server does."""
    assert generate(provider.generator(server, model="gpt-5.4-mini")).usage.cost_usd is None


@pytest.mark.parametrize("provider", [ANTHROPIC_PROVIDER], ids=["anthropic"], indirect=True)
def test_model_that_is_known_to_take_no_schema_is_asked_without_one(provider: Provider, server: ModelServer) -> None:
    """The older models are asked in plain text at once."""
    server.play(provider.script.labelled(GOOD_SCENE))
    assert generate(provider.generator(server), brief(model="claude-3-5-haiku-latest")).code == GOOD_SCENE
    assert "plain text" in server.requests[0].system


@pytest.mark.parametrize("provider", [ANTHROPIC_PROVIDER], ids=["anthropic"], indirect=True)
def test_overload_within_the_stream_is_waited_out(provider: Provider, server: ModelServer) -> None:
    """An error event after the answer has begun counts as the status that it stands for."""
    server.play(provider.script.overloaded_in_stream, provider.script.answer(GOOD_SCENE))
    assert generate(provider.generator(server)).code == GOOD_SCENE
    assert len(server.requests) == 2


@pytest.mark.parametrize("provider", [ANTHROPIC_PROVIDER], ids=["anthropic"], indirect=True)
def test_instructions_are_marked_for_the_vendors_cache(provider: Provider, server: ModelServer) -> None:
    """A repair within minutes pays a tenth for what every request begins with."""
    generate(provider.generator(server))
    assert any("cache_control" in block for block in server.requests[0].body["system"])
