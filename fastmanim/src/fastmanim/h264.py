"""Write H.264 pictures that repeat the one before: what a still picture costs when nobody has to look at it again.

A P slice in which every macroblock is skipped shows its reference picture again, unchanged. Its payload is the same for
each picture of a size, so that a held frame costs the few bits of a slice header. The numbers of sections are those of
ITU-T H.264; fields are read in the order of its syntax tables.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

_START_CODE = b"\x00\x00\x00\x01"
_SPS, _PPS, _NON_IDR = 7, 8, 1
_HIGH_PROFILES = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128})
_SKIP_QP = 51
"""Quantiser of the slices: skipped macroblocks have nothing to quantise, and this one starts the coder near its end."""
_SKIP_STATE = 42
"""State of the context of `mb_skip_flag` at that quantiser (9.3.1.1: m = 23, n = 33), most probable value 1."""
_LAST_STATE = 62
_RANGE_LPS = (
    (16, 20, 23, 27), (15, 19, 22, 25), (14, 18, 21, 24), (14, 17, 20, 23), (13, 16, 19, 22), (12, 15, 18, 21),
    (12, 14, 17, 20), (11, 14, 16, 19), (11, 13, 15, 18), (10, 12, 15, 17), (10, 12, 14, 16), (9, 11, 13, 15),
    (9, 11, 12, 14), (8, 10, 12, 14), (8, 9, 11, 13), (7, 9, 11, 12), (7, 9, 10, 12), (7, 8, 10, 11),
    (6, 8, 9, 11), (6, 7, 9, 10), (6, 7, 8, 9),
)  # fmt: skip
"""Rows 42 to 62 of table 9-44."""


class UnknownStream(Exception):
    """The parameter sets describe a stream that this module does not write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """What a slice header depends on, from the sequence's and the picture's parameter sets."""

    frame_num_bits: int
    order_type: int
    order_bits: int
    macroblocks: int
    is_arithmetic: bool
    weighted: bool
    first_qp: int
    has_deblocking: bool
    has_redundant: bool


def read_parameters(extradata: bytes) -> Parameters:
    """Read the parameter sets that an encoder announces.

    Raises:
        UnknownStream: One is missing, or has fields, slice groups or several reference lists that are not written here.
    """
    units = {unit[0] & 31: unit[1:] for unit in _units(extradata)}
    if _SPS not in units or _PPS not in units:
        raise UnknownStream("no parameter sets")
    frame_num_bits, order_type, order_bits, macroblocks = _read_sps(_Bits(_plain(units[_SPS])))
    bits = _Bits(_plain(units[_PPS]))
    bits.ue(), bits.ue()
    is_arithmetic, order_present = bits.flag(), bits.flag()
    if bits.ue() or order_present:
        raise UnknownStream("slice groups")
    bits.ue(), bits.ue()
    weighted = bits.flag()
    bits.u(2)
    first_qp = 26 + bits.se()
    bits.se(), bits.se()
    has_deblocking, _, has_redundant = bits.flag(), bits.flag(), bits.flag()
    return Parameters(
        frame_num_bits=frame_num_bits,
        order_type=order_type,
        order_bits=order_bits,
        macroblocks=macroblocks,
        is_arithmetic=is_arithmetic,
        weighted=weighted,
        first_qp=first_qp,
        has_deblocking=has_deblocking,
        has_redundant=has_redundant,
    )


def repeat_picture(parameters: Parameters, since_idr: int) -> bytes:
    """Return a picture, in Annex B format, that shows the one before it again.

    Args:
        parameters: Of the stream.
        since_idr: Number of pictures since the last IDR picture, which all were reference pictures; from 1.
    """
    header = _Writer()
    header.u(8, 1 << 5 | _NON_IDR)  # nal_ref_idc 1: the next one refers to it
    header.ue(0)
    header.ue(5)  # all slices of the picture are P
    header.ue(0)
    header.u(parameters.frame_num_bits, since_idr % (1 << parameters.frame_num_bits))
    if parameters.order_type == 0:
        header.u(parameters.order_bits, 2 * since_idr % (1 << parameters.order_bits))
    if parameters.has_redundant:
        header.ue(0)
    header.u(1, 1)
    header.ue(0)  # one reference picture
    header.u(1, 0)
    if parameters.weighted:
        header.ue(0)
        header.ue(0)
        header.u(2, 0)
    header.u(1, 0)
    if parameters.is_arithmetic:
        header.ue(0)
    header.se(_SKIP_QP - parameters.first_qp)
    if parameters.has_deblocking:
        header.ue(1)
    return _START_CODE + _escaped(header.bits_with(_skipped(parameters.macroblocks, parameters.is_arithmetic)))


@functools.cache
def _skipped(macroblocks: int, is_arithmetic: bool) -> str:
    """Return the slice data in which each macroblock is skipped, as binary digits, without the start's alignment."""
    if not is_arithmetic:
        writer = _Writer()
        writer.ue(macroblocks)
        return writer.digits + "1"
    coder, state = _Coder(), _SKIP_STATE
    for number in range(macroblocks):
        coder.probable(_RANGE_LPS[state - _SKIP_STATE])
        state = min(state + 1, _LAST_STATE)
        coder.terminate(is_last=number == macroblocks - 1)
    return "A" + coder.digits


