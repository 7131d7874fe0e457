"""What a guest said and delivered just before its end, or before a limit ended it, is not lost."""

from __future__ import annotations

import fcntl
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from manimatic.sandbox.last_words import LastWords
from manimatic.verdicts import Verdict
from manimatic_worker.protocol import Begin, Chunk, Done, End, Ready, encode
from pipe_guest import SMALL, PipeGuest, Plot, Sink, supervise

READY = Ready({})
OK = Done(outcome="ok")
PART = (Begin("part"), Chunk(b"film"), End())
ROOMY = replace(SMALL, max_log_bytes=2 << 20)


class PrintsWhenRead(Sink):
    """Has the guest print after the host has looked at its pipes, and before it reads the end."""

    def __init__(self, words: bytes, pipe_bytes: int | None = None) -> None:
        super().__init__()
        self.guest: PipeGuest | None = None
        self._words, self._pipe_bytes = words, pipe_bytes

    def plot(self, *frames: object) -> Plot:
        """Return a plot that sends one part and the frames at one stroke."""

        def plot(guest: PipeGuest) -> None:
            self.guest = guest
            guest.send(READY)
            guest.read_request()
            guest.send_raw(b"".join(encode(frame) for frame in (*PART, *frames)))  # type: ignore[arg-type]
            guest.sleep()

        return plot

    def end(self) -> None:
        """Print."""
        super().end()
        assert self.guest is not None
        if self._pipe_bytes:
            fcntl.fcntl(self.guest._err, fcntl.F_SETPIPE_SZ, self._pipe_bytes)
        self.guest.print(self._words + self.guest.mark)


@pytest.mark.parametrize("pipe_bytes", [None, 1 << 20])
def test_a_whole_pipe_printed_before_the_end_is_heard(pipe_bytes: int | None) -> None:
    """As much as a pipe holds, also one that the guest has made larger."""
    sink = PrintsWhenRead(b"", pipe_bytes)
    numbers = "".join(f"{number:07d}\n" for number in range((pipe_bytes or 1 << 16) // 8 - 8))  # and the mark
    sink._words = numbers.encode()
    result, heard, _ = supervise(sink.plot(OK), sink=sink, limits=ROOMY)
    assert result.verdict is Verdict.OK
    assert heard.text == numbers


def test_words_before_a_limit_are_heard() -> None:
    """A run that the clock ends keeps all that it printed until then."""
    numbers = "".join(f"{number:07d}\n" for number in range(1 << 13))

    def plot(guest: PipeGuest) -> None:
        guest.send(READY)
        guest.read_request()
        guest.print(numbers.encode())
        guest.sleep()

    result, heard, _ = supervise(plot, limits=replace(ROOMY, timeout_s=0.5))
    assert result.verdict is Verdict.TIMEOUT
    assert heard.text == numbers


def test_part_that_is_complete_when_a_limit_ends_the_run_is_delivered() -> None:
    """The log is full in the same moment: what lies in the other pipe counts all the same."""

    class DeliversWhenRead(PrintsWhenRead):
        def end(self) -> None:
            """Send more, and print too much, when the first part is there."""
            if self.guest and len(self.done) == 0:
                self.guest.send_raw(b"".join(encode(frame) for frame in PART * 3))
                super().end()
            else:
                Sink.end(self)

    sink = DeliversWhenRead(bytes(SMALL.max_log_bytes + 1))
    result, _, _ = supervise(sink.plot(), sink=sink)
    assert result.verdict is Verdict.OUTPUT_LIMIT
    assert sink.done == [("part", b"film")] * 4


def test_who_prints_on_for_ever_is_not_waited_for() -> None:
    """What stands in the pipe at the end is taken, and no more."""

    def plot(guest: PipeGuest) -> None:
        guest.send(READY)
        guest.read_request()
        guest.send(OK)
        while True:
            guest.print(b"x" * 4096)

    started = time.monotonic()
    result, _, _ = supervise(plot, limits=replace(SMALL, max_log_bytes=1 << 30))
    assert result.verdict is Verdict.OK
    assert time.monotonic() - started < 2


def test_words_that_are_still_on_their_way_at_the_end_are_waited_for() -> None:
    """An engine may carry the end sooner than the log: the mark tells that it is all there."""

    def plot(guest: PipeGuest) -> None:
        guest.send(READY)
        guest.read_request()
        guest.send_raw(encode(OK))
        time.sleep(0.3)
        guest.print(b"last words" + guest.mark[:9])
        time.sleep(0.1)
        guest.print(guest.mark[9:])
        guest.sleep()

    result, heard, _ = supervise(plot)
    assert (result.verdict, heard.text) == (Verdict.OK, "last words")


def test_mark_that_is_forged_or_left_out_loses_nothing() -> None:
    """What comes after it is log too; without it the host waits no longer than it must."""

    def forges(guest: PipeGuest) -> None:
        guest.send(READY)
        guest.read_request()
        guest.print(b"one " + guest.mark + b"two " + guest.mark)
        guest.send_raw(encode(OK))
        guest.sleep()

    def leaves_out(guest: PipeGuest) -> None:
        guest.send(READY)
        guest.read_request()
        guest.print(b"one " + guest.mark[:20])
        guest.send_raw(encode(OK))
        guest.sleep()

    _, heard, made = supervise(forges)
    assert heard.text == f"one two {made.mark.decode()}"
    started = time.monotonic()
    result, heard, made = supervise(leaves_out)
    assert (result.verdict, heard.text) == (Verdict.OK, f"one {made.mark[:20].decode()}")
    assert time.monotonic() - started < 3


@given(st.lists(st.integers(0, 12), max_size=20), st.text("end-of-log-0", max_size=60), st.booleans())
def test_mark_is_found_however_the_log_is_cut(cuts: list[int], text: str, is_marked: bool) -> None:
    """And nothing else is taken out."""
    words = LastWords()
    log = text.encode() + (words.mark.encode() + b"tail" if is_marked else b"")
    heard, at = b"", 0
    for cut in cuts:
        heard += words.feed(log[at : at + cut])
        at += cut
    heard += words.feed(log[at:]) + words.rest()
    assert heard == text.encode() + (b"tail" if is_marked else b"")
    assert words.are_heard == is_marked
