"""How long it takes to encode the frames of a video alone."""

from __future__ import annotations

import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from fastmanim.encoder import OPTIONS, SegmentEncoder
from manim._config.video_encoder import VideoEncoderSpec


def floor_s(video: Path, target: Path) -> float:
    """Return the seconds for converting and encoding each frame once, one after the other, repeats counted as held."""
    taken = 0.0
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        size, rate = (stream.width, stream.height), Fraction(stream.average_rate or 1)
        spec = VideoEncoderSpec("mp4", "libx264", "yuv420p", *size, rate, tuple(sorted(OPTIONS.items())))
        encoder = SegmentEncoder(target=target, spec=spec)
        last, repeat = None, 0
        for frame in container.decode(stream):
            pixels = np.ascontiguousarray(frame.to_ndarray(format="rgba"))
            if last is not None and not np.array_equal(pixels, last):
                taken += _timed(encoder, last, repeat)
                repeat = 0
            last, repeat = pixels, repeat + 1
        taken += _timed(encoder, last, repeat)
        began = time.perf_counter()
        encoder.finish()
    return taken + time.perf_counter() - began


def _timed(encoder: SegmentEncoder, pixels: object, repeat: int) -> float:
    began = time.perf_counter()
    encoder.write_frame(pixels, repeat=repeat)
    return time.perf_counter() - began
