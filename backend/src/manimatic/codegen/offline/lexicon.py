"""The words of the offline grammar, read from the data files beside this module."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any, TypeVar

T = TypeVar("T")

Table = Mapping[str, T]
"""Phrases (lower case, words parted by one blank) and what they mean."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One thing that can be drawn; `unit` in `code` is half of its usual height."""

    name: str
    code: str
    width: float
    height: float
    fill: float
    """Usual opacity of the inside; below 0: it has none."""
    scale: float = 1.0
    length: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Colour:
    """A colour word, as Manim code and as a plain value, for dark and for light grounds."""

    name: str
    dark: tuple[str, str]
    light: tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """Every table of the grammar."""

    words: Mapping[str, Table[Any]]
    shapes: Table[Shape]
    plurals: Table[Shape]
    colours: Table[Colour]
    verbs: Table[str]

    def table(self, name: str) -> Table[Any]:
        """Return one of the tables of words.toml; lists come as phrase → phrase."""
        return self.words[name]


def read_data(name: str) -> dict[str, Any]:
    """Return one data file of this package."""
    return tomllib.loads(read_text(name))


def read_text(name: str) -> str:
    """Return the text of one data file of this package."""
    return (resources.files("manimatic.codegen.offline") / "data" / name).read_text(encoding="utf-8")


def load_lexicon() -> Lexicon:
    """Read all tables."""
    shapes = {name: Shape(name=name, **_without(entry)) for name, entry in read_data("shapes.toml").items()}
    words = {name: entry["words"] for name, entry in read_data("shapes.toml").items()}
    return Lexicon(
        words=_word_tables(read_data("words.toml")),
        shapes={word: shape for name, shape in shapes.items() for word in words[name]},
        plurals={_plural(word): shape for name, shape in shapes.items() for word in words[name]},
        colours=_colours(read_data("colours.toml")),
        verbs={phrase: name for name, entry in read_data("verbs.toml").items() for phrase in entry["phrases"]},
    )


def _without(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key != "words"}


def _plural(word: str) -> str:
    return word + ("es" if word.endswith(("s", "x", "ch")) else "s")


def _word_tables(data: Mapping[str, Any]) -> dict[str, Table[Any]]:
    tables: dict[str, Table[Any]] = {}
    for name, entry in data.items():
        nested = {k: v for k, v in entry.items() if isinstance(v, list)}
        if nested:
            tables |= {_joined(name, key): _same(phrases) for key, phrases in nested.items()}
        elif all(isinstance(v, dict) for v in entry.values()):
            tables |= {_joined(name, key): _same(v["phrases"]) for key, v in entry.items()}
        else:
            tables[name] = entry
    return tables


def _joined(name: str, key: str) -> str:
    return name if key == "phrases" else f"{name}.{key}"


def _same(phrases: Iterable[str]) -> dict[str, str]:
    return {phrase: phrase for phrase in phrases}


def _colours(data: Mapping[str, Any]) -> dict[str, Colour]:
    return {
        word: Colour(name=name, dark=tuple(entry["dark"]), light=tuple(entry["light"]))
        for name, entry in data.items()
        for word in entry["words"]
    }
