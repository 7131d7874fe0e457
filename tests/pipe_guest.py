"""A guest made of pipes: a thread plays the worker, and lies as it is told."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from manimatic.jobs import Options
from manimatic.ports import Limits, RunRequest, RunResult
from manimatic.rehearsal import Rehearsal, Rehearse
from manimatic.sandbox.guest import GuestUsage
from manimatic.sandbox.supervisor import Supervisor
from manimatic.verdicts import Verdict
from manimatic_worker import protocol
from manimatic_worker.protocol import Decoder, Done, End, Frame, Request

Plot = Callable[["PipeGuest"], None]
SMALL = Limits(timeout_s=5.0, max_log_bytes=1000, max_artefact_bytes=100_000)


class Killed(Exception):
    """The host has ended the guest."""


class PipeGuest:
    """Plays `plot` in a thread; leaving the plot closes the pipes and exits with `status`."""

    def __init__(
        self,
        plot: Plot,
        *,
        status: int = 0,
        usage: GuestUsage | None = None,
        stays: bool = False,
        passed: Verdict | None = None,
    ) -> None:
        self._in, stdin = os.pipe()
        stdout, self._out = os.pipe()
        stderr, self._err = os.pipe()
        self.stdin, self.stdout, self.stderr = os.fdopen(stdin, "wb"), os.fdopen(stdout, "rb"), os.fdopen(stderr, "rb")
        self._fds = {self._in, self._out, self._err}
        self._status: int | None = None
        self._ends_with = status
        self._usage = usage or GuestUsage()
        self._stays = stays
        self.passed = passed
        self.killed = threading.Event()
        self.kills = 0
        self.yielded: list[bool] = []
        self.mark = b""
        for fd in (self._out, self._err):
            os.set_blocking(fd, False)
        self._thread = threading.Thread(target=self._play, args=(plot,), name="guest")
        self._thread.start()

    def _play(self, plot: Plot) -> None:
        try:
            plot(self)
        except Killed:
            self._ends_with = -9
        if not self._stays:
            self._status = self._ends_with
        self.close_pipes()

    # ---------------------------------------------------------------- for plots

    def send(self, *frames: Frame) -> None:
        """Send frames to the host; as a worker does, end the log before saying that it is done."""
        for frame in frames:
            if isinstance(frame, Done):
                self.print(self.mark)
            self.send_raw(protocol.encode(frame))

    def send_raw(self, data: bytes) -> None:
        """Send whatever bytes."""
        self._write(self._out, data)

    def print(self, data: bytes) -> None:
        """Write to standard error."""
        self._write(self._err, data)

    def read_request(self) -> Request:
        """Read until the host's request is whole."""
        (request,) = self.read_frames()
        assert isinstance(request, Request)
        self.mark = request.mark.encode()
        return request

    def read_frames(self, *, parts: int = 0) -> list[Frame]:
        """Read the host's request and this many parts, all as frames."""
        decoder, frames = Decoder(max_json_bytes=protocol.MAX_REQUEST_BYTES), []
        while not frames or sum(isinstance(frame, End) for frame in frames) < parts:
            frames += decoder.feed(self._read())
        return frames

    def sleep(self, seconds: float = 60.0) -> None:
        """Do nothing until the host loses patience."""
        if self.killed.wait(seconds):
            raise Killed

    def close_pipes(self) -> None:
        """Close the guest's ends."""
        while self._fds:
            os.close(self._fds.pop())

    def _read(self) -> bytes:
        while not self.killed.is_set():
            if select.select([self._in], [], [], 0.02)[0]:
                return os.read(self._in, 1 << 16)
        raise Killed

    def _write(self, fd: int, data: bytes) -> None:
        view = memoryview(data)
        while view:
            if self.killed.is_set():
                raise Killed
            if select.select([], [fd], [], 0.02)[1]:
                view = view[os.write(fd, view) :]

    # ---------------------------------------------------------------- for the host

    def poll(self) -> int | None:
        """Return how it ended."""
        return self._status

    def limit_passed(self) -> Verdict | None:
        """Say what the test says."""
        return self.passed

    def sample(self) -> GuestUsage:
        """Return the counters that it was made with."""
        return self._usage

    def yields(self, *, to_all: bool) -> None:
        """Keep what was asked for."""
        self.yielded.append(to_all)

    def kill(self) -> None:
        """End the plot."""
        self.kills += 1
        self.killed.set()
        self._thread.join()
        if self._status is None:
            self._status = -9

    def close(self) -> None:
        """Close the host's ends."""
        self.kill()
        self.close_pipes()
        for stream in (self.stdout, self.stderr):
            stream.close()
        try:
            self.stdin.close()
        except BrokenPipeError:
            return


class Heard:
    """Keeps what a run says."""

    def __init__(self) -> None:
        self.text = ""
        self.steps: list[tuple[int, float, int | None]] = []
        self.totals: list[int | None] = []
        self.rehearsals: list[Rehearsal] = []

    def rehearsed(self, rehearsal: Rehearsal) -> None:
        """Keep what the rehearsal found out."""
        self.rehearsals.append(rehearsal)

    def progress(self, *, animation: int, video_s: float, line: int | None, total: int | None = None) -> None:
        """Keep the step, and the total where it is known."""
        self.steps.append((animation, video_s, line))
        self.totals.append(total)

    def log(self, text: str) -> None:
        """Keep the text."""
        self.text += text


class Sink:
    """Keeps what a guest delivers."""

    def __init__(self) -> None:
        self.done: list[tuple[str, bytes]] = []
        self._open: tuple[str, bytes] | None = None

    def begin(self, kind: str) -> None:
        """Start an artefact."""
        self._open = (kind, b"")

    def chunk(self, data: bytes) -> None:
        """Append to it."""
        assert self._open is not None
        self._open = (self._open[0], self._open[1] + data)

    def end(self) -> None:
        """Close it."""
        assert self._open is not None
        self.done.append(self._open)
        self._open = None


def supervise(
    plot: Plot,
    *,
    limits: Limits = SMALL,
    code: str = "x",
    sink: Any = None,
    cancel: threading.Event | None = None,
    parts: tuple[Path, ...] = (),
    rehearse: Rehearse = Rehearse.NO,
    **guest: Any,
) -> tuple[RunResult, Heard, PipeGuest]:
    """Watch a guest to its end."""
    heard = Heard()
    made = PipeGuest(plot, **guest)
    request = RunRequest(run_id="r", code=code, options=Options(), limits=limits, parts=parts, rehearse=rehearse)
    try:
        supervisor = Supervisor(made, request, heard, sink or Sink())
        return supervisor.run(cancel or threading.Event(), {"backend": "pipes"}), heard, made
    finally:
        made.close()
