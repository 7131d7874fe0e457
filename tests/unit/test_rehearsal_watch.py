"""What the worker makes of what its child tells."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from manimatic_worker.protocol import Done, Finding, Rehearsed, Request, encode
from manimatic_worker.rehearsal import watch
from manimatic_worker.rehearsal.budget import BUDGETS
from manimatic_worker.rehearsal.watch import Heard
from manimatic_worker.render import outcome

FOUND = Finding("empty_screen", "m", "h", 0.0, 3.0)
END = Rehearsed(ended=True, animations=2, duration_s=1.5, predicted_render_s=0.5)
MAX_PRINTED_BYTES = 1 << 16
ASKED = Request(code="x", rehearse="first", limit_s=30, max_log_bytes=MAX_PRINTED_BYTES)
FAILED = Done(outcome="scene_error", error_type="E")


def heard(told: bytes) -> Heard:
    """Understand what a child told."""
    result = Heard(MAX_PRINTED_BYTES)
    watch._understand(told, result)
    return result


def test_findings_figures_and_failure_are_understood() -> None:
    """In the order in which they come."""
    told = heard(b"".join(map(encode, (FOUND, END, FAILED))))
    assert (told.messages, told.rehearsed, told.done) == ([FOUND, END], END, FAILED)


@pytest.mark.parametrize(
    ("told", "messages"),
    [(b"", []), (b"\0" * 99, []), (encode(FOUND) + b"nonsense", [FOUND]), (encode(FOUND)[:-1], [])],
)
def test_nonsense_leaves_what_came_before_it(told: bytes, messages: list[object]) -> None:
    """A scene that writes into the pipe harms its own report."""
    assert heard(told).messages == messages


def test_nothing_counts_after_the_figures() -> None:
    """The host would take it for a breach of the protocol."""
    assert heard(b"".join(map(encode, (END, FOUND, END)))).messages == [END]


@pytest.mark.parametrize("only", [False, True])
def test_failure_in_the_rehearsal_ends_the_run(only: bool) -> None:
    """Whether it was to be rendered or not."""
    told = heard(encode(END) + encode(FAILED))
    assert outcome(told, only=only) == FAILED


def test_rehearsal_that_went_well_is_followed_by_the_render() -> None:
    """Or ends the run, where nothing else was asked for."""
    told = heard(encode(END))
    assert outcome(told, only=False) is None
    assert outcome(told, only=True) == Done(outcome="ok", animations=2, video_s=1.5)


def test_silent_rehearsal_is_followed_by_the_render() -> None:
    """It will end the same way, and the host sees how; alone it is told as a failure."""
    assert outcome(Heard(MAX_PRINTED_BYTES), only=False) is None
    alone = outcome(Heard(MAX_PRINTED_BYTES), only=True)
    assert alone is not None
    assert (alone.outcome, alone.error_type) == ("scene_error", "RehearsalEnded")


def test_rehearsal_that_was_cut_off_is_followed_by_the_render() -> None:
    """Alone it is no success: nobody knows how the scene ends."""
    told = heard(encode(replace(END, ended=False)))
    assert outcome(told, only=False) is None
    alone = outcome(told, only=True)
    assert alone is not None
    assert (alone.outcome, alone.error_type) == ("scene_error", "RehearsalEnded")


def acting(monkeypatch: pytest.MonkeyPatch, act: Callable[[int, int], None]) -> None:
    """Have the child do this instead of rehearsing."""

    def perform(_: Request, told_out: int, printed_out: int) -> None:
        try:
            act(told_out, printed_out)
        finally:
            os._exit(0)

    monkeypatch.setattr(watch, "_perform", perform)


def children() -> set[str]:
    """Name the children of this process; servers of other tests may be among them."""
    return {pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()}


def test_child_is_heard_and_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it told and printed is kept, and no process is left."""

    def act(told_out: int, printed_out: int) -> None:
        os.write(printed_out, b"x" * MAX_PRINTED_BYTES)
        os.write(told_out, encode(END))

    acting(monkeypatch, act)
    before = children()
    result = watch.rehearse(ASKED, lambda _: None)
    assert (result.messages, result.counts) == ([END], True)
    assert result.printed == b"x" * MAX_PRINTED_BYTES
    assert children() <= before


def test_child_that_prints_more_than_the_run_may_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is ended at once; enough is kept for the host to see that it was too much."""

    def act(told_out: int, printed_out: int) -> None:
        os.write(told_out, encode(END) + encode(FAILED))
        while True:
            os.write(printed_out, b"x" * MAX_PRINTED_BYTES)

    acting(monkeypatch, act)
    result = watch.rehearse(ASKED, lambda _: None)
    assert (result.counts, result.messages, result.done) == (False, [], None)
    assert len(result.printed) == MAX_PRINTED_BYTES + 1


def test_child_that_speaks_to_the_host_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it writes in the worker's place goes nowhere, and rendering shows the host what the scene does."""
    mouth: list[int] = []

    def act(told_out: int, _: int) -> None:
        os.write(mouth[0], b"x")
        os.write(told_out, encode(END) + encode(FAILED))

    acting(monkeypatch, act)
    result = watch.rehearse(ASKED, mouth.append)
    assert (result.has_strayed, result.messages, result.done) == (True, [], None)


def test_what_stands_in_a_larger_pipe_is_heard_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scene may enlarge it, and end before the worker reads."""
    size = 4 * MAX_PRINTED_BYTES

    def act(told_out: int, printed_out: int) -> None:
        fcntl.fcntl(printed_out, fcntl.F_SETPIPE_SZ, size)
        os.write(printed_out, b"x" * size)
        os.write(told_out, encode(END))

    acting(monkeypatch, act)
    asked = replace(ASKED, max_log_bytes=size)
    assert len(watch.rehearse(asked, lambda _: None).printed) == size


def test_child_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """After its share of the time and some patience."""
    short = replace(BUDGETS["first"], patience_s=0.2)
    monkeypatch.setattr(watch, "BUDGETS", {"first": short})
    acting(monkeypatch, lambda _, __: os.read(os.pipe()[0], 1) and None)
    assert watch.rehearse(replace(ASKED, limit_s=0.2), lambda _: None).messages == []


def test_child_that_floods_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may not fill its parent's memory."""
    monkeypatch.setattr(watch, "MAX_TOLD_BYTES", 1 << 16)

    def act(told_out: int, _: int) -> None:
        while True:
            os.write(told_out, bytes(1 << 16))

    acting(monkeypatch, act)
    assert watch.rehearse(ASKED, lambda _: None).messages == []
