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
from manimatic.checking.check import MAX_CHARACTERS, too_complex
from manimatic.checking.fixing import Fixed
from manimatic.checking.report import Report, Severity
from manimatic.checking.wire import fixed_from_json
from manimatic.errors import ManimaticError

CPU_S = 5
"""CPU seconds that one source may take."""
WALL_S = 20.0
"""Seconds after which a process that does not answer is killed; the machine may be busy."""
START_S = 30.0
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
        self._fresh = True

    def check(
        self, code: str, *, policy: Severity = Severity.WARNING, packages: frozenset[str] = frozenset()
    ) -> Report:
        """Check a source; one that kills the checker is `too-complex`."""
        return self._ask(code, fix=False, policy=policy, packages=packages).report

    def fix(self, code: str, *, policy: Severity = Severity.WARNING, packages: frozenset[str] = frozenset()) -> Fixed:
        """Mend a source; one that kills the checker is left as it is, and `too-complex`."""
        return self._ask(code, fix=True, policy=policy, packages=packages)

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

    def _ask(self, code: str, *, fix: bool, policy: Severity, packages: frozenset[str]) -> Fixed:
        if len(code) > MAX_CHARACTERS:
            return _refused(code, f"The source is longer than {MAX_CHARACTERS} characters.")
        request = {
            "code": code,
            "fix": fix,
            "policy": policy.value,
            "packages": sorted(packages),
            "cpu_s": CPU_S,
        }
        with self._lock:
            try:
                return fixed_from_json(self._exchange(json.dumps(request).encode() + b"\n"))
            except (_Died, OSError):
                self._end()
                return _refused(code, "The source is too complex to check.")
            except (KeyError, TypeError, ValueError) as error:
                self._end()
                raise ManimaticError("The checker gave an answer that is none.") from error

    def _exchange(self, request: bytes) -> Any:
        child = self._child if self._child is not None and self._child.poll() is None else self._start()
        assert child.stdin is not None  # noqa: S101
        assert child.stdout is not None  # noqa: S101
        deadline = time.monotonic() + WALL_S + (START_S if self._fresh else 0.0)
        child.stdin.write(request)
        child.stdin.flush()
        answer = json.loads(_read_line(child.stdout.fileno(), deadline))
        self._fresh = False
        return answer

    def _start(self) -> subprocess.Popen[bytes]:
        self._end()
        source = str(Path(manimatic.__file__).parent.parent)
        self._child = subprocess.Popen(
            [sys.executable, "-I", "-S", "-B", "-c", _START, source],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
        )
        self._fresh = True
        return self._child

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


def _refused(code: str, message: str) -> Fixed:
    return Fixed(code=code, applied=(), report=too_complex(message))


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
