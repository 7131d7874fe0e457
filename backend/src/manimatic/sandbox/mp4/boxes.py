"""The tree of boxes of an MP4 file: only boxes that the grammar allows, each filling its place exactly."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources

from manimatic.sandbox.source import Source

MAX_BOXES = 50_000  # six hours in fragments of three seconds are 7200 fragments of six boxes
MAX_DEPTH = 10  # file, moov, trak, mdia, minf, stbl, stsd, avc1, avcC are nine
_HEADER = struct.Struct(">I4s")
_LONG_SIZE = struct.Struct(">Q")
_TIMES = {"one": (1, 1), "maybe": (0, 1), "many": (0, MAX_BOXES), "some": (1, MAX_BOXES)}


class InvalidVideo(ValueError):
    """The file is not a plain MP4 video of the kind that Manimatic makes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One box: where it is, and what is in it when it holds boxes."""

    kind: str
    start: int
    body: int  # first byte after the header
    end: int
    children: tuple[Box, ...] = ()

    @property
    def body_bytes(self) -> int:
        """Give the size of what follows the header."""
        return self.end - self.body

    def every(self, kind: str) -> list[Box]:
        """Give the children of a kind."""
        return [child for child in self.children if child.kind == kind]

    def maybe(self, kind: str) -> Box | None:
        """Give the first child of a kind."""
        return next(iter(self.every(kind)), None)

    def one(self, *kinds: str) -> Box:
        """Follow kinds downwards; the grammar promises that each is there."""
        box = self
        for kind in kinds:
            box = box.every(kind)[0]
        return box


@dataclass(frozen=True, slots=True, kw_only=True)
class Grammar:
    """Which boxes may stand where."""

    brands: frozenset[str]
    containers: Mapping[str, Mapping[str, str]]
    bytes_before_children: Mapping[str, int]
    most_bytes: Mapping[str, int]


def load_grammar() -> Grammar:
    """Read the grammar of this package."""
    raw = json.loads(resources.files("manimatic.sandbox").joinpath("policy", "mp4.json").read_text("utf-8"))
    return Grammar(
        brands=frozenset(raw["brands"]),
        containers=raw["containers"],
        bytes_before_children=raw["bytes_before_children"],
        most_bytes=raw["most_bytes"],
    )


def parse(source: Source, grammar: Grammar) -> Box:
    """Read the headers of all boxes; the contents of leaves are not looked at.

    Raises:
        InvalidVideo: A box that may not be there, or a size that does not fit.
    """
    return _Parser(source, grammar).container("file", 0, 0, source.size, 0)


class _Parser:
    """One walk through a file, counting boxes."""

    def __init__(self, source: Source, grammar: Grammar) -> None:
        self._source = source
        self._grammar = grammar
        self._boxes = 0

    def container(self, kind: str, start: int, body: int, end: int, depth: int) -> Box:
        """Read a box whose children fill it."""
        self._source.demand(depth <= MAX_DEPTH, f"boxes are nested deeper than {MAX_DEPTH}")
        first = body + self._grammar.bytes_before_children.get(kind, 0)
        self._source.demand(first <= end, f"{kind} is too short")
        allowed = self._grammar.containers[kind]
        children = tuple(self._children(kind, allowed, first, end, depth))
        self._check_times(kind, allowed, children)
        return Box(kind=kind, start=start, body=body, end=end, children=children)

    def _children(self, parent: str, allowed: Mapping[str, str], at: int, end: int, depth: int) -> Iterator[Box]:
        """Read box after box until the parent is full."""
        while at < end:
            kind, body, after = self._header(at, end)
            self._source.demand(kind in allowed, f"{parent} may not hold a box {kind!r}")
            self._source.demand(after - at <= self._grammar.most_bytes.get(kind, after), f"{kind} is too large")
            if kind in self._grammar.containers:
                yield self.container(kind, at, body, after, depth + 1)
            else:
                yield Box(kind=kind, start=at, body=body, end=after)
            at = after

    def _header(self, at: int, limit: int) -> tuple[str, int, int]:
        """Read kind, first byte of the body, and end of the box at a position."""
        self._boxes += 1
        self._source.demand(self._boxes <= MAX_BOXES, f"more than {MAX_BOXES} boxes")
        self._source.demand(at + _HEADER.size <= limit, f"{limit - at} bytes at {at} are left over")
        size, raw = _HEADER.unpack(self._source.read(at, _HEADER.size))
        kind, body = raw.decode("latin-1"), at + _HEADER.size
        if size == 1:
            size = self._source.unpack(_LONG_SIZE, body)[0]
            body += _LONG_SIZE.size
        self._source.demand(body <= at + size <= limit, f"box {kind!r} at {at} has the size {size}, which does not fit")
        return kind, body, at + size

    def _check_times(self, parent: str, allowed: Mapping[str, str], children: tuple[Box, ...]) -> None:
        """Compare how often each kind is there with how often it may be."""
        counts = dict.fromkeys(allowed, 0)
        for child in children:
            counts[child.kind] += 1
        for kind, count in counts.items():
            least, most = _TIMES[allowed[kind]]
            self._source.demand(least <= count <= most, f"{parent} holds {count} boxes {kind!r}")
