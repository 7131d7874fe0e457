"""The fragments of an MP4 that was written piece by piece: the same checks, run by run."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from manimatic.sandbox.mp4.boxes import Box
from manimatic.sandbox.mp4.samples import MAX_SAMPLES, Extent, MediaData
from manimatic.sandbox.mp4.tracks import MAX_DURATION_S, Track, read_flags, read_version
from manimatic.sandbox.source import Source

_U32 = struct.Struct(">I")
_U64 = struct.Struct(">Q")
_I32 = struct.Struct(">i")
_TREX = struct.Struct(">5I")  # track, description, duration, size, flags
# Flags of tfhd and what each adds to the box, in the order of the fields.
_HEAD_FIELDS = {0x1: "offset", 0x2: "description", 0x8: "duration", 0x10: "size", 0x20: "flags"}
_FROM_FRAGMENT = 0x20000  # offsets count from the fragment's first byte
_HEAD_FLAGS = 0x1 | 0x2 | 0x8 | 0x10 | 0x20 | 0x10000 | _FROM_FRAGMENT
# Flags of trun: two fields of the run, then four of each sample.
_RUN_OFFSET, _RUN_FIRST_FLAGS = 0x1, 0x4
_SAMPLE_FIELDS = {0x100: "duration", 0x200: "size", 0x400: "flags", 0x800: "shift"}
_RUN_FLAGS = _RUN_OFFSET | _RUN_FIRST_FLAGS | 0x100 | 0x200 | 0x400 | 0x800


@dataclass(frozen=True, slots=True, kw_only=True)
class _Defaults:
    """What a sample has that does not say otherwise."""

    description: int
    duration: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """What one run of samples adds."""

    samples: int
    ticks: int
    end: int  # byte after its last sample


def read_fragments(source: Source, file: Box, tracks: Mapping[int, Track], data: MediaData) -> dict[int, Extent]:
    """Read all fragments; give what they add to each track, by its number.

    Raises:
        InvalidVideo: A fragment of no track, a sample outside the media data, or time running backwards.
    """
    defaults = _read_defaults(source, file.one("moov"), tracks)
    added = dict.fromkeys(tracks, Extent(0, 0))
    for fragment in file.every("moof"):
        source.demand(fragment.one("mfhd").body_bytes == 8, "mfhd has another size")
        at = fragment.start
        for part in fragment.every("traf"):
            number, head, base = _read_head(source, part.one("tfhd"), defaults, fragment.start, at)
            for run in _runs(source, part, head, base, data):
                at = run.end
                added[number] = _add(source, tracks[number], added[number], run)
            _check_start(source, part, tracks[number])
    return added


def _read_defaults(source: Source, movie: Box, tracks: Mapping[int, Track]) -> dict[int, _Defaults]:
    """Read what the movie says of each track's samples."""
    found: dict[int, _Defaults] = {}
    for box in movie.one("mvex").every("trex"):
        source.demand(box.body_bytes == 4 + _TREX.size, "trex has another size")
        number, description, duration, size, _ = source.unpack(_TREX, box.body + 4)
        found[number] = _Defaults(description=description, duration=duration, size=size)
    source.demand(found.keys() == tracks.keys(), "trex and the tracks do not agree")
    return found


def _read_head(
    source: Source, box: Box, defaults: Mapping[int, _Defaults], fragment: int, at: int
) -> tuple[int, _Defaults, int]:
    """Read track number, defaults and first byte of a fragment's part."""
    read_version(source, box)
    flags = read_flags(source, box)
    source.demand(flags & ~_HEAD_FLAGS == 0, "tfhd has unknown flags")
    widths = [(name, _U64 if flag == 1 else _U32) for flag, name in _HEAD_FIELDS.items() if flags & flag]
    source.demand(box.body_bytes == 8 + sum(width.size for _, width in widths), "tfhd has another size")
    (number,) = source.unpack(_U32, box.body + 4)
    source.demand(number in defaults, f"a fragment of track {number}, which is not there")
    place, values = box.body + 8, {}
    for name, width in widths:
        (values[name],) = source.unpack(width, place)
        place += width.size
    old = defaults[number]
    head = _Defaults(
        description=values.get("description", old.description),
        duration=values.get("duration", old.duration),
        size=values.get("size", old.size),
    )
    source.demand(head.description == 1, "a fragment names a description that is not there")
    return number, head, values.get("offset", fragment if flags & _FROM_FRAGMENT else at)


def _runs(source: Source, part: Box, head: _Defaults, base: int, data: MediaData) -> Iterator[_Run]:
    """Read the runs of samples, each beginning where it says or where the one before ended."""
    at = base
    for box in part.every("trun"):
        flags, first, count, names = _read_shape(source, box)
        ticks, size = _add_up(source, box.body + first, count, names, head)
        start = base + source.unpack(_I32, box.body + 8)[0] if flags & _RUN_OFFSET else at
        data.demand_holds(start, size)
        at = start + size
        yield _Run(samples=count, ticks=ticks, end=at)


def _read_shape(source: Source, box: Box) -> tuple[int, int, int, list[str]]:
    """Read a run's flags, where its rows begin, how many there are, and their fields."""
    read_version(source, box)
    flags = read_flags(source, box)
    source.demand(flags & ~_RUN_FLAGS == 0, "trun has unknown flags")
    names = [name for flag, name in _SAMPLE_FIELDS.items() if flags & flag]
    first = 8 + 4 * bool(flags & _RUN_OFFSET) + 4 * bool(flags & _RUN_FIRST_FLAGS)
    source.demand(box.body_bytes >= first, "trun is too short")
    (count,) = source.unpack(_U32, box.body + 4)
    fills = box.body_bytes == first + count * _U32.size * len(names)
    source.demand(fills, f"trun says {count} samples, which do not fill it")
    source.demand(count <= MAX_SAMPLES, f"{count} samples are more than {MAX_SAMPLES}")
    return flags, first, count, names


def _add_up(source: Source, place: int, count: int, names: list[str], head: _Defaults) -> tuple[int, int]:
    """Add up ticks and bytes of a run; rows are read only when there is something in them."""
    ticks, size = count * head.duration, count * head.size
    if not names:
        return ticks, size
    totals = dict.fromkeys(names, 0)
    for row in source.rows(place, count, struct.Struct(f">{len(names)}I")):
        for name, value in zip(names, row, strict=True):
            totals[name] += value
    return totals.get("duration", ticks), totals.get("size", size)


def _add(source: Source, track: Track, before: Extent, run: _Run) -> Extent:
    """Add a run to what a track has."""
    samples, ticks = before.samples + run.samples, before.ticks + run.ticks
    source.demand(samples <= MAX_SAMPLES, f"{samples} samples are more than {MAX_SAMPLES}")
    source.demand(ticks < MAX_DURATION_S * track.timescale, "the fragments last over six hours")
    return Extent(samples, ticks)


def _check_start(source: Source, part: Box, track: Track) -> None:
    """Refuse a fragment that says it begins after six hours."""
    box = part.maybe("tfdt")
    if box is not None:
        width = (_U32, _U64)[read_version(source, box, {0: 8, 1: 12})]
        (start,) = source.unpack(width, box.body + 4)
        source.demand(start < MAX_DURATION_S * track.timescale, "a fragment begins after six hours")
