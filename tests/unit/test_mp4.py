"""The box parser on videos that PyAV made, whole, cut, changed and shaken."""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from manimatic.sandbox.mp4 import InvalidVideo, VideoInfo, inspect_mp4
from manimatic.sandbox.mp4.boxes import Box, load_grammar, parse
from manimatic.sandbox.source import opened

LIMIT = 10_000_000
KINDS = {
    "plain": {},
    "faststart": {"movflags": "faststart"},
    "fragmented": {"movflags": "frag_keyframe+empty_moov+default_base_moof"},
    "dash": {"movflags": "dash+delay_moov+global_sidx"},
}
TABLES = ("moov", "trak", "mdia", "minf", "stbl")
Check = Callable[[bytes], VideoInfo]


def make(path: Path, options: dict[str, str], *, sound: bool = False, codec: str = "libx264") -> bytes:
    """Encode ten frames of 64 by 48, at 15 a second, and give the file's bytes."""
    with av.open(str(path), "w", format="mp4", options=options) as container:
        video = container.add_stream(codec, rate=15)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio = container.add_stream("aac", rate=44100) if sound else None
        for index in range(10):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), index * 20, np.uint8), format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 15)
            container.mux(video.encode(frame))
        container.mux(video.encode())
        if audio:
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 2048), np.int16), format="s16", layout="stereo")
            silence.sample_rate, silence.pts = 44100, 0
            container.mux(audio.encode(silence))
            container.mux(audio.encode())
    return path.read_bytes()


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """One good video of each kind."""
    folder = tmp_path_factory.mktemp("videos")
    made = {kind: make(folder / f"{kind}.mp4", options) for kind, options in KINDS.items()}
    made["sound"] = make(folder / "sound.mp4", {}, sound=True)
    made["fragmented sound"] = make(folder / "fs.mp4", KINDS["fragmented"], sound=True)
    return made


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Inspect bytes as a file."""

    def inspect(data: bytes) -> VideoInfo:
        path = tmp_path / "video.mp4"
        path.write_bytes(data)
        return inspect_mp4(path, LIMIT)

    return inspect


def tree(data: bytes, folder: Path) -> Box:
    """Parse good bytes into boxes."""
    path = folder / "tree.mp4"
    path.write_bytes(data)
    with opened(path, LIMIT, InvalidVideo) as source:
        return parse(source, load_grammar())


def all_boxes(box: Box) -> list[Box]:
    """List a box and all boxes in it."""
    return [box, *(inner for child in box.children for inner in all_boxes(child))]


def patched(data: bytes, at: int, value: bytes) -> bytes:
    """Overwrite some bytes."""
    return data[:at] + value + data[at + len(value) :]


def put_in(data: bytes, folder: Path, path: tuple[str, ...], extra: bytes) -> bytes:
    """Append bytes to a box and make it and its parents larger; media data stands before the movie."""
    box, parents = tree(data, folder), []
    for kind in path:
        box = box.one(kind)
        parents.append(box)
    for parent in parents:
        (size,) = struct.unpack_from(">I", data, parent.start)
        data = patched(data, parent.start, struct.pack(">I", size + len(extra)))
    return data[: box.end] + extra + data[box.end :]


@pytest.mark.parametrize("kind", [*KINDS, "sound", "fragmented sound"])
def test_good_video_is_described(kind: str, videos: dict[str, bytes], check: Check) -> None:
    """Size, length, frames and rate come from the tables."""
    info = check(videos[kind])
    assert (info.width, info.height, info.frames, info.codec) == (64, 48, 10, "avc1")
    assert info.duration_s == pytest.approx(10 / 15)
    assert info.fps == pytest.approx(15)
    assert info.fragmented == (kind.startswith("fragmented") or kind == "dash")
    assert info.bytes == len(videos[kind])


def test_descriptor_is_read_and_left_open(videos: dict[str, bytes], tmp_path: Path) -> None:
    """The caller keeps its descriptor, and its position."""
    (tmp_path / "v").write_bytes(videos["plain"])
    fd = os.open(tmp_path / "v", os.O_RDONLY)
    try:
        assert inspect_mp4(fd, LIMIT).frames == 10
        assert os.lseek(fd, 0, os.SEEK_CUR) == 0
    finally:
        os.close(fd)


@pytest.mark.parametrize("kind", [*KINDS, "sound"])
def test_video_cut_at_any_box_is_refused(kind: str, videos: dict[str, bytes], check: Check, tmp_path: Path) -> None:
    """A file that ends early never passes, but where what is lost was an optional index."""
    data = videos[kind]
    for box in all_boxes(tree(data, tmp_path))[1:]:
        if box.kind == "mfra":
            continue
        for at in (box.start, box.start + 1, box.body, box.end - 1):
            with pytest.raises(InvalidVideo):
                check(data[:at])


@pytest.mark.parametrize("size", [0, 1, 2, 7, 0x7FFFFFFF, 0xFFFFFFFF])
def test_any_box_of_a_wrong_size_is_refused(size: int, videos: dict[str, bytes], check: Check, tmp_path: Path) -> None:
    """Every box's size is believed only when it fits; 0 (to the end) is never taken."""
    for kind in ("plain", "fragmented"):
        for box in all_boxes(tree(videos[kind], tmp_path))[1:]:
            with pytest.raises(InvalidVideo):
                check(patched(videos[kind], box.start, struct.pack(">I", size)))


