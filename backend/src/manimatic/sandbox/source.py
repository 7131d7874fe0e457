"""Read a hostile file in small pieces: by position, never past its end, never the whole of it."""

from __future__ import annotations

import contextlib
import os
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

PIECE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An open regular file, and the error that says what is wrong with it."""

    fd: int
    size: int
    error: type[ValueError]

    def refuse(self, reason: str) -> NoReturn:
        """Give up on the file."""
        raise self.error(reason)

    def demand(self, holds: bool, reason: str) -> None:
        """Give up on the file unless this holds."""
        if not holds:
            self.refuse(reason)

    def read(self, offset: int, count: int) -> bytes:
        """Read exactly these bytes, at most `PIECE_BYTES` of them."""
        self.demand(0 <= count <= PIECE_BYTES, f"{count} bytes at a time are too many")
        self.demand(0 <= offset and offset + count <= self.size, f"bytes {offset}+{count} lie outside the file")
        pieces = b""
        while len(pieces) < count:
            piece = os.pread(self.fd, count - len(pieces), offset + len(pieces))
            self.demand(bool(piece), "the file shrank while it was read")
            pieces += piece
        return pieces

    def unpack(self, layout: struct.Struct, offset: int) -> tuple[int, ...]:
        """Read numbers of a fixed layout."""
        return layout.unpack(self.read(offset, layout.size))

    def rows(self, offset: int, count: int, layout: struct.Struct) -> Iterator[tuple[int, ...]]:
        """Read a table of rows, a piece at a time."""
        at_once = PIECE_BYTES // layout.size
        for first in range(0, count, at_once):
            rows = min(at_once, count - first)
            yield from layout.iter_unpack(self.read(offset + first * layout.size, rows * layout.size))


@contextlib.contextmanager
def opened(path_or_fd: str | os.PathLike[str] | int, max_bytes: int, error: type[ValueError]) -> Iterator[Source]:
    """Open a regular file without following a link; a descriptor that is passed in stays open."""
    fd = path_or_fd if isinstance(path_or_fd, int) else _open(path_or_fd, error)
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise error("not a regular file")
        if found.st_size > max_bytes:
            raise error(f"{found.st_size} bytes are more than {max_bytes}")
        yield Source(fd=fd, size=found.st_size, error=error)
    finally:
        if fd != path_or_fd:
            os.close(fd)


def _open(path: str | os.PathLike[str], error: type[ValueError]) -> int:
    """Open without waiting for a writer of a FIFO and without following a link."""
    try:
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as failure:
        raise error(f"cannot be opened: {failure.strerror}") from failure
