"""Watch one run from its first byte to its verdict.

Theory of operation: the guest's two pipes are read at once, so that neither can block the other. Standard output
carries protocol frames, standard error what the scene prints. The guest may lie in every frame: limits are decided
from the clock and from the host's own counters, and only `ok`, `scene_error`, `no_scene` and `no_output` are taken
from its word. After its `Done` the guest waits, so that the counters can be read while it is still there; then all
of its processes are killed, and only then is anything it delivered looked at.
"""

from __future__ import annotations

import array
import fcntl
import select
import selectors
import termios
import threading
import time
from collections.abc import Mapping
from typing import IO, Any, Protocol

from manimatic_worker import protocol
from manimatic_worker.protocol import (
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
)

from manimatic.errors import JobCancelled
from manimatic.ports import RunListener, RunRequest, RunResult
from manimatic.rehearsal import Rehearsal, Rehearse
from manimatic.sandbox.asking import to_wire, write_file
from manimatic.sandbox.guest import Guest, GuestUsage
from manimatic.sandbox.intake import IntakeRefused
from manimatic.sandbox.last_words import LastWords
from manimatic.sandbox.printable import PrintableStream, printable
from manimatic.sandbox.rehearsed import RehearsalIntake
from manimatic.verdicts import Verdict

POLL_S = 0.1
GRACE_S = 2.0
"""How long a guest may take to leave after it has said that it is done."""
LAST_WORDS_S = 1.0
"""How long the log of a guest that is done may take to arrive; an honest one marks its end."""
READ_BYTES = 1 << 18
MAX_FRAMES = 200_000
"""Frames of one run; far more than 20 000 parts need, and few enough that passing them all on is soon done."""
_GUEST_MAY_SAY = {
    verdict.value: verdict for verdict in (Verdict.OK, Verdict.SCENE_ERROR, Verdict.NO_SCENE, Verdict.NO_OUTPUT)
}
_MESSAGES = {
    Verdict.TIMEOUT: "The run took longer than its limit of {limits.timeout_s:g} seconds.",
    Verdict.MEMORY_LIMIT: "The run wanted more memory than its limit of {memory_mb:g} MiB.",
    Verdict.PROCESS_LIMIT: "The run wanted more than its limit of {limits.max_processes} processes and threads.",
    Verdict.DISK_LIMIT: "The run filled its disk of {disk_mb:g} MiB.",
    Verdict.NO_OUTPUT: "The scene played no animation: construct() ended without self.play() or self.wait().",
}


class ArtefactSink(Protocol):
    """Where a guest's artefacts go: a folder, or on to the next process."""

    def begin(self, kind: str) -> None:
        """Start an artefact."""

    def chunk(self, data: bytes) -> None:
        """Append to it."""

    def end(self) -> None:
        """Close it."""


