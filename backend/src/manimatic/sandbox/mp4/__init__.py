"""Look at an MP4 video that came out of a sandbox, without decoding anything.

The file is hostile: it was made by someone else's program. Only the shape that Manim's encoder
gives is let through: H.264 pictures, at most one sound track, all data in this very file, every
table agreeing with the next and every sample inside the media data. The grammar of boxes is
data (`policy/mp4.json`). Memory and time are bounded by the caps, not by the file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from manimatic.sandbox.mp4.boxes import Box, Grammar, InvalidVideo, load_grammar, parse
from manimatic.sandbox.mp4.fragments import read_fragments
from manimatic.sandbox.mp4.samples import Extent, MediaData, read_tables
from manimatic.sandbox.mp4.tracks import Track, read_movie_timescale, read_track
from manimatic.sandbox.source import Source, opened

__all__ = ["InvalidVideo", "VideoInfo", "inspect_mp4"]

_BRAND_BYTES = 4
_MAX_FPS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoInfo:
    """What a video is, by its own tables."""

    width: int
    height: int
    duration_s: float
    frames: int
    fps: float  # the mean
    codec: str  # "avc1"
    fragmented: bool
    bytes: int


def inspect_mp4(path_or_fd: str | os.PathLike[str] | int, max_bytes: int) -> VideoInfo:
    """Check a video and say what it is.

    Args:
        path_or_fd: A regular file; links are not followed. A descriptor stays open.
        max_bytes: The largest file to look at.

    Raises:
        InvalidVideo: With a plain reason.
    """
    with opened(path_or_fd, max_bytes, InvalidVideo) as source:
        grammar = load_grammar()
        file = parse(source, grammar)
        _check_brand(source, grammar, file)
        tracks = _read_tracks(source, file.one("moov"))
        extents = _read_samples(source, file, tracks)
        video = next(track for track in tracks.values() if track.handler == "vide")
        return _describe(source, video, extents[video.number], fragmented=bool(file.every("moof")))


def _check_brand(source: Source, grammar: Grammar, file: Box) -> None:
    """Demand that the file says first what it is, and that it is one of our kind."""
    box = file.children[0]
    source.demand(box.kind == "ftyp", "the file does not begin with ftyp")
    source.demand(box.body_bytes >= 2 * _BRAND_BYTES and box.body_bytes % _BRAND_BYTES == 0, "ftyp has an odd size")
    brand = source.read(box.body, _BRAND_BYTES).decode("latin-1")
    source.demand(brand in grammar.brands, f"the brand {brand!r} is not known")


def _read_tracks(source: Source, movie: Box) -> dict[int, Track]:
    """Read the heads of the tracks: one of pictures, at most one of sound."""
    boxes = movie.every("trak")
    source.demand(len(boxes) <= 2, f"{len(boxes)} tracks")
    timescale = read_movie_timescale(source, movie)
    tracks = [read_track(source, box, timescale) for box in boxes]
    handlers = sorted(track.handler for track in tracks)
    source.demand(handlers in (["vide"], ["soun", "vide"]), f"the tracks are {handlers}")
    numbered = {track.number: track for track in tracks}
    source.demand(len(numbered) == len(tracks), "two tracks have one number")
    return numbered


def _read_samples(source: Source, file: Box, tracks: Mapping[int, Track]) -> dict[int, Extent]:
    """Add up each track's samples, from its tables and from the fragments."""
    data = MediaData(source, file)
    extents = {number: read_tables(source, track, data) for number, track in tracks.items()}
    pieces = bool(file.every("moof"))
    source.demand(pieces == bool(file.one("moov").every("mvex")), "fragments and mvex come only together")
    if pieces:
        for number, more in read_fragments(source, file, tracks, data).items():
            old = extents[number]
            extents[number] = Extent(old.samples + more.samples, old.ticks + more.ticks)
    return extents


def _describe(source: Source, video: Track, extent: Extent, *, fragmented: bool) -> VideoInfo:
    """Put together what is known; a video has pictures and lasts."""
    source.demand(extent.samples > 0, "the video has no pictures")
    source.demand(extent.ticks > 0, "the video does not last")
    duration_s = extent.ticks / video.timescale
    fps = extent.samples / duration_s
    source.demand(fps <= _MAX_FPS, f"{fps:.0f} pictures a second")
    return VideoInfo(
        width=video.width,
        height=video.height,
        duration_s=duration_s,
        frames=extent.samples,
        fps=fps,
        codec=video.codec,
        fragmented=fragmented,
        bytes=source.size,
    )
