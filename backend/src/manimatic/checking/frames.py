"""What names stand for while the checker walks through a source, and what it learnt on its last walk."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from manimatic.checking.values import Value, join

Scope = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef
_UNSET = object()


@dataclass
class Facts:
    """What one walk learnt: what functions return, what names and attributes ever stand for."""

    returns: dict[ast.AST, Value] = field(default_factory=dict)
    names: dict[tuple[ast.AST, str], Value] = field(default_factory=dict)
    attributes: dict[tuple[str, str], Value] = field(default_factory=dict)
    given: dict[tuple[ast.AST, str], Value] = field(default_factory=dict)
    """What the calls of a function of the source give to its parameters."""
    in_space: set[tuple[ast.AST, str]] = field(default_factory=set)
    """The parameters of functions of the source to which some call gives a point of three numbers."""
    calls: dict[ast.AST, set[int]] = field(default_factory=dict)
    """The calls of a function of the source that were looked at."""

    def note(self, table: str, key: object, value: Value) -> None:
        """Add one more thing that something stands for."""
        known = getattr(self, table)
        known[key] = join(known[key], value) if key in known else value


class Frame:
    """The names of one scope."""

    def __init__(self, node: Scope, parent: Frame | None, before: Facts, now: Facts) -> None:
        self.node, self.parent = node, parent
        self.before, self.now = before, now
        self.env: dict[str, Value] = {}
        self.own_class: str | None = parent.own_class if parent else None
        self.outside: set[str] = set()
        self.locals: frozenset[str] = frozenset()

    def bind(self, name: str, value: Value) -> None:
        """Let a name stand for a value from here on."""
        frame = self
        if name in self.outside:
            frame = self.root()
        frame.env[name] = value
        frame.now.note("names", (frame.node, name), value)

    def root(self) -> Frame:
        """Return the module's frame."""
        return self.parent.root() if self.parent else self

    def ever(self, name: str) -> Value:
        """Return what a name stands for anywhere in this scope, as the last walk found it."""
        return self.before.names.get((self.node, name))

    def owner(self, name: str) -> Frame | None:
        """Return the scope that a name belongs to, seen from here."""
        if name in self.outside:
            return self.root()
        frame: Frame | None = self
        while frame is not None:
            if name in frame.locals and (frame is self or not isinstance(frame.node, ast.ClassDef)):
                return frame
            frame = frame.parent
        return None


def bound_names(node: Scope) -> frozenset[str]:
    """Return the names that a scope itself binds."""
    found: set[str] = set()
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        found.update(argument.arg for argument in all_arguments(node.args))
    body = [node.body] if isinstance(node, ast.Lambda) else list(node.body)
    stack: list[ast.AST] = list(body)
    gone: set[str] = set()
    while stack:
        part = stack.pop()
        _note_binding(part, found, gone)
        if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            stack.extend(part.decorator_list)
        elif not isinstance(part, ast.Lambda):
            stack.extend(ast.iter_child_nodes(part))
    return frozenset(found - gone)


def _note_binding(part: ast.AST, found: set[str], gone: set[str]) -> None:
    if isinstance(part, ast.Name) and isinstance(part.ctx, (ast.Store, ast.Del)):
        found.add(part.id)
    elif isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        found.add(part.name)
    elif isinstance(part, (ast.Import, ast.ImportFrom)):
        found.update(alias.asname or alias.name.partition(".")[0] for alias in part.names)
    elif (isinstance(part, ast.ExceptHandler) and part.name) or (
        isinstance(part, (ast.MatchAs, ast.MatchStar)) and part.name
    ):
        found.add(part.name)
    elif isinstance(part, ast.MatchMapping) and part.rest:
        found.add(part.rest)
    elif isinstance(part, (ast.Global, ast.Nonlocal)):
        gone.update(part.names)


def all_arguments(args: ast.arguments) -> list[ast.arg]:
    """Return every parameter of a function of the source."""
    extra = [argument for argument in (args.vararg, args.kwarg) if argument]
    return [*args.posonlyargs, *args.args, *args.kwonlyargs, *extra]
