"""Write the index of the pinned Manim's API that the checker reads; with ``--check`` only compare.

Manim is imported and looked at; nothing of it runs but its imports. The trusted side then needs no Manim.
"""

from __future__ import annotations

import gzip
import importlib.metadata
import json
import pkgutil
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import index_code
import index_kwargs

DATA = Path(__file__).resolve().parent.parent / "backend/src/manimatic/checking/data"


def star_names() -> dict[str, Any]:
    """Return what `from manim import *` brings."""
    space: dict[str, Any] = {}
    exec("from manim import *", space)
    del space["__builtins__"]
    return space


def ours(kind: type) -> bool:
    """Tell whether a class is Manim's own."""
    return kind.__module__.startswith("manim.")


def indexed_classes(names: dict[str, Any]) -> dict[str, type]:
    """Return the public classes and every class of Manim that they derive from, by name."""
    found = {}
    for value in names.values():
        if isinstance(value, type) and ours(value):
            for kind in value.__mro__:
                if ours(kind):
                    found.setdefault(kind.__name__, kind)
    return dict(sorted(found.items()))


def describe_class(kind: type, known: dict[str, type]) -> dict[str, Any]:
    """Return a class's bases, constructor, methods, properties and attributes; inherited ones stand at the bases."""
    methods, attributes = {}, set(getattr(kind, "__annotations__", ()))
    for name, value in vars(kind).items():
        raw = value.__func__ if isinstance(value, (staticmethod, classmethod)) else value
        if (
            callable(raw)
            and not isinstance(raw, type)
            and name != "_original__init__"
            and (not name.startswith("__") or name == "__call__")
        ):
            methods[name] = index_kwargs.signature_of(
                raw, kind, kind.__mro__, known, static=isinstance(value, staticmethod)
            )
        elif not name.startswith("__"):
            attributes.add(name)
    attributes |= index_code.assigned_to_self(kind)
    entry: dict[str, Any] = {
        "module": kind.__module__,
        "mro": [base.__name__ for base in kind.__mro__ if ours(base)],
        "init": index_kwargs.constructor_of(kind, known),
        "methods": methods,
        "attributes": " ".join(sorted(attributes)),
    }
    if any(not ours(base) and base.__name__ not in {"object", "ABC", "Generic", "Protocol"} for base in kind.__mro__):
        entry["foreign"] = True
    camera = index_code.default_camera(kind)
    if camera:
        entry["camera"] = camera
    return entry


def kind_of(value: Any) -> str:
    """Return the sort of a constant as the checker tells them apart."""
    if type(value).__name__ == "ManimColor":
        return "color"
    if getattr(value, "shape", None) == (3,):
        return "vec3"
    if isinstance(value, bool):
        return "other"
    if isinstance(value, (int, float)):
        return "num"
    return "str" if isinstance(value, str) else "module" if isinstance(value, ModuleType) else "other"


def submodules() -> Iterator[str]:
    """Yield the dotted name of every module of Manim."""
    import manim

    yield "manim"
    for found in pkgutil.walk_packages(manim.__path__, "manim.", onerror=lambda name: None):
        yield found.name


def installed_packages() -> list[str]:
    """Return the modules of every package that Manim needs, its own included."""
    todo, done, found = ["manim"], set(), set()
    while todo:
        name = todo.pop().lower()
        if name in done:
            continue
        done.add(name)
        try:
            package = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        tops = {file.parts[0].removesuffix(".py") for file in package.files or () if file.suffix in {".py", ".so"}}
        found |= {top.partition(".")[0] for top in tops if top.partition(".")[0].isidentifier()}
        wanted = [need for need in package.requires or () if "extra ==" not in need]
        todo.extend(re.split(r"[^A-Za-z0-9._-]", need, maxsplit=1)[0] for need in wanted)
    return sorted(found)


def build_index() -> dict[str, Any]:
    """Return the whole index."""
    import manim

    names = star_names()
    known = indexed_classes(names)
    functions = {
        name: index_kwargs.signature_of(value, None, (), known)
        for name, value in sorted(names.items())
        if callable(value) and not isinstance(value, type)
    }
    return {
        "version": importlib.metadata.version("manim"),
        "star": " ".join(sorted(names)),
        "members": " ".join(sorted(name for name in vars(manim) if name not in names)),
        "classes": {name: describe_class(kind, known) for name, kind in known.items()},
        "functions": functions,
        "constants": {
            name: kind_of(value)
            for name, value in sorted(names.items())
            if not callable(value) or type(value).__name__ == "ManimColor"
        },
        "modules": " ".join(sorted(submodules())),
        "loose": " ".join(sorted(index_code.assigned_from_outside())),
        "colors": " ".join(index_code.color_names()),
        "packages": " ".join(installed_packages()),
        "rate_functions": " ".join(index_code.rate_functions()),
    }


def rendered(index: dict[str, Any]) -> str:
    """Return the index as the text that is stored."""
    return json.dumps(index, separators=(",", ":"), sort_keys=True)


def main(arguments: list[str]) -> int:
    """Write or compare."""
    index = build_index()
    target = DATA / f"manim-{index['version']}.json.gz"
    text = rendered(index)
    if "--check" in arguments:
        same = target.is_file() and gzip.decompress(target.read_bytes()).decode() == text
        print(f"{target.name} is {'up to date' if same else 'out of date: run script/make_index.py'}.")
        return 0 if same else 1
    target.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(f"{target.name}: {target.stat().st_size} bytes, {len(text)} characters, {len(index['classes'])} classes.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
