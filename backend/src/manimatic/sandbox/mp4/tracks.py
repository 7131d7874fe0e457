"""The heads of an MP4's movie and tracks: times, sizes, codecs, and that all data is in the file."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from manimatic.sandbox.mp4.boxes import Box
from manimatic.sandbox.source import Source

MAX_DURATION_S = 6 * 3600
MIN_SIDE, MAX_SIDE = 16, 8192
_MAX_TIMESCALE = 10_000_000  # ticks a second; FFmpeg picks below 100 000
_MAX_EDITS = 4
_ENTRY_SIZE = struct.Struct(">HH")
_U32 = struct.Struct(">I")
_U64 = struct.Struct(">Q")
_MOVIE_TIMES = {0: struct.Struct(">12xII"), 1: struct.Struct(">20xIQ")}  # timescale, duration
_MOVIE_BYTES = {0: 100, 1: 112}
_MEDIA_BYTES = {0: 24, 1: 36}
_TRACK_HEAD = {0: struct.Struct(">12xI4xI16x9III"), 1: struct.Struct(">20xI4xQ16x9III")}
_UNTURNED = (0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)  # the matrix that leaves pictures as they are
_EDITS = {0: struct.Struct(">Iii"), 1: struct.Struct(">Qqi")}  # duration, media time, rate
_RATE_1 = 0x10000
_CODECS = {"vide": ("avc1",), "soun": ("mp4a", "Opus")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One track's head."""

    number: int
    handler: str  # "vide" or "soun"
    codec: str
    timescale: int  # ticks a second
    width: int  # 0 for sound
    height: int
    tables: Box


def read_movie_timescale(source: Source, movie: Box) -> int:
    """Read the ticks a second of the whole movie; its length must be sane."""
    box = movie.one("mvhd")
    version = read_version(source, box, _MOVIE_BYTES)
    timescale, duration = source.unpack(_MOVIE_TIMES[version], box.body)
    _check_time(source, timescale, duration, "mvhd")
    return timescale


def read_track(source: Source, box: Box, movie_timescale: int) -> Track:
    """Read a track's head.

    Raises:
        InvalidVideo: A value that no video of ours has.
    """
    media = box.one("mdia")
    handler = _read_handler(source, media)
    number, duration, *matrix, width, height = _read_track_head(source, box.one("tkhd"))
    _check_time(source, movie_timescale, duration, "tkhd")
    source.demand(number > 0, "a track has the number 0")
    source.demand(tuple(matrix) == _UNTURNED, "a track is turned or scaled")
    _check_data_reference(source, media.one("minf", "dinf", "dref"))
    _check_edits(source, box, movie_timescale)
    entry = _read_entry(source, media.one("minf", "stbl", "stsd"), handler)
    picture = _picture_size(source, entry, (width, height)) if handler == "vide" else (0, 0)
    return Track(
        number=number,
        handler=handler,
        codec=entry.kind,
        timescale=_read_timescale(source, media.one("mdhd")),
        width=picture[0],
        height=picture[1],
        tables=media.one("minf", "stbl"),
    )


def read_version(source: Source, box: Box, body_bytes: dict[int, int] | None = None) -> int:
    """Read the version of a box: 0 or 1; where a body's size is known for it, it must be that."""
    source.demand(box.body_bytes >= _U32.size, f"{box.kind} is too short")
    version = source.read(box.body, 1)[0]
    source.demand(version in (0, 1), f"{box.kind} has the unknown version {version}")
    wanted = box.body_bytes if body_bytes is None else body_bytes[version]
    source.demand(box.body_bytes == wanted, f"{box.kind} has {box.body_bytes} bytes, not {wanted}")
    return version


def read_flags(source: Source, box: Box) -> int:
    """Read the flags of a box."""
    return int.from_bytes(source.read(box.body + 1, 3), "big")


