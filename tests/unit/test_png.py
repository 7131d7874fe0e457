"""The chunk parser on pictures that Pillow made, whole, cut, changed and shaken."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from manimatic.sandbox.png import ImageInfo, InvalidImage, inspect_png
from PIL import Image

Check = Callable[[bytes], ImageInfo]


def picture(mode: str = "RGBA", size: tuple[int, int] = (40, 30)) -> bytes:
    """Encode a small picture."""
    buffer = io.BytesIO()
    Image.new(mode, size).save(buffer, "PNG")
    return buffer.getvalue()


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    """Make a chunk with its right sum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def header(*fields: int) -> bytes:
    """Make the signature and a header: width, height, depth, colour, packing, filtering, interlace."""
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", *fields))


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Inspect bytes as a file."""

    def inspect(data: bytes) -> ImageInfo:
        (tmp_path / "poster.png").write_bytes(data)
        return inspect_png(tmp_path / "poster.png", 2_000_000)

    return inspect


GOOD = header(1, 1, 8, 2, 0, 0, 0)
DATA, END = chunk(b"IDAT", b"x"), chunk(b"IEND")


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_good_picture_is_described(mode: str, check: Check) -> None:
    """Every way that Pillow writes."""
    data = picture(mode)
    assert check(data) == ImageInfo(width=40, height=30, bytes=len(data))


def test_picture_cut_anywhere_is_refused(check: Check) -> None:
    """A file that ends early never passes."""
    data = picture()
    for end in range(len(data)):
        with pytest.raises(InvalidImage):
            check(data[:end])


def test_changed_byte_anywhere_is_refused(check: Check) -> None:
    """The sums cover every byte but the signature and the lengths, which are checked too."""
    data = picture()
    for at in range(len(data)):
        with pytest.raises(InvalidImage):
            check(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (GOOD + DATA + END + b"x", "outside the file"),
        (GOOD + DATA + END + chunk(b"tEXt", b"a"), "IEND is not the last"),
        (GOOD + DATA + END + END, "IEND is not the last"),
        (GOOD + DATA, "IEND is not the last"),
        (GOOD + DATA + chunk(b"IEND", b"x"), "IEND holds data"),
        (GOOD + END, "not in one piece"),
        (GOOD + DATA + chunk(b"tEXt", b"a") + DATA + END, "not in one piece"),
        (GOOD[:8] + DATA + END, "IHDR"),
        (GOOD + GOOD[8:] + DATA + END, "IHDR"),
        (GOOD + chunk(b"iCCP", b"x") + DATA + END, "iCCP"),
        (GOOD + chunk(b"zTXt", b"x") + DATA + END, "zTXt"),
        (GOOD + chunk(b"acTL", b"x") + DATA + END, "acTL"),
        (header(0, 1, 8, 2, 0, 0, 0) + DATA + END, "0x1"),
        (header(1, 8193, 8, 2, 0, 0, 0) + DATA + END, "1x8193"),
        (header(1, 1, 4, 2, 0, 0, 0) + DATA + END, "4 bits"),
        (header(1, 1, 8, 5, 0, 0, 0) + DATA + END, "colour type 5"),
        (header(1, 1, 8, 2, 1, 0, 0) + DATA + END, "packing"),
        (header(1, 1, 8, 2, 0, 0, 2) + DATA + END, "packing"),
        (GOOD[:8] + chunk(b"IHDR", bytes(12)) + DATA + END, "IHDR has another size"),
        (b"GIF89a" + bytes(30), "does not begin"),
        (b"", "outside the file"),
    ],
)
def test_picture_that_is_not_plain_is_refused(data: bytes, reason: str, check: Check) -> None:
    """The reason names what is wrong."""
    with pytest.raises(InvalidImage, match=reason):
        check(data)


def test_good_parts_make_a_picture(check: Check) -> None:
    """The parts of the test above are refused for what was changed, not for themselves."""
    assert check(GOOD + DATA + DATA + END).width == 1


def test_too_many_chunks_are_refused(check: Check) -> None:
    """Reading stops at the cap."""
    with pytest.raises(InvalidImage, match="more than 100000 chunks"):
        check(GOOD + chunk(b"tEXt") * 100_001)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=100), start=st.integers(0, 80))
def test_shaken_bytes_never_raise_anything_else(data: bytes, start: int, check: Check) -> None:
    """Noise behind a good beginning is refused."""
    with pytest.raises(InvalidImage):
        check(picture()[:start] + data)
