"""What the index takes from Manim's source text: attributes that are set, defaults, what a function returns."""

from __future__ import annotations

import ast
import functools
import inspect
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any


@functools.cache
def tree_of(thing: Any) -> ast.AST | None:
    """Return the syntax tree of a class or function; None where there is no source."""
    try:
        return ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(thing)))).body[0]
    except (OSError, TypeError, SyntaxError, IndexError):
        return None


def _targets(node: ast.AST) -> Iterator[ast.Attribute]:
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store):
            yield part


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in {"self", "cls"}


def assigned_to_self(kind: type) -> set[str]:
    """Return the attributes that a class's methods set on `self`, and those that its body annotates."""
    tree = tree_of(kind)
    if tree is None:
        return set()
    found = {
        part.attr for part in _targets(tree) if isinstance(part.value, ast.Name) and part.value.id in {"self", "cls"}
    }
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "setattr":
            found.update(name.value for name in call.args[1:2] if isinstance(name, ast.Constant))
    return found


def assigned_from_outside() -> set[str]:
    """Return every attribute that Manim sets on an object other than `self`: any object may have it."""
    import manim

    found = set()
    for path in Path(manim.__file__).parent.rglob("*.py"):
        for part in _targets(ast.parse(path.read_text(encoding="utf-8"))):
            if not _is_self(part.value):
                found.add(part.attr)
    return found


def default_camera(kind: type) -> str | None:
    """Return the camera class that a scene makes when it is not told which."""
    for base in kind.__mro__:
        init = vars(base).get("__init__")
        parameter = inspect.signature(init).parameters.get("camera_class") if inspect.isfunction(init) else None
        if parameter is not None and isinstance(parameter.default, type):
            return parameter.default.__name__
    return None


def rate_functions() -> list[str]:
    """Return the names of the rate functions."""
    from manim.utils import rate_functions as module

    return sorted(
        name
        for name, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_")
    )


def _returned(function: ast.AST) -> list[ast.expr | None]:
    found: list[ast.expr | None] = []
    stack = list(ast.iter_child_nodes(function))
    while stack:
        node = stack.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            continue
        if isinstance(node, (ast.Yield, ast.YieldFrom)):
            return []
        if isinstance(node, ast.Return):
            found.append(node.value)
        stack.extend(ast.iter_child_nodes(node))
    return found


def returns_of(function: Any, known: dict[str, type]) -> str:
    """Return what a function gives: `self`, `=Class` exactly, `Class` or a subclass, `num`, `vec3`, or nothing."""
    node = tree_of(function)
    if not isinstance(node, ast.FunctionDef) or any("property" in ast.unparse(d) for d in node.decorator_list):
        return ""
    values = _returned(node)
    if values and all(isinstance(value, ast.Name) and value.id == "self" for value in values):
        return "self"
    made = {value.func.id for value in values if isinstance(value, ast.Call) and isinstance(value.func, ast.Name)}
    if len(made) == 1 and all(isinstance(value, ast.Call) and isinstance(value.func, ast.Name) for value in values):
        name = made.pop()
        if isinstance(function.__globals__.get(name), type) and name in known:
            return f"={name}"
    return _annotated(node.returns, known)


def _annotated(node: ast.expr | None, known: dict[str, type]) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        node = ast.parse(node.value, mode="eval").body
    text = ast.unparse(node) if node is not None else ""
    if text == "Self":
        return "self"
    if text in {"float", "int"}:
        return "num"
    if text in {"Point3D", "Vector3D"}:
        return "vec3"
    return text if text in known else ""


def color_names() -> list[str]:
    """Return the names that Manim knows as colours when they come as text."""
    from manim.utils import color

    return sorted(color._all_color_dict)