def test_any_box_of_an_unknown_kind_is_refused(videos: dict[str, bytes], check: Check, tmp_path: Path) -> None:
    """Also where a hostile kind is made of a harmless one."""
    for box in all_boxes(tree(videos["plain"], tmp_path))[1:]:
        for kind in (b"cmov", b"uuid", b"rdrf", b"iloc", b"\0\0\0\0", b"moov"):
            if kind.decode() != box.kind:
                with pytest.raises(InvalidVideo):
                    check(patched(videos["plain"], box.start + 4, kind))


@pytest.mark.parametrize("extra", [b"x", bytes(8), b"\0\0\0\x08cmov", b"\0\0\0\x08moov", b"\xff" * 40])
def test_bytes_after_the_end_are_refused(extra: bytes, videos: dict[str, bytes], check: Check) -> None:
    """The boxes fill the file exactly."""
    with pytest.raises(InvalidVideo):
        check(videos["plain"] + extra)


def test_size_of_64_bits_is_understood(videos: dict[str, bytes], check: Check) -> None:
    """A free box with a long size passes; with an absurd one it does not."""
    assert check(videos["plain"] + struct.pack(">I4sQ", 1, b"free", 16)).frames == 10
    for size in (0, 15, 17, 1 << 40, (1 << 64) - 8):
        with pytest.raises(InvalidVideo, match="size"):
            check(videos["plain"] + struct.pack(">I4sQ", 1, b"free", size))


