"""Whole sessions in any order: every run ends in the verdict that a reader of the protocol's rules would give."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from manimatic.sandbox.intake import KINDS, Intake
from manimatic.verdicts import Verdict
from manimatic_worker.protocol import Begin, Chunk, Done, End, Frame, Log, Progress, Ready, Request
from pipe_guest import SMALL, PipeGuest, supervise
from tiny_video import tiny_video

V = Verdict
LIMITS = replace(SMALL, max_artefact_bytes=20_000, max_log_bytes=1 << 20)
SAID = {"ok": V.OK, "scene_error": V.SCENE_ERROR, "no_scene": V.NO_SCENE, "no_output": V.NO_OUTPUT}
Step = Frame | bytes
"""A frame, or bytes that are none."""

text = st.text(max_size=30)
frames = st.one_of(
    st.builds(Ready, st.dictionaries(text, text, max_size=2)),
    st.builds(Log, text),
    st.builds(Progress, st.integers(-5, 1 << 40), st.floats(0, 1e6), st.none() | st.integers(0, 99)),
    st.builds(Begin, st.sampled_from(["video", "part", "poster", "../x", ""])),
    st.builds(Chunk, st.binary(max_size=50) | st.just(bytes(15_000)) | st.just(tiny_video())),
    st.just(End()),
    st.builds(Done, st.sampled_from([*SAID, "timeout", "sandbox_error", ""]), text, st.integers(-9, 9)),
    st.builds(Request, text),
    st.binary(min_size=5, max_size=40).map(lambda data: b"\xff" + data),
)
film = st.just((Begin("video"), Chunk(tiny_video()), End()))
steps = st.lists(frames.map(lambda frame: (frame,)) | film, max_size=9).map(
    lambda groups: [step for group in groups for step in group]
)


@dataclass
class Reader:
    """Reads a session as the rules say, and knows its verdict."""

    ready: bool = False
    open: str | None = None
    opened: bytes = b""
    done: list[tuple[str, bytes]] = field(default_factory=list)
    left: int = LIMITS.max_artefact_bytes

    def verdict(self, session: list[Step]) -> Verdict:
        """Read until something decides, else the worker has ended without a word."""
        for step in session:
            if found := self.take(step):
                return found
        return V.CRASHED if self.ready else V.SANDBOX_ERROR

    def take(self, step: Step) -> Verdict | None:
        """Take one step."""
        match step:
            case Ready() if not self.ready:
                self.ready = True
            case Log() | Progress():
                pass
            case Begin(kind=kind) if kind in KINDS and self.open is None:
                self.open, self.opened = kind, b""
            case Chunk(data=data) if self.left < len(data):
                return V.OUTPUT_LIMIT
            case Chunk(data=data) if self.open is not None:
                self.left -= len(data)
                self.opened += data
            case End() if self.open is not None:
                self.done.append((self.open, self.opened))
                self.open = None
            case Done(outcome=outcome):
                return self.settle(SAID.get(outcome, V.INVALID_OUTPUT))
            case _:
                return V.INVALID_OUTPUT
        return None

    def settle(self, said: Verdict) -> Verdict:
        """Believe an `ok` only with one video that is one."""
        if said is not V.OK:
            return said
        videos = [data for kind, data in self.done if kind == "video"]
        if len(videos) != 1:
            return V.NO_OUTPUT
        return V.OK if videos == [tiny_video()] else V.INVALID_OUTPUT


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps, st.booleans())
def test_any_session_gets_the_verdict_of_the_rules(session: list[Step], stays: bool) -> None:
    """And nothing but whole artefacts is written, whatever is sent in whatever order."""

    def plot(guest: PipeGuest) -> None:
        guest.read_request()
        for step in session:
            guest.send_raw(step) if isinstance(step, bytes) else guest.send(step)
        if stays and any(isinstance(step, Done) for step in session):
            guest.sleep()

    reader = Reader()
    expected = reader.verdict(session)
    with tempfile.TemporaryDirectory() as name:
        intake = Intake(Path(name), LIMITS.max_artefact_bytes)
        result, _, _ = supervise(plot, limits=LIMITS, sink=intake)
        settled = intake.settle(result)
        assert settled.verdict is expected, (settled, session)
        written = [(path.suffix[1:], path.read_bytes()) for path in sorted(Path(name).iterdir())]
        assert written == reader.done
        assert (settled.video is not None) == (expected is V.OK)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=300), st.binary(max_size=300))
def test_any_bytes_on_both_pipes_end_the_run_as_the_guests_fault(frames: bytes, printed: bytes) -> None:
    """Never as an exception, never as a good run."""

    def plot(guest: PipeGuest) -> None:
        guest.send(Ready({}))
        guest.print(printed)
        guest.send_raw(frames)

    result, heard, _ = supervise(plot)
    assert result.verdict in (V.CRASHED, V.INVALID_OUTPUT)
    heard.text.encode()
