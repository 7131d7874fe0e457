"""The engine's stream: taken apart however it is cut, carried no faster than it is read, refused when it is broken."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from manimatic.sandbox.docker.stream import ENGINE, HEADER, AttachedStreams, Demultiplexer, StreamBroken

FRAMES = st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=300)), max_size=12)


def framed(stream: int, data: bytes) -> bytes:
    """Return a frame as an engine sends it."""
    return HEADER.pack(stream, bytes(3), len(data)) + data


@given(FRAMES, st.lists(st.integers(1, 40), min_size=1, max_size=50))
def test_frames_come_out_as_they_went_in_however_they_are_cut(
    frames: list[tuple[int, bytes]], sizes: list[int]
) -> None:
    """Both outputs are whole and in order."""
    wire = b"".join(framed(stream, data) for stream, data in frames)
    parts, found = Demultiplexer(), {1: b"", 2: b""}
    at = turn = 0
    while at < len(wire):
        size = sizes[turn % len(sizes)]
        for stream, piece in parts.feed(wire[at : at + size]):
            found[stream] += piece
        at, turn = at + size, turn + 1
    assert found == {number: b"".join(data for stream, data in frames if stream == number) for number in (1, 2)}
    assert parts.is_whole


@given(st.binary(max_size=200))
def test_any_bytes_are_taken_or_refused(data: bytes) -> None:
    """Nothing but our own error comes of them."""
    try:
        pieces = list(Demultiplexer().feed(data))
    except StreamBroken:
        return
    assert sum(len(piece) for _, piece in pieces) <= len(data)


@pytest.mark.parametrize(
    "header", [b"\x04\0\0\0\0\0\0\x01", b"\0\0\0\0\0\0\0\x01", b"\x01\0\0\x01\0\0\0\x01", b"HTTP/1.1"]
)
def test_something_that_is_no_frame_is_refused(header: bytes) -> None:
    """An unknown output, or what should be zero and is not."""
    with pytest.raises(StreamBroken):
        list(Demultiplexer().feed(header))


def test_complaint_of_the_engine_ends_the_stream_with_its_words() -> None:
    """It comes as a third output."""
    with pytest.raises(StreamBroken, match="disk is full"):
        list(Demultiplexer().feed(framed(1, b"x") + framed(ENGINE, b"disk is full")))


def test_frame_that_was_begun_is_not_whole() -> None:
    """The end of the stream there is a cut."""
    parts = Demultiplexer()
    assert list(parts.feed(framed(1, b"abc")[:-1])) == [(1, b"ab")]
    assert not parts.is_whole


# ---------------------------------------------------------------- carried into pipes


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, AttachedStreams]]:
    """Give the engine's end of a connection, and the streams made of the other."""
    engine, own = socket.socketpair()
    engine.settimeout(10)
    streams = AttachedStreams(own)
    yield engine, streams
    streams.close()
    engine.close()


def wait_until_over(streams: AttachedStreams) -> None:
    """Wait a little."""
    for _ in range(500):
        if streams.is_over:
            return
        time.sleep(0.01)
    pytest.fail("the carrier did not end")


def test_outputs_arrive_in_their_pipes(ends: tuple[socket.socket, AttachedStreams]) -> None:
    """And both end with the connection."""
    engine, streams = ends
    engine.sendall(framed(1, b"out") + framed(2, b"err") + framed(1, b"put"))
    engine.shutdown(socket.SHUT_WR)
    assert (streams.stdout.read(), streams.stderr.read()) == (b"output", b"err")
    wait_until_over(streams)
    assert streams.failure is None


def test_closing_stdin_leaves_the_outputs_open(ends: tuple[socket.socket, AttachedStreams]) -> None:
    """The engine hears the end, and still is heard."""
    engine, streams = ends
    streams.stdin.write(b"request")
    streams.stdin.close()
    assert engine.recv(100) + engine.recv(100) == b"request"
    engine.sendall(framed(1, b"answer"))
    assert streams.stdout.read1(100) == b"answer"  # type: ignore[attr-defined]
    assert not streams.is_over


@pytest.mark.parametrize("sent", [framed(1, b"abc")[:-1], framed(1, b"abc")[:5], framed(9, b"abc")])
def test_broken_stream_is_a_failure(sent: bytes, ends: tuple[socket.socket, AttachedStreams]) -> None:
    """Cut off in a frame or in a header, or no frame at all."""
    engine, streams = ends
    engine.sendall(sent)
    engine.shutdown(socket.SHUT_WR)
    streams.stdout.read()
    wait_until_over(streams)
    assert streams.failure is not None


def test_who_does_not_read_holds_up_the_engine(ends: tuple[socket.socket, AttachedStreams]) -> None:
    """What nobody reads stays on the other side: this process keeps a pipe and a piece, and no more."""
    engine, streams = ends
    engine.settimeout(0.5)
    frame, sent = framed(1, bytes(1 << 16)), 0
    while sent < 64 << 20:
        try:
            sent += engine.send(frame)
        except TimeoutError:
            break
    assert sent < 4 << 20
    assert not streams.is_over


def test_closing_ends_a_carrier_that_waits_for_a_reader() -> None:
    """Also one in the middle of writing."""
    engine, own = socket.socketpair()
    streams = AttachedStreams(own)
    sender = threading.Thread(target=_send_all, args=(engine,))
    sender.start()
    time.sleep(0.2)
    streams.close()
    sender.join(10)
    assert not sender.is_alive()
    engine.close()


def _send_all(engine: socket.socket) -> None:
    try:
        for _ in range(1000):
            engine.sendall(framed(1, bytes(1 << 16)))
    except OSError:
        return
