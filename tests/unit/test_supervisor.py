"""The host's loop over one guest, which lies, floods, hangs and dies."""

from __future__ import annotations

import struct
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from manimatic.errors import JobCancelled
from manimatic.jobs import MAX_CODE_BYTES
from manimatic.ports import RunRequest
from manimatic.sandbox import supervisor as module
from manimatic.sandbox.guest import GuestUsage
from manimatic.sandbox.intake import Intake
from manimatic.verdicts import Verdict
from manimatic_worker.protocol import MAX_CHUNK_BYTES, Begin, Chunk, Done, End, Log, Progress, Ready, Request, encode
from pipe_guest import SMALL, Heard, PipeGuest, Plot, Sink, supervise

V = Verdict
READY = Ready({"landlock": "ABI 4"})
OK = Done(outcome="ok", scene="A", animations=2, video_s=1.0)
VIDEO = (Begin("video"), Chunk(b"film"), End())


def honest(guest: PipeGuest) -> None:
    """Do as a worker does, and wait at the end for the host to look."""
    guest.send(READY)
    guest.read_request()
    guest.print(b"hello\n")
    guest.send(Progress(1, 0.5, 3), *VIDEO, OK)
    guest.sleep()


def says(*frames: object) -> Plot:
    """Return a plot that gets ready, says this and waits."""

    def plot(guest: PipeGuest) -> None:
        guest.send(READY)
        guest.read_request()
        for frame in frames:
            if isinstance(frame, bytes):
                guest.send_raw(frame)
            else:
                guest.send(frame)  # type: ignore[arg-type]
        guest.sleep()

    return plot


# ---------------------------------------------------------------- honest guests


def test_honest_run_is_ok_with_all_that_it_said() -> None:
    """Artefacts, progress, log, layers and figures arrive; the guest is killed once it is done."""
    sink = Sink()
    usage = GuestUsage(peak_memory_bytes=7, cpu_s=1.23456)
    result, heard, guest = supervise(honest, sink=sink, usage=usage)
    assert (result.verdict, result.message, result.scene, result.animations) == (V.OK, "", "A", 2)
    assert sink.done == [("video", b"film")]
    assert (heard.steps, heard.text) == ([(1, 0.5, 3)], "hello\n")
    assert result.isolation == {"backend": "pipes", "worker": {"landlock": "ABI 4"}}
    assert (result.figures["peak_memory_bytes"], result.figures["cpu_s"]) == (7, 1.235)
    assert 0 <= result.figures["ready_s"] <= result.figures["wall_s"] < 5
    assert guest.kills


def test_words_printed_just_before_the_end_are_heard() -> None:
    """The scene's last words and the end come over two pipes; both may arrive while the other is being read."""
    guests: list[PipeGuest] = []

    class PrintsWhenRead(Sink):
        def end(self) -> None:
            """Have the guest print after the host has looked at its pipes, and before it reads the end."""
            super().end()
            guests[0].print(b"last words\n")

    def plot(guest: PipeGuest) -> None:
        guests.append(guest)
        guest.send(READY)
        guest.read_request()
        guest.send_raw(b"".join(encode(frame) for frame in (*VIDEO, OK)))
        guest.sleep()

    result, heard, _ = supervise(plot, sink=PrintsWhenRead())
    assert (result.verdict, heard.text) == (V.OK, "last words\n")


def test_worker_is_asked_for_what_the_request_says() -> None:
    """The frame is in pixels and units, and threads come from the quota."""
    seen: list[Request] = []

    def plot(guest: PipeGuest) -> None:
        guest.send(READY)
        seen.append(guest.read_request())
        guest.send(OK)
        guest.sleep()

    supervise(plot, limits=replace(SMALL, cpu_cores=2.6), code="class A: ...")
    (request,) = seen
    assert (request.code, request.mode, request.parts, request.threads) == ("class A: ...", "render", 0, 3)
    assert (request.width, request.height, request.fps) == (1280, 720, 30)


