"""Cancelling, keeping the key to itself, and the check at the start, over HTTP through the vendor's own SDK."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from loopback import gemini_script as script
from loopback.gemini_script import GOOD_SCENE
from loopback.gemini_server import GeminiServer
from loopback.generating import KEY, MODEL, Listener, brief, gemini, generate
from manimatic.codegen.generator import CHECK_TIMEOUT_S, ModelGenerator
from manimatic.codegen.vendors import GEMINI
from manimatic.errors import (
    JobCancelled,
    SettingsError,
)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[GeminiServer]:
    """A server with a good answer, reached without a proxy."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with GeminiServer() as running:
        yield running


@contextmanager
def cancelled_after(seconds: float) -> Iterator[threading.Event]:
    """Set the event after a while, and expect the end of the block soon after, not after the call's own time limit."""
    cancel = threading.Event()
    timer = threading.Timer(seconds, cancel.set)
    due = time.monotonic() + seconds
    timer.start()
    yield cancel
    assert 0 <= time.monotonic() - due < 20.0
    timer.join()


# ---------------------------------------------------------------- Gemini: cancelling


@pytest.mark.parametrize(
    "step",
    [script.stalls(), script.silent, script.status(503), script.answer(GOOD_SCENE, pieces=60, pause_s=0.1)],
    ids=["stalled stream", "silence", "between tries", "while streaming"],
)
def test_cancel_is_heard_within_a_second(server: GeminiServer, step: script.Step) -> None:
    """Whatever the call is waiting for, it lets go."""
    server.play(step)
    generator = gemini(server, timeout_s=60, backoff_s=20)
    with cancelled_after(0.4) as cancel, pytest.raises(JobCancelled):
        generator.generate(brief(), Listener(), cancel)


def test_cancel_is_heard_while_a_name_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A resolver that hangs does not hold the job."""
    found = threading.Event()

    def hangs(*_: object, **__: object) -> Any:
        found.wait(5)
        raise OSError("no such host")

    generator = ModelGenerator(GEMINI, api_key=KEY, model=MODEL, base_url="http://nowhere.invalid", timeout_s=30)
    monkeypatch.setattr(socket, "getaddrinfo", hangs)
    with cancelled_after(0.2) as cancel, pytest.raises(JobCancelled):
        generator.generate(brief(), Listener(), cancel)
    found.set()


# ---------------------------------------------------------------- Gemini: the key, and the check at the start


def test_key_is_in_no_log_and_no_repr(server: GeminiServer, caplog: pytest.LogCaptureFixture) -> None:
    """Even the wordiest log keeps the key."""
    caplog.set_level(logging.DEBUG)
    server.api_key = KEY
    generator = gemini(server)
    generate(generator)
    assert KEY not in caplog.text
    assert KEY not in repr(generator)


@pytest.mark.parametrize("key", ["", "two words", "ключ", "line\nbreak"])
def test_key_that_cannot_be_sent_stops_the_start(key: str) -> None:
    """HTTP's encoder would quote such a key in its error; it is refused first, without showing it."""
    with pytest.raises(SettingsError) as caught:
        ModelGenerator(GEMINI, api_key=key, model=MODEL)
    assert not key or key not in caught.value.message


def test_model_name_that_cannot_be_sent_stops_the_start() -> None:
    """The setting is named."""
    with pytest.raises(SettingsError, match="MANIMATIC_MODEL"):
        ModelGenerator(GEMINI, api_key=KEY, model="../files")


def test_check_is_silent_about_a_listed_model(server: GeminiServer) -> None:
    """All is well."""
    assert gemini(server).check() is None


def test_check_warns_of_a_model_that_is_not_listed(server: GeminiServer) -> None:
    """The setting and its value are named."""
    server.models = ["gemini-1"]
    assert MODEL in (gemini(server).check() or "")


@pytest.mark.parametrize("step", [script.wrong_key, script.status(500), script.redirects], ids=["key", "500", "302"])
def test_check_warns_when_it_cannot_list(server: GeminiServer, step: script.Step) -> None:
    """The check never raises and never shows the key."""
    server.listing = step
    warning = gemini(server).check()
    assert warning
    assert KEY not in warning


def test_check_gives_up_when_nothing_comes(server: GeminiServer) -> None:
    """A silent vendor delays the start by the timeout at most."""
    server.listing = script.silent
    started = time.monotonic()
    assert gemini(server, timeout_s=0.5).check()
    assert time.monotonic() - started < CHECK_TIMEOUT_S + 20