def read_count(source: Source, box: Box, at: int, row_bytes: int) -> int:
    """Read a table's number of rows, which must fill the box; `at` is where the number stands."""
    source.demand(box.body_bytes >= at + _U32.size, f"{box.kind} is too short")
    (count,) = source.unpack(_U32, box.body + at)
    fills = at + _U32.size + count * row_bytes == box.body_bytes
    source.demand(fills, f"{box.kind} says {count} rows, which do not fill it")
    return count


def _check_time(source: Source, timescale: int, duration: int, where: str) -> None:
    """Refuse absurd lengths."""
    source.demand(0 < timescale <= _MAX_TIMESCALE, f"{where} has {timescale} ticks a second")
    source.demand(duration < MAX_DURATION_S * timescale, f"{where} says that it lasts over six hours")


def _read_timescale(source: Source, box: Box) -> int:
    """Read the ticks a second of a track."""
    version = read_version(source, box, _MEDIA_BYTES)
    timescale, duration = source.unpack(_MOVIE_TIMES[version], box.body)
    _check_time(source, timescale, duration, "mdhd")
    return timescale


def _read_handler(source: Source, media: Box) -> str:
    """Read whether a track is pictures or sound."""
    box = media.one("hdlr")
    source.demand(box.body_bytes >= 20, "hdlr is too short")
    handler = source.read(box.body + 8, 4).decode("latin-1")
    source.demand(handler in _CODECS, f"a track of the kind {handler!r}")
    return handler


def _read_track_head(source: Source, box: Box) -> tuple[int, ...]:
    """Read number, duration, nine words of matrix, width and height (both 16.16)."""
    version = read_version(source, box, {version: layout.size for version, layout in _TRACK_HEAD.items()})
    return source.unpack(_TRACK_HEAD[version], box.body)


def _check_data_reference(source: Source, box: Box) -> None:
    """Demand that the media is in this very file: one `url ` of no text, with flag 1."""
    url = box.one("url ")
    source.demand(source.unpack(_U32, box.body + 4) == (1,), "dref does not say one entry")
    here = url.body_bytes == _U32.size and source.unpack(_U32, url.body) == (1,)
    source.demand(here, "the media is in another file")


def _check_edits(source: Source, track: Box, movie_timescale: int) -> None:
    """Refuse edit lists but for the short ones that encoders need for their delay."""
    edits = track.maybe("edts")
    if edits is None:
        return
    box = edits.one("elst")
    layout = _EDITS[read_version(source, box)]
    count = read_count(source, box, 4, layout.size)
    source.demand(0 < count <= _MAX_EDITS, f"an edit list of {count} edits")
    total = 0
    for duration, media_time, rate in source.rows(box.body + 8, count, layout):
        total += duration
        source.demand(rate == _RATE_1, "an edit list that changes the speed")
        source.demand(-1 <= media_time < MAX_DURATION_S * _MAX_TIMESCALE, "an edit list with an absurd time")
    source.demand(total < MAX_DURATION_S * movie_timescale, "an edit list of over six hours")


def _read_entry(source: Source, box: Box, handler: str) -> Box:
    """Give the one description of samples, of a codec that its track may have."""
    source.demand(source.unpack(_U32, box.body + 4) == (1,), "stsd does not say one entry")
    source.demand(len(box.children) == 1, f"stsd holds {len(box.children)} entries")
    entry = box.children[0]
    source.demand(entry.kind in _CODECS[handler], f"a {handler!r} track with the codec {entry.kind!r}")
    return entry


def _picture_size(source: Source, entry: Box, shown: tuple[int, int]) -> tuple[int, int]:
    """Read the size of pictures, which must be the size that they are shown at."""
    width, height = source.unpack(_ENTRY_SIZE, entry.body + 24)
    sane = MIN_SIDE <= width <= MAX_SIDE and MIN_SIDE <= height <= MAX_SIDE
    source.demand(sane, f"pictures of {width}x{height}")
    source.demand(shown == (width << 16, height << 16), "pictures are shown at another size than they have")
    config = entry.one("avcC")
    source.demand(config.body_bytes >= 7 and source.read(config.body, 1) == b"\1", "avcC is not version 1")
    return width, height