class _Coder:
    """The arithmetic coder of 9.3.4, as far as skipped macroblocks need it."""

    def __init__(self) -> None:
        self._low, self._range = 0, 510
        self._outstanding, self._is_first = 0, True
        self._parts: list[str] = []

    @property
    def digits(self) -> str:
        return "".join(self._parts)

    def probable(self, row: tuple[int, int, int, int]) -> None:
        """Code the most probable value."""
        self._range -= row[self._range >> 6 & 3]
        self._renormalise()

    def terminate(self, *, is_last: bool) -> None:
        """Code whether the slice ends; the end includes its stop bit."""
        self._range -= 2
        if not is_last:
            self._renormalise()
            return
        self._low += self._range
        self._range = 2
        self._renormalise()
        self._put(self._low >> 9 & 1)
        self._parts.append(f"{self._low >> 7 & 3 | 1:02b}")

    def _renormalise(self) -> None:
        while self._range < 256:
            if self._low < 256:
                self._put(0)
            elif self._low >= 512:
                self._low -= 512
                self._put(1)
            else:
                self._low -= 256
                self._outstanding += 1
            self._range <<= 1
            self._low <<= 1

    def _put(self, bit: int) -> None:
        if self._is_first:
            self._is_first = False
        else:
            self._parts.append(str(bit))
        self._parts.append(str(1 - bit) * self._outstanding)
        self._outstanding = 0


class _Writer:
    """Writes fields as binary digits."""

    def __init__(self) -> None:
        self.digits = ""

    def u(self, length: int, value: int) -> None:
        """Write an unsigned number of a fixed length."""
        self.digits += f"{value:0{length}b}"

    def ue(self, value: int) -> None:
        """Write an unsigned Exp-Golomb number."""
        code = f"{value + 1:b}"
        self.digits += "0" * (len(code) - 1) + code

    def se(self, value: int) -> None:
        """Write a signed Exp-Golomb number."""
        self.ue(2 * value - 1 if value > 0 else -2 * value)

    def bits_with(self, data: str) -> bytes:
        """Return the header followed by slice data, which wants to begin at a byte where it begins with `A`."""
        digits = self.digits
        if data.startswith("A"):
            digits += "1" * (-len(digits) % 8) + data[1:]
        else:
            digits += data
        digits += "0" * (-len(digits) % 8)
        return int(digits, 2).to_bytes(len(digits) // 8, "big")


class _Bits:
    """Reads fields."""

    def __init__(self, data: bytes) -> None:
        self._digits = f"{int.from_bytes(data, 'big'):0{8 * len(data)}b}"
        self._at = 0

    def u(self, length: int) -> int:
        """Read an unsigned number of a fixed length."""
        taken = self._digits[self._at : self._at + length]
        if len(taken) < length:
            raise UnknownStream("a parameter set that ends early")
        self._at += length
        return int(taken, 2)

    def flag(self) -> bool:
        """Read one bit."""
        return self.u(1) == 1

    def ue(self) -> int:
        """Read an unsigned Exp-Golomb number."""
        zeros = 0
        while not self.flag():
            zeros += 1
        return (1 << zeros) - 1 + (self.u(zeros) if zeros else 0)

    def se(self) -> int:
        """Read a signed Exp-Golomb number."""
        value = self.ue()
        return (value + 1) // 2 if value % 2 else -(value // 2)


def _read_sps(bits: _Bits) -> tuple[int, int, int, int]:
    profile = bits.u(8)
    bits.u(16)
    bits.ue()
    if profile in _HIGH_PROFILES and (bits.ue() != 1 or bits.ue() or bits.ue() or bits.u(2)):
        raise UnknownStream("not 8 bits of 4:2:0, or scaling matrices")
    frame_num_bits = bits.ue() + 4
    order_type = bits.ue()
    order_bits = bits.ue() + 4 if order_type == 0 else 0
    if order_type == 1:
        raise UnknownStream("order type 1")
    bits.ue(), bits.flag()
    macroblocks = (bits.ue() + 1) * (bits.ue() + 1)
    if not bits.flag():
        raise UnknownStream("fields")
    return frame_num_bits, order_type, order_bits, macroblocks


def _units(stream: bytes) -> Iterator[bytes]:
    for part in stream.split(b"\x00\x00\x01"):
        unit = part.rstrip(b"\x00")
        if unit:
            yield unit


def _plain(unit: bytes) -> bytes:
    return unit.replace(b"\x00\x00\x03", b"\x00\x00")


def _escaped(unit: bytes) -> bytes:
    """Put a 3 behind each two zeros that something up to 3 follows (7.4.1)."""
    out, zeros = bytearray(), 0
    for byte in unit:
        if zeros == 2 and byte <= 3:
            out.append(3)
            zeros = 0
        out.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes(out)
