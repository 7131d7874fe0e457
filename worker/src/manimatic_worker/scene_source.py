"""From source text to a scene class.

Accepted are a whole file, a bare ``def construct(self): …`` and a bare body that uses ``self``; the short forms get
``from manim import *`` and a class around them. Line numbers stay those of the user's text.
"""

from __future__ import annotations

import ast
import linecache
import sys
import types
from typing import Any

SCENE_FILE = "scene.py"
_MODULE = "__main__"
_WRAPPER = "Scene1"


class NoScene(Exception):
    """The source defines no scene to render."""


def load_scene(code: str, wanted: str | None) -> type[Any]:
    """Run the source as a module and return the scene class to render.

    Args:
        code: The source text.
        wanted: Name of the class; None takes the last one defined.

    Raises:
        NoScene: There is no such scene.
        BaseException: Whatever the source raises, syntax errors included.
    """
    tree = ast.parse(code, SCENE_FILE)
    short = _is_short_form(tree)
    if short:
        tree = _wrap(tree)
    linecache.cache[SCENE_FILE] = (len(code), None, code.splitlines(keepends=True), SCENE_FILE)
    module = types.ModuleType(_MODULE)
    module.__file__ = SCENE_FILE
    sys.modules[_MODULE] = module
    if short:
        exec("from manim import *", module.__dict__)  # noqa: S102
    exec(compile(tree, SCENE_FILE, "exec", dont_inherit=True), module.__dict__)  # noqa: S102
    return _pick(module, wanted)


def _pick(module: types.ModuleType, wanted: str | None) -> type[Any]:
    from manim import Scene

    scenes = {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, Scene) and value.__module__ == _MODULE
    }
    if wanted is not None:
        if wanted not in scenes:
            raise NoScene(f"The source has no scene named {wanted!r}; it has {', '.join(scenes) or 'none'}.")
        return scenes[wanted]
    if not scenes:
        raise NoScene("The source defines no class that derives from Scene.")
    return list(scenes.values())[-1]


def _is_short_form(tree: ast.Module) -> bool:
    if any(isinstance(node, ast.ClassDef) for node in tree.body):
        return False
    if any(_is_construct(node) for node in tree.body):
        return True
    return any(_uses_self(node) for node in tree.body if not isinstance(node, ast.FunctionDef))


def _is_construct(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name == "construct" and len(node.args.args) == 1


def _uses_self(node: ast.stmt) -> bool:
    return any(isinstance(part, ast.Name) and part.id == "self" for part in ast.walk(node))


def _wrap(tree: ast.Module) -> ast.Module:
    """Put a class (and, around a bare body, a method) about the statements that are not imports."""
    imports = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    rest = [node for node in tree.body if node not in imports]
    head, methods = rest, []
    if any(_is_construct(node) for node in rest):
        methods = [node for node in rest if _is_method(node)]
        head = [node for node in rest if node not in methods]
    else:
        wrapper = ast.parse("def construct(self): pass").body[0]
        assert isinstance(wrapper, ast.FunctionDef)  # noqa: S101
        wrapper.body, methods, head = rest, [wrapper], []
    scene = ast.parse(f"class {_WRAPPER}({_base_for(tree)}): pass").body[0]
    assert isinstance(scene, ast.ClassDef)  # noqa: S101
    scene.body = methods
    return ast.fix_missing_locations(ast.Module(body=[*imports, *head, scene], type_ignores=[]))


def _is_method(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef) and bool(node.args.args) and node.args.args[0].arg == "self"


def _base_for(tree: ast.Module) -> str:
    """Choose the scene class that has what a short form uses of its camera."""
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    if names & {
        "set_camera_orientation",
        "move_camera",
        "begin_ambient_camera_rotation",
        "add_fixed_in_frame_mobjects",
    }:
        return "ThreeDScene"
    return "MovingCameraScene" if "frame" in names else "Scene"
