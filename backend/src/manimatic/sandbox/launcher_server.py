"""The launcher's server: takes run requests on a unix socket and runs them in a sandbox of this machine.

It holds no keys and knows no jobs. A connection is one run; when the dispatcher goes away the run is killed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from manimatic.errors import JobCancelled, ManimaticError, SandboxError
from manimatic.ports import Limits, RunListener, RunRequest, RunResult, Sandbox
from manimatic.rehearsal import Rehearsal
from manimatic.sandbox import wire
from manimatic.sandbox.supervisor import ArtefactSink
from manimatic.sandbox.wire_rehearsal import rehearsal_to_dict
from manimatic.scratch import scratch_folder

SEND_TIMEOUT_S = 60.0
"""A dispatcher that takes nothing for this long has its run killed."""
ACCEPT_PAUSE_S = 0.1
"""Time for open files to be closed where there are too many of them."""
_CLOSED = frozenset({errno.EBADF, errno.EINVAL})

STOP_TIMEOUT_S = 8.0
"""How long the ends of all runs may take together when the launcher is told to stop."""


class SupervisedSandbox(Sandbox, Protocol):
    """A sandbox that can hand artefacts on as they come."""

    def supervise(
        self, request: RunRequest, listener: RunListener, cancel: threading.Event, sink: ArtefactSink
    ) -> RunResult:
        """Run one worker, handing its artefacts to `sink`."""

    def keep_warm(self, size: int, limits: Limits, until: threading.Event) -> None:
        """Keep workers waiting for requests with these limits until the event is set; returns when none is left."""

    def pool_state(self) -> Mapping[str, int]:
        """Return how many workers are to wait and how many do."""


class LauncherServer:
    """Serve runs on a unix socket that only the dispatcher's user (and root) may use.

    Args:
        sandbox: Where scenes run.
        bounds: No request may ask for more than this.
        socket_path: Where it listens.
        client: The uid of the dispatcher, where that is another than the launcher's.
        tell: Takes an event and its facts for the operator's log; nothing of what a worker says is among them.
        pool_size: How many workers are to wait for requests, started with what `bounds` allows.
    """

    def __init__(
        self,
        sandbox: SupervisedSandbox,
        bounds: Limits,
        socket_path: Path,
        *,
        client: int | None = None,
        tell: Callable[..., None] = lambda event, **facts: None,
        pool_size: int = 0,
    ) -> None:
        self._sandbox = sandbox
        self._bounds = bounds
        self._path = socket_path
        self._client = client
        self._tell = tell
        self._pool_size = pool_size
        self._stopping = threading.Event()
        self._warmer: threading.Thread | None = None
        self._lock = threading.Lock()
        self._serving: dict[threading.Thread, socket.socket] = {}

    def listen(self) -> socket.socket:
        """Bind the socket; an old one at the same path is replaced."""
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._path.unlink(missing_ok=True)
        mask = os.umask(0o177)
        try:
            listener.bind(str(self._path))
        finally:
            os.umask(mask)
        if self._client is not None:
            os.chown(self._path, self._client, -1)
        listener.listen(64)
        return listener

    def serve_forever(self, listener: socket.socket) -> None:
        """Take connections until the listening socket is shut down or closed; meanwhile keep workers waiting."""
        if self._pool_size:
            self._warmer = threading.Thread(target=self._keep_warm, name="warmer", daemon=True)
            self._warmer.start()
        while True:
            try:
                connection, _ = listener.accept()
            except OSError as error:
                if error.errno in _CLOSED:
                    return
                time.sleep(ACCEPT_PAUSE_S)
                continue
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            with self._lock:
                self._serving[thread] = connection
            thread.start()

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """End all runs as if their dispatchers had gone, and wait until nothing of their sandboxes is left."""
        give_up_at = time.monotonic() + timeout_s
        with self._lock:
            serving = dict(self._serving)
        for connection in serving.values():
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in serving:
            thread.join(max(0.0, give_up_at - time.monotonic()))
        if self._warmer is not None:
            self._stopping.set()
            self._warmer.join(max(0.0, give_up_at - time.monotonic()))

    def _keep_warm(self) -> None:
        """Keep workers waiting; where no sandbox can be had, requests are told so."""
        try:
            self._sandbox.keep_warm(self._pool_size, self._bounds, self._stopping)
        except ManimaticError as error:
            self._tell("no worker is kept waiting", why=error.code)

    def _serve(self, connection: socket.socket) -> None:
        try:
            self._converse(connection)
        finally:
            with self._lock:
                del self._serving[threading.current_thread()]

    def _converse(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError, EOFError):
            connection.settimeout(SEND_TIMEOUT_S)
            if not _may_ask(connection, self._client):
                return
            try:
                self._answer(connection)
            except ManimaticError as error:
                _send_error(connection, error)
            except Exception as error:  # noqa: BLE001  a bug of ours must reach the job as our failure
                _send_error(connection, SandboxError(f"The launcher failed: {type(error).__name__}."))

    def _answer(self, connection: socket.socket) -> None:
        receiver = wire.Receiver(connection)
        message = receiver.receive()
        match message:
            case {"type": "describe", **more} if not more:
                wire.send(connection, {"type": "isolation", "isolation": self._described()})
            case {"type": "run", "request": {"parts": int(count)} as body, **more} if not more:
                with scratch_folder() as folder:
                    parts = _receive_parts(receiver, count, folder, self._bounds.max_artefact_bytes)
                    self._run(connection, wire.request_from_dict(body, parts))
            case _:
                raise SandboxError("The launcher expected a request.")

    def _described(self) -> dict[str, Any]:
        described = dict(self._sandbox.describe())
        return {**described, "pool": dict(self._sandbox.pool_state())} if self._pool_size else described

    def _run(self, connection: socket.socket, request: RunRequest) -> None:
        _check_bounds(request.limits, self._bounds)
        forwarder = _Forwarder(connection)
        with self._told(request) as facts, _watched(connection) as cancel, contextlib.suppress(JobCancelled):
            result = self._sandbox.supervise(request, forwarder, cancel, forwarder)
            facts["verdict"] = result.verdict.value
            wire.send(connection, {"type": "result", "result": wire.result_to_dict(result)})

    @contextmanager
    def _told(self, request: RunRequest) -> Iterator[dict[str, Any]]:
        """Have the log know of a worker's beginning and end, under the ids of its job and request."""
        ids = {"run_id": request.run_id, **dataclasses.asdict(request.trace)}
        facts: dict[str, Any] = {"verdict": None}
        started = time.monotonic()
        self._tell("worker starts", **ids)
        try:
            yield facts
        finally:
            self._tell("worker ended", **ids, **facts, seconds=round(time.monotonic() - started, 3))


