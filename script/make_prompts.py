"""Make `api.md`, the part of the prompts that lists Manim's commonest names with what they take."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from manimatic.checking.api import ApiIndex, Signature

PROMPTS = Path(__file__).resolve().parent.parent / "backend/src/manimatic/codegen/prompts"
NONE = ["-"]
MAX_SHOWN = 4
"""Optional parameters that are shown where none are named."""
SHAPES = ("color", "fill_color", "fill_opacity", "stroke_color", "stroke_width", "z_index")
ANIMATIONS = ("run_time", "rate_func", "lag_ratio")
HEAD = (
    "# Names of Manim {version}\n\n"
    "The commonest names with their arguments; `=` marks those that may be left out. Shapes and words also take "
    "{shapes}; animations also take {animations}. What is not listed may exist: use it only where you are sure of it.\n"
)


class UnknownName(ValueError):
    """The list names what the pinned Manim does not have."""


def made(index: ApiIndex, names: Mapping[str, Mapping[str, str]]) -> str:
    """Return the text. Raises UnknownName."""
    shapes, animations = (", ".join(f"`{name}`" for name in group) for group in (SHAPES, ANIMATIONS))
    parts = [HEAD.format(version=index.version, shapes=shapes, animations=animations)]
    for title, group in names.items():
        if title != "methods":
            parts.append(f"{title}: " + "; ".join(f"`{line}`" for line in _classes(index, group)) + ".\n")
    parts.append("Methods:\n")
    parts += [f"- {owner}: {', '.join(_methods(index, owner, found))}" for owner, found in names["methods"].items()]
    return "\n".join(parts) + "\n"


def _classes(index: ApiIndex, group: Mapping[str, str]) -> Iterator[str]:
    for name, wanted in group.items():
        if not index.has_class(name) or name not in index.star:
            raise UnknownName(name)
        yield name + _shown(index.constructor(name), wanted.split(), name)


def _methods(index: ApiIndex, owner: str, found: str) -> Iterator[str]:
    for name in found.split():
        signature = index.method(owner, name)
        if signature is None:
            raise UnknownName(f"{owner}.{name}")
        yield f"`{name}{_shown(signature, [], name)}`"


def _shown(signature: Signature, wanted: list[str], name: str) -> str:
    required = [_spelt(p.name, p.kind) for p in signature.parameters if p.kind == "many" or not p.optional]
    optional = [p.name for p in signature.parameters if p.optional and p.kind != "many"]
    if wanted == NONE:
        optional = []
    elif wanted:
        _check(signature, wanted, name)
        needed = {p.name for p in signature.parameters if not p.optional}
        optional = [word for word in wanted if word not in needed]
    shown = [f"{word}=" for word in (optional if wanted else optional[:MAX_SHOWN])]
    return f"({', '.join(required + shown)})"


def _spelt(name: str, kind: str) -> str:
    return f"*{name}" if kind == "many" else name


def _check(signature: Signature, wanted: list[str], name: str) -> None:
    for word in wanted:
        if word not in signature.by_name and signature.words is not None and word not in signature.words:
            raise UnknownName(f"{name}({word}=…)")


def main() -> None:
    """Write the file."""
    names = tomllib.loads((PROMPTS / "api_names.toml").read_text(encoding="utf-8"))
    (PROMPTS / "api.md").write_text(made(ApiIndex.load(), names), encoding="utf-8")
    print(f"wrote {PROMPTS / 'api.md'}")


if __name__ == "__main__":
    main()
