"""What the tests of the offline composer share."""

from __future__ import annotations

import ast
import threading
from pathlib import Path
from typing import Any

from manimatic.codegen.offline import OfflineComposer
from manimatic.jobs import Options
from manimatic.ports import Brief, Draft

RECIPE = """title = "Falling dots"
topic = "physics"
summary = "Dots fall."
explanation = "{COUNT} drops fall for {SECONDS} s."
prompts = ["show falling rain drops", "rain", "drops of rain fall"]
keywords = ["rain", "drops", "falling", "named"]
requires = [["rain", "raindrops"]]

[parameters.COUNT]
type = "integer"
default = 5
minimum = 1
maximum = 20
help = "Number of drops."
pattern = "{value} (?:rain ?)?drops"

[parameters.SECONDS]
type = "number"
default = 2.0
minimum = 0.5
maximum = 9.0
help = "Length of the fall."
pattern = "{value} seconds"

[parameters.NAME]
type = "text"
default = "rain"
help = "What is written below."

[parameters.COLOUR]
type = "colour"
default = "#58C4DD"
help = "Colour of the drops."

[parameters.SHAPE]
type = "choice"
default = "round"
choices = ["round", "long"]
help = "Shape of the drops."

[parameters.VALUES]
type = "text"
default = "5,2,9"
help = "Sizes."
pattern = "sizes {value}"
"""
SCENE = """from manim import *

COUNT = 5
SECONDS = 2.0
NAME = "rain"  # é: a letter of two bytes before the end of the line
COLOUR = "#58C4DD"; SHAPE = "round"
VALUES = "5,2,9"


class Rain(Scene):
    def construct(self):
        COUNT_TEXT = "COUNT = 5"
        self.add(Text(COUNT_TEXT))
"""


class Heard:
    """A listener that keeps what it hears."""

    def __init__(self) -> None:
        self.drafts: list[dict[str, str]] = []

    def draft(self, **parts: str) -> None:
        """Keep the draft."""
        self.drafts.append(parts)


def compose(composer: OfflineComposer, prompt: str, **options: Any) -> Draft:
    """Return the draft for a prompt; its code compiles."""
    draft = composer.generate(Brief(prompt=prompt, options=Options(**options)), Heard(), threading.Event())
    compile(draft.code, "scene.py", "exec")
    return draft


def played(code: str) -> list[str]:
    """Return the animations of each `self.play`, in order, as the names of their calls."""
    calls = [n for n in ast.walk(ast.parse(code)) if isinstance(n, ast.Call) and _is_play(n)]
    ordered = sorted(calls, key=lambda n: n.lineno)
    return [" & ".join(_name(arg) for arg in call.args) for call in ordered]


def _is_play(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Attribute) and node.func.attr == "play"


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Starred):
        return "each " + _name(node.value)
    if isinstance(node, ast.ListComp):
        return _name(node.elt)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        inner = f"({_name(node.args[0])})" if node.func.id == "LaggedStart" else ""
        return node.func.id + inner
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        before = _name(node.func.value) if ".animate." in ast.unparse(node.func.value) + "." else ""
        return f"{before}.{node.func.attr}" if before and before[0] == "." else f".{node.func.attr}"
    return ast.unparse(node)


def write_recipe(folder: Path, toml: str = RECIPE, scene: str = SCENE, name: str = "rain") -> Path:
    """Write a gallery of one recipe and return its folder."""
    place = folder / name
    place.mkdir(parents=True)
    (place / "recipe.toml").write_text(toml, encoding="utf-8")
    (place / "scene.py").write_text(scene, encoding="utf-8")
    return folder
