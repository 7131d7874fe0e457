"""The walk through a source, statement by statement."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from manimatic.checking.expressions import Expressions
from manimatic.checking.findings import Findings
from manimatic.checking.frames import Facts, Frame, Scope, all_arguments, bound_names
from manimatic.checking.owncalls import Callers
from manimatic.checking.values import (
    Class,
    Instance,
    Method,
    OwnFunction,
    Plain,
    Sequence,
    Value,
    join,
)
from manimatic.checking.world import OWN, FunctionNode, World
from manimatic.diagnostics import Severity

ASKING = frozenset({"isinstance", "hasattr", "callable", "issubclass"})
ENTRANCES = frozenset({"construct", "setup", "tear_down", "__init__"})


class Walk:
    """One walk through a source; what it learns helps the next."""

    def __init__(self, world: World, findings: Findings, before: Facts, callers: Callers, *, short: bool) -> None:
        self.world, self.findings, self.before, self.callers = world, findings, before, callers
        self.now = Facts()
        self.expressions = Expressions(world, findings, short=short)
        self.short = short
        self.mentioned: set[str] = set()
        self.deferred: list[tuple[FunctionNode, Frame]] = []
        self.asked = False

    def run(self, tree: ast.Module) -> Facts:
        """Walk through everything and return what was learnt."""
        self.mentioned = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        self.mentioned |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        frame = self._frame(tree, None)
        if self.short:
            frame.env["self"] = None
        self.body(tree.body, frame)
        while self.deferred or self.expressions.deferred:
            if self.deferred:
                self._function(*self.deferred.pop(0))
            else:
                self._lambda(*self.expressions.deferred.pop(0))
        return self.now

    def _frame(self, node: Scope, parent: Frame | None) -> Frame:
        frame = Frame(node, parent, self.before, self.now)
        frame.locals = bound_names(node)
        body = [] if isinstance(node, ast.Lambda) else node.body
        for part in body:
            frame.outside.update(n for x in ast.walk(part) if isinstance(x, ast.Global) for n in x.names)
        return frame

    # ------------------------------------------------------------ definitions

    def _lambda(self, node: ast.Lambda, parent: Frame) -> None:
        frame = self._frame(node, parent)
        self.expressions.value(node.body, frame)

    def _function(self, node: FunctionNode, parent: Frame) -> None:
        frame = self._frame(node, parent)
        self._parameters(node, frame, parent)
        called = node.name in ENTRANCES or node.name in self.mentioned or node.name.startswith("__")
        with self.findings.softened(not called and not node.decorator_list):
            ended = self.body(node.body, frame)
        if not ended:
            self.now.note("returns", node, Plain("none"))
        if self._is_special(node):
            self.now.note("returns", node, None)

    def _is_special(self, node: FunctionNode) -> bool:
        return isinstance(node, ast.AsyncFunctionDef) or any(
            isinstance(part, (ast.Yield, ast.YieldFrom)) for part in ast.walk(node)
        )

    def _parameters(self, node: FunctionNode, frame: Frame, parent: Frame) -> None:
        given = self._given(node, parent)
        for argument in all_arguments(node.args):
            frame.bind(argument.arg, given.get(argument.arg))
        places = [*node.args.posonlyargs, *node.args.args]
        plain = not any(
            isinstance(d, ast.Name) and d.id in {"staticmethod", "classmethod"} for d in node.decorator_list
        )
        if isinstance(parent.node, ast.ClassDef) and places and plain:
            kind = OWN + parent.node.name
            if kind in self.world.own and self.world.own[kind].node is parent.node:
                frame.own_class = kind
                frame.bind(places[0].arg, Instance(kind, False))
        for default in (*node.args.defaults, *(d for d in node.args.kw_defaults if d)):
            self.expressions.value(default, parent)

    def _given(self, node: FunctionNode, parent: Frame) -> dict[str, Value]:
        """Return what all calls give to a function's parameters; nothing for a method that Manim calls, too."""
        base = self.world.manim_base(OWN + parent.node.name) if isinstance(parent.node, ast.ClassDef) else None
        known = base is not None and self.world.index.method(base, node.name) is not None
        if known or node.name in ENTRANCES:
            return {}
        return self.callers.given(node, self.before)

    def _class(self, node: ast.ClassDef, frame: Frame) -> None:
        inner = self._frame(node, frame)
        self.body(node.body, inner)
        for name, value in inner.env.items():
            if not isinstance(value, OwnFunction):
                self.now.note("attributes", (OWN + node.name, name), value)
        known = OWN + node.name
        frame.bind(node.name, Class(known) if self.world.own[known].node is node else None)

    # ------------------------------------------------------------ statements

    def body(self, statements: Iterable[ast.stmt], frame: Frame) -> bool:
        """Walk through statements; return whether what follows them is never reached."""
        return any(self._statement(statement, frame) for statement in statements)

    def _statement(self, node: ast.stmt, frame: Frame) -> bool:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            frame.bind(node.name, OwnFunction(node))
            self.deferred.append((node, frame))
            return False
        if isinstance(node, ast.ClassDef):
            self._class(node, frame)
            return False
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            self._import(node, frame)
            return False
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is not None:
            return bool(method(node, frame))
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.expressions.value(child, frame)
        return False

    def _import(self, node: ast.Import | ast.ImportFrom, frame: Frame) -> None:
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            if name != "*":
                frame.bind(name, self.world.imports.names.get(name))

    def _expr(self, node: ast.Expr, frame: Frame) -> None:
        value = self.expressions.value(node.value, frame)
        if isinstance(value, Method) and value.signature is not None and isinstance(node.value, ast.Attribute):
            message = f"{value.name} is not called: nothing happens here."
            self.findings.add("uncalled-method", node.value, message, severity=Severity.WARNING, hint="Add ().")

    def _assign(self, node: ast.Assign, frame: Frame) -> None:
        value = self.expressions.value(node.value, frame)
        for target in node.targets:
            self.expressions.uses.points.check_unpacked(target, node.value, value)
            self.expressions.bind(target, value, frame)

    def _annassign(self, node: ast.AnnAssign, frame: Frame) -> None:
        if node.value is not None:
            self.expressions.bind(node.target, self.expressions.value(node.value, frame), frame)

    def _augassign(self, node: ast.AugAssign, frame: Frame) -> None:
        value = self.expressions.value(node.value, frame)
        old: Value = None
        if isinstance(node.target, (ast.Name, ast.Attribute)):
            with self.findings.muted():
                load = ast.copy_location(_loaded(node.target), node.target)
                old = self.expressions.value(load, frame)
        new: Value = old if old == value and isinstance(old, Plain) else None
        if isinstance(old, Sequence) and isinstance(value, Sequence):
            new = join(Sequence(old.kind, old.items, old.common), Sequence(old.kind, value.items, value.common))
        self.expressions.bind(node.target, new, frame)

    def _return(self, node: ast.Return, frame: Frame) -> bool:
        value: Value = Plain("none")
        if node.value is not None:
            value = self.expressions.value(node.value, frame)
        self.now.note("returns", frame.node, value)
        return True

    def _raise(self, node: ast.Raise, frame: Frame) -> bool:
        self.expressions.value(node.exc, frame)
        return True

    def _continue(self, node: ast.Continue, frame: Frame) -> bool:
        return True

    def _break(self, node: ast.Break, frame: Frame) -> bool:
        return True

    # ------------------------------------------------------------ branches and loops

    def _if(self, node: ast.If, frame: Frame) -> bool:
        self.expressions.value(node.test, frame)
        start = dict(frame.env)
        self._forget_asked(node.test, frame)
        ended = self.body(node.body, frame)
        after, frame.env = frame.env, dict(start)
        self._forget_asked(node.test, frame)
        ended_else = self.body(node.orelse, frame)
        if ended_else and not ended:
            frame.env = after
        elif not ended:
            frame.env = merged(after, frame.env)
        return ended and ended_else

    def _forget_asked(self, test: ast.expr, frame: Frame) -> None:
        """Know nothing of a name whose type or attributes the source itself asks for."""
        for call in ast.walk(test):
            if not isinstance(call, ast.Call) or not call.args or not isinstance(call.args[0], ast.Name):
                continue
            if isinstance(call.func, ast.Name) and call.func.id in ASKING:
                frame.env[call.args[0].id] = None

    def _enter_loop(self, node: ast.For | ast.AsyncFor | ast.While, frame: Frame) -> None:
        """Let names that the loop sets again stand for what they ever stand for."""
        for part in ast.walk(node):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store) and part.id in frame.env:
                frame.env[part.id] = frame.ever(part.id)
            elif isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id in frame.env:
                name = part.value.id
                if part.attr == "append":
                    frame.env[name] = join(frame.env[name], frame.ever(name))

    def _for(self, node: ast.For, frame: Frame) -> None:
        items = self.expressions.value(node.iter, frame)
        self._enter_loop(node, frame)
        start = dict(frame.env)
        self.expressions.bind(node.target, self.expressions.element(items), frame)
        self.body(node.body, frame)
        frame.env = merged(start, frame.env)
        self.body(node.orelse, frame)

    def _while(self, node: ast.While, frame: Frame) -> bool:
        self._enter_loop(node, frame)
        self.expressions.value(node.test, frame)
        start = dict(frame.env)
        self.body(node.body, frame)
        frame.env = merged(start, frame.env)
        self.body(node.orelse, frame)
        return False

    def _with(self, node: ast.With, frame: Frame) -> bool:
        for item in node.items:
            self.expressions.value(item.context_expr, frame)
            if item.optional_vars is not None:
                self.expressions.bind(item.optional_vars, None, frame)
        return self.body(node.body, frame) and not any("suppress" in ast.dump(i.context_expr) for i in node.items)

    def _try(self, node: ast.Try, frame: Frame) -> bool:
        start = dict(frame.env)
        with self.findings.muted(bool(node.handlers)):
            self.body(node.body, frame)
            self.body(node.orelse, frame)
        ends = [frame.env]
        for handler in node.handlers:
            frame.env = merged(start, ends[0])
            if handler.name:
                frame.bind(handler.name, None)
            self.body(handler.body, frame)
            ends.append(frame.env)
        for end in ends:
            frame.env = merged(frame.env, end)
        self.body(node.finalbody, frame)
        return False

    def _match(self, node: ast.Match, frame: Frame) -> bool:
        self.expressions.value(node.subject, frame)
        start = dict(frame.env)
        ends = [start]
        for case in node.cases:
            frame.env = dict(start)
            for part in ast.walk(case.pattern):
                if isinstance(part, (ast.MatchAs, ast.MatchStar)) and part.name:
                    frame.bind(part.name, None)
            self.body(case.body, frame)
            ends.append(frame.env)
        for end in ends:
            frame.env = merged(frame.env, end)
        return False


def merged(one: dict[str, Value], other: dict[str, Value]) -> dict[str, Value]:
    """Return what holds whichever way was taken."""
    return {name: join(one[name], other[name]) if name in one and name in other else None for name in one | other}


def _loaded(node: ast.Name | ast.Attribute) -> ast.expr:
    if isinstance(node, ast.Name):
        return ast.Name(node.id, ast.Load())
    return ast.Attribute(node.value, node.attr, ast.Load())
