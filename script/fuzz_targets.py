"""What `script/fuzz` feeds: every parser that reads bytes which came from a guest, and what it may answer.

A target takes any bytes and returns; it raises only where a promise is broken: an exception that is not declared, or
a result that makes no sense. Run as ``fuzz_targets.py TARGET CORPUS [libFuzzer options]`` under Atheris; the tests run
the targets without it.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAX_FILE_BYTES = 1 << 20
PARSERS = (
    "manimatic_worker.protocol",
    "manimatic.sandbox.printable",
    "manimatic.sandbox.mp4",
    "manimatic.sandbox.png",
    "manimatic.sandbox.wire",
    "manimatic.sandbox.launcher_server",
    "manimatic.sandbox.launcher_client",
)
"""What is watched for new code being reached."""


def fuzz_frames(data: bytes) -> None:
    """Decode a stream that arrives in pieces; what is decoded encodes to the same again."""
    from manimatic_worker import protocol

    decoder, step = protocol.Decoder(), 1 + data[0] if data else 1
    with contextlib.suppress(protocol.ProtocolViolation):
        for at in range(1, len(data), step):
            for frame in decoder.feed(data[at : at + step]):
                _same_again(frame)
            if len(decoder._buffer) > protocol.HEADER.size + max(protocol.MAX_JSON_BYTES, protocol.MAX_CHUNK_BYTES):
                raise AssertionError("more is kept than one frame")


def fuzz_messages(data: bytes) -> None:
    """Parse the payload of one message."""
    from manimatic_worker import protocol

    with contextlib.suppress(protocol.ProtocolViolation):
        _same_again(protocol.parse_message(data[: protocol.MAX_JSON_BYTES]))


def _same_again(frame: Any) -> None:
    from manimatic_worker import protocol

    with contextlib.suppress(protocol.ProtocolViolation):  # escaped it may be too long
        (again,) = protocol.Decoder(protocol.MAX_REQUEST_BYTES).feed(protocol.encode(frame))
        if again != frame:
            raise AssertionError(f"{frame!r} came back as {again!r}")


def fuzz_printing(data: bytes) -> None:
    """Make a log printable, however it is cut; nothing in it can act on a terminal."""
    from manimatic.sandbox.printable import PrintableStream

    stream, step = PrintableStream(), 1 + data[0] % 32 if data else 1
    pieces = [stream.feed(data[at : at + step]) for at in range(1, len(data), step)]
    text = "".join([*pieces, stream.feed(b"", final=True)])
    if not all(char in "\n\t" or char.isprintable() or char.isspace() or ord(char) > 0xA0 for char in text):
        raise AssertionError(repr(text))
    if text != PrintableStream().feed(data[1:], final=True):
        raise AssertionError("the cuts can be seen")
    text.encode()


def fuzz_mp4(data: bytes) -> None:
    """Look at a file as a video."""
    from manimatic.sandbox.mp4 import InvalidVideo, inspect_mp4

    with _file(data) as fd, contextlib.suppress(InvalidVideo):
        info = inspect_mp4(fd, MAX_FILE_BYTES)
        if not (0 < info.width <= 1 << 16 and 0 < info.height <= 1 << 16 and 0 < info.duration_s and 0 < info.fps):
            raise AssertionError(repr(info))


def fuzz_png(data: bytes) -> None:
    """Look at a file as a picture."""
    from manimatic.sandbox.png import InvalidImage, inspect_png

    with _file(data) as fd, contextlib.suppress(InvalidImage):
        info = inspect_png(fd, MAX_FILE_BYTES)
        if not (0 < info.width <= 1 << 16 and 0 < info.height <= 1 << 16):
            raise AssertionError(repr(info))


@contextlib.contextmanager
def _file(data: bytes) -> Iterator[int]:
    fd = os.memfd_create("input")
    try:
        os.write(fd, data)
        yield fd
    finally:
        os.close(fd)


def fuzz_launcher(data: bytes) -> None:
    """Speak to the launcher: it answers, or refuses with an error of ours."""
    from manimatic.errors import ManimaticError
    from manimatic.ports import Limits
    from manimatic.sandbox.launcher_server import LauncherServer

    server = LauncherServer(_Idle(), Limits(max_artefact_bytes=1 << 16), Path("unused"))
    with _heard(data) as connection, contextlib.suppress(ManimaticError, EOFError, OSError):
        server._answer(connection)


def fuzz_dispatcher(data: bytes) -> None:
    """Hear a launcher that says anything: the run ends as a result or as an error of ours."""
    from manimatic.errors import ManimaticError
    from manimatic.ports import RunRequest, RunResult
    from manimatic.sandbox.intake import Intake
    from manimatic.sandbox.launcher_client import _Conversation

    request = RunRequest(run_id="r", code="x")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder, _heard(data) as connection:
        intake = Intake(Path(folder), 1 << 16)
        with contextlib.suppress(ManimaticError, EOFError, OSError):
            result = _Conversation(connection, request, _Deaf(), intake).until_result(threading.Event())
            if not isinstance(intake.settle(result), RunResult):
                raise AssertionError(repr(result))
        intake.close()


@contextlib.contextmanager
def _heard(data: bytes) -> Iterator[socket.socket]:
    """Give a connection on which the data came before the other side hung up."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            theirs.send(data)
        theirs.shutdown(socket.SHUT_WR)
        ours.settimeout(5)
        yield ours


