"""Signatures of the functions that a source defines."""

from __future__ import annotations

import ast

from manimatic.checking.api import Parameter, Signature


def own_signature(node: ast.FunctionDef | ast.AsyncFunctionDef, *, skip: bool) -> Signature:
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
