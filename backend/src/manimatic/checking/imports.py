"""What a source imports, wherever it does, and what its names then stand for."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from manimatic.checking.api import ApiIndex
from manimatic.checking.values import NUMBER, STRING, Class, Function, Instance, Module, Value, Vector


@dataclass
class Imports:
    """The names that imports bring."""

    star: bool = False
    """`from manim import *` stands somewhere."""
    foreign_star: bool = False
    """Something unknown is imported whole: any name may exist."""
    names: dict[str, Value] = field(default_factory=dict)


def read_imports(tree: ast.Module, index: ApiIndex) -> Imports:
    """Collect the imports of a source."""
    found = Imports()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name if alias.asname else alias.name.partition(".")[0]
                found.names[alias.asname or top] = Module(top)
        elif isinstance(node, ast.ImportFrom):
            _from(node, found, index)
    return found


def _from(node: ast.ImportFrom, found: Imports, index: ApiIndex) -> None:
    module = node.module or ""
    for alias in node.names:
        if alias.name != "*":
            found.names[alias.asname or alias.name] = _imported(alias.name, module, index)
        elif module == "manim":
            found.star = True
        else:
            found.foreign_star = True


def _imported(name: str, module: str, index: ApiIndex) -> Value:
    """Return what a name stands for that is imported from a module; inner modules have names of their own."""
    if module == "manim":
        return manim_value(name, index)
    return Class(name) if index.has_class(name) and index.is_from(name, module) else None


def manim_value(name: str, index: ApiIndex) -> Value:
    """Return what a name of Manim stands for."""
    if index.has_class(name):
        return Class(name)
    if index.has_function(name):
        return Function(name, index.function(name))
    kinds: dict[str, Value] = {
        "vec3": Vector(3),
        "num": NUMBER,
        "str": STRING,
        "color": Instance("ManimColor"),
    }
    kind = index.constants.get(name, "other")
    if kind == "module":
        return Module("numpy" if name == "np" else f"manim.{name}")
    return kinds.get(kind)