class Supervisor:
    """Run the loop over one guest. Make one per run."""

    def __init__(self, guest: Guest, request: RunRequest, listener: RunListener, sink: ArtefactSink) -> None:
        self._guest = guest
        self._request = request
        self._listener = listener
        self._sink = sink
        self._started = time.monotonic()
        self._ready_s: float | None = None
        self._done: Done | None = None
        self._verdict: Verdict | None = None
        self._message = ""
        self._usage = GuestUsage()
        self._layers: Mapping[str, str] = {}
        self._decoder = Decoder()
        self._text = PrintableStream()
        self._words = LastWords()
        self._log_left = request.limits.max_log_bytes
        self._artefacts_left = request.limits.max_artefact_bytes
        self._log_tail = ""
        self._frames_left = MAX_FRAMES
        self._frames_end = False
        self._status: int | None = None
        self._findings = RehearsalIntake(asked=request.rehearse is not Rehearse.NO)
        self._rehearsal: Rehearsal | None = None
        self._rehearsed_s: float | None = None

    def run(self, cancel: threading.Event, isolation: Mapping[str, Any]) -> RunResult:
        """Drive the guest to its end and return the result, without artefacts.

        Raises:
            JobCancelled: `cancel` was set.
        """
        feeder = threading.Thread(target=self._feed, name="feeder", daemon=True)
        feeder.start()
        try:
            self._loop(cancel)
            self._status = self._exit_status()
            self._look_once_more()
        finally:
            self._guest.kill()
            feeder.join(timeout=GRACE_S)
        return self._result(isolation)

    def _look_once_more(self) -> None:
        """Read the counters while the guest is still there: a scene that failed may have failed at a limit."""
        self._usage = self._guest.sample()
        if self._done is None or self._done.outcome != Verdict.OK:
            self._verdict = self._verdict or self._guest.limit_passed()

    def _feed(self) -> None:
        """Write the request and its parts; a guest that dies or does not read ends this with its pipe."""
        try:
            self._guest.stdin.write(protocol.encode(to_wire(self._request, self._words.mark)))
            for part in self._request.parts:
                self._guest.stdin.write(protocol.encode(Begin("part")))
                write_file(self._guest.stdin, part)
                self._guest.stdin.write(protocol.encode(End()))
            self._guest.stdin.flush()
        except (OSError, ValueError):
            return

    def _loop(self, cancel: threading.Event) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._guest.stdout, selectors.EVENT_READ, self._on_frames)
            selector.register(self._guest.stderr, selectors.EVENT_READ, self._on_stderr)
            leave_at = self._started + self._request.limits.timeout_s
            while selector.get_map() and not self._is_settled():
                if cancel.is_set():
                    raise JobCancelled
                has_exited = self._guest.poll() is not None  # asked first: what it said before it ended is then there
                ready = selector.select(POLL_S)
                for key, _ in ready:
                    if not self._read(key):
                        selector.unregister(key.fileobj)
                if not self._is_settled():
                    self._verdict = self._guest.limit_passed()
                if has_exited:
                    leave_at = min(leave_at, time.monotonic() + GRACE_S)
                if time.monotonic() >= leave_at or (has_exited and not ready):
                    self._verdict = self._verdict or (None if has_exited or self._done else Verdict.TIMEOUT)
                    break
        self._hear_out()
        self._say(self._text.feed(b"", final=True))

    def _hear_out(self) -> None:
        """Take what was said before the end: the guest's last words and its `Done` come over different pipes.

        What stands in the pipes is there at once. More can only be on its way where an engine carries it, until the
        mark has come; whoever goes on printing after it is not waited for.
        """
        give_up_at = time.monotonic() + LAST_WORDS_S
        self._drain()
        while self._done and not self._words.are_heard and self._guest.poll() is None:
            left_s = give_up_at - time.monotonic()
            if left_s <= 0 or not select.select([self._guest.stderr], [], [], left_s)[0] or not self._drain():
                break
        self._keep(self._words.rest())

    def _drain(self) -> int:
        """Read the bytes that both pipes hold now, and return how many they were."""
        total = 0
        for stream, take in ((self._guest.stderr, self._on_stderr), (self._guest.stdout, self._on_frames)):
            left = bytes_waiting(stream)
            while left > 0 and (data := stream.read1(min(left, READ_BYTES))):  # type: ignore[attr-defined]
                left, total = left - len(data), total + len(data)
                take(data)
        return total

    def _is_settled(self) -> bool:
        return self._done is not None or self._verdict is not None

    def _exit_status(self) -> int | None:
        """Return how the guest ended by itself; one that has just closed its pipes gets a moment to do so."""
        give_up_at = time.monotonic() + GRACE_S / 2
        while self._guest.poll() is None and not self._is_settled() and time.monotonic() < give_up_at:
            time.sleep(0.01)
        return self._guest.poll()

    def _read(self, key: selectors.SelectorKey) -> bool:
        data = key.fileobj.read1(READ_BYTES)  # type: ignore[union-attr]
        if data:
            key.data(data)
        return bool(data)

    def _on_stderr(self, data: bytes) -> None:
        self._keep(self._words.feed(data))

    def _keep(self, data: bytes) -> None:
        kept = data[: self._log_left]
        self._log_left -= len(kept)
        self._say(self._text.feed(kept))
        if len(kept) < len(data):
            self._fail(Verdict.OUTPUT_LIMIT, f"The run printed more than {self._request.limits.max_log_bytes} bytes.")

    def _say(self, text: str) -> None:
        if text:
            self._log_tail = (self._log_tail + text)[-2000:]
            self._listener.log(text)

    def _on_frames(self, data: bytes) -> None:
        """Take frames until the guest is done or has broken a rule of theirs; another limit does not lose parts."""
        try:
            for frame in () if self._frames_end else self._decoder.feed(data):
                self._on_frame(frame)
                if self._frames_end:
                    return
        except (ProtocolViolation, IntakeRefused) as error:
            self._refuse_more(Verdict.INVALID_OUTPUT, f"The worker broke the protocol: {error}.")

    def _on_frame(self, frame: Frame) -> None:
        self._frames_left -= 1
        if self._frames_left < 0:
            self._refuse_more(Verdict.OUTPUT_LIMIT, f"The run sent more than {MAX_FRAMES} messages.")
            return
        match frame:
            case Begin() | Chunk() | End():
                self._on_artefact(frame)
            case Progress(animation=animation, video_s=video_s, line=line, total=total):
                self._listener.progress(animation=animation, video_s=video_s, line=line, total=total)
            case Finding():
                self._findings.find(frame)
            case Rehearsed():
                self._on_rehearsed(frame)
            case Log(text=text):
                self._keep(text.encode(errors="backslashreplace") + b"\n")
            case Ready(layers=layers) if self._ready_s is None:  # later ones could be the scene's
                self._ready_s = time.monotonic() - self._started
                self._layers = layers
            case Done():
                self._done, self._frames_end = frame, True
            case _:
                raise ProtocolViolation("a message that is not due")

    def _on_artefact(self, frame: Begin | Chunk | End) -> None:
        match frame:
            case Chunk(data=data):
                self._artefacts_left -= len(data)
                if self._artefacts_left < 0:
                    limit = self._request.limits.max_artefact_bytes
                    self._refuse_more(Verdict.OUTPUT_LIMIT, f"The run delivered more than {limit} bytes.")
                else:
                    self._sink.chunk(data)
            case Begin(kind=kind):
                self._sink.begin(kind)
            case End():
                self._sink.end()

    def _on_rehearsed(self, message: Rehearsed) -> None:
        self._rehearsal = self._findings.close(message)
        self._rehearsed_s = time.monotonic() - self._started - (self._ready_s or 0.0)
        self._listener.rehearsed(self._rehearsal)

    def _refuse_more(self, verdict: Verdict, message: str) -> None:
        self._frames_end = True
        self._fail(verdict, message)

    def _fail(self, verdict: Verdict, message: str) -> None:
        self._verdict = self._verdict or verdict
        self._message = self._message or message

    def _result(self, isolation: Mapping[str, Any]) -> RunResult:
        verdict = self._decide()
        done = self._done or Done(outcome=verdict.value)
        blamed = verdict is Verdict.SCENE_ERROR
        return RunResult(
            verdict=verdict,
            message=self._explain(verdict, done),
            error_type=printable(done.error_type) if blamed and done.error_type else None,
            line=done.error_line if blamed else None,
            traceback=printable(done.traceback) if blamed and done.traceback else None,
            scene=printable(done.scene) if done.scene else None,
            animations=done.animations,
            rehearsal=self._rehearsal,
            isolation={**isolation, "worker": {printable(k): printable(v) for k, v in self._layers.items()}},
            figures=self._figures(),
        )

    def _decide(self) -> Verdict:
        claimed = _GUEST_MAY_SAY.get(self._done.outcome) if self._done else None
        if self._verdict is None and claimed is Verdict.OK:
            return Verdict.OK
        if self._usage.memory_kills:
            return Verdict.MEMORY_LIMIT
        if self._verdict is not None:
            return self._verdict
        if self._usage.refused_processes:
            return Verdict.PROCESS_LIMIT
        if self._usage.disk_is_full:
            return Verdict.DISK_LIMIT
        if claimed is None and self._done:
            self._message = "The worker claimed an outcome that is not its to decide."
            return Verdict.INVALID_OUTPUT
        if claimed is None:
            return Verdict.CRASHED if self._scene_could_run() else Verdict.SANDBOX_ERROR
        return claimed

    def _scene_could_run(self) -> bool:
        """Tell whether the scene may have ended the worker: it cannot reach the sandbox's own outermost process."""
        return self._ready_s is not None and (self._status or 0) >= 0

    def _explain(self, verdict: Verdict, done: Done) -> str:
        limits = self._request.limits
        if verdict in _MESSAGES and not self._message:
            shown = {"memory_mb": limits.memory_bytes / 1024**2, "disk_mb": limits.disk_bytes / 1024**2}
            return _MESSAGES[verdict].format(limits=limits, **shown)
        if verdict is Verdict.SCENE_ERROR:
            return printable(": ".join(filter(None, (done.error_type, done.error_message))))
        if verdict is Verdict.CRASHED:
            status = "it only closed its pipes" if self._status is None else f"status {self._status}"
            return f"The worker ended without a result ({status})."
        if verdict is Verdict.SANDBOX_ERROR:
            tail = self._log_tail.strip().splitlines()
            return f"The sandbox broke down: {tail[-1] if tail else 'it said nothing'}"
        return self._message or printable(done.error_message or "")

    def _figures(self) -> dict[str, float]:
        figures = {"wall_s": round(time.monotonic() - self._started, 3)}
        for name, value in (
            ("ready_s", self._ready_s),
            ("rehearsal_s", self._rehearsed_s),
            ("cpu_s", self._usage.cpu_s),
            ("peak_memory_bytes", self._usage.peak_memory_bytes),
        ):
            if value is not None:
                figures[name] = round(value, 3)
        return figures


def bytes_waiting(stream: IO[bytes]) -> int:
    """Return how many bytes a pipe or socket holds; a guest may have made its pipe larger than pipes are."""
    answer = array.array("i", [0])
    fcntl.ioctl(stream, termios.FIONREAD, answer)
    return answer[0]
