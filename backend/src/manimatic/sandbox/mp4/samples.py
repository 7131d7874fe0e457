"""The tables of an MP4's samples: that they agree, and that every sample lies in the media data."""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from manimatic.sandbox.mp4.boxes import Box
from manimatic.sandbox.mp4.tracks import MAX_DURATION_S, Track, read_count, read_version
from manimatic.sandbox.source import Source

MAX_SAMPLES = 1_500_000  # six hours at 60 frames a second are 1 296 000
_MAX_SHIFT_S = 60  # by how much a picture may be shown later or earlier than it is decoded
_U32 = struct.Struct(">I")
_U64 = struct.Struct(">Q")
_PAIR = struct.Struct(">II")
_SHIFT = struct.Struct(">Ii")
_CHUNK_RUN = struct.Struct(">III")


@dataclass(frozen=True, slots=True)
class Extent:
    """How many samples there are, and how long they last together."""

    samples: int
    ticks: int


class MediaData:
    """The places of a file where samples may lie."""

    def __init__(self, source: Source, file: Box) -> None:
        self._source = source
        self._boxes = file.every("mdat")
        self._bodies = [box.body for box in self._boxes]

    def demand_holds(self, offset: int, count: int) -> None:
        """Refuse a range of bytes that is not inside one box of media data."""
        index = bisect_right(self._bodies, offset) - 1
        inside = index >= 0 and offset + count <= self._boxes[index].end
        self._source.demand(inside, f"samples at {offset}+{count} lie outside the media data")


def read_tables(source: Source, track: Track, data: MediaData) -> Extent:
    """Read a track's tables.

    Raises:
        InvalidVideo: Two tables disagree, or a sample lies outside the media data.
    """
    sizes = track.tables.one("stsz")
    count = _sample_count(source, sizes)
    ticks = _read_times(source, track, count)
    _check_shifts(source, track, count)
    _check_key_samples(source, track, count)
    offsets, width = _chunk_table(source, track.tables)
    _check_chunks(source, track, data, count, offsets, width)
    return Extent(count, ticks)


def _sample_count(source: Source, box: Box) -> int:
    """Read how many samples there are; their sizes fill the box unless all are alike."""
    read_version(source, box)
    source.demand(box.body_bytes >= 12, "stsz is too short")
    alike, count = source.unpack(_PAIR, box.body + 4)
    source.demand(
        box.body_bytes == 12 + (0 if alike else 4 * count), f"stsz says {count} samples, which do not fill it"
    )
    source.demand(count <= MAX_SAMPLES, f"{count} samples are more than {MAX_SAMPLES}")
    return count


def _read_times(source: Source, track: Track, samples: int) -> int:
    """Add up how long the samples last."""
    box = track.tables.one("stts")
    read_version(source, box)
    rows = read_count(source, box, 4, _PAIR.size)
    counted = ticks = 0
    for count, delta in source.rows(box.body + 8, rows, _PAIR):
        source.demand(count > 0, "stts has an empty row")
        counted, ticks = counted + count, ticks + count * delta
    source.demand(counted == samples, f"stts times {counted} samples, there are {samples}")
    source.demand(ticks < MAX_DURATION_S * track.timescale, "the samples last over six hours")
    return ticks


def _check_shifts(source: Source, track: Track, samples: int) -> None:
    """Check the table of what is shown when, where there is one."""
    box = track.tables.maybe("ctts")
    if box is None:
        return
    read_version(source, box)
    rows = read_count(source, box, 4, _SHIFT.size)
    counted, most = 0, _MAX_SHIFT_S * track.timescale
    for count, shift in source.rows(box.body + 8, rows, _SHIFT):
        counted += count
        source.demand(count > 0, "ctts has an empty row")
        source.demand(abs(shift) <= most, "ctts shifts a picture by over a minute")
    source.demand(counted == samples, f"ctts shifts {counted} samples, there are {samples}")


def _check_key_samples(source: Source, track: Track, samples: int) -> None:
    """Check the table of samples to seek to, where there is one."""
    box = track.tables.maybe("stss")
    if box is None:
        return
    read_version(source, box)
    last = 0
    for (number,) in source.rows(box.body + 8, read_count(source, box, 4, _U32.size), _U32):
        source.demand(last < number <= samples, "stss is not ascending")
        last = number


def _chunk_table(source: Source, tables: Box) -> tuple[Box, struct.Struct]:
    """Give the one table of chunks, of 32-bit or 64-bit offsets."""
    short, long = tables.maybe("stco"), tables.maybe("co64")
    table = short or long
    if table is None or (short and long):
        source.refuse("stbl needs one of stco and co64")
    return table, _U32 if short else _U64


def _check_chunks(
    source: Source, track: Track, data: MediaData, samples: int, offsets: Box, width: struct.Struct
) -> None:
    """Lay the samples into their chunks, and the chunks into the media data."""
    read_version(source, offsets)
    chunks = read_count(source, offsets, 4, width.size)
    source.demand(chunks <= samples, "there are more chunks than samples")
    sizes = _sizes(source, track.tables.one("stsz"), samples)
    per_chunk = _samples_per_chunk(source, track.tables.one("stsc"), chunks)
    laid = 0
    for (offset,), count in zip(source.rows(offsets.body + 8, chunks, width), per_chunk, strict=True):
        laid += count
        source.demand(laid <= samples, "the chunks hold more samples than there are")
        data.demand_holds(offset, sum(next(sizes) for _ in range(count)))
    source.demand(laid == samples, f"the chunks hold {laid} samples, there are {samples}")


def _sizes(source: Source, box: Box, samples: int) -> Iterator[int]:
    """Give the size of each sample."""
    (alike,) = source.unpack(_U32, box.body + 4)
    if alike:
        yield from (alike for _ in range(samples))
    else:
        yield from (size for (size,) in source.rows(box.body + 12, samples, _U32))


def _samples_per_chunk(source: Source, box: Box, chunks: int) -> Iterator[int]:
    """Give the number of samples of each chunk; the table has a row where it changes."""
    read_version(source, box)
    rows = source.rows(box.body + 8, read_count(source, box, 4, _CHUNK_RUN.size), _CHUNK_RUN)
    chunk, count = 1, 0
    for first, per_chunk, entry in rows:
        source.demand(first == 1 if count == 0 else first > chunk, "stsc is not ascending")
        source.demand(first <= chunks and per_chunk > 0 and entry == 1, "stsc names what is not there")
        yield from (count for _ in range(chunk, first))
        chunk, count = first, per_chunk
    source.demand(count > 0 or chunks == 0, "stsc is empty")
    yield from (count for _ in range(chunk, chunks + 1))