@pytest.mark.parametrize(
    ("path", "at", "value", "reason"),
    [
        (("ftyp",), 0, b"qt  ", "brand"),
        (("moov", "mvhd"), 0, b"\2", "version"),
        (("moov", "mvhd"), 0, b"\1", "bytes"),
        (("moov", "mvhd"), 12, bytes(4), "ticks a second"),
        (("moov", "mvhd"), 12, b"\xff" * 4, "ticks a second"),
        (("moov", "mvhd"), 16, b"\xff" * 4, "six hours"),
        (("moov", "trak", "tkhd"), 12, bytes(4), "number 0"),
        (("moov", "trak", "tkhd"), 20, b"\xff" * 4, "six hours"),
        (("moov", "trak", "tkhd"), 40, b"\0\0\1\0", "turned"),
        (("moov", "trak", "tkhd"), 76, b"\0\0\0\0", "another size"),
        (("moov", "trak", "mdia", "mdhd"), 12, bytes(4), "ticks a second"),
        (("moov", "trak", "mdia", "mdhd"), 16, b"\xff" * 4, "six hours"),
        (("moov", "trak", "mdia", "hdlr"), 8, b"hint", "of the kind"),
        (("moov", "trak", "mdia", "hdlr"), 8, b"soun", "codec"),
        ((*TABLES[:4], "dinf", "dref"), 4, b"\0\0\0\2", "one entry"),
        ((*TABLES[:4], "dinf", "dref", "url "), 0, bytes(4), "another file"),
        (("moov", "trak", "edts", "elst"), 4, bytes(4), "rows"),
        (("moov", "trak", "edts", "elst"), 4, b"\xff" * 4, "rows"),
        (("moov", "trak", "edts", "elst"), 8, b"\xff" * 4, "six hours"),
        (("moov", "trak", "edts", "elst"), 12, b"\x80\0\0\0", "absurd"),
        (("moov", "trak", "edts", "elst"), 16, b"\0\2\0\0", "speed"),
        ((*TABLES, "stsd"), 4, b"\0\0\0\2", "one entry"),
        ((*TABLES, "stsd", "avc1"), 24, b"\0\x08", "pictures of"),
        ((*TABLES, "stsd", "avc1"), 26, b"\xff\xff", "pictures of"),
        ((*TABLES, "stsd", "avc1"), 24, b"\0\x80", "another size"),
        ((*TABLES, "stsd", "avc1", "avcC"), 0, b"\2", "avcC"),
        ((*TABLES, "stts"), 4, b"\xff" * 4, "rows"),
        ((*TABLES, "stts"), 8, bytes(4), "empty row"),
        ((*TABLES, "stts"), 8, b"\0\0\0\x0b", "times 11"),
        ((*TABLES, "stts"), 12, b"\xff" * 4, "six hours"),
        ((*TABLES, "stts"), 12, bytes(4), "does not last"),
        ((*TABLES, "stts"), 12, b"\0\0\0\1", "pictures a second"),
        ((*TABLES, "ctts"), 8, b"\0\0\0\x7f", "shifts"),
        ((*TABLES, "ctts"), 12, b"\x7f\0\0\0", "over a minute"),
        ((*TABLES, "stss"), 8, bytes(4), "ascending"),
        ((*TABLES, "stss"), 8, b"\0\0\0\x0b", "ascending"),
        ((*TABLES, "stsc"), 8, b"\0\0\0\2", "ascending"),
        ((*TABLES, "stsc"), 12, bytes(4), "not there"),
        ((*TABLES, "stsc"), 12, b"\0\0\0\x0b", "more samples"),
        ((*TABLES, "stsc"), 12, b"\0\0\0\x09", "hold 9"),
        ((*TABLES, "stsc"), 12, b"\xff" * 4, "more samples"),
        ((*TABLES, "stsc"), 16, b"\0\0\0\2", "not there"),
        ((*TABLES, "stsz"), 4, b"\0\0\0\1", "do not fill"),
        ((*TABLES, "stsz"), 8, b"\0\0\0\x0b", "do not fill"),
        ((*TABLES, "stsz"), 8, b"\xff" * 4, "do not fill"),
        ((*TABLES, "stsz"), 12, b"\0\0\xff\xff", "outside the media data"),
        ((*TABLES, "stco"), 4, b"\xff" * 4, "rows"),
        ((*TABLES, "stco"), 8, bytes(4), "outside the media data"),
        ((*TABLES, "stco"), 8, b"\xff" * 4, "outside the media data"),
        ((*TABLES, "stco"), 8, b"\0\0\0\x31", "outside the media data"),
    ],
)
def test_changed_field_is_refused(
    path: tuple[str, ...], at: int, value: bytes, reason: str, videos: dict[str, bytes], check: Check, tmp_path: Path
) -> None:
    """Each field that matters is looked at, and the reason names it."""
    box = tree(videos["plain"], tmp_path).one(*path)
    with pytest.raises(InvalidVideo, match=reason):
        check(patched(videos["plain"], box.body + at, value))


@pytest.mark.parametrize(
    ("path", "at", "value", "reason"),
    [
        (("moov", "mvex", "trex"), 4, b"\0\0\0\7", "do not agree"),
        (("moof", "traf", "tfhd"), 1, b"\x80", "unknown flags"),
        (("moof", "traf", "tfhd"), 3, b"\0", "another size"),
        (("moof", "traf", "tfhd"), 4, b"\0\0\0\7", "not there"),
        (("moof", "traf", "tfdt"), 4, b"\xff" * 8, "six hours"),
        (("moof", "traf", "trun"), 1, b"\x80", "unknown flags"),
        (("moof", "traf", "trun"), 4, b"\xff" * 4, "do not fill"),
        (("moof", "traf", "trun"), 8, b"\x7f\0\0\0", "outside the media data"),
        (("moof", "traf", "trun"), 8, b"\x80\0\0\0", "outside the media data"),
        (("moof", "traf", "trun"), 16, b"\x7f\xff\xff\xff", "outside the media data"),
    ],
)
def test_changed_field_of_a_fragment_is_refused(
    path: tuple[str, ...], at: int, value: bytes, reason: str, videos: dict[str, bytes], check: Check, tmp_path: Path
) -> None:
    """Fragments are looked at as closely as tables."""
    box = tree(videos["fragmented"], tmp_path).one(*path)
    with pytest.raises(InvalidVideo, match=reason):
        check(patched(videos["fragmented"], box.body + at, value))


def test_fragments_without_mvex_are_refused(videos: dict[str, bytes], check: Check, tmp_path: Path) -> None:
    """The movie says whether it is in pieces."""
    box = tree(videos["fragmented"], tmp_path).one("moov", "mvex")
    with pytest.raises(InvalidVideo, match="mvex"):
        check(patched(videos["fragmented"], box.start + 4, b"free"))


