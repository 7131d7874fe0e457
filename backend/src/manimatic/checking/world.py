"""The classes of Manim and of the source together."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from manimatic.checking.api import ApiIndex, Signature
from manimatic.checking.imports import Imports
from manimatic.checking.values import Instance, Module

OWN = "~"
"""Stands before the name of a class of the source, which may have the name of one of Manim's."""
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(eq=False)
class OwnClass:
    """A class that the source defines."""

    node: ast.ClassDef
    bases: list[str]
    is_open: bool
    """Whether it may have attributes that its source does not show."""
    methods: dict[str, FunctionNode] = field(default_factory=dict)
    attributes: set[str] = field(default_factory=set)
    heirs: set[str] = field(default_factory=set)


class World:
    """Answers questions about classes, whoever defined them."""

    def __init__(self, tree: ast.Module, index: ApiIndex, imports: Imports) -> None:
        self.index, self.imports = index, imports
        self.own: dict[str, OwnClass] = {}
        self.set_from_outside: set[str] = set(index.loose)
        nodes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
        names = {node.name for node in nodes}
        for node in nodes:
            self.own[OWN + node.name] = self._read(node, names)
        self._note_heirs()
        self._note_outside(tree)

    def _read(self, node: ast.ClassDef, names: set[str]) -> OwnClass:
        bases = [self._base(base, names) for base in node.bases]
        is_open = None in bases or bool(node.keywords or node.decorator_list)
        found = OwnClass(node, [base for base in bases if base], is_open)
        for part in node.body:
            if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef)):
                found.methods[part.name] = part
        for inner in ast.walk(node):
            self._note_attribute(inner, found)
        found.is_open |= not {"__getattr__", "__getattribute__", "__setattr__", "__new__"}.isdisjoint(found.methods)
        return found

    def _note_attribute(self, node: ast.AST, found: OwnClass) -> None:
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.attributes.add(node.attr)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.attributes.add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node is not found.node:
            found.attributes.add(node.name)
        elif (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "setattr") or (
            isinstance(node, ast.Attribute) and node.attr == "__dict__"
        ):
            found.is_open = True

    def _base(self, node: ast.expr, names: set[str]) -> str | None:
        if isinstance(node, ast.Name):
            if node.id in names:
                return OWN + node.id
            if node.id == "object":
                return ""
            known = self.imports.star or node.id in self.imports.names
            return node.id if known and self.index.has_class(node.id) else None
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = self.imports.names.get(node.value.id)
            if isinstance(module, Module) and module.name == "manim" and self.index.has_class(node.attr):
                return node.attr
        return None

    def _note_heirs(self) -> None:
        for kind in self.own:
            for base in self.mro(kind):
                if base in self.own:
                    self.own[base].heirs.add(kind)

    def _note_outside(self, tree: ast.Module) -> None:
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "set":
                self.set_from_outside.update(word.arg for word in node.keywords if word.arg)
            if not isinstance(node, ast.Attribute) or not isinstance(node.ctx, ast.Store):
                continue
            if not (isinstance(node.value, ast.Name) and node.value.id == "self"):
                self.set_from_outside.add(node.attr)

    def mro(self, kind: str) -> tuple[str, ...]:
        """Return a class and what it derives from, roughly in Python's order."""
        found: list[str] = []
        self._climb(kind, found, set())
        return tuple(found)

    def _climb(self, kind: str, found: list[str], seen: set[str]) -> None:
        if kind in seen:
            return
        seen.add(kind)
        if kind not in self.own:
            found.extend(base for base in self.index.mro(kind) if base not in found)
            return
        found.append(kind)
        for base in self.own[kind].bases:
            self._climb(base, found, seen)

    def is_a(self, kind: str, base: str) -> bool:
        """Tell whether a class derives from one of Manim's."""
        return base in self.mro(kind)

    def is_open(self, kind: str) -> bool:
        """Tell whether a class may have attributes that nobody lists."""
        return any(self.own[k].is_open if k in self.own else self.index.is_open(k) for k in self.mro(kind))

    def manim_base(self, kind: str) -> str | None:
        """Return the first class of Manim's that a class is or derives from."""
        return next((base for base in self.mro(kind) if base not in self.own), None)

    def own_method(self, kind: str, name: str) -> FunctionNode | None:
        """Return a method that the source defines for a class, unless Manim's own comes first."""
        for base in self.mro(kind):
            if base not in self.own:
                return None
            if name in self.own[base].methods:
                return self.own[base].methods[name]
        return None

    def method(self, kind: str, name: str) -> Signature | None:
        """Return what a method of Manim's takes for a class."""
        for base in self.mro(kind):
            if base not in self.own and (found := self.index.method(base, name)) is not None:
                return found
        return None

    def families(self, value: Instance) -> Iterator[str]:
        """Yield every class that the value may be of."""
        yield value.kind
        if value.kind in self.own:
            yield from self.own[value.kind].heirs
            return
        for kind, own in self.own.items():
            if value.kind in self.mro(kind) and (not value.exact or own.is_open):
                yield kind
        if not value.exact:
            yield from self.index.heirs(value.kind)

    def has_attribute(self, value: Instance, name: str) -> bool:
        """Tell whether the value may have an attribute; when in doubt, it has."""
        if name in self.set_from_outside or name.startswith("__"):
            return True
        return any(self._has(kind, name) for kind in self.families(value))

    def _has(self, kind: str, name: str) -> bool:
        if self.is_open(kind):
            return True
        for base in self.mro(kind):
            known = self.own[base].attributes if base in self.own else self.index.attributes(base)
            if name in known:
                return True
        if "Mobject" in self.mro(kind) or "OpenGLMobject" in self.mro(kind):
            return name.startswith("set_") or (name.startswith("get_") and self._gettable(kind, name[4:]))
        return False

    def _gettable(self, kind: str, name: str) -> bool:
        return bool(name) and (name in self.set_from_outside or self._has(kind, name))

    def known_attributes(self, kind: str) -> set[str]:
        """Return the attributes of a class, for suggestions."""
        found: set[str] = set()
        for base in self.mro(kind):
            found |= self.own[base].attributes if base in self.own else self.index.attributes(base)
        return found


def shown(kind: str) -> str:
    """Return a class's name for people."""
    return kind.removeprefix(OWN)
