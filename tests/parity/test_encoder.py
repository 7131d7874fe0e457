"""Pictures that repeat the one before come out of a decoder as that one."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from fastmanim.encoder import OPTIONS, SegmentEncoder
from manim_quietly import manim

from fastmanim import h264

SIZE = (854, 480)


def spec(options: dict[str, str] = OPTIONS, size: tuple[int, int] = SIZE) -> Any:
    """Return Manim's settings of a segment."""
    return manim._config.video_encoder.VideoEncoderSpec(
        "mp4", "libx264", "yuv420p", *size, Fraction(15, 1), tuple(sorted(options.items()))
    )


def noise(seed: int, size: tuple[int, int] = SIZE) -> Any:
    """Return a picture of coloured squares."""
    width, height = size
    squares = np.random.default_rng(seed).integers(0, 256, (height // 8 + 1, width // 8 + 1, 4), dtype=np.uint8)
    return np.ascontiguousarray(squares.repeat(8, 0).repeat(8, 1)[:height, :width])


def decoded(path: Path) -> tuple[list[Any], list[Fraction]]:
    """Return the pictures of a video and their moments; anything wrong with the stream is an error."""
    pictures, moments = [], []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.options = {"err_detect": "explode"}
        for frame in container.decode(stream):
            pictures.append(frame.to_ndarray())
            moments.append(Fraction(frame.pts) * frame.time_base)
    return pictures, moments


@pytest.mark.parametrize(
    "options",
    [OPTIONS, {"crf": "23"}, {"crf": "30", "x264-params": "cabac=0"}, {"crf": "23", "profile": "baseline"}],
    ids=["ours", "stock", "without arithmetic coding", "baseline"],
)
def test_held_picture_is_shown_unchanged_for_each_of_its_frames(tmp_path: Path, options: dict[str, str]) -> None:
    """Over more frames than lie between two key frames, and more than a frame number has bits for."""
    encoder = SegmentEncoder(target=tmp_path / "held.mp4", spec=spec(options))
    encoder.write_frame(noise(1), repeat=600)
    encoder.finish()
    pictures, moments = decoded(tmp_path / "held.mp4")
    assert moments == [Fraction(number, 15) for number in range(600)]
    assert all((picture == pictures[0]).all() for picture in pictures)


def test_moving_and_held_pictures_follow_each_other(tmp_path: Path) -> None:
    """A hold may stand before, between and behind what moves."""
    encoder = SegmentEncoder(target=tmp_path / "mixed.mp4", spec=spec())
    wanted = []
    for seed, repeat in ((1, 9), (2, 1), (3, 2), (4, 30), (5, 40), (6, 1)):
        encoder.write_frame(noise(seed), repeat=repeat)
        wanted += [seed] * repeat
    encoder.finish()
    pictures, moments = decoded(tmp_path / "mixed.mp4")
    assert moments == [Fraction(number, 15) for number in range(len(wanted))]
    sources = {seed: yuv(noise(seed)) for seed in set(wanted)}
    for picture, seed in zip(pictures, wanted, strict=True):
        errors = {other: np.abs(picture.astype(int) - source).mean() for other, source in sources.items()}
        assert min(errors, key=lambda other: errors[other]) == seed


def yuv(pixels: Any) -> Any:
    """Convert a picture as an encoder does."""
    return av.VideoFrame.from_ndarray(pixels, format="rgba").reformat(format="yuv420p").to_ndarray().astype(int)


def test_held_picture_has_the_quality_of_manims(tmp_path: Path) -> None:
    """Within half a decibel of what Manim's encoder makes of the same wait, and within 1.6 times its size."""
    size, pixels = (1280, 720), np.zeros((720, 1280, 4), dtype=np.uint8)
    pixels[..., 3] = 255
    pixels[200:320, 300:900, :3] = (255, 250, 90)
    rows, columns = np.indices((720, 1280))
    pixels[(rows - 500) ** 2 + (columns - 640) ** 2 < 9000] = (88, 196, 221, 255)
    worst = {}
    for name, kind, options in (
        ("stock", manim.scene.video_segment_encoder.VideoSegmentEncoder, {"crf": "23"}),
        ("ours", SegmentEncoder, OPTIONS),
    ):
        encoder = kind(target=tmp_path / f"{name}.mp4", spec=spec(options, size))
        encoder.write_frame(pixels, repeat=60)
        encoder.finish()
        pictures, _ = decoded(tmp_path / f"{name}.mp4")
        source = yuv(pixels)
        worst[name] = min(10 * np.log10(255**2 / ((picture - source) ** 2).mean()) for picture in pictures)
    assert worst["ours"] >= worst["stock"] - 0.5
    assert (tmp_path / "ours.mp4").stat().st_size <= 1.6 * (tmp_path / "stock.mp4").stat().st_size


def test_unfinished_segment_has_not_its_name(tmp_path: Path) -> None:
    """What is not whole does not look like it, and an abort leaves nothing."""
    encoder = SegmentEncoder(target=tmp_path / "part.mp4", spec=spec())
    encoder.write_frame(noise(1))
    assert not (tmp_path / "part.mp4").exists()
    encoder.abort()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("extradata", [b"", b"\x00\x00\x00\x01\x67", b"\x00\x00\x01\x67\x42\x00\x0a\xf8\x41\xa2" * 3])
def test_unknown_parameter_sets_are_refused(extradata: bytes) -> None:
    """A stream that is not understood is encoded picture by picture."""
    with pytest.raises(h264.UnknownStream):
        h264.read_parameters(extradata)
