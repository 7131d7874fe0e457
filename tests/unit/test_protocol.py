"""The worker's protocol, as the host reads it: strictly."""

from __future__ import annotations

import contextlib
import itertools
import json
import string
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from manimatic_worker import protocol
from manimatic_worker.protocol import (
    HEADER,
    MAX_CHUNK_BYTES,
    MAX_JSON_BYTES,
    MAX_REQUEST_BYTES,
    Begin,
    Chunk,
    Decoder,
    Done,
    End,
    Finding,
    Frame,
    Log,
    Progress,
    ProtocolViolation,
    Ready,
    Rehearsed,
    Request,
    encode,
    parse_message,
)

EXAMPLES: list[Frame] = [
    Request(code="class A: ...", scene="A", seed=3, parts=2),
    Ready({"landlock": "ABI 4", "rlimits": "on"}),
    Log("π \ud800 \0"),
    Progress(3, 1.5, 7),
    Progress(1, 2),
    Progress(1, 2, 3, total=9),
    Finding("off_frame", "m", "h", 0.5, 2, 7, "title", 3, (-1.0, -0.5, 1.0, 0.5), "axes", 4, (0.0, 0.0, 1.0, 1.0)),
    Finding("empty_screen", "m", "h", 0, 2),
    Rehearsed(ended=True, animations=2, duration_s=1.5, predicted_render_s=0.5),
    Begin("video"),
    Chunk(b""),
    Chunk(bytes(range(256))),
    End(),
    Done(outcome="ok", scene="A", animations=2, video_s=1.5),
    Done(outcome="scene_error", error_type="E", error_message="m", error_line=3, traceback="t"),
]


def framed(payload: bytes, kind: bytes = b"J") -> bytes:
    """Put bytes into a frame, whatever they are."""
    return HEADER.pack(kind, len(payload)) + payload


def message(**body: Any) -> bytes:
    """Return a message's payload."""
    return json.dumps(body).encode()


@pytest.mark.parametrize("frame", EXAMPLES, ids=lambda frame: type(frame).__name__)
def test_frame_is_read_back_as_it_was(frame: Frame) -> None:
    """Every kind, with and without its optional fields."""
    decoder = Decoder()
    assert list(decoder.feed(encode(frame))) == [frame]
    assert decoder.is_empty


@settings(deadline=None, max_examples=60)
@given(cuts=st.sets(st.integers(1, sum(len(encode(frame)) for frame in EXAMPLES) - 1), max_size=40))
def test_stream_may_be_cut_anywhere(cuts: set[int]) -> None:
    """Pieces of any size give the same frames."""
    data = b"".join(encode(frame) for frame in EXAMPLES)
    edges = [0, *sorted(cuts), len(data)]
    decoder = Decoder()
    read = [frame for start, end in itertools.pairwise(edges) for frame in list(decoder.feed(data[start:end]))]
    assert read == EXAMPLES


def test_stream_may_come_byte_by_byte() -> None:
    """A frame is given as soon as its last byte is there, and not before."""
    data = b"".join(encode(frame) for frame in EXAMPLES)
    decoder = Decoder()
    read = [frame for byte in data for frame in list(decoder.feed(bytes([byte])))]
    assert read == EXAMPLES
    assert decoder.is_empty


def test_stream_that_ends_in_a_frame_is_not_empty() -> None:
    """Whoever reads can tell that something was cut off."""
    decoder = Decoder()
    assert list(decoder.feed(encode(End())[:-1])) == []
    assert not decoder.is_empty


# ---------------------------------------------------------------- sizes


def test_largest_frames_pass_and_larger_ones_are_not_sent() -> None:
    """The caps hold on the way out."""
    assert list(Decoder().feed(encode(Chunk(bytes(MAX_CHUNK_BYTES))))) == [Chunk(bytes(MAX_CHUNK_BYTES))]
    for frame in (Chunk(bytes(MAX_CHUNK_BYTES + 1)), Log("x" * MAX_JSON_BYTES), Request("x" * MAX_REQUEST_BYTES)):
        with pytest.raises(ProtocolViolation, match="at most"):
            encode(frame)


@pytest.mark.parametrize(
    ("kind", "length"),
    [(b"J", MAX_JSON_BYTES + 1), (b"A", MAX_CHUNK_BYTES + 1), (b"J", 2**32 - 1), (b"X", 0), (b"\0", 1), (b"j", 2)],
)
def test_frame_too_large_or_unknown_is_refused_by_its_header(kind: bytes, length: int) -> None:
    """Nothing of it is waited for or kept."""
    with pytest.raises(ProtocolViolation):
        list(Decoder().feed(HEADER.pack(kind, length)))


def test_host_takes_no_message_as_large_as_a_request() -> None:
    """Only the worker, who reads requests, raises its cap."""
    request = encode(Request("x" * MAX_JSON_BYTES))
    assert len(list(Decoder(max_json_bytes=MAX_REQUEST_BYTES).feed(request))) == 1
    with pytest.raises(ProtocolViolation):
        list(Decoder().feed(request))


