"""The wire protocol between the trusted side and the worker; standard library only.

The host writes one request to the worker's standard input and reads frames from its standard output until the end
of the stream. What the scene prints goes to standard error, which the host keeps as the run's log.

=========  ============  =====================================================================
direction  message       meaning
=========  ============  =====================================================================
to worker  `Request`     render (or join) this; followed by its parts, if any, as artefacts
to host    `Ready`       Manim is imported, the worker waits for its request
to host    `Log`         a line of the worker's own, beside what the scene prints
to host    `Finding`     the rehearsal found this wrong with the layout
to host    `Rehearsed`   the rehearsal is over, and what it found out beside
to host    `Progress`    an animation has ended
to host    `Begin`       an artefact starts; its bytes follow in `Chunk` frames
to host    `End`         the artefact is complete
to host    `Done`        the run is over, and how
=========  ============  =====================================================================

A frame is one byte of kind (``J`` for a JSON message, ``A`` for artefact bytes), four bytes of length (big-endian)
and the payload. Everything the host reads here is hostile: sizes are capped before anything is kept, JSON is parsed
strictly, and every field's type is checked. The guest can forge every message, so none of them is proof of anything.
"""

from __future__ import annotations

import dataclasses
import json
import struct
from collections.abc import Iterator
from typing import Any, ClassVar, TypeAlias

MAX_JSON_BYTES = 64 * 1024
"""Cap of one message to the host."""
MAX_REQUEST_BYTES = 8 * 1024 * 1024
"""Cap of the request, which carries the scene's source: 1 MiB, of which JSON may make six times as much."""
MAX_CHUNK_BYTES = 256 * 1024
"""Cap of one piece of an artefact."""
MAX_FINDINGS = 50
"""Cap of the findings of one rehearsal."""
MAX_FINDING_CHARS = 500
"""Cap of each text of a finding; names are far shorter."""
LAYOUT_RULES = (
    "off_frame",
    "text_over_text",
    "text_over_shape",
    "text_hidden",
    "too_small",
    "low_contrast",
    "never_visible",
    "missing_glyph",
    "empty_screen",
)
"""The rules of the layout report; `manimatic_worker.layout` says what each looks for."""
HEADER = struct.Struct(">cI")
BY_SIGNAL = 64
"""In a container: a status from this on is that of a worker ended by the signal of the rest; 128 is from outside."""


class ProtocolViolation(Exception):
    """The other side sent something that is not in the protocol."""


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    """What the worker is to do; `mode` is `render`, or `join` to put finished parts together.

    `rehearse` is `no`, `first` to rehearse before rendering, `briefly` to do so for seconds at most, or `only`;
    `limit_s` is the time that the run may take, `max_log_bytes` what it may print; `mark` ends its log.
    """

    TYPE: ClassVar[str] = "request"
    code: str
    mode: str = "render"
    rehearse: str = "no"
    limit_s: float | None = None
    max_log_bytes: int = 1024 * 1024
    scene: str | None = None
    width: int = 854
    height: int = 480
    fps: int = 15
    frame_width: float = 14.222
    frame_height: float = 8.0
    background: str = "#000000"
    seed: int | None = None
    threads: int = 1
    parts: int = 0
    mark: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Ready:
    """Manim is imported; `layers` are the walls that the worker put up around itself."""

    TYPE: ClassVar[str] = "ready"
    layers: dict[str, str]


@dataclasses.dataclass(frozen=True, slots=True)
class Log:
    """A line of the worker's own."""

    TYPE: ClassVar[str] = "log"
    text: str


