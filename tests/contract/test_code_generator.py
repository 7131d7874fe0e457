"""What every code generator keeps to."""

from __future__ import annotations

import ast
import threading
from collections.abc import Callable, Iterator
from typing import Protocol

import pytest
from loopback import gemini_script as script
from loopback.gemini_script import FAILS_AT_RUN_TIME, GOOD_SCENE
from loopback.gemini_server import GeminiServer
from loopback.generating import PROVIDERS, Listener, Provider, brief, gemini, generate
from manimatic.codegen.offline import OfflineComposer
from manimatic.codegen.scripted import ScriptedGenerator
from manimatic.errors import (
    GenerationError,
    JobCancelled,
    ModelRefused,
    NoOfflineAnswer,
    UnusableAnswer,
)
from manimatic.jobs import Usage
from manimatic.ports import CodeGenerator, Draft, Round


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[GeminiServer]:
    """A server with a good answer, reached without a proxy."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with GeminiServer() as running:
        yield running


# ---------------------------------------------------------------- what every generator keeps to


class Harness(Protocol):
    """Makes one implementation ready for the contract; `failing` fails at any prompt, or at `unknown` alone."""

    unknown: str

    def close(self) -> None:
        """Let go of what it has of its own."""

    def ready(self) -> CodeGenerator:
        """Return a generator that can answer `brief()` any number of times up to ten."""

    def failing(self) -> tuple[CodeGenerator, type[GenerationError]]:
        """Return a generator that cannot answer, and the error that it raises."""


class GeminiHarness:
    """Gemini over the loopback server."""

    unknown = "anything"

    def __init__(self, server: GeminiServer) -> None:
        self.server = server

    def close(self) -> None:
        """Leave the server to its fixture."""

    def ready(self) -> CodeGenerator:
        """Answer well."""
        self.server.play(script.answer(GOOD_SCENE))
        return gemini(self.server)

    def failing(self) -> tuple[CodeGenerator, type[GenerationError]]:
        """Refuse."""
        self.server.play(script.blocked)
        return gemini(self.server), ModelRefused


class ProviderHarness:
    """Another provider over a loopback server of its own."""

    unknown = "anything"

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.server = provider.server().__enter__()

    def close(self) -> None:
        """End the server."""
        self.server.__exit__(None, None, None)

    def ready(self) -> CodeGenerator:
        """Answer well."""
        return self.provider.generator(self.server)

    def failing(self) -> tuple[CodeGenerator, type[GenerationError]]:
        """Refuse."""
        self.server.play(self.provider.script.status(404))
        return self.provider.generator(self.server), ModelRefused


class ScriptedHarness:
    """The fake."""

    unknown = "anything"

    def __init__(self, server: GeminiServer) -> None:
        """Need no server."""

    def close(self) -> None:
        """Have nothing to let go of."""

    def ready(self) -> CodeGenerator:
        """Answer well."""
        good = Draft(title="A title", explanation="Some words.", code=GOOD_SCENE, generator="")
        return ScriptedGenerator([good] * 10)

    def failing(self) -> tuple[CodeGenerator, type[GenerationError]]:
        """Refuse."""
        return ScriptedGenerator([ModelRefused()]), ModelRefused


class OfflineHarness:
    """The composer, which knows the recipes of the gallery."""

    unknown = "explain the fall of Rome"

    def __init__(self, server: GeminiServer) -> None:
        """Need no server."""

    def close(self) -> None:
        """Have nothing to let go of."""

    def ready(self) -> CodeGenerator:
        """Answer well."""
        return OfflineComposer()

    def failing(self) -> tuple[CodeGenerator, type[GenerationError]]:
        """Know nothing that fits."""
        return OfflineComposer(), NoOfflineAnswer


# Every implementation stands here; a new one adds a harness that takes the server whether it needs it or not.
IMPLEMENTATIONS: dict[str, Callable[[GeminiServer], Harness]] = {
    "gemini": GeminiHarness,
    "scripted": ScriptedHarness,
    "offline": OfflineHarness,
    **{one.vendor.name: lambda _, one=one: ProviderHarness(one) for one in PROVIDERS},
}


@pytest.fixture(params=IMPLEMENTATIONS)
def harness(request: pytest.FixtureRequest, server: GeminiServer) -> Iterator[Harness]:
    """Each implementation in turn."""
    made = IMPLEMENTATIONS[request.param](server)
    yield made
    made.close()


def test_generator_is_a_code_generator(harness: Harness) -> None:
    """It has the port's methods, a name, and says whether it can repair."""
    generator = harness.ready()
    assert isinstance(generator, CodeGenerator)
    assert generator.name
    assert isinstance(generator.can_repair, bool)


def test_answer_becomes_a_draft(harness: Harness) -> None:
    """Title, words and code arrive, signed with the generator's name."""
    generator = harness.ready()
    draft = generate(generator)
    assert draft.title
    assert draft.explanation
    assert draft.generator == generator.name
    assert any(isinstance(node, ast.ClassDef) for node in ast.parse(draft.code).body)


def test_listener_hears_the_words_and_then_the_whole_draft(harness: Harness) -> None:
    """The last draft that is heard is the one that is returned, and all come in the caller's thread."""
    listener = Listener()
    draft = harness.ready().generate(brief(), listener, threading.Event())
    assert listener.drafts[-1] == {"title": draft.title, "explanation": draft.explanation, "code": draft.code}
    assert listener.threads == {threading.get_ident()}


def test_error_of_the_listener_passes_through(harness: Harness) -> None:
    """What the listener raises is not mistaken for the generator's own failure."""

    class Broken(Listener):
        def draft(self, *, title: str, explanation: str, code: str) -> None:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        harness.ready().generate(brief(), Broken(), threading.Event())


def test_cancel_before_the_start_raises_job_cancelled(harness: Harness) -> None:
    """Nothing is asked for a job that is cancelled already."""
    cancel = threading.Event()
    cancel.set()
    listener = Listener()
    with pytest.raises(JobCancelled):
        harness.ready().generate(brief(), listener, cancel)
    assert not listener.drafts


def test_failure_raises_a_generation_error(harness: Harness) -> None:
    """Failures are of the port's kinds, with room for what they cost."""
    generator, kind = harness.failing()
    with pytest.raises(kind) as caught:
        generate(generator, brief(harness.unknown))
    assert isinstance(caught.value, GenerationError)
    assert caught.value.usage is None or isinstance(caught.value.usage, Usage)


def test_one_generator_serves_many_threads(harness: Harness) -> None:
    """Four calls at once all get their draft."""
    generator = harness.ready()
    drafts: list[Draft] = []
    threads = [threading.Thread(target=lambda: drafts.append(generate(generator))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(drafts) == 4


def test_rounds_are_accepted_where_repair_is_offered(harness: Harness) -> None:
    """A brief with a failed round gets a draft from a generator that can repair."""
    generator = harness.ready()
    if generator.can_repair:
        assert generate(generator, brief("x", Round(code=FAILS_AT_RUN_TIME, complaint="AttributeError"))).code


# ---------------------------------------------------------------- the script


def test_scripted_generator_keeps_the_briefs() -> None:
    """Tests can see what was asked."""
    generator = ScriptedGenerator()
    generator.add(Draft(title="T", explanation="E", code="C", generator="someone"))
    generate(generator, brief("hello"))
    assert [one.prompt for one in generator.briefs] == ["hello"]


def test_scripted_generator_at_its_end_raises_unusable_answer() -> None:
    """A test that asks once too often fails with the reason."""
    with pytest.raises(UnusableAnswer, match="no answer left"):
        generate(ScriptedGenerator())
