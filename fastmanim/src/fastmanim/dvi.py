"""Read TeX's output as far as needed to draw it without Ghostscript.

The preview package writes PostScript for other programs into each document, and dvisvgm starts Ghostscript for whatever
it finds, which takes three quarters of its time. It leaves that out only together with all specials; those that Manim
needs, groups around parts of a formula, are put into the picture here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_POST = 248
_LENGTHS = {132: 8, 137: 8, 139: 44}
"""Bytes that follow an operation, where their number is the same always (TeX: The Program, §585)."""
_COUNTED = (128, 133, 143, 148, 153, 157, 162, 167, 235)
"""First of four operations each that are followed by one to four bytes."""
_OF_PREVIEW = re.compile(
    rb"!/preview@|!userdict begin/preview-bop-level|!userdict begin/bop-hook\{|!userdict \(some extra code to avoid"
    rb"|header=l3backend-dvips\.pro$|ps::[-\d ]+$"
)
_GROUP = re.compile(rb"dvisvgm:raw (<g [^{}?]*>|</g>)")
_PAGE, _MARKS = b"<g id='page1'>", (b"<use ", b"<rect ")


def groups_of(document: bytes) -> tuple[list[tuple[int, bytes]], int] | None:
    """Return after how many characters and rules a group begins or ends, how, and how many there are in all.

    None stands for a document that holds anything else.
    """
    found, marks = [], 0
    try:
        for operation, data in _operations(document):
            if not 239 <= operation <= 242:
                marks += _is_mark(operation, data)
            elif group := _GROUP.fullmatch(data):
                found.append((marks, group[1]))
            elif not _OF_PREVIEW.match(data):
                return None
    except (IndexError, ValueError):
        return None
    return found, marks


def with_groups(picture: bytes, groups: list[tuple[int, bytes]], marks: int) -> bytes | None:
    """Put groups into a picture; None where it does not consist of one element for each character and rule."""
    before, page, after = picture.partition(_PAGE + b"\n")
    elements, end, rest = after.rpartition(b"</g>\n</svg>")
    lines = elements.splitlines()
    if not page or not end or len(lines) != marks or not all(line.startswith(_MARKS) for line in lines):
        return None
    for at, group in reversed(groups):
        lines.insert(at, group)
    return before + page + b"".join(line + b"\n" for line in lines) + end + rest


def _is_mark(operation: int, data: bytes) -> bool:
    """Tell whether an operation sets a character, or a rule that can be seen."""
    if operation in (132, 137):
        return all(int.from_bytes(data[at : at + 4], signed=True) > 0 for at in (0, 4))
    return operation <= 136


def _operations(document: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the operations of the pages and what belongs to each: what a special says, else the bytes that follow.

    Raises:
        IndexError: The document ends too soon.
        ValueError: It is not of TeX.
    """
    at = 0
    while document[at] != _POST:
        operation = document[at]
        at += 1
        size = operation - 238
        if 1 <= size <= 4:
            length = int.from_bytes(document[at : at + size])
            at += size
        else:
            length = _length(operation, document, at)
        yield operation, document[at : at + length]
        at += length


def _length(operation: int, document: bytes, at: int) -> int:
    """Return how many bytes follow an operation that is not a special."""
    if operation in _LENGTHS:
        return _LENGTHS[operation]
    if operation < 128 or operation in (138, 140, 141, 142, 147, 152, 161, 166) or 171 <= operation <= 234:
        return 0
    if 243 <= operation <= 246:
        names = at + operation - 242 + 12
        return operation - 242 + 14 + document[names] + document[names + 1]
    if operation == 247:
        return 14 + document[at + 13]
    for first in _COUNTED:
        if first <= operation < first + 4:
            return operation - first + 1
    raise ValueError(f"operation {operation}")