# ---------------------------------------------------------------- what is no message


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"end"',
        b"{}",
        b"\xff\xfe{}",
        b"\x80",
        '{"type":"end"}'.encode("utf-16"),
        b'{"type":"end"} {"type":"end"}',
        b'{"type":"nothing"}',
        b'{"type":["end"]}',
        b'{"type":null}',
        b'{"type":"end","type":"end"}',
        b'{"type":"ready","layers":{"a":"1","a":"2"}}',
        b"[" * 60_000,
        b'{"type":' * 5_000,
        b'{"type":"progress","animation":1,"video_s":NaN}',
        b'{"type":"progress","animation":1,"video_s":Infinity}',
        b'{"type":"progress","animation":1,"video_s":-Infinity}',
        b'{"type":"progress","animation":1,"video_s":1e999}',
        b'{"type":"progress","animation":' + b"9" * 5000 + b',"video_s":1}',
        b'{"type":"progress","animation":' + b"9" * 400 + b',"video_s":1}',
        b'{"type":"progress","animation":1,"video_s":' + b"9" * 400 + b"}",
    ],
    ids=lambda payload: payload[:40].decode(errors="replace"),
)
def test_anything_but_strict_json_of_a_known_type_is_refused(payload: bytes) -> None:
    """No other error comes out of the parser."""
    with pytest.raises(ProtocolViolation):
        parse_message(payload)


@pytest.mark.parametrize(
    "body",
    [
        {"type": "end", "more": 1},
        {"type": "log"},
        {"type": "log", "text": None},
        {"type": "log", "text": 3},
        {"type": "begin", "kind": ["video"]},
        {"type": "progress", "animation": True, "video_s": 1.0},
        {"type": "progress", "animation": 1.0, "video_s": 1.0},
        {"type": "progress", "animation": "1", "video_s": 1.0},
        {"type": "progress", "animation": 1, "video_s": "1"},
        {"type": "progress", "animation": 1, "video_s": False},
        {"type": "progress", "animation": 1 << 53, "video_s": 1.0},
        {"type": "progress", "animation": 1, "video_s": 1e12},
        {"type": "progress", "animation": 1, "video_s": 1.0, "line": 1.5},
        {"type": "ready", "layers": []},
        {"type": "ready", "layers": {"a": 1}},
        {"type": "ready", "layers": {"a": {"b": "c"}}},
        {"type": "done"},
        {"type": "done", "outcome": None},
        {"type": "done", "outcome": "ok", "TYPE": "x"},
        {"type": "done", "outcome": "ok", "__class__": "x"},
        {"type": "chunk", "data": "x"},
    ],
    ids=str,
)
def test_field_that_is_missing_unknown_or_ill_typed_is_refused(body: dict[str, Any]) -> None:
    """Every field is checked against its annotation."""
    with pytest.raises(ProtocolViolation):
        parse_message(message(**body))


def test_fields_that_may_be_none_may_be_none() -> None:
    """And whole numbers may stand for others."""
    assert parse_message(message(type="progress", animation=1, video_s=2, line=None)) == Progress(1, 2, None)


def test_every_annotation_of_a_message_is_checked() -> None:
    """A field of a type that `_fits` does not know would never be accepted."""
    for kind in protocol._MESSAGES:
        frame = next(example for example in EXAMPLES if isinstance(example, kind))
        assert parse_message(encode(frame)[HEADER.size :]) == frame


# ---------------------------------------------------------------- noise

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(string.printable, max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "text", "kind"]), inner),
    max_leaves=4,
)
BODIES = st.fixed_dictionaries(
    {"type": st.sampled_from([kind.TYPE for kind in protocol._MESSAGES])},
    optional=dict.fromkeys(
        ("code", "layers", "text", "animation", "video_s", "line", "kind", "outcome", "scene"), JSON
    ),
)


@settings(deadline=None, max_examples=150)
@given(pieces=st.lists(st.binary(max_size=40) | BODIES.map(lambda body: framed(json.dumps(body).encode())), max_size=4))
def test_noise_raises_nothing_but_a_violation(pieces: list[bytes]) -> None:
    """Whatever bytes come, the host reads frames or says that the protocol was broken."""
    decoder = Decoder()
    with contextlib.suppress(ProtocolViolation):
        for piece in pieces:
            for frame in decoder.feed(piece):
                assert isinstance(frame, (Chunk, *protocol._MESSAGES))


@settings(deadline=None, max_examples=300)
@given(data=st.data())
def test_shaken_frames_raise_nothing_but_a_violation(data: st.DataObject) -> None:
    """Good frames with bytes changed, cut and put in."""
    stream = bytearray(b"".join(encode(frame) for frame in EXAMPLES))
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(stream)))
        stream[at : at + data.draw(st.integers(0, 6))] = data.draw(st.binary(max_size=6))
    with contextlib.suppress(ProtocolViolation):
        list(Decoder().feed(bytes(stream)))


def test_header_is_one_byte_of_kind_and_four_of_length() -> None:
    """The format that both sides agree on."""
    assert encode(Chunk(b"abc")) == b"A" + struct.pack(">I", 3) + b"abc"
