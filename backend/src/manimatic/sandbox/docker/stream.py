"""The engine's attached stream: taken apart into a run's two outputs, no faster than they are read.

The engine sends both outputs over one connection, in frames of eight bytes of header (which output, three zeros, the
length, big-endian) and the bytes. Frames may be of any length; nothing of them is kept here but the header.
"""

from __future__ import annotations

import io
import os
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, cast

from manimatic.errors import SandboxError

HEADER = struct.Struct(">B3sI")
STDOUT, STDERR, ENGINE = 1, 2, 3
"""The third is the engine's own: it carries a complaint."""
READ_BYTES = 1 << 16
_MAX_COMPLAINT_BYTES = 2000


class StreamBroken(SandboxError):
    """The engine's stream cannot be read."""


class Demultiplexer:
    """Take the engine's frames apart, in whatever pieces they come."""

    def __init__(self) -> None:
        self._header = b""
        self._stream = 0
        self._left = 0
        self._complaint = b""

    @property
    def is_whole(self) -> bool:
        """Tell whether the stream stands between two frames."""
        return not self._left and not self._header

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield (output, bytes) for everything in `data`.

        Raises:
            StreamBroken: It is not what an engine sends, or it is the engine's complaint.
        """
        at = 0
        while at < len(data):
            if not self._left:
                at = self._read_header(data, at)
                continue
            piece = data[at : at + self._left]
            at += len(piece)
            self._left -= len(piece)
            if self._stream == ENGINE:
                self._complain(piece)
            else:
                yield self._stream, piece

    def _read_header(self, data: bytes, at: int) -> int:
        """Take what is there of a header and return where it ends."""
        taken = data[at : at + HEADER.size - len(self._header)]
        self._header += taken
        if len(self._header) == HEADER.size:
            self._stream, padding, self._left = HEADER.unpack(self._header)
            self._header = b""
            if self._stream not in {STDOUT, STDERR, ENGINE} or any(padding):
                raise StreamBroken("The engine's stream holds something that is no frame of its.")
        return at + len(taken)

    def _complain(self, piece: bytes) -> None:
        self._complaint = (self._complaint + piece)[:_MAX_COMPLAINT_BYTES]
        if not self._left:
            raise StreamBroken(f"The engine broke off: {self._complaint.decode(errors='backslashreplace')}")


class AttachedStreams:
    """A container's three streams as a process would have them; the connection is this object's to close.

    A thread carries what arrives into two pipes and waits while they are full, so that neither this process nor, behind
    the connection, the engine gathers what nobody reads.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        connection.settimeout(None)
        out_read, out_write = os.pipe()
        err_read, err_write = os.pipe()
        self.stdout: IO[bytes] = os.fdopen(out_read, "rb")
        self.stderr: IO[bytes] = os.fdopen(err_read, "rb")
        self.stdin: IO[bytes] = cast("IO[bytes]", io.BufferedWriter(_HalfClosing(connection)))
        self.failure: str | None = None
        """Why the stream ended, where it did not end well; set before `is_over`."""
        self._over = threading.Event()
        ends = {STDOUT: out_write, STDERR: err_write}
        self._carrier = threading.Thread(target=self._carry, args=(ends,), name="carrier", daemon=True)
        self._carrier.start()

    @property
    def is_over(self) -> bool:
        """Tell whether all that will come has been carried into the pipes."""
        return self._over.is_set()

    def _carry(self, ends: dict[int, int]) -> None:
        frames = Demultiplexer()
        try:
            while data := self._connection.recv(READ_BYTES):
                for stream, piece in frames.feed(data):
                    _write_all(ends[stream], piece)
            if not frames.is_whole:
                self.failure = "The engine's stream was cut off."
        except StreamBroken as error:
            self.failure = error.message
        except OSError as error:
            self.failure = f"The engine's stream was cut off: {error.strerror}."
        finally:
            for end in ends.values():
                os.close(end)
            self._over.set()

    def cut(self) -> None:
        """Take and send nothing more."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End the connection and the thread, whatever they wait for."""
        self.cut()
        for stream in (self.stdout, self.stderr):
            stream.close()
        self._carrier.join()
        with suppress(OSError):
            self.stdin.close()
        self._connection.close()


class _HalfClosing(io.RawIOBase):
    """The writing half of a connection; closing it lets the other half go on."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__()
        self._connection = connection

    def writable(self) -> bool:
        """Tell that it can be written."""
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Send what the connection takes."""
        return self._connection.send(data)

    def close(self) -> None:
        """Tell the other side that nothing more will come."""
        if not self.closed:
            with suppress(OSError):
                self._connection.shutdown(socket.SHUT_WR)
        super().close()


def _write_all(end: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(end, view) :]
