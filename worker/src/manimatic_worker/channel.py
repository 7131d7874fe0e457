"""The worker's end of the protocol, moved out of reach of `print` before the scene runs."""

from __future__ import annotations

import fcntl
import os
import select
from pathlib import Path
from typing import Protocol

from manimatic_worker import protocol
from manimatic_worker.protocol import Begin, Chunk, Decoder, End, Frame, Request

_FIRST_FREE_FD = 100


class Outlet(Protocol):
    """Where a render's frames and files go."""

    def send(self, frame: Frame) -> None:
        """Take one frame."""

    def send_file(self, kind: str, path: Path) -> None:
        """Take a file as an artefact of this kind."""


class Channel:
    """Send frames to the host and receive its request."""

    def __init__(self, fd_in: int, fd_out: int) -> None:
        self._in = fd_in
        self._out = fd_out
        self._decoder = Decoder(max_json_bytes=protocol.MAX_REQUEST_BYTES)
        self._pending: list[Frame] = []

    @classmethod
    def seize(cls) -> Channel:
        """Take standard input and output for the protocol.

        Afterwards standard input is empty, and what anyone prints goes to standard error. The protocol's descriptors
        are closed in child processes.
        """
        fd_in = fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, _FIRST_FREE_FD)
        fd_out = fcntl.fcntl(1, fcntl.F_DUPFD_CLOEXEC, _FIRST_FREE_FD)
        null = os.open("/dev/null", os.O_RDONLY)
        os.dup2(null, 0)
        os.dup2(2, 1)
        os.close(null)
        return cls(fd_in, fd_out)

    def send(self, frame: Frame) -> None:
        """Write one frame, waiting until the host has taken it."""
        view = memoryview(protocol.encode(frame))
        while view:
            view = view[os.write(self._out, view) :]

    def send_file(self, kind: str, path: Path) -> None:
        """Deliver a file as an artefact of this kind."""
        self.send(Begin(kind))
        with path.open("rb") as stream:
            while data := stream.read(protocol.MAX_CHUNK_BYTES):
                self.send(Chunk(data))
        self.send(End())

    def receive(self) -> Frame:
        """Return the host's next frame.

        Raises:
            EOFError: The host has closed its end.
        """
        while not self._pending:
            data = os.read(self._in, 1 << 16)
            if not data:
                raise EOFError
            self._pending.extend(self._decoder.feed(data))
        return self._pending.pop(0)

    def is_asked(self) -> bool:
        """Tell whether the host has written something already."""
        return bool(select.select([self._in], [], [], 0)[0])

    def receive_request(self) -> Request:
        """Return the request that opens the run."""
        frame = self.receive()
        if not isinstance(frame, Request):
            raise protocol.ProtocolViolation("the first frame is not a request")
        return frame

    def receive_file(self, path: Path) -> None:
        """Write the host's next artefact to `path`."""
        if not isinstance(self.receive(), Begin):
            raise protocol.ProtocolViolation("expected an artefact")
        with path.open("wb") as stream:
            while isinstance(frame := self.receive(), Chunk):
                stream.write(frame.data)

    def forget(self, instead: int) -> None:
        """Let go of the host, in a child that was forked: from here on what is sent goes into another descriptor."""
        null = os.open("/dev/null", os.O_RDONLY)
        os.dup2(null, self._in, inheritable=False)
        os.dup2(instead, self._out, inheritable=False)
        os.close(null)

    def wait_for_close(self) -> None:
        """Wait until the host has closed its end: until then it may still be looking at this process."""
        while os.read(self._in, 1 << 16):
            pass