class _Idle:
    """A sandbox in which nothing happens."""

    def describe(self) -> Mapping[str, Any]:
        return {"backend": "idle", "layers": {}, "missing": {}}

    def supervise(self, request: Any, listener: Any, cancel: Any, sink: Any) -> Any:
        from manimatic.ports import RunResult
        from manimatic.verdicts import Verdict

        return RunResult(verdict=Verdict.NO_OUTPUT)

    def run(self, *_: Any) -> Any:
        raise NotImplementedError


class _Deaf:
    """A listener that keeps nothing."""

    def rehearsed(self, rehearsal: Any) -> None:
        return

    def progress(self, *, animation: int, video_s: float, line: int | None, total: int | None = None) -> None:
        return

    def log(self, text: str) -> None:
        text.encode()


# ---------------------------------------------------------------- seeds


def seeds_frames() -> Iterator[bytes]:
    """One stream of every message, and one of an honest run."""
    frames = list(_messages())
    for step in (0, 7, 255):
        yield bytes([step]) + b"".join(frames)
    yield from (b"\0" + frame for frame in frames)


def seeds_messages() -> Iterator[bytes]:
    """Each message's payload."""
    from manimatic_worker.protocol import HEADER

    yield from (frame[HEADER.size :] for frame in _messages() if frame[:1] == b"J")


def _messages() -> Iterator[bytes]:
    from manimatic_worker import protocol as p

    done = p.Done("scene_error", "A", 3, 1.5, "ValueError", "no", 7, "Traceback:\n")
    frames: list[p.Frame] = [
        p.Request("from manim import *", seed=1, scene="A", parts=2),
        p.Ready({"landlock": "ABI 4", "rlimits": "on"}),
        p.Log("a line"),
        p.Finding("off_frame", "m", "h", 0.5, 2.0, 7, "title", 3, (-1.0, -0.5, 1.0, 0.5)),
        p.Rehearsed(ended=True, animations=2, duration_s=1.5, predicted_render_s=0.5),
        p.Progress(1, 0.5, 3, total=2),
        *(p.Begin("part"), p.Chunk(b"film"), p.End()),
        done,
    ]
    yield from (p.encode(frame) for frame in frames)


def seeds_printing() -> Iterator[bytes]:
    """Text, control characters and broken UTF-8."""
    yield "\3plain ü €\U0001f600 \x1b[2J\x07 \u202e\u2066\ud800".encode(errors="surrogatepass")
    yield b"\1\xff\xfe\xc3(\xe2\x82\x00\r\n\t"


def seeds_mp4() -> Iterator[bytes]:
    """A small video of every kind that the container check lets through, made with PyAV."""
    for options in ("", "faststart", "frag_keyframe+empty_moov+default_base_moof", "dash+delay_moov+global_sidx"):
        for sound in (False, True):
            yield _video({"movflags": options} if options else {}, sound=sound)


def _video(options: dict[str, str], *, sound: bool) -> bytes:
    from fractions import Fraction

    import av
    import numpy as np

    with tempfile.NamedTemporaryFile(suffix=".mp4") as target:
        with av.open(target.name, "w", format="mp4", options=options) as container:
            video = container.add_stream("libx264", rate=15)
            video.width, video.height, video.pix_fmt = 16, 16, "yuv420p"
            audio = container.add_stream("aac", rate=44100) if sound else None
            for index in range(3):
                frame = av.VideoFrame.from_ndarray(np.full((16, 16, 3), index * 20, np.uint8), format="rgb24")
                frame.pts, frame.time_base = index, Fraction(1, 15)
                container.mux(video.encode(frame))
            container.mux(video.encode())
            if audio:
                silence = av.AudioFrame.from_ndarray(np.zeros((1, 2048), np.int16), format="s16", layout="stereo")
                silence.sample_rate, silence.pts = 44100, 0
                container.mux(audio.encode(silence))
                container.mux(audio.encode())
        return Path(target.name).read_bytes()


