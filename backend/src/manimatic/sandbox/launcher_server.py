"""The launcher's server: takes run requests on a unix socket and runs them in a sandbox of this machine.

It holds no keys and knows no jobs. A connection is one run; when the dispatcher goes away the run is killed.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import tempfile
import threading
from pathlib import Path
from typing import Any, Protocol

from manimatic.errors import JobCancelled, ManimaticError, SandboxError
from manimatic.ports import Limits, RunListener, RunRequest, RunResult, Sandbox
from manimatic.sandbox import wire
from manimatic.sandbox.supervisor import ArtefactSink

SEND_TIMEOUT_S = 60.0
"""A dispatcher that takes nothing for this long has its run killed."""


class SupervisedSandbox(Sandbox, Protocol):
    """A sandbox that can hand artefacts on as they come."""

    def supervise(
        self, request: RunRequest, listener: RunListener, cancel: threading.Event, sink: ArtefactSink
    ) -> RunResult:
        """Run one worker, handing its artefacts to `sink`."""


class LauncherServer:
    """Serve runs on a unix socket that only this user (and root) may use.

    Args:
        sandbox: Where scenes run.
        bounds: No request may ask for more than this.
    """

    def __init__(self, sandbox: SupervisedSandbox, bounds: Limits, socket_path: Path) -> None:
        self._sandbox = sandbox
        self._bounds = bounds
        self._path = socket_path

    def listen(self) -> socket.socket:
        """Bind the socket; an old one at the same path is replaced."""
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._path.unlink(missing_ok=True)
        mask = os.umask(0o177)
        try:
            listener.bind(str(self._path))
        finally:
            os.umask(mask)
        listener.listen(64)
        return listener

    def serve_forever(self, listener: socket.socket) -> None:
        """Take connections until the listening socket is closed."""
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError, EOFError):
            connection.settimeout(SEND_TIMEOUT_S)
            if not _may_ask(connection):
                return
            try:
                self._answer(connection)
            except ManimaticError as error:
                wire.send(
                    connection, {"type": "error", "code": error.code, "message": error.message, "hint": error.hint}
                )

    def _answer(self, connection: socket.socket) -> None:
        receiver = wire.Receiver(connection)
        message = receiver.receive()
        if not isinstance(message, dict):
            raise SandboxError("The launcher expected a request.")
        if message["type"] == "describe":
            wire.send(connection, {"type": "isolation", "isolation": dict(self._sandbox.describe())})
        elif message["type"] == "run":
            with tempfile.TemporaryDirectory(prefix="manimatic-parts-") as folder:
                self._run(connection, receiver, message["request"], Path(folder))

    def _run(self, connection: socket.socket, receiver: wire.Receiver, body: dict[str, Any], folder: Path) -> None:
        parts = tuple(_receive_part(receiver, folder / str(number)) for number in range(int(body["parts"])))
        request = wire.request_from_dict(body, parts)
        _check_bounds(request.limits, self._bounds)
        cancel = threading.Event()
        watcher = threading.Thread(target=_watch, args=(connection, cancel), daemon=True)
        watcher.start()
        forwarder = _Forwarder(connection)
        try:
            result = self._sandbox.supervise(request, forwarder, cancel, forwarder)
        except JobCancelled:
            return
        wire.send(connection, {"type": "result", "result": wire.result_to_dict(result)})


class _Forwarder:
    """Passes a run's events and artefacts on to the dispatcher."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def progress(self, *, animation: int, video_s: float, line: int | None) -> None:
        wire.send(self._connection, {"type": "progress", "animation": animation, "video_s": video_s, "line": line})

    def log(self, text: str) -> None:
        wire.send(self._connection, {"type": "log", "text": text})

    def begin(self, kind: str) -> None:
        wire.send(self._connection, {"type": "begin", "kind": kind})

    def chunk(self, data: bytes) -> None:
        wire.send_chunk(self._connection, data)

    def end(self) -> None:
        wire.send(self._connection, {"type": "end"})


def _may_ask(connection: socket.socket) -> bool:
    """Check who is at the other end: this user, or root."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    uid = struct.unpack("3i", credentials)[1]
    return uid in {0, os.geteuid()}


def _check_bounds(wanted: Limits, bounds: Limits) -> None:
    for name in Limits.__slots__:
        if not 0 < getattr(wanted, name) <= getattr(bounds, name):
            raise SandboxError(f"The launcher does not allow {name}={getattr(wanted, name)}.")


def _receive_part(receiver: wire.Receiver, path: Path) -> Path:
    receiver.receive()
    with path.open("xb") as stream:
        while isinstance(data := receiver.receive(), bytes):
            stream.write(data)
    return path


def _watch(connection: socket.socket, cancel: threading.Event) -> None:
    """Set `cancel` when the dispatcher goes away: it sends nothing more while the run goes on."""
    while True:
        try:
            if not connection.recv(1):
                break
        except TimeoutError:
            continue
        except OSError:
            break
    cancel.set()
