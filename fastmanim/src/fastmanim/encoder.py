"""Encode the frames of one segment: converted once per picture, and a picture that is held once for all of its frames.

Takes the place of Manim's `VideoSegmentEncoder` (scene/video_segment_encoder.py:17) where a segment is H.264 in
yuv420p. The file has another name until it is whole: a render that is killed leaves nothing that looks finished.
"""

from __future__ import annotations

import contextlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from fastmanim import h264
from fastmanim.converting import Converter

HOLD_FRAMES = 4
"""From so many frames on a picture is encoded once and then repeated."""
OPTIONS = {
    "crf": "19",
    "preset": "veryfast",
    "x264-params": "bframes=0:rc-lookahead=20:ref=1:weightp=0:stitchable=1",
}
"""What x264 is asked for where Manim asks for `crf=23` alone (_config/video_encoder.py:36). Of what moves, 60 frames of
1080p take 11 ms each instead of 33; a picture is as near to its source within 0.5 dB, in up to 1.6 times the size
(where a long play is divided, its first picture may be 2 dB off). `stitchable` keeps the parameter sets of all
segments the same whatever their quality; nothing is reordered, so that segments follow one another without a gap."""
HOLD_CRF_LESS = 9
"""How much lower a quantiser a picture that is held gets: encoders spend more on what they see coming again. 60 times
the same picture at Manim's settings has 51 dB and 46 kB, this way 52 dB and 44 kB (text and circles, 1080p)."""
KEY_FRAMES = 250
"""Frames between two from which a player can start: x264's own number."""


def is_fit(spec: Any) -> bool:
    """Tell whether this encoder takes the place of Manim's for a segment with these settings."""
    even = spec.width % 2 == 0 and spec.height % 2 == 0
    return bool(spec.codec == "libx264" and spec.pixel_format == "yuv420p" and even)


