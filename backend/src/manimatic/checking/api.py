"""The index of the pinned Manim: what its names are, and what its functions take."""

from __future__ import annotations

import difflib
import gzip
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

VERSION = "0.22.0"
"""The Manim that the index is of."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a function: `kind` is `plain`, `keyword`, `position` or `many` (`*args`)."""

    name: str
    kind: str
    optional: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What a function takes; `words` are the names that `**kwargs` lets through, None for any."""

    parameters: tuple[Parameter, ...]
    words: frozenset[str] | None = frozenset()
    gives: str = ""

    @property
    def is_many(self) -> bool:
        """Tell whether any number of positional arguments is taken."""
        return any(p.kind == "many" for p in self.parameters)

    @property
    def by_position(self) -> tuple[Parameter, ...]:
        """Return the parameters that positional arguments fill."""
        return tuple(p for p in self.parameters if p.kind in {"plain", "position"})

    @property
    def by_name(self) -> frozenset[str]:
        """Return the names of the parameters that keywords fill, apart from `**kwargs`."""
        return frozenset(p.name for p in self.parameters if p.kind in {"plain", "keyword"})

    def __str__(self) -> str:
        marks = {"many": "*{}", "keyword": "{}", "plain": "{}", "position": "{}"}
        shown = [marks[p.kind].format(p.name) + ("=…" if p.optional else "") for p in self.parameters]
        return "(" + ", ".join(shown + (["…"] if self.words is None or self.words else [])) + ")"


ANYTHING = Signature(parameters=(Parameter("args", "many", True),), words=None)
"""The signature of what nobody knows."""


def read_signature(entry: list[str]) -> Signature:
    """Return a signature from its form in the index."""
    words = None if entry[1] == "*" else frozenset(entry[1].split()) - {"-"}
    return Signature(parameters=tuple(_parameter(word) for word in entry[0].split()), words=words, gives=entry[2])


def _parameter(word: str) -> Parameter:
    optional = word.endswith("=")
    word = word.rstrip("=")
    if word.startswith("*"):
        return Parameter(word[1:], "many", True)
    kinds = {"!": "keyword", "/": "position"}
    return Parameter(word.rstrip("!/"), kinds.get(word[-1], "plain"), optional)


class ApiIndex:
    """The names of one version of Manim; built from the stored data, or from data that is given."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.version: str = data["version"]
        self.star = frozenset(data["star"].split())
        self.members = self.star | frozenset(data["members"].split())
        self.modules = frozenset(data["modules"].split())
        self.loose = frozenset(data["loose"].split())
        self.colors = frozenset(data["colors"].split())
        self.packages = frozenset(data["packages"].split())
        self.constants: Mapping[str, str] = data["constants"]
        self._classes: Mapping[str, Any] = data["classes"]
        self._functions: Mapping[str, Any] = data["functions"]
        self._read: dict[tuple[str, str], Signature] = {}
        self._attributes: dict[str, frozenset[str]] = {}
        self._heirs: dict[str, tuple[str, ...]] | None = None

    @classmethod
    def load(cls) -> ApiIndex:
        """Read the index that is shipped."""
        packed = resources.files("manimatic.checking").joinpath("data", f"manim-{VERSION}.json.gz").read_bytes()
        return cls(json.loads(gzip.decompress(packed)))

    def has_class(self, name: str) -> bool:
        """Tell whether Manim has this class."""
        return name in self._classes

    def is_from(self, name: str, module: str) -> bool:
        """Tell whether a class may be what an import of its name from a module brings."""
        home: str = self._classes[name]["module"]
        return home == module or home.startswith(f"{module}.")

    def has_function(self, name: str) -> bool:
        """Tell whether Manim has this function."""
        return name in self._functions

    def mro(self, name: str) -> tuple[str, ...]:
        """Return the class and what it derives from, nearest first."""
        return tuple(self._classes[name]["mro"])

    def is_a(self, name: str, base: str) -> bool:
        """Tell whether a class is another or derives from it."""
        return name in self._classes and base in self._classes[name]["mro"]

    def is_open(self, name: str) -> bool:
        """Tell whether a class has attributes that the index does not list."""
        return bool(self._classes[name].get("foreign"))

    def camera(self, name: str) -> str | None:
        """Return the class of the camera that a scene makes by itself."""
        found: str | None = self._classes[name].get("camera")
        return found

    def constructor(self, name: str) -> Signature:
        """Return what a class is made from."""
        return self._signature(name, "", self._classes[name]["init"])

    def function(self, name: str) -> Signature:
        """Return what a function takes."""
        return self._signature("", name, self._functions[name])

    def method(self, name: str, method: str) -> Signature | None:
        """Return what a method of a class, own or inherited, takes; None where there is none."""
        for base in self._classes[name]["mro"]:
            entry = self._classes[base]["methods"].get(method)
            if entry is not None:
                return self._signature(base, method, entry)
        return None

    def _signature(self, owner: str, name: str, entry: list[str]) -> Signature:
        key = (owner, name)
        if key not in self._read:
            self._read[key] = read_signature(entry)
        return self._read[key]

    def attributes(self, name: str) -> frozenset[str]:
        """Return every attribute and method of a class, inherited ones included."""
        if name not in self._attributes:
            found: set[str] = set()
            for base in self._classes[name]["mro"]:
                entry = self._classes[base]
                found.update(entry["methods"], entry["attributes"].split())
            self._attributes[name] = frozenset(found)
        return self._attributes[name]

    def heirs(self, name: str) -> tuple[str, ...]:
        """Return the classes that derive from one, itself included."""
        if self._heirs is None:
            found: dict[str, list[str]] = {}
            for heir, entry in self._classes.items():
                for base in entry["mro"]:
                    found.setdefault(base, []).append(heir)
            self._heirs = {base: tuple(heirs) for base, heirs in found.items()}
        return self._heirs.get(name, ())


def nearest(name: str, known: Iterable[str], *, cutoff: float = 0.7) -> str | None:
    """Return the known name that is most like this one."""
    candidates = [word for word in known if not word.startswith("_")]
    folded = {word.lower(): word for word in candidates}
    if name.lower() in folded:
        return folded[name.lower()]
    found = difflib.get_close_matches(name, candidates, n=1, cutoff=cutoff)
    return found[0] if found else None