@pytest.mark.parametrize(
    ("path", "extra"),
    [
        (("moov",), b"\0\0\0\x08cmov"),
        ((*TABLES[:4], "dinf", "dref"), b"\0\0\0\x0curl \0\0\0\1"),
        ((*TABLES[:4], "dinf", "dref", "url "), b"http://example.org/\0"),
        ((*TABLES[:4], "dinf", "dref"), b"\0\0\0\x0curn \0\0\0\1"),
        ((*TABLES, "stsd"), b"\0\0\0\x08hvc1"),
        (TABLES, b"\0\0\0\x10co64" + bytes(8)),
        (("moov", "udta"), b"\0\0\0\x08uuid"),
        (("moov", "udta", "meta"), b"\0\0\0\x08iloc"),
        (("moov", "trak"), b"\0\0\0\x08tref"),
    ],
)
def test_added_box_is_refused(
    path: tuple[str, ...], extra: bytes, videos: dict[str, bytes], check: Check, tmp_path: Path
) -> None:
    """Compressed movies, outside references, second descriptions and tables, items, other tracks' data."""
    with pytest.raises(InvalidVideo):
        check(put_in(videos["plain"], tmp_path, path, extra))


def test_second_track_of_pictures_is_refused(videos: dict[str, bytes], check: Check, tmp_path: Path) -> None:
    """One track of pictures, one of sound."""
    track = tree(videos["plain"], tmp_path).one("moov", "trak")
    data = put_in(videos["plain"], tmp_path, ("moov",), videos["plain"][track.start : track.end])
    with pytest.raises(InvalidVideo, match="the tracks are"):
        check(data)


def test_large_metadata_is_refused(videos: dict[str, bytes], check: Check, tmp_path: Path) -> None:
    """Text that nobody asked for stays small."""
    free = struct.pack(">I4s", 70_000, b"free") + bytes(69_992)
    with pytest.raises(InvalidVideo, match="too large"):
        check(put_in(videos["plain"], tmp_path, ("moov", "udta", "meta"), free))


def test_too_many_boxes_are_refused(videos: dict[str, bytes], check: Check) -> None:
    """Reading stops at the cap, not at the end of memory."""
    with pytest.raises(InvalidVideo, match="boxes"):
        check(videos["plain"] + struct.pack(">I4s", 8, b"free") * 50_001)


@pytest.mark.parametrize("codec", ["mpeg4", "libx265"])
def test_other_codec_is_refused(codec: str, tmp_path: Path, check: Check) -> None:
    """H.264 and nothing else."""
    data = make(tmp_path / "other.mp4", {}, codec=codec)
    with pytest.raises(InvalidVideo):
        check(data)


@pytest.mark.parametrize("data", [b"", b"\0", b"RIFF" * 20, bytes(100), b"#!/bin/sh\n", b"<html><script>"])
def test_file_of_another_kind_is_refused(data: bytes, check: Check) -> None:
    """Nothing is guessed."""
    with pytest.raises(InvalidVideo):
        check(data)


def test_file_over_the_limit_is_refused(videos: dict[str, bytes], tmp_path: Path) -> None:
    """The size is asked of the file system before a byte is read."""
    (tmp_path / "v").write_bytes(videos["plain"])
    with pytest.raises(InvalidVideo, match="more than 100"):
        inspect_mp4(tmp_path / "v", 100)


def test_anything_but_a_regular_file_is_refused(videos: dict[str, bytes], tmp_path: Path) -> None:
    """Links are not followed, FIFOs do not block, folders and missing files are told."""
    (tmp_path / "v").write_bytes(videos["plain"])
    (tmp_path / "link").symlink_to(tmp_path / "v")
    os.mkfifo(tmp_path / "fifo")
    for name in ("link", "fifo", "", "missing"):
        with pytest.raises(InvalidVideo):
            inspect_mp4(tmp_path / name, LIMIT)


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(draw=st.data())
def test_shaken_bytes_never_raise_anything_else(draw: st.DataObject, videos: dict[str, bytes], check: Check) -> None:
    """Flipped, cut, repeated and inserted bytes give a description or InvalidVideo."""
    data = bytearray(videos[draw.draw(st.sampled_from(sorted(videos)))])
    for _ in range(draw.draw(st.integers(1, 6))):
        at = draw.draw(st.integers(0, len(data) - 1))
        data[at : at + draw.draw(st.integers(0, 8))] = draw.draw(st.binary(max_size=8))
        data = data or bytearray(1)
    with contextlib.suppress(InvalidVideo):
        assert check(bytes(data)).frames > 0


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=200))
def test_random_bytes_never_raise_anything_else(data: bytes, check: Check) -> None:
    """Noise is refused."""
    with pytest.raises(InvalidVideo):
        check(data)
