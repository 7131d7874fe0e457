"""Signatures for the index, with the keyword arguments that `**kwargs` lets through.

A `**kwargs` that is handed on accepts what its receiver accepts, along the class hierarchy. Where it goes to somewhere
unknown the signature is open, and the checker says nothing about unknown keywords.
"""

from __future__ import annotations

import ast
import inspect
from dataclasses import dataclass
from typing import Any

import index_code

OPEN = None
"""The set of all names."""
MAX_DEPTH = 25


@dataclass(frozen=True)
class Context:
    """A function as it is found in one class: super() depends on the class that is made."""

    function: Any
    owner: type | None
    mro: tuple[type, ...]
    depth: int = 0


def parameters(function: Any) -> list[inspect.Parameter] | None:
    """Return a function's parameters; None where nobody knows."""
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return None


def signature_of(
    function: Any, owner: type | None, mro: tuple[type, ...], known: dict[str, type], *, static: bool = False
) -> list[Any]:
    """Return `[parameters, names that **kwargs takes, what it returns]`; `*` for names stands for any."""
    found = parameters(function)
    if found is None:
        return ["*args", "*", ""]
    if owner is not None and not static:
        found = found[1:]
    words = "" if not any(p.kind is p.VAR_KEYWORD for p in found) else _words(Context(function, owner, mro))
    gives = index_code.returns_of(function, known) if inspect.isfunction(inspect.unwrap(function)) else ""
    return [encode(found), words, gives]


def constructor_of(kind: type, known: dict[str, type]) -> list[Any]:
    """Return the signature of a class's constructor."""
    for base in kind.__mro__:
        init = vars(base).get("__init__")
        if init is None or base is object:
            continue
        return signature_of(init, base, kind.__mro__, known) if inspect.isfunction(init) else ["*args", "*", ""]
    return ["", "", ""] if kind.__new__ is object.__new__ else ["*args", "*", ""]


def encode(found: list[inspect.Parameter]) -> str:
    """Write parameters in one line: `a` needed, `a=` optional, `a!` by keyword only, `a/` by position only."""
    marks = {inspect.Parameter.KEYWORD_ONLY: "!", inspect.Parameter.POSITIONAL_ONLY: "/"}
    words = []
    for p in found:
        if p.kind is p.VAR_POSITIONAL:
            words.append(f"*{p.name}")
        elif p.kind is not p.VAR_KEYWORD:
            words.append(p.name + marks.get(p.kind, "") + ("=" if p.default is not p.empty else ""))
    return " ".join(words)


def _words(context: Context) -> str:
    names = passed_on(context)
    return "*" if names is OPEN else " ".join(sorted(names)) or "-"


def accepted(context: Context) -> frozenset[str] | None:
    """Return every keyword that a function takes, by name or through `**kwargs`; OPEN for any."""
    found = parameters(context.function)
    if found is None or context.depth > MAX_DEPTH:
        return OPEN
    own = frozenset(p.name for p in found if p.kind in {p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY})
    if not any(p.kind is p.VAR_KEYWORD for p in found):
        return own
    rest = passed_on(context)
    return OPEN if rest is OPEN else own | rest


def passed_on(context: Context) -> frozenset[str] | None:
    """Return what a function's `**kwargs` may hold."""
    node = index_code.tree_of(context.function)
    if not isinstance(node, ast.FunctionDef) or node.args.kwarg is None:
        return OPEN
    uses = _Uses(node.args.kwarg.arg)
    uses.look(node)
    if uses.unclear or not uses.calls:
        return OPEN
    sure = [call for call in uses.calls if call in uses.at_top]
    sets = [_let_through(call, context) for call in (sure or uses.calls)]
    closed = [names for names in sets if names is not OPEN]
    if sure and closed:
        return frozenset.intersection(*closed) | uses.taken
    return OPEN if len(closed) < len(sets) else frozenset.union(*closed) | uses.taken


