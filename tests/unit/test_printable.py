"""What a guest prints is shown as text, and acts on nothing."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from manimatic.sandbox.printable import PrintableStream, printable


@pytest.mark.parametrize("text", ["", "plain", "tab\tand\nnewline", "π ≈ 3 – “круг” 円 🙂", "👩‍👩‍👧", "e\u0301"])
def test_readable_text_stays_as_it_is(text: str) -> None:
    """Every script, combined characters too."""
    assert printable(text) == text


@pytest.mark.parametrize(
    ("char", "shown"),
    [
        ("\x00", "\\x00"),
        ("\x07", "\\x07"),
        ("\x1b", "\\x1b"),
        ("\r", "\\x0d"),
        ("\x7f", "\\x7f"),
        ("\x9b", "\\x9b"),
        ("\u061c", "\\u061c"),
        ("\u200e", "\\u200e"),
        ("\u202e", "\\u202e"),
        ("\u2028", "\\u2028"),
        ("\u2069", "\\u2069"),
        ("\ufeff", "\\ufeff"),
        ("\ud800", "\\ud800"),
    ],
)
def test_character_that_acts_is_shown_by_its_number(char: str, shown: str) -> None:
    """Control characters, those that reorder a line, and halves of characters."""
    assert printable(f"a{char}b") == f"a{shown}b"


@given(text=st.text())
def test_nothing_unsafe_is_left(text: str) -> None:
    """No control character but tab and newline, no change of direction, and it can be encoded."""
    shown = printable(text)
    assert not [char for char in shown if unicodedata.category(char) in {"Cc", "Cs"} and char not in "\t\n"]
    overriding = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    assert not [char for char in shown if unicodedata.bidirectional(char) in overriding]
    shown.encode()


@given(data=st.binary(max_size=60), cut=st.integers(0, 60))
def test_stream_reads_the_same_wherever_it_is_cut(data: bytes, cut: int) -> None:
    """A character that comes in two pieces is whole, and a broken byte is shown."""
    pieces = PrintableStream()
    text = pieces.feed(data[:cut]) + pieces.feed(data[cut:]) + pieces.feed(b"", final=True)
    assert text == PrintableStream().feed(data, final=True)


def test_broken_bytes_are_shown() -> None:
    """Nothing that was printed is lost."""
    assert PrintableStream().feed(b"a\xff\xc3", final=True) == "a\\xff\\xc3"
