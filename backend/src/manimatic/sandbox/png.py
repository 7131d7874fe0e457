"""Look at a PNG picture that came out of a sandbox, without unpacking anything."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from manimatic.sandbox.source import PIECE_BYTES, Source, opened

MIN_SIDE, MAX_SIDE = 1, 8192
MAX_CHUNKS = 100_000  # encoders write chunks of 8 KiB or more; a large picture has some thousands
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_LENGTH_AND_KIND = struct.Struct(">I4s")
_CRC = struct.Struct(">I")
_HEADER = struct.Struct(">IIBBBBB")
# Colour type -> bit depths, of the PNG specification (third edition, table 11.1).
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
# No compressed text or profiles (zTXt, iTXt, iCCP) and no eXIf: nothing else to unpack or to parse.
_KINDS = {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"bKGD", b"pHYs", b"tEXt"}


class InvalidImage(ValueError):
    """The file is not a plain PNG picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageInfo:
    """What a picture is, by its own header."""

    width: int
    height: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chunk:
    """One chunk: its kind and where its data is."""

    kind: bytes
    data: int
    length: int


def inspect_png(path_or_fd: str | os.PathLike[str] | int, max_bytes: int) -> ImageInfo:
    """Check a picture and say what it is.

    Args:
        path_or_fd: A regular file; links are not followed. A descriptor stays open.
        max_bytes: The largest file to look at.

    Raises:
        InvalidImage: With a plain reason.
    """
    with opened(path_or_fd, max_bytes, InvalidImage) as source:
        source.demand(source.read(0, len(_SIGNATURE)) == _SIGNATURE, "the file does not begin as a PNG")
        chunks = list(_chunks(source))
        kinds = [chunk.kind for chunk in chunks]
        source.demand(kinds[:1] == [b"IHDR"] and kinds.count(b"IHDR") == 1, "IHDR is not the first chunk, alone")
        source.demand(kinds[-1:] == [b"IEND"] and kinds.count(b"IEND") == 1, "IEND is not the last chunk, alone")
        source.demand(_in_one_piece(kinds), "the picture's data is not in one piece")
        source.demand(chunks[-1].length == 0, "IEND holds data")
        return _read_header(source, chunks[0])


def _chunks(source: Source) -> Iterator[_Chunk]:
    """Read chunk after chunk to the end of the file, checking each sum."""
    at, count = len(_SIGNATURE), 0
    while at < source.size:
        count += 1
        source.demand(count <= MAX_CHUNKS, f"more than {MAX_CHUNKS} chunks")
        length, kind = _LENGTH_AND_KIND.unpack(source.read(at, _LENGTH_AND_KIND.size))
        source.demand(kind in _KINDS, f"a chunk {kind!r}")
        data = at + _LENGTH_AND_KIND.size
        source.demand(data + length + _CRC.size <= source.size, f"chunk {kind!r} does not fit")
        source.demand(source.unpack(_CRC, data + length) == (_sum(source, data - 4, length + 4),), "a wrong sum")
        yield _Chunk(kind=kind, data=data, length=length)
        at = data + length + _CRC.size


def _sum(source: Source, at: int, count: int) -> int:
    """Compute the check sum of a part of the file."""
    value = 0
    for first in range(0, count, PIECE_BYTES):
        value = zlib.crc32(source.read(at + first, min(PIECE_BYTES, count - first)), value)
    return value


def _in_one_piece(kinds: list[bytes]) -> bool:
    """Say whether there is picture data, with nothing in between."""
    count = kinds.count(b"IDAT")
    return count > 0 and set(kinds[kinds.index(b"IDAT") :][:count]) == {b"IDAT"}


def _read_header(source: Source, chunk: _Chunk) -> ImageInfo:
    """Read width and height, and refuse what the specification does not know."""
    source.demand(chunk.length == _HEADER.size, "IHDR has another size")
    width, height, depth, colour, packing, filtering, interlace = source.unpack(_HEADER, chunk.data)
    sane = MIN_SIDE <= width <= MAX_SIDE and MIN_SIDE <= height <= MAX_SIDE
    source.demand(sane, f"a picture of {width}x{height}")
    source.demand(depth in _DEPTHS.get(colour, ()), f"colour type {colour} with {depth} bits")
    source.demand(packing == 0 and filtering == 0 and interlace in (0, 1), "an unknown way of packing")
    return ImageInfo(width=width, height=height, bytes=source.size)