class _Uses:
    """Where a function's keyword dictionary goes."""

    def __init__(self, name: str) -> None:
        self.name, self.unclear = name, False
        self.calls: list[ast.Call] = []
        self.at_top: set[ast.Call] = set()
        self.taken: set[str] = set()

    def look(self, node: ast.FunctionDef) -> None:
        """Look through the whole function."""
        for statement in node.body:
            plain = isinstance(statement, (ast.Expr, ast.Assign, ast.AnnAssign, ast.Return))
            self._visit(statement, plain)

    def _visit(self, node: ast.AST, top: bool) -> None:
        top = top and not isinstance(node, (ast.Lambda, ast.IfExp, ast.BoolOp, ast.ListComp, ast.GeneratorExp, ast.If))
        handled: set[ast.AST] = set()
        if isinstance(node, ast.Call):
            handled = self._call(node, top)
        elif isinstance(node, ast.Subscript) and self._is(node.value):
            self._take(node.slice)
            handled = {node.value}
        elif isinstance(node, ast.Compare) and self._is(node.comparators[0]):
            self._take(node.left)
            handled = {node.comparators[0]}
        elif self._is(node) or (isinstance(node, ast.Name) and node.id == self.name):
            self.unclear = True
        for child in ast.iter_child_nodes(node):
            if child not in handled:
                self._visit(child, top)

    def _call(self, node: ast.Call, top: bool) -> set[ast.AST]:
        handled: set[ast.AST] = set()
        if isinstance(node.func, ast.Attribute) and self._is(node.func.value):
            handled.add(node.func)
            if node.func.attr in {"pop", "get", "setdefault"}:
                self._take(node.args[0])
            elif node.func.attr not in {"copy", "update", "items", "keys", "values"}:
                self.unclear = True
        if isinstance(node.func, ast.Name) and node.func.id == "len":
            handled.update(node.args)
        if isinstance(node.func, ast.Attribute) and "logger" in ast.unparse(node.func.value):
            handled.update(node.args)
        for word in node.keywords:
            if word.arg is None and self._is(word.value):
                handled.add(word)
                self.calls.append(node)
                self.at_top |= {node} if top else set()
        return handled

    def _is(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Name) and node.id == self.name and isinstance(node.ctx, ast.Load)

    def _take(self, node: ast.AST) -> None:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            self.taken.add(node.value)
        else:
            self.unclear = True


def _let_through(call: ast.Call, context: Context) -> frozenset[str] | None:
    receiver, bound = _receiver(call.func, context)
    if receiver is None:
        return OPEN
    names = accepted(receiver)
    if names is OPEN:
        return OPEN
    own = {p.name for p in parameters(context.function) or ()}
    given = {word.arg for word in call.keywords if word.arg} | _by_position(call, receiver, bound)
    return names - (given - own) - {"self"}


def _by_position(call: ast.Call, receiver: Context, bound: int) -> set[str]:
    if any(isinstance(argument, ast.Starred) for argument in call.args):
        return set()
    slots = [
        p.name for p in parameters(receiver.function) or () if p.kind in {p.POSITIONAL_OR_KEYWORD, p.POSITIONAL_ONLY}
    ]
    return set(slots[bound : bound + len(call.args)])


def _receiver(func: ast.expr, context: Context) -> tuple[Context | None, int]:
    """Return the function that is called, and how many of its parameters are filled before the arguments."""
    if isinstance(func, ast.Name):
        return _named(context.function, func.id, context.depth)
    if not isinstance(func, ast.Attribute):
        return None, 0
    value = func.value
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "super" and context.owner:
        later = context.mro[context.mro.index(context.owner) + 1 :]
        return _method(func.attr, later, context), 1
    if isinstance(value, ast.Name) and value.id == "self":
        return _method(func.attr, context.mro, context), 1
    kind = _global(context.function, value.id) if isinstance(value, ast.Name) else None
    return (_method(func.attr, kind.__mro__, context), 0) if isinstance(kind, type) else (None, 0)


def _global(function: Any, name: str) -> Any:
    return inspect.unwrap(function).__globals__.get(name)


def _named(function: Any, name: str, depth: int) -> tuple[Context | None, int]:
    found = _global(function, name)
    if isinstance(found, type):
        for base in found.__mro__:
            init = vars(base).get("__init__")
            if inspect.isfunction(init):
                return Context(init, base, found.__mro__, depth + 1), 1
        return None, 0
    return (Context(found, None, (), depth + 1), 0) if inspect.isfunction(found) else (None, 0)


def _method(name: str, mro: tuple[type, ...], context: Context) -> Context | None:
    for base in mro:
        found = vars(base).get(name)
        if inspect.isfunction(found):
            return Context(found, base, context.mro if base in context.mro else mro, context.depth + 1)
        if found is not None:
            return None
    return None