@pytest.mark.parametrize("code", ["\x01" * MAX_CODE_BYTES, "\U0001f600" * (MAX_CODE_BYTES // 4)])
def test_longest_source_that_is_accepted_reaches_the_worker(code: str) -> None:
    """However much longer JSON makes it."""

    def plot(guest: PipeGuest) -> None:
        guest.send(READY)
        assert guest.read_request().code == code
        guest.send(OK)
        guest.sleep()

    assert supervise(plot, code=code)[0].verdict is V.OK


def test_scene_error_is_told_with_its_place() -> None:
    """Message, type, line and traceback come from the guest, made printable."""
    told = Done(
        outcome="scene_error", error_type="NameError", error_message="x\x1b[2J", error_line=3, traceback="t\x07"
    )
    result, _, _ = supervise(says(told))
    assert (result.verdict, result.error_type, result.line) == (V.SCENE_ERROR, "NameError", 3)
    assert (result.message, result.traceback) == ("NameError: x\\x1b[2J", "t\\x07")


def test_scene_error_without_words_says_no_none() -> None:
    """What the guest left out is left out."""
    result, _, _ = supervise(says(Done(outcome="scene_error")))
    assert (result.verdict, result.message) == (V.SCENE_ERROR, "")


@pytest.mark.parametrize("outcome", ["no_scene", "no_output"])
def test_guest_may_say_that_there_is_nothing_to_see(outcome: str) -> None:
    """Nobody gains by forging these."""
    assert supervise(says(Done(outcome=outcome)))[0].verdict == outcome


def test_join_hands_the_parts_to_the_worker(tmp_path: Path) -> None:
    """After the request, in order, large ones in pieces."""
    contents = [b"a" * (MAX_CHUNK_BYTES + 5), b"", b"c"]
    paths = tuple(tmp_path / str(number) for number in range(3))
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    got: list[bytes] = []

    def plot(guest: PipeGuest) -> None:
        guest.send(READY)
        request, *frames = guest.read_frames(parts=len(contents))
        assert isinstance(request, Request)
        assert (request.mode, request.parts) == ("join", 3)
        for frame in frames:
            if isinstance(frame, Begin):
                got.append(b"")
            elif isinstance(frame, Chunk):
                got[-1] += frame.data
        guest.send(OK)
        guest.sleep()

    assert supervise(plot, parts=paths)[0].verdict is V.OK
    assert got == contents


# ---------------------------------------------------------------- lies


@pytest.mark.parametrize(
    "outcome",
    ["timeout", "memory_limit", "process_limit", "disk_limit", "output_limit", "sandbox_error", "crashed", "", "OK"],
)
def test_forged_verdict_is_not_believed(outcome: str) -> None:
    """Limits and our own failures are for the host to find."""
    assert supervise(says(Done(outcome=outcome)))[0].verdict is V.INVALID_OUTPUT


@pytest.mark.parametrize(
    ("usage", "verdict"),
    [
        (GuestUsage(memory_kills=1), V.MEMORY_LIMIT),
        (GuestUsage(refused_processes=1), V.PROCESS_LIMIT),
        (GuestUsage(disk_is_full=True), V.DISK_LIMIT),
        (GuestUsage(memory_kills=1, refused_processes=1, disk_is_full=True), V.MEMORY_LIMIT),
    ],
)
def test_counters_of_the_host_decide_why_a_run_failed(usage: GuestUsage, verdict: Verdict) -> None:
    """A MemoryError that the scene reports is the limit that it ran into; a video that came is a video."""
    failed = supervise(says(Done(outcome="scene_error", error_type="OSError", error_line=1)), usage=usage)[0]
    assert (failed.verdict, failed.line, failed.traceback) == (verdict, None, None)
    assert "limit" in failed.message or "disk" in failed.message
    assert supervise(says(*VIDEO, OK), usage=usage)[0].verdict is V.OK


def test_limit_that_is_passed_when_the_video_is_done_does_not_take_it_away() -> None:
    """What is complete is complete."""
    made = PipeGuest(says(*VIDEO, OK))
    supervisor = module.Supervisor(made, RunRequest(run_id="r", code="x", limits=SMALL), Heard(), Sink())
    made.limit_passed = lambda: V.MEMORY_LIMIT if supervisor._done else None  # type: ignore[method-assign]
    try:
        assert supervisor.run(threading.Event(), {}).verdict is V.OK
    finally:
        made.close()


def test_only_the_first_ready_counts() -> None:
    """It came before the scene ran; a later one could be the scene's own."""
    result, _, _ = supervise(says(Ready({"landlock": "forged"}), OK))
    assert result.isolation["worker"] == {"landlock": "ABI 4"}


def test_nothing_counts_after_done() -> None:
    """Neither frames in the same breath nor later ones."""
    sink = Sink()
    result, heard, _ = supervise(
        says(OK, *VIDEO, Progress(9, 9.0), Done(outcome="scene_error"), b"\xff" * 9), sink=sink
    )
    assert (result.verdict, sink.done, heard.steps) == (V.OK, [], [])


@pytest.mark.parametrize(
    "noise",
    [
        b"\x00" * 20,
        b"J\xff\xff\xff\xff",
        b"A\xff\xff\xff\xff",
        struct.pack(">cI", b"J", 4) + b"null",
        struct.pack(">cI", b"J", 2) + b"{}",
        struct.pack(">cI", b"J", 60_000) + b"[" * 60_000,
        Request(code="x"),
    ],
    ids=["zeros", "huge message", "huge chunk", "null", "empty", "deep", "request"],
)
def test_garbage_ends_the_run_as_invalid_output(noise: object) -> None:
    """At once: nothing that comes later is looked at."""
    result, _, _ = supervise(says(noise, *VIDEO, OK))
    assert result.verdict is V.INVALID_OUTPUT
    assert "protocol" in result.message


@pytest.mark.parametrize(
    "frames",
    [
        (Chunk(b"x"),),
        (End(),),
        (Begin("video"), Begin("video")),
        (Begin("../../etc/passwd"),),
        (Begin("video"), End(), Chunk(b"x")),
    ],
    ids=["chunk first", "end first", "two at once", "unknown kind", "chunk after end"],
)
def test_artefacts_out_of_order_end_the_run(frames: tuple[object, ...], tmp_path: Path) -> None:
    """The intake refuses them, and the guest is blamed."""
    intake = Intake(tmp_path, 1000)
    result, _, _ = supervise(says(*frames, OK), sink=intake)
    assert result.verdict is V.INVALID_OUTPUT
    intake.close()
    assert not list(tmp_path.glob("*passwd*"))


def test_two_videos_are_none(tmp_path: Path) -> None:
    """Which of them should be shown?"""
    intake = Intake(tmp_path, 1000)
    result, _, _ = supervise(says(*VIDEO, *VIDEO, OK), sink=intake)
    assert intake.settle(result).verdict is V.NO_OUTPUT


# ---------------------------------------------------------------- floods


def flood(name: str, data: bytes) -> Plot:
    """Return a plot that repeats this for ever."""

    def plot(guest: PipeGuest) -> None:
        guest.send(READY)
        while True:
            getattr(guest, name)(data)

    return plot


def test_flood_of_prints_ends_at_the_logs_limit() -> None:
    """Exactly the allowed bytes are kept."""
    result, heard, _ = supervise(flood("print", b"x" * 10_000))
    assert (result.verdict, heard.text) == (V.OUTPUT_LIMIT, "x" * 1000)
    assert "1000 bytes" in result.message


def test_flood_of_log_messages_counts_as_prints() -> None:
    """There is one limit for both."""
    result, heard, _ = supervise(says(*[Log("y" * 400)] * 9))
    assert (result.verdict, len(heard.text)) == (V.OUTPUT_LIMIT, 1000)


def test_flood_of_artefact_bytes_ends_at_their_limit() -> None:
    """What came within the limit was handed on, no byte more."""
    sink = Sink()
    result, _, _ = supervise(says(Begin("part"), *[Chunk(b"z" * 40_000)] * 9), sink=sink)
    assert result.verdict is V.OUTPUT_LIMIT
    assert "100000 bytes" in result.message
    assert sink.done == []


def test_flood_of_messages_ends_at_their_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages that carry nothing cost the host as well."""
    monkeypatch.setattr(module, "MAX_FRAMES", 50)
    result, heard, _ = supervise(says(*[Progress(1, 1.0)] * 99))
    assert result.verdict is V.OUTPUT_LIMIT
    assert len(heard.steps) < 50


def test_flood_does_not_outlast_the_clock() -> None:
    """A guest that always has something to say is timed out like a silent one."""
    limits = replace(SMALL, timeout_s=0.4, max_log_bytes=1 << 40)
    started = time.monotonic()
    assert supervise(flood("print", b"x" * 10_000), limits=limits)[0].verdict is V.TIMEOUT
    assert time.monotonic() - started < 3


def test_guest_that_does_not_read_its_request_is_timed_out() -> None:
    """A full pipe holds up nobody but itself."""

    def plot(guest: PipeGuest) -> None:
        guest.send(READY)
        guest.sleep()

    assert supervise(plot, code="x" * MAX_CODE_BYTES, limits=replace(SMALL, timeout_s=0.3))[0].verdict is V.TIMEOUT


# ---------------------------------------------------------------- ends


def test_silent_guest_is_timed_out() -> None:
    """The message names the limit."""
    result, _, guest = supervise(says(), limits=replace(SMALL, timeout_s=0.3))
    assert (result.verdict, guest.kills > 0) == (V.TIMEOUT, True)
    assert "0.3 seconds" in result.message


def test_guest_that_never_gets_ready_is_timed_out() -> None:
    """A sandbox that hangs at its start takes no longer than any other."""
    assert supervise(lambda guest: guest.sleep(), limits=replace(SMALL, timeout_s=0.3))[0].verdict is V.TIMEOUT


def dies(guest: PipeGuest) -> None:
    """Get ready, say something and go."""
    guest.send(READY)
    guest.read_request()
    guest.print("Ωα".encode()[:-1])


def test_exit_without_done_is_a_crash_and_loses_no_byte() -> None:
    """The message has the status, and a character that was cut off is shown as far as it came."""
    result, heard, _ = supervise(dies, status=139)
    assert (result.verdict, heard.text) == (V.CRASHED, "Ω\\xce")
    assert "status 139" in result.message


def test_sandbox_that_was_killed_from_outside_is_our_failure() -> None:
    """No scene reaches the outermost process."""
    assert supervise(dies, status=-9)[0].verdict is V.SANDBOX_ERROR


def test_exit_before_ready_is_our_failure_with_its_last_words() -> None:
    """The scene was not even there yet."""

    def plot(guest: PipeGuest) -> None:
        guest.print(b"starting\nbwrap: no permission\n")

    result, _, _ = supervise(plot, status=1)
    assert result.verdict is V.SANDBOX_ERROR
    assert result.message == "The sandbox broke down: bwrap: no permission"


def test_guest_that_closes_its_pipes_but_lives_is_a_crash() -> None:
    """It can deliver nothing more: it is neither waited for nor blamed on the sandbox."""
    started = time.monotonic()
    result, _, guest = supervise(dies, stays=True)
    assert (result.verdict, guest.kills > 0) == (V.CRASHED, True)
    assert time.monotonic() - started < SMALL.timeout_s


def test_all_that_a_dead_guest_left_is_read_however_slow_the_listener_is() -> None:
    """No part of the log that says why it died gets lost."""

    class Slow(Heard):
        """Takes its time."""

        def log(self, text: str) -> None:
            """Keep the text after a while."""
            time.sleep(0.6)
            super().log(text)

    release = threading.Event()

    def plot(guest: PipeGuest) -> None:
        guest.send(READY)
        guest.print(b"first ")
        release.wait(5)
        guest.print(b"last words")

    slow = Slow()
    made = PipeGuest(plot, status=3)
    request = RunRequest(run_id="r", code="x", limits=SMALL)
    try:
        threading.Timer(0.2, release.set).start()
        result = module.Supervisor(made, request, slow, Sink()).run(threading.Event(), {})
    finally:
        made.close()
    assert (result.verdict, slow.text) == (V.CRASHED, "first last words")


def test_cancel_kills_the_guest_soon() -> None:
    """Within moments, and nothing is returned."""
    cancel = threading.Event()
    timer = threading.Timer(0.1, cancel.set)
    timer.start()
    started = time.monotonic()
    with pytest.raises(JobCancelled):
        supervise(says(), cancel=cancel)
    assert time.monotonic() - started < 2
    timer.join()


def test_listener_that_fails_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its error is raised, after the guest was killed."""
    kills: list[bool] = []
    real = PipeGuest.kill

    def kill(self: PipeGuest) -> None:
        kills.append(True)
        real(self)

    def fail(self: Heard, text: str) -> None:
        raise LookupError("the store")

    monkeypatch.setattr(PipeGuest, "kill", kill)
    monkeypatch.setattr(Heard, "log", fail)
    with pytest.raises(LookupError):
        supervise(flood("print", b"x"))
    assert kills


@pytest.fixture(autouse=True)
def _short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait long for what does not come."""
    monkeypatch.setattr(module, "GRACE_S", 1.0)


def test_limit_that_only_looking_tells_ends_the_run() -> None:
    """Where no group counts, the watchdog's word is the verdict, and it says which limit it was."""
    result, _, _ = supervise(_waits_to_be_killed, passed=Verdict.MEMORY_LIMIT)
    assert result.verdict is Verdict.MEMORY_LIMIT
    assert "memory" in result.message


def _waits_to_be_killed(guest: PipeGuest) -> None:
    guest.killed.wait(10)