class _Forwarder:
    """Passes a run's events and artefacts on to the dispatcher."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def rehearsed(self, rehearsal: Rehearsal) -> None:
        wire.send(self._connection, {"type": "rehearsed", "rehearsal": rehearsal_to_dict(rehearsal)})

    def progress(self, *, animation: int, video_s: float, line: int | None, total: int | None = None) -> None:
        body = {"animation": animation, "video_s": video_s, "line": line, "total": total}
        wire.send(self._connection, {"type": "progress", **body})

    def log(self, text: str) -> None:
        wire.send(self._connection, {"type": "log", "text": text})

    def begin(self, kind: str) -> None:
        wire.send(self._connection, {"type": "begin", "kind": kind})

    def chunk(self, data: bytes) -> None:
        wire.send_chunk(self._connection, data)

    def end(self) -> None:
        wire.send(self._connection, {"type": "end"})


def _send_error(connection: socket.socket, error: ManimaticError) -> None:
    wire.send(connection, {"type": "error", "code": error.code, "message": error.message, "hint": error.hint})


def _may_ask(connection: socket.socket, client: int | None) -> bool:
    """Check who is at the other end."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return is_allowed(struct.unpack("3i", credentials)[1], client)


def is_allowed(uid: int, client: int | None = None) -> bool:
    """Tell whether this user may have scenes run: the dispatcher's, where it is known, else our own; and root."""
    return uid in {0, os.geteuid() if client is None else client}


def _check_bounds(wanted: Limits, bounds: Limits) -> None:
    """Refuse what is more than is allowed, or no number. Raises SandboxError."""
    for field in dataclasses.fields(Limits):
        value, bound = getattr(wanted, field.name), getattr(bounds, field.name)
        kinds = (int, float) if isinstance(field.default, float) else (int,)
        if type(value) not in kinds or not 0 < value <= bound:
            raise SandboxError(f"The launcher does not allow {field.name}={value!r}.")


def _receive_parts(receiver: wire.Receiver, count: int, folder: Path, max_bytes: int) -> tuple[Path, ...]:
    """Write the parts into the folder. Raises SandboxError where they are too many bytes."""
    paths = []
    for number in range(count):
        receiver.receive()
        path = folder / str(number)
        with path.open("xb") as stream:
            while isinstance(data := receiver.receive(), bytes):
                max_bytes -= len(data)
                if max_bytes < 0:
                    raise SandboxError("The parts are larger than a run's artefacts may be.")
                stream.write(data)
        paths.append(path)
    return tuple(paths)


@contextmanager
def _watched(connection: socket.socket) -> Iterator[threading.Event]:
    """Give an event that is set when the dispatcher goes away: it sends nothing more while the run goes on."""
    cancel = threading.Event()
    watcher = threading.Thread(target=_watch, args=(connection, cancel), name="watcher", daemon=True)
    watcher.start()
    try:
        yield cancel
    finally:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RD)
        watcher.join()


def _watch(connection: socket.socket, cancel: threading.Event) -> None:
    while True:
        try:
            if not connection.recv(1):
                break
        except TimeoutError:
            continue
        except OSError:
            break
    cancel.set()
