"""The checker in a process of its own, kept warm."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import manimatic
from manimatic.checking.check import MAX_CHARACTERS, too_much
from manimatic.diagnostics import CheckReport, report_from_json
from manimatic.errors import CheckerError
from manimatic.ports import CheckOptions

CPU_S = 5
"""CPU seconds that one source may take."""
WALL_S = 20.0
"""Seconds after which a process that does not answer is killed; the machine may be busy."""
START_S = 30.0
QUEUE_S = 60.0
"""Seconds that a source waits for its turn."""
MAX_ANSWER_BYTES = 4 * 1024 * 1024
_START = "import sys; sys.path.insert(0, sys.argv[1]); from manimatic.checking.child import main; main()"


class _Died(Exception):
    """The process gave no answer."""


class CheckerProcess:
    """Checks and mends sources in a limited child process; one that dies is replaced for the next source.

    Safe to use from several threads, one request at a time.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None

    def check(self, code: str, options: CheckOptions) -> CheckReport:
        """Check a source, and mend it first where that is asked for; one that kills the checker is `too-complex`.

        Raises:
            CheckerError: The checker cannot be started, gives nonsense, or is busy with others' sources.
        """
        if len(code) > MAX_CHARACTERS:
            return too_much(code, "too-long", f"The source is longer than {MAX_CHARACTERS} characters.")
        request = {"code": code, "fix": options.fix, "policy": options.policy.value, "cpu_s": CPU_S}
        if not self._lock.acquire(timeout=QUEUE_S):
            raise CheckerError("The checker is busy.")
        try:
            return report_from_json(self._exchange(json.dumps(request).encode() + b"\n"))
        except _Died:
            self._end()
            return too_much(code, "too-complex", "Checking the source took too much time or memory.")
        except (KeyError, TypeError, ValueError, OSError) as error:
            self._end()
            raise CheckerError from error
        finally:
            self._lock.release()

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _exchange(self, request: bytes) -> Any:
        """Send a request and return the answer; a process that died while it was idle is replaced first."""
        for child in (self._living(), None):
            child = child or self._start()
            assert child.stdin is not None  # noqa: S101
            assert child.stdout is not None  # noqa: S101
            with contextlib.suppress(BrokenPipeError):
                child.stdin.write(request)
                child.stdin.flush()
                return json.loads(_read_line(child.stdout.fileno(), time.monotonic() + WALL_S))
        raise _Died

    def _living(self) -> subprocess.Popen[bytes] | None:
        return self._child if self._child is not None and self._child.poll() is None else None

    def _start(self) -> subprocess.Popen[bytes]:
        """Start a process and wait until it is ready. Raises CheckerError, OSError."""
        self._end()
        source = str(Path(manimatic.__file__).parent.parent)
        self._child = child = subprocess.Popen(
            [sys.executable, "-I", "-S", "-B", "-c", _START, source],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
        )
        assert child.stdout is not None  # noqa: S101
        try:
            _read_line(child.stdout.fileno(), time.monotonic() + START_S)
        except _Died:
            raise CheckerError("The checker's process does not start.") from None
        return child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for stream in (child.stdin, child.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


def _read_line(descriptor: int, deadline: float) -> bytes:
    """Read one line of the child's; raises _Died where there is none in time."""
    received = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while not received.endswith(b"\n"):
            if not selector.select(max(deadline - time.monotonic(), 0)) or len(received) > MAX_ANSWER_BYTES:
                raise _Died
            piece = os.read(descriptor, 65536)
            if not piece:
                raise _Died
            received += piece
    return bytes(received)