@dataclasses.dataclass(frozen=True, slots=True)
class Progress:
    """Animation number `animation` (from 1) has ended; the video is `video_s` seconds long so far.

    `total` is the number of animations, where a rehearsal has counted them.
    """

    TYPE: ClassVar[str] = "progress"
    animation: int
    video_s: float
    line: int | None = None
    total: int | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """Something that the rehearsal found wrong with the layout, about one object, two, or none.

    Boxes are left, bottom, right, top in Manim's units as the camera sees them, or empty. Lines are those of the
    scene: `line` and `other_line` made the objects, `play_line` was playing.
    """

    TYPE: ClassVar[str] = "finding"
    rule: str
    message: str
    hint: str
    start_s: float
    end_s: float
    play_line: int | None = None
    name: str | None = None
    line: int | None = None
    box: tuple[float, ...] = ()
    other_name: str | None = None
    other_line: int | None = None
    other_box: tuple[float, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Rehearsed:
    """The rehearsal is over; every finding has been sent. See `manimatic.rehearsal.Rehearsal` for the fields."""

    TYPE: ClassVar[str] = "rehearsed"
    ended: bool
    animations: int
    duration_s: float
    predicted_render_s: float


@dataclasses.dataclass(frozen=True, slots=True)
class Begin:
    """An artefact of this kind starts."""

    TYPE: ClassVar[str] = "begin"
    kind: str


@dataclasses.dataclass(frozen=True, slots=True)
class End:
    """The artefact is complete."""

    TYPE: ClassVar[str] = "end"


@dataclasses.dataclass(frozen=True, slots=True)
class Done:
    """The run is over; `outcome` is a verdict's name, as the worker sees it."""

    TYPE: ClassVar[str] = "done"
    outcome: str
    scene: str | None = None
    animations: int = 0
    video_s: float = 0.0
    error_type: str | None = None
    error_message: str | None = None
    error_line: int | None = None
    traceback: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes of the artefact that is open."""

    data: bytes


Message: TypeAlias = Request | Ready | Log | Finding | Rehearsed | Progress | Begin | End | Done
Frame: TypeAlias = Message | Chunk
_MESSAGES: tuple[type[Message], ...] = (
    Request,
    Ready,
    Log,
    Finding,
    Rehearsed,
    Progress,
    Begin,
    End,
    Done,
)


def encode(frame: Frame) -> bytes:
    """Turn one frame into bytes.

    Raises:
        ProtocolViolation: The frame is larger than the protocol allows.
    """
    if isinstance(frame, Chunk):
        kind, payload, cap = b"A", frame.data, MAX_CHUNK_BYTES
    else:
        body = {"type": frame.TYPE} | {f.name: getattr(frame, f.name) for f in dataclasses.fields(frame)}
        payload = json.dumps(body, ensure_ascii=True, allow_nan=False).encode("ascii")
        kind, cap = b"J", MAX_REQUEST_BYTES if isinstance(frame, Request) else MAX_JSON_BYTES
    if len(payload) > cap:
        raise ProtocolViolation(f"frame of {len(payload)} bytes; at most {cap} are allowed")
    return HEADER.pack(kind, len(payload)) + payload


class Decoder:
    """Turn a stream of bytes into frames, trusting nothing.

    Args:
        max_json_bytes: Cap of one message; only the worker, which reads requests, raises it.
    """

    def __init__(self, max_json_bytes: int = MAX_JSON_BYTES) -> None:
        self._caps = {b"J": max_json_bytes, b"A": MAX_CHUNK_BYTES}
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yield the frames that `data` completes.

        Raises:
            ProtocolViolation: A frame is too large, of unknown kind, or not a valid message.
        """
        self._buffer += data
        while len(self._buffer) >= HEADER.size:
            kind, length = HEADER.unpack_from(self._buffer)
            if length > self._caps.get(kind, -1):
                raise ProtocolViolation(f"frame of kind {kind!r} and {length} bytes")
            end = HEADER.size + length
            if len(self._buffer) < end:
                return
            payload = bytes(self._buffer[HEADER.size : end])
            del self._buffer[:end]
            yield Chunk(payload) if kind == b"A" else parse_message(payload)

    @property
    def is_empty(self) -> bool:
        """Tell whether the stream stands between two frames."""
        return not self._buffer


def parse_message(payload: bytes) -> Message:
    """Parse one JSON message, checking every field.

    Raises:
        ProtocolViolation: It is not JSON, not an object, of unknown type, or a field is missing, unknown or ill-typed.
    """
    try:
        body = json.loads(payload.decode(), parse_constant=_refuse_constant, object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as error:
        raise ProtocolViolation("message is not valid JSON") from error
    if not isinstance(body, dict):
        raise ProtocolViolation("message is not an object")
    kind = body.pop("type", None)
    for message in _MESSAGES:
        if message.TYPE == kind:
            return _build(message, body)
    raise ProtocolViolation("message of unknown type")


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    body = dict(pairs)
    if len(body) < len(pairs):
        raise ValueError("a key stands twice")
    return body


def _build(message: type[Message], body: dict[str, Any]) -> Message:
    fields = {field.name: str(field.type) for field in dataclasses.fields(message)}
    if unknown := body.keys() - fields.keys():
        raise ProtocolViolation(f"{message.TYPE}: {len(unknown)} unknown field(s)")
    for name, value in body.items():
        if not _fits(value, fields[name]):
            raise ProtocolViolation(f"{message.TYPE}.{name} is not of type {fields[name]}")
    body = {name: tuple(value) if isinstance(value, list) else value for name, value in body.items()}
    try:
        return message(**body)
    except TypeError as error:
        raise ProtocolViolation(f"{message.TYPE}: a field is missing") from error


def _fits(value: object, annotation: str) -> bool:
    """Check a parsed value against the annotation's text; the set of annotations is closed (see the classes)."""
    if value is None:
        return annotation.endswith("| None")
    expected = annotation.removesuffix(" | None")
    if expected == "dict[str, str]":
        return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())
    if expected == "tuple[float, ...]":
        return isinstance(value, list) and all(_fits(item, "float") for item in value)
    if isinstance(value, bool):
        return expected == "bool"
    if expected == "float":
        return isinstance(value, (int, float)) and abs(value) < 1e12
    if expected == "int":
        return isinstance(value, int) and abs(value) < 1 << 53
    return expected == "str" and isinstance(value, str)
