"""A real video of a few frames, made with PyAV."""

from __future__ import annotations

import functools
import io
from fractions import Fraction

import av
import numpy as np


@functools.cache
def tiny_video(frames: int = 5) -> bytes:
    """Return an MP4 file of 64 by 48 at 10 frames a second."""
    target = io.BytesIO()
    with av.open(target, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for index in range(frames):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), index * 20, np.uint8), format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 10)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return target.getvalue()