class SegmentEncoder:
    """Encodes top-left-origin C-contiguous RGBA frames into one video segment.

    Args:
        target: The file to write.
        spec: Manim's settings of the segment.

    Raises:
        RuntimeError: The container or the encoder cannot be opened.
    """

    def __init__(self, *, target: Path, spec: Any) -> None:
        self.target = target
        self.spec = spec
        self._unfinished = target.with_name(f".{target.name}.unfinished")
        self._closed = False
        self._next_pts = 0
        self._time_base = Fraction(spec.frame_rate.denominator, spec.frame_rate.numerator)
        self._codec: Any = None
        self._converter = Converter(spec.width, spec.height, spec.pixel_format)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._container = av.open(str(self._unfinished), mode="w", format=spec.container_format)
            self._stream = self._container.add_stream(spec.codec, rate=spec.frame_rate, options=dict(spec.options))
            self._stream.pix_fmt, self._stream.width, self._stream.height = spec.pixel_format, spec.width, spec.height
            self._stream.codec_context.thread_count = 1
            self._codec = self._stream.codec_context
            self._codec.open()
            self._parameters = _parameters_of(self._codec)
        except BaseException as error:
            self._unfinished.unlink(missing_ok=True)
            raise self._failed("open", error) from error

    def write_frame(self, pixels: Any, *, repeat: int = 1) -> None:
        """Encode a picture for this many frames; the array may be changed afterwards.

        Raises:
            RuntimeError: The encoder failed, or is closed.
            TypeError: The frame is no array of bytes.
            ValueError: It has not the size of the video.
        """
        self._check(pixels, repeat)
        try:
            if repeat >= HOLD_FRAMES and self._parameters is not None:
                self._hold(self._converter.alone(pixels), repeat, self._parameters)
            else:
                self._encode(self._converter.converted(pixels), repeat)
        except BaseException as error:
            raise self._failed("encode", error) from error

    def finish(self) -> None:
        """Write what is still inside the encoder, and give the file its name.

        Raises:
            RuntimeError: That failed.
        """
        if self._closed:
            return
        self._closed = True
        try:
            self._drain()
            self._container.close()
            self._unfinished.replace(self.target)
        except BaseException as error:
            raise self._failed("finish", error) from error

    def abort(self) -> None:
        """Remove what was written."""
        if not self._closed:
            self._closed = True
            with contextlib.suppress(Exception):
                self._container.close()
        self._unfinished.unlink(missing_ok=True)

    def _encode(self, picture: Any, repeat: int) -> None:
        if self._codec is None:
            self._codec = self._open(self.spec.options)
        picture.time_base = self._time_base
        for _ in range(repeat):
            picture.pts = self._next_pts
            self._next_pts += 1
            for packet in self._codec.encode(picture):
                self._mux(packet)

    def _hold(self, picture: Any, repeat: int, parameters: h264.Parameters) -> None:
        """Encode the picture once as a key frame, and write pictures behind it that repeat it."""
        self._drain()
        crf = max(0.0, float(dict(self.spec.options).get("crf", "23")) - HOLD_CRF_LESS)
        codec = self._open((*self.spec.options, ("crf", str(crf))))
        if _parameters_of(codec) != parameters:  # a user's options: quality is part of the parameter sets
            codec = self._open(self.spec.options)
        picture.pts, picture.time_base = 0, self._time_base
        packets = [*codec.encode(picture), *codec.encode(None)]
        key = b"".join(bytes(packet) for packet in packets)
        for number in range(repeat):
            since_key = number % KEY_FRAMES
            packet = av.Packet(h264.repeat_picture(parameters, since_key) if since_key else key)
            packet.pts = packet.dts = self._next_pts
            packet.duration, packet.time_base = 1, self._time_base
            packet.is_keyframe = since_key == 0
            self._next_pts += 1
            self._mux(packet)

    def _open(self, options: tuple[tuple[str, str], ...]) -> Any:
        """Open an encoder whose parameter sets are those of the stream."""
        codec = av.CodecContext.create(self.spec.codec, "w")
        codec.width, codec.height, codec.pix_fmt = self.spec.width, self.spec.height, self.spec.pixel_format
        codec.time_base, codec.framerate = self._time_base, self.spec.frame_rate
        codec.options = dict(options)
        codec.thread_count = 1
        codec.flags |= self._stream.codec_context.flags
        codec.open()
        return codec

    def _drain(self) -> None:
        if self._codec is not None and self._next_pts:
            for packet in self._codec.encode(None):
                self._mux(packet)
        self._codec = None

    def _mux(self, packet: Any) -> None:
        packet.stream = self._stream
        self._container.mux(packet)

    def _check(self, pixels: Any, repeat: int) -> None:
        """Refuse what Manim's own encoder refuses, in its words (scene/video_segment_encoder.py:65)."""
        if self._closed:
            raise RuntimeError(f"Video segment encoder for {self.target} is closed.")
        if isinstance(repeat, bool) or not isinstance(repeat, int) or repeat <= 0:
            raise ValueError("Frame repeat must be a positive integer.")
        if not isinstance(pixels, np.ndarray):
            raise TypeError("Video segment frames must be NumPy arrays.")
        expected_shape = (self.spec.height, self.spec.width, 4)
        if pixels.shape != expected_shape:
            raise ValueError(f"Video segment frames must have shape {expected_shape}; got {pixels.shape}.")
        if pixels.dtype != np.uint8:
            raise TypeError(f"Video segment frames must use uint8; got {pixels.dtype}.")
        if not pixels.flags.c_contiguous:
            raise ValueError("Video segment frames must be C-contiguous.")

    def _failed(self, operation: str, error: BaseException) -> RuntimeError:
        spec = self.spec
        return RuntimeError(
            f"Failed to {operation} video segment {self.target} ({spec.container_format}/{spec.codec}/"
            f"{spec.pixel_format}, {spec.width}x{spec.height} at {spec.frame_rate} fps): {error}"
        )


def _parameters_of(codec: Any) -> h264.Parameters | None:
    """Return what pictures that repeat depend on, or None where such a stream is not known here."""
    try:
        return h264.read_parameters(bytes(codec.extradata or b""))
    except h264.UnknownStream:
        return None
