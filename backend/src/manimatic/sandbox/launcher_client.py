"""The dispatcher's side of the launcher: a `Sandbox` that runs in another process."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from manimatic.errors import JobCancelled, SandboxError, SandboxUnavailable
from manimatic.ports import RunListener, RunRequest, RunResult
from manimatic.sandbox import wire
from manimatic.sandbox.intake import Intake, IntakeRefused
from manimatic.sandbox.printable import printable
from manimatic.sandbox.wire_rehearsal import rehearsal_from_dict
from manimatic.verdicts import Verdict

CONNECT_TIMEOUT_S = 5.0
RESTART_S = 15.0
"""How long a run waits for a launcher that is being started again."""
DESCRIBE_TIMEOUT_S = 60.0
POLL_S = 0.2
SILENCE_S = 30.0
"""A launcher that says nothing for this long after the run's own limit is taken for dead."""


class LauncherSandbox:
    """Runs scenes through the launcher that listens on this unix socket."""

    def __init__(self, socket_path: Path) -> None:
        self._path = socket_path

    def describe(self) -> Mapping[str, Any]:
        """Ask the launcher what it enforces. Raises SandboxUnavailable, SandboxError."""
        try:
            with self._connected(0.0, threading.Event()) as connection:
                connection.settimeout(DESCRIBE_TIMEOUT_S)
                wire.send(connection, {"type": "describe"})
                isolation = _message(wire.Receiver(connection).receive()).get("isolation")
        except (OSError, EOFError) as error:
            raise SandboxError("The launcher does not say what it enforces.") from error
        if not isinstance(isolation, dict):
            raise SandboxError("The launcher does not say what it enforces.")
        return isolation

    def run(self, request: RunRequest, listener: RunListener, cancel: threading.Event, folder: Path) -> RunResult:
        """Run one worker there; see the port."""
        intake = Intake(folder, request.limits.max_artefact_bytes)
        try:
            with self._connected(RESTART_S, cancel) as connection:
                self._ask(connection, request)
                result = _Conversation(connection, request, listener, intake).until_result(cancel)
                return intake.settle(result, wants_video=request.wants_video)
        except SandboxUnavailable:
            raise
        except (SandboxError, OSError, EOFError) as error:
            return RunResult(verdict=Verdict.SANDBOX_ERROR, message=_explain(error))
        finally:
            intake.close()

    @contextmanager
    def _connected(self, patience_s: float, cancel: threading.Event) -> Iterator[socket.socket]:
        give_up_at = time.monotonic() + patience_s
        while True:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(CONNECT_TIMEOUT_S)
                try:
                    connection.connect(str(self._path))
                except OSError as error:
                    if cancel.is_set():
                        raise JobCancelled from error
                    if time.monotonic() < give_up_at:
                        cancel.wait(POLL_S)
                        continue
                    raise SandboxError(f"The launcher is not reachable at {self._path}: {error.strerror}.") from error
                yield connection
                return

    def _ask(self, connection: socket.socket, request: RunRequest) -> None:
        connection.settimeout(SILENCE_S)
        wire.send(connection, {"type": "run", "request": wire.request_to_dict(request)})
        for part in request.parts:
            wire.send(connection, {"type": "begin"})
            wire.send_file(connection, part)
            wire.send(connection, {"type": "end"})


class _Conversation:
    """What the launcher says about one run."""

    def __init__(self, connection: socket.socket, request: RunRequest, listener: RunListener, intake: Intake) -> None:
        self._receiver = wire.Receiver(connection)
        self._connection = connection
        self._listener = listener
        self._intake = intake
        self._patience_s = request.limits.timeout_s + SILENCE_S

    def until_result(self, cancel: threading.Event) -> RunResult:
        """Pass everything on until the result comes. Raises JobCancelled, SandboxError, EOFError."""
        self._connection.settimeout(POLL_S)
        waited_s = 0.0
        while waited_s < self._patience_s:
            if cancel.is_set():
                raise JobCancelled
            try:
                message = self._receiver.receive()
            except TimeoutError:
                waited_s += POLL_S
                continue
            try:
                result = self._take(message)
            except IntakeRefused as error:
                return RunResult(verdict=Verdict.INVALID_OUTPUT, message=f"The worker broke the protocol: {error}.")
            if result is not None:
                return result
        raise SandboxError("The launcher does not answer.")

    def _take(self, message: dict[str, Any] | bytes) -> RunResult | None:
        if isinstance(message, bytes):
            self._intake.chunk(message)
            return None
        match _message(message):
            case {
                "type": "progress",
                "animation": int(animation),
                "video_s": int() | float() as video_s,
                "line": line,
                "total": total,
            }:
                self._listener.progress(animation=animation, video_s=video_s, line=_whole(line), total=_whole(total))
            case {"type": "rehearsed", "rehearsal": dict(body)}:
                self._listener.rehearsed(rehearsal_from_dict(body))
            case {"type": "log", "text": str(text)}:
                self._listener.log(printable(text))
            case {"type": "begin", "kind": str(kind)}:
                self._intake.begin(kind)
            case {"type": "end"}:
                self._intake.end()
            case {"type": "result", "result": dict(body)}:
                return wire.result_from_dict(body)
            case _:
                raise SandboxError("The launcher sent something that is not due.")
        return None


def _explain(error: Exception) -> str:
    if isinstance(error, SandboxError):
        return error.message
    if isinstance(error, (EOFError, ConnectionError, TimeoutError)):
        return "The launcher ended in mid-run."
    return f"The run's files cannot be read or written: {getattr(error, 'strerror', None) or error}."


def _message(message: dict[str, Any] | bytes) -> dict[str, Any]:
    """Return the message, or raise the error that it reports."""
    if isinstance(message, bytes):
        raise SandboxError("The launcher sent bytes where a message was due.")
    if message["type"] == "error":
        kind = SandboxUnavailable if message.get("code") == SandboxUnavailable.code else SandboxError
        raise kind(_text(message, "message"), hint=_text(message, "hint"))
    return message


def _text(message: Mapping[str, Any], name: str) -> str | None:
    """Return a field of an error, if it is text."""
    value = message.get(name)
    return printable(value) if isinstance(value, str) else None


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) else None
