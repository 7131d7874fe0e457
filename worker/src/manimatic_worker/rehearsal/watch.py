"""Rehearse in a child process, hear what it finds out, and carry on as if nothing had happened.

The child is forked from the worker that has imported Manim: it starts in a few milliseconds, and whatever the scene
does to modules, counters and random numbers ends with it, so that the render is the same with and without a rehearsal.
It works in a folder of its own. What the two share is on purpose: the folder of compiled formulas and drawn texts.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from manimatic_worker.protocol import Decoder, Done, Finding, ProtocolViolation, Rehearsed, Request, encode
from manimatic_worker.rehearsal.budget import BUDGETS

MAX_TOLD_BYTES = 4 * 1024 * 1024
FOLDER = Path("rehearsal")
_READ_BYTES = 1 << 16


class TimeIsUp(BaseException):
    """The rehearsal has taken its share of the time."""


class Heard:
    """What came out of the child.

    Args:
        max_printed_bytes: What a scene prints is kept up to here, and shown if the rehearsal ends the run; else the
            scene prints it again while it is rendered.
    """

    def __init__(self, max_printed_bytes: int) -> None:
        self.messages: list[Finding | Rehearsed] = []
        self.done: Done | None = None
        self.printed = bytearray()
        self.has_strayed = False
        """The scene wrote where only a worker speaks to the host."""
        self._max_printed_bytes = max_printed_bytes

    @property
    def counts(self) -> bool:
        """Tell whether what the child says counts; else rendering shows the host what the scene does."""
        return not self.has_strayed and len(self.printed) <= self._max_printed_bytes

    def listen_to_prints(self, data: bytes) -> None:
        """Keep what the scene printed, and one byte more than it may print."""
        self.printed += data[: self._max_printed_bytes + 1 - len(self.printed)]

    @property
    def rehearsed(self) -> Rehearsed | None:
        """Return the figures, if the child got so far."""
        return next((message for message in self.messages if isinstance(message, Rehearsed)), None)


def rehearse(request: Request, forget: Callable[[int], None]) -> Heard:
    """Rehearse the scene; a child that dies or says nonsense leaves nothing, and rendering will tell why.

    Args:
        request: What is to be rendered; Manim is configured for it.
        forget: Called in the child, to let go of what is the parent's alone; what is written there then goes into the
            descriptor that it gets.
    """
    pipes = [os.pipe2(os.O_CLOEXEC) for _ in range(3)]
    ears, mouths = [ear for ear, _ in pipes], [mouth for _, mouth in pipes]
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        _close(ears)
        forget(mouths[2])
        _perform(request, *mouths[:2])
    _close(mouths)
    heard = Heard(request.max_log_bytes)
    budget = BUDGETS[request.rehearse]
    try:
        told = _listen(ears, heard, budget.seconds(request.limit_s) + budget.patience_s)
        if heard.counts:
            _understand(told, heard)
    finally:
        _close(ears)
        _bury(child)
    return heard


def _close(fds: Iterable[int]) -> None:
    for fd in fds:
        os.close(fd)


def _listen(ears: Sequence[int], heard: Heard, patience_s: float) -> bytes:
    """Read what is told, printed and goes astray until what is told ends, or all is in vain, or the time is up."""
    told_in, printed_in, _ = ears
    told = b""
    give_up_at = time.monotonic() + patience_s
    open_fds = list(ears)
    while told_in in open_fds and len(told) <= MAX_TOLD_BYTES and heard.counts:
        ready, _, _ = select.select(open_fds, [], [], max(0.0, give_up_at - time.monotonic()))
        if not ready:
            break
        for fd in ready:
            data = os.read(fd, _READ_BYTES)
            if not data:
                open_fds.remove(fd)
            elif fd == told_in:
                told += data
            elif fd == printed_in:
                heard.listen_to_prints(data)
            else:
                heard.has_strayed = True
    _hear_out(printed_in, heard)
    return told


def _hear_out(printed_in: int, heard: Heard) -> None:
    """Take what was printed last: it stands in the pipe, which the scene may have made larger than pipes are."""
    os.set_blocking(printed_in, False)
    with contextlib.suppress(BlockingIOError):
        while heard.counts and (data := os.read(printed_in, _READ_BYTES)):
            heard.listen_to_prints(data)


def _understand(told: bytes, heard: Heard) -> None:
    """Take what the child said: findings, figures, and how the scene ended where it failed."""
    with contextlib.suppress(ProtocolViolation):
        for frame in Decoder().feed(told):
            if isinstance(frame, (Finding, Rehearsed)) and heard.rehearsed is None:
                heard.messages.append(frame)
            elif isinstance(frame, Done):
                heard.done = frame


def _bury(child: int) -> None:
    """End the child and what it has started, which is in its group."""
    for end in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            end(child, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(child, 0)


def _perform(request: Request, told_out: int, printed_out: int) -> NoReturn:
    """Be the child: rehearse, tell, and end without returning."""
    try:
        os.setpgid(0, 0)
        os.dup2(printed_out, 1)
        os.dup2(printed_out, 2)
        FOLDER.mkdir(exist_ok=True)
        os.chdir(FOLDER)
        for frame in _say(request):
            _write(told_out, encode(frame))
    finally:
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(0)


def _say(request: Request) -> Iterator[Finding | Rehearsed | Done]:
    """Rehearse, and yield what there is to tell."""
    from manimatic_worker.failures import failure
    from manimatic_worker.rehearsal.performance import Performance

    performance, budget = Performance(request), BUDGETS[request.rehearse]
    alarm = _Alarm(budget.seconds(request.limit_s))
    done, busy_s = None, time.process_time()
    try:
        with alarm:
            performance.run()
    except BaseException as error:  # noqa: BLE001  what a scene may raise has no bounds
        is_to_blame = budget.blames(alarm.after_s, time.process_time() - busy_s)
        if not alarm.has_rung or (isinstance(error, TimeIsUp) and is_to_blame):
            done = failure(
                error, scene=performance.scene_name, animations=performance.animations, video_s=performance.duration_s
            )
    yield from performance.told()
    if done is not None:
        yield done


class _Alarm:
    """Raises TimeIsUp in the line that runs when the time is up; what a scene then makes of that is not its fault.

    Args:
        after_s: How long the scene may take.
    """

    def __init__(self, after_s: float) -> None:
        self.after_s = after_s
        self.has_rung = False

    def __enter__(self) -> None:
        signal.signal(signal.SIGALRM, self._ring)
        signal.setitimer(signal.ITIMER_REAL, self.after_s)

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)

    def _ring(self, *_: object) -> None:
        self.has_rung = True
        raise TimeIsUp(
            f"The scene was rehearsed for {self.after_s:.0f} seconds and had not ended; rendering takes longer."
        )


def _write(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
