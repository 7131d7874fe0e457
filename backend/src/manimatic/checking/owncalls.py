"""Signatures of the functions that a source defines, and what their calls give to them."""

from __future__ import annotations

import ast
import collections
from collections.abc import Mapping

from manimatic.checking.api import Parameter, Signature
from manimatic.checking.binding import bind
from manimatic.checking.frames import Facts, all_arguments
from manimatic.checking.values import SOME_NUMBERS, Plain, Value, point_size
from manimatic.checking.world import FunctionNode


def own_signature(node: FunctionNode, *, skip: bool) -> Signature:
    """Return what a function of the source takes, without `self` where it is bound."""
    args = node.args
    places = [*args.posonlyargs, *args.args]
    optional = len(places) - len(args.defaults)
    found = [
        Parameter(argument.arg, "position" if number < len(args.posonlyargs) else "plain", number >= optional)
        for number, argument in enumerate(places)
    ]
    found = found[1:] if skip else found
    if args.vararg is not None or (skip and not places):
        found.append(Parameter(args.vararg.arg if args.vararg else "args", "many", True))
    for argument, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        found.append(Parameter(argument.arg, "keyword", default is not None))
    return Signature(parameters=tuple(found), words=None if args.kwarg else frozenset())


def note_call(
    facts: Facts, call: ast.Call, node: FunctionNode, signature: Signature, values: Mapping[int, Value]
) -> None:
    """Remember what one call gives to a function's parameters."""
    bound = bind(call, signature)
    for parameter in signature.parameters:
        given = None if bound.is_open else bound.named.get(parameter.name)
        value = values.get(id(given)) if given is not None else None
        facts.note("given", (node, parameter.name), None if value == Plain("none") else value)
        if point_size(value) == 3:
            facts.in_space.add((node, parameter.name))
    facts.calls.setdefault(node, set()).add(id(call))


class Callers:
    """Tells which functions of a source are called in places that are all known, and nowhere else used."""

    def __init__(self, tree: ast.Module) -> None:
        self._called: collections.Counter[str] = collections.Counter()
        used: collections.Counter[str] = collections.Counter()
        self._defined: collections.Counter[str] = collections.Counter()
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                self._called[_name(node.func)] += 1
            if isinstance(node, (ast.Name, ast.Attribute)):
                used[_name(node)] += 1
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                self._defined[node.name] += 1
        self._escaped = {name for name, count in used.items() if count != self._called[name]}

    def given(self, node: FunctionNode, facts: Facts) -> dict[str, Value]:
        """Return what every call gives to a function's parameters; nothing where other calls are possible."""
        name = node.name
        known = self._defined[name] == 1 and name not in self._escaped and not node.decorator_list
        if not known or len(facts.calls.get(node, ())) != self._called[name]:
            return {}
        plain = {argument.arg for argument in all_arguments(node.args)} - _many(node)
        return {word: _either(facts, (node, word)) for word in plain}


def _either(facts: Facts, key: tuple[ast.AST, str]) -> Value:
    """Return what a parameter is given: numbers where one call gives a point and nothing is known of the others."""
    known = facts.given.get(key)
    return SOME_NUMBERS if known is None and key in facts.in_space else known


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def _many(node: FunctionNode) -> set[str]:
    return {argument.arg for argument in (node.args.vararg, node.args.kwarg) if argument}
