"""The scenes that stock Manim and fastmanim have to draw alike."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from manim_examples import manim_examples

SCENES = Path(__file__).with_name("scenes")


@dataclass(frozen=True, slots=True)
class CorpusScene:
    """One scene of a file; an empty name stands for the last in it."""

    name: str
    path: Path
    scene: str


def own_scenes() -> Iterator[CorpusScene]:
    """Yield the scenes of this folder."""
    for path in sorted(SCENES.glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                yield CorpusScene(f"{path.stem}-{node.name}", path, node.name)


def official_scenes(folder: Path) -> Iterator[CorpusScene]:
    """Write the examples of Manim's own documentation to files and yield them."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, (name, source) in enumerate(manim_examples()):
        path = folder / f"{number:03}-{name}.py"
        path.write_text(source, encoding="utf-8")
        yield CorpusScene(path.stem, path, "")
