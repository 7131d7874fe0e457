"""The language between dispatcher and launcher, over a unix socket.

Frames are those of the worker's protocol: one byte of kind, four of length, a payload. Both ends are ours, yet what
passes through began as a guest's bytes, so sizes stay capped.

==============  =========================================================================================
from           messages (JSON objects, by ``type``)
==============  =========================================================================================
dispatcher      ``describe``; ``run`` with the request, then each part as ``begin``, chunks, ``end``
launcher        ``isolation``; ``rehearsed``, ``progress``, ``log``, ``begin``, chunks, ``end``, and last ``result``;
                ``error`` with code, message and hint instead of either
==============  =========================================================================================
"""

from __future__ import annotations

import dataclasses
import json
import re
import socket
from collections.abc import Mapping
from pathlib import Path
from types import NoneType
from typing import Any

from manimatic_worker.protocol import HEADER, MAX_CHUNK_BYTES

from manimatic.errors import SandboxError
from manimatic.jobs import Options, Quality
from manimatic.ports import Limits, RunRequest, RunResult, Trace
from manimatic.rehearsal import Rehearse
from manimatic.sandbox.printable import printable
from manimatic.sandbox.wire_rehearsal import rehearsal_from_dict
from manimatic.verdicts import Verdict

MAX_MESSAGE_BYTES = 8 * 1024 * 1024
_CAPS = {b"J": MAX_MESSAGE_BYTES, b"A": MAX_CHUNK_BYTES}
READ_BYTES = 1 << 16
_ID = re.compile(r"[A-Za-z0-9._-]{0,64}", re.ASCII)
_RESULT_FIELDS: Mapping[str, tuple[type, ...]] = {
    "verdict": (str,),
    "message": (str,),
    "error_type": (str, NoneType),
    "line": (int, NoneType),
    "traceback": (str, NoneType),
    "scene": (str, NoneType),
    "animations": (int,),
    "rehearsal": (dict, NoneType),
    "isolation": (dict,),
    "figures": (dict,),
}


def send(connection: socket.socket, message: Mapping[str, Any]) -> None:
    """Send one message."""
    payload = json.dumps(message).encode()
    connection.sendall(HEADER.pack(b"J", len(payload)) + payload)


def send_chunk(connection: socket.socket, data: bytes) -> None:
    """Send bytes of the artefact that is open."""
    connection.sendall(HEADER.pack(b"A", len(data)) + data)


def send_file(connection: socket.socket, path: Path) -> None:
    """Send a file's bytes in chunks."""
    with path.open("rb") as stream:
        while data := stream.read(MAX_CHUNK_BYTES):
            send_chunk(connection, data)


class Receiver:
    """Read whole frames from a connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._buffer = bytearray()

    def receive(self) -> dict[str, Any] | bytes:
        """Return the next message, or the next bytes of an artefact.

        Raises:
            EOFError: The other side has gone.
            TimeoutError: Nothing came in the connection's timeout; call again.
            SandboxError: The other side does not speak this language.
        """
        self._fill(HEADER.size)
        kind, length = HEADER.unpack_from(self._buffer)
        if length > _CAPS.get(kind, -1):
            raise SandboxError("The launcher's connection carries something else.")
        self._fill(HEADER.size + length)
        payload = bytes(self._buffer[HEADER.size : HEADER.size + length])
        del self._buffer[: HEADER.size + length]
        if kind == b"A":
            return payload
        return _message(payload)

    def _fill(self, size: int) -> None:
        while len(self._buffer) < size:
            data = self._connection.recv(READ_BYTES)
            if not data:
                raise EOFError
            self._buffer += data


def _message(payload: bytes) -> dict[str, Any]:
    try:
        message = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise SandboxError("The launcher's connection carries something else.") from error
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise SandboxError("The launcher's connection carries something else.")
    return message


def request_to_dict(request: RunRequest) -> dict[str, Any]:
    """Return the request as JSON values; of its parts only their number."""
    body = dataclasses.asdict(request)
    return body | {"parts": len(request.parts)}


def request_from_dict(body: Mapping[str, Any], parts: tuple[Path, ...]) -> RunRequest:
    """Rebuild a request.

    Raises:
        SandboxError: A field is missing, unknown or ill-typed.
    """
    if unknown := body.keys() - {field.name for field in dataclasses.fields(RunRequest)}:
        raise SandboxError(f"The launcher takes no {', '.join(sorted(unknown))}.")
    try:
        options = Options(**{**body["options"], "quality": Quality(body["options"]["quality"])})
        return RunRequest(
            run_id=str(body["run_id"]),
            code=str(body["code"]),
            options=options,
            limits=Limits(**body["limits"]),
            parts=parts,
            trace=_trace(body["trace"]),
            rehearse=Rehearse(body["rehearse"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise SandboxError(f"The launcher cannot read the request: {error}.") from error


def _trace(body: Mapping[str, Any]) -> Trace:
    """Read what only logs show. Raises TypeError, ValueError."""
    trace = Trace(**body)
    if not all(isinstance(value, str) and _ID.fullmatch(value) for value in (trace.job_id, trace.request_id)):
        raise ValueError("its trace is none")
    return trace


def result_to_dict(result: RunResult) -> dict[str, Any]:
    """Return a result as JSON values, without artefacts: those travel as chunks."""
    body = dataclasses.asdict(result)
    del body["artefacts"], body["video"]
    return body


def result_from_dict(body: Mapping[str, Any]) -> RunResult:
    """Rebuild a result.

    Raises:
        SandboxError: A field is missing, unknown or ill-typed.
    """
    try:
        fields = {name: _field(name, value) for name, value in body.items()}
        told = fields.get("rehearsal")
        fields["rehearsal"] = None if told is None else rehearsal_from_dict(told)
        return RunResult(**{**fields, "verdict": Verdict(body["verdict"])})
    except (KeyError, TypeError, ValueError) as error:
        raise SandboxError(f"The launcher's result cannot be read: {error}.") from error


def _field(name: str, value: Any) -> Any:
    """Check a field of a result, and make its text printable. Raises KeyError, TypeError."""
    if not isinstance(value, _RESULT_FIELDS[name]):
        raise TypeError(f"{name} is not of its type")
    return printable(value) if isinstance(value, str) else value
