"""Make what a guest printed safe to show: valid Unicode, no control or bidirectional characters."""

from __future__ import annotations

import codecs
import re

_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


class PrintableStream:
    """Turn a stream of bytes into printable text, piece by piece."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="backslashreplace")

    def feed(self, data: bytes, *, final: bool = False) -> str:
        """Return the text of the next bytes."""
        return printable(self._decoder.decode(data, final))


def printable(text: str) -> str:
    """Escape every character that could act on a terminal or reorder a line; keep newlines and tabs."""
    return _UNSAFE.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