def seeds_png() -> Iterator[bytes]:
    """Small pictures of several colour types."""
    import io

    from PIL import Image

    for mode in ("1", "L", "RGB", "RGBA", "P"):
        target = io.BytesIO()
        Image.new(mode, (3, 2)).save(target, "PNG")
        yield target.getvalue()


def seeds_launcher() -> Iterator[bytes]:
    """The two questions, one of them with parts."""
    from manimatic.ports import RunRequest
    from manimatic.sandbox import wire

    parts = (Path("a"), Path("b"))
    plain, joins = (wire.request_to_dict(RunRequest(run_id="r1", code="x", parts=some)) for some in ((), parts))
    yield _sent([{"type": "describe"}])
    yield _sent([{"type": "run", "request": plain}])
    yield _sent([{"type": "run", "request": joins}, *([{"type": "begin"}, b"film", {"type": "end"}] * 2)])


def seeds_dispatcher() -> Iterator[bytes]:
    """A whole run, and both ways to say no."""
    from manimatic.ports import RunResult
    from manimatic.sandbox import wire
    from manimatic.verdicts import Verdict

    result = {"type": "result", "result": wire.result_to_dict(RunResult(verdict=Verdict.OK))}
    told = [{"type": "progress", "animation": 1, "video_s": 0.5, "line": None}, {"type": "log", "text": "x"}]
    video: list[dict[str, Any] | bytes] = [{"type": "begin", "kind": "video"}, b"film", {"type": "end"}]
    yield _sent([*told, *video, result])
    yield _sent([{"type": "error", "code": "sandbox_error", "message": "no", "hint": ""}])
    yield _sent([{"type": "isolation", "isolation": {}}])


def _sent(messages: list[dict[str, Any] | bytes]) -> bytes:
    from manimatic.sandbox import wire

    ours, theirs = socket.socketpair()
    with ours, theirs:
        for message in messages:
            wire.send_chunk(ours, message) if isinstance(message, bytes) else wire.send(ours, message)
        return theirs.recv(1 << 20)


@dataclass(frozen=True)
class Target:
    """A function to feed, what to begin with, how long an input may be, and words of its language."""

    feed: Callable[[bytes], None]
    seeds: Callable[[], Iterator[bytes]]
    max_bytes: int
    words: tuple[str, ...] = ()


_JSON = ('"type"', "null", "true", "1e999", "NaN", "-1", "{}", "[]", "[[[[", '"\\ud800"', '":"')
_BOXES = (
    "ftyp",
    "moov",
    "trak",
    "mdia",
    "minf",
    "stbl",
    "stsz",
    "stsc",
    "stco",
    "co64",
    "moof",
    "traf",
    "trun",
    "mdat",
)
TARGETS = {
    "frames": Target(fuzz_frames, seeds_frames, 4096, ("J\\x00\\x00", "A\\x00\\x00", *_JSON)),
    "messages": Target(fuzz_messages, seeds_messages, 4096, ("request", "ready", "progress", "done", *_JSON)),
    "printing": Target(fuzz_printing, seeds_printing, 512, ("\\xe2\\x80\\xae", "\\x1b[", "\\xed\\xa0\\x80")),
    "mp4": Target(fuzz_mp4, seeds_mp4, 16384, _BOXES),
    "png": Target(fuzz_png, seeds_png, 4096, ("IHDR", "PLTE", "IDAT", "IEND", "tEXt")),
    "launcher": Target(fuzz_launcher, seeds_launcher, 8192, ("describe", "request", "limits", "options", *_JSON)),
    "dispatcher": Target(fuzz_dispatcher, seeds_dispatcher, 8192, ("result", "verdict", "figures", "log", *_JSON)),
}


def fuzz_planted(data: bytes) -> None:
    """Break a promise on purpose."""
    if b"xy" in data:
        raise AssertionError("found")


PLANTED = {"planted": Target(fuzz_planted, lambda: iter([b"x", b"y"]), 64, ("x", "y"))}
"""What has a fault, to show that faults are found."""


def main(argv: list[str]) -> None:
    """Feed one target until libFuzzer has had enough; the process ends there."""
    import atheris

    with atheris.instrument_imports(include=["manimatic", "manimatic_worker"]):
        for name in PARSERS:
            importlib.import_module(name)
    atheris.Setup([argv[0], *argv[2:]], (TARGETS | PLANTED)[argv[1]].feed)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv)
