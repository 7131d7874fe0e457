"""Draw in processes of their own: each is forked where a play has begun, draws its frames, and ends.

A child has all that the scene has, whatever it is, since it is a copy of the process. It answers over a pipe of its
own: nothing when it did its work, else what went wrong. It ends with its parent.
"""

from __future__ import annotations

import builtins
import contextlib
import ctypes
import gc
import importlib
import json
import os
import random
import select
import signal
import sys
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_MOST_PICTURE = 32 << 20
"""The C library takes no more for the size from which it gives memory back (malloc/malloc.c: HEAP_MAX_SIZE / 2)."""
_MAX_ANSWER = 1 << 20


class DrawingFailed(RuntimeError):
    """A process that drew frames ended without saying why."""


@dataclass(slots=True)
class Job:
    """A process that draws, and what to do when it is done."""

    pid: int
    answer: int
    segment: Path


class Crew:
    """The processes that draw for one render.

    Args:
        size: How many may draw at once.
        done: Called with a segment when a process for it has done its work, in the order in which they end.
    """

    def __init__(self, size: int, done: Callable[[Path], None]) -> None:
        self.size = size
        self._done = done
        self._jobs: list[Job] = []

    def send(self, segment: Path, work: Callable[[], None]) -> None:
        """Fork a process that does this work, when one of the places is free.

        Raises:
            BaseException: What another process failed with.
        """
        self._collect(least=len(self._jobs) - self.size + 1)
        read, write = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        parent, numbers = os.getpid(), random.getstate()
        pid = os.fork()
        if pid == 0:
            random.setstate(numbers)  # Python seeds them anew in a child
            _serve(work, write, parent)
        os.close(write)
        self._jobs.append(Job(pid, read, segment))

    def look(self) -> None:
        """Take note of the work that is done, without waiting. Raises what a process has failed with."""
        ready, _, _ = select.select([job.answer for job in self._jobs], [], [], 0)
        if ready:
            self._collect(least=len(ready))

    def wait_for(self, segment: Path) -> None:
        """Wait until no process works at a segment."""
        while any(job.segment == segment for job in self._jobs):
            self._collect(least=1)

    def is_busy_at(self, segment: Path) -> bool:
        """Tell whether a process works at a segment, without waiting."""
        ready, _, _ = select.select([job.answer for job in self._jobs], [], [], 0)
        return any(job.segment == segment and job.answer not in ready for job in self._jobs)

    def finish(self) -> None:
        """Wait until all work is done; the first failure is raised when nothing runs any more."""
        failure: BaseException | None = None
        while self._jobs:
            try:
                self._collect(least=1)
            except BaseException as error:  # noqa: BLE001  the others have to end first
                failure = failure or error
        if failure is not None:
            raise failure

    def abandon(self, segment: Path) -> None:
        """End the processes that work at a segment."""
        for job in [job for job in self._jobs if job.segment == segment]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(job.pid, signal.SIGKILL)
            self._bury(job)

    def _collect(self, *, least: int) -> None:
        while least > 0 and self._jobs:
            ready, _, _ = select.select([job.answer for job in self._jobs], [], [])
            for job in [job for job in self._jobs if job.answer in ready]:
                answer = os.read(job.answer, _MAX_ANSWER)
                status = self._bury(job)
                least -= 1
                if status or answer:
                    raise _failure(answer, status)
                self._done(job.segment)

    def _bury(self, job: Job) -> int:
        self._jobs.remove(job)
        os.close(job.answer)
        _, status = os.waitpid(job.pid, 0)
        return status


def _serve(work: Callable[[], None], answer: int, parent: int) -> None:
    """Do the work in a fresh child, and end."""
    status = 1
    try:
        _end_with(parent)
        gc.freeze()
        _keep_memory()
        _be_quiet()
        work()
        status = 0
    except BaseException as error:  # noqa: BLE001  the parent raises it
        told = json.dumps(_described(error)).encode()[: _MAX_ANSWER // 2]
        with contextlib.suppress(OSError):
            os.write(answer, told)
    finally:
        os._exit(status)


def _end_with(parent: int) -> None:
    """Have the kernel end this process when its parent ends, where the kernel can."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)


def _keep_memory() -> None:
    """Have the C library keep what was a picture for the next one: cleared pages took a tenth of a play's time."""
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError):
            set_option = ctypes.CDLL(None).mallopt
            set_option(_M_MMAP_THRESHOLD, _MOST_PICTURE)
            set_option(_M_TRIM_THRESHOLD, 8 * _MOST_PICTURE)


def _be_quiet() -> None:
    """Print nothing: what updaters print, the parent prints."""
    silence = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(silence, descriptor)
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115


def _described(error: BaseException) -> dict[str, Any]:
    cause = error.__cause__ if isinstance(error, RuntimeError) and error.__cause__ else None
    return {
        "module": type(error).__module__,
        "name": type(error).__qualname__,
        "args": [argument if isinstance(argument, (str, int, float)) else str(argument) for argument in error.args],
        "trace": "".join(traceback.format_exception(cause or error))[-8000:],
    }


def _failure(answer: bytes, status: int) -> BaseException:
    """Make of a child's answer the exception that the play raises."""
    try:
        told = json.loads(answer)
    except ValueError:
        how = f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"status {os.WEXITSTATUS(status)}"
        return DrawingFailed(f"A process that drew frames ended with {how}. Was there too little memory?")
    try:
        kind: Any = vars(builtins).get(told["name"]) or getattr(importlib.import_module(told["module"]), told["name"])
        error = kind(*told["args"])
    except Exception:  # noqa: BLE001  a class of the scene's own may need anything
        error = RuntimeError(f"{told['name']}: {', '.join(map(str, told['args']))}")
    if not isinstance(error, BaseException):
        error = RuntimeError(str(told["args"]))
    made: BaseException = error
    made.add_note(f"While drawing frames in a process of its own:\n{told['trace']}")
    return made


def join(parts: Iterable[Path], target: Path) -> None:
    """Put the parts of a segment together, without encoding anything again, and remove them."""
    import io

    import av

    paths = list(parts)
    unfinished = target.with_name(f".{target.name}.unfinished")
    manifest = io.BytesIO("".join(f"file 'file:{path.absolute().as_posix()}'\n" for path in paths).encode())
    kind = target.suffix.removeprefix(".")
    with (
        av.open(manifest, format="concat", options={"safe": "0"}) as source,
        av.open(str(unfinished), "w", format=kind) as out,
    ):
        stream = source.streams.video[0]
        copy = out.add_stream_from_template(stream)
        for packet in source.demux(stream):
            if packet.dts is None:
                continue
            packet.dts = None
            packet.stream = copy
            out.mux(packet)
    unfinished.replace(target)
    for path in paths:
        path.unlink()
