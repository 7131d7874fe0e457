"""The rule of methods and attributes that have another form here, and their mending by the table of rewrites."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Callable

from manimatic.checking.api import Signature
from manimatic.checking.findings import Findings
from manimatic.checking.receivers import graphs_fix
from manimatic.checking.rewrites import Rewrite, read_rewrite, rewritten
from manimatic.checking.ruledata import read_data
from manimatic.checking.samewords import same_words
from manimatic.checking.values import NUMBER, Instance, Value
from manimatic.checking.world import World, shown
from manimatic.diagnostics import Fix, Span

ValueOf = Callable[[ast.expr], Value]
RULE = "other-manim-name"


class RewriteRules:
    """Reports what the table of rewrites lists, with the fix where everything given has its place."""

    def __init__(self, world: World, findings: Findings) -> None:
        self.world, self.findings = world, findings
        self.table = read_data("rewrites.json")

    def report_call(self, call: ast.Call, node: ast.Attribute, value: Instance, value_of: ValueOf) -> bool:
        """Report the call of a method that the object does not have, if the table lists it; return whether it does."""
        if (animation := self.table["played"].get(node.attr)) and id(call) in self._played:
            return self._report_played(call, node, value, animation)
        text = self._listed("methods", node.attr, value, as_value=id(call) not in self._statements)
        if text is None:
            return self._report_graph(call, node, value) or self._report_words(call, node, value)
        if text.startswith("@"):
            return self._report_renamed(call, node, value, text[1:])
        rewrite = read_rewrite(text)
        if not self._has_result(rewrite, value):
            return False
        ordered = self._ordered(call, rewrite, value_of)
        fix = rewritten(self.findings, ordered, rewrite) if ordered is not None and self._is_known(rewrite) else None
        self._report(node, value, rewrite.shown, fix)
        return True

    def _report_graph(self, call: ast.Call, node: ast.Attribute, value: Instance) -> bool:
        found = graphs_fix(self.findings, call, node) if self.world.is_a(value.kind, "ParametricFunction") else None
        if found is None or self.world.method(value.kind, node.attr) is not None:
            return False
        self._report(node, value, *found)
        return True

    def _report_words(self, call: ast.Call, node: ast.Attribute, value: Instance) -> bool:
        """Report a method whose name says the same as that of one that takes the call."""
        known = self.world.known_attributes(value.kind)
        name = same_words(node.attr, (one for one in known if one[0] != "_" and self.world.method(value.kind, one)))
        signature = self.world.method(value.kind, name) if name else None
        fits = signature is not None and is_taken(call, signature)
        return name is not None and fits and self._report_renamed(call, node, value, name)

    def report_attribute(self, node: ast.Attribute, value: Instance) -> bool:
        """Report an attribute that the table lists and the object does not have; return whether it is one."""
        span = self.findings.source.span(node)
        called = self.findings.source.lines[span.end_line - 1][span.end_column - 1 :].lstrip().startswith("(")
        text = None if called else self._listed("attributes", node.attr, value, as_value=True)
        if text is None:
            return False
        rewrite = read_rewrite(text)
        if not self._has_result(rewrite, value):
            return False
        use = rewrite.use.replace("{self}", self.findings.source.text(node.value))
        animated = isinstance(node.value, ast.Attribute) and node.value.attr == "animate"
        self._report(node, value, rewrite.shown, None if animated else self.findings.replacing(node, use))
        return True

    @functools.cached_property
    def _played(self) -> frozenset[int]:
        """Return the arguments of every call of play()."""
        return frozenset(
            id(part)
            for node in ast.walk(self.findings.source.tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "play"
            for part in node.args
        )

    @functools.cached_property
    def _statements(self) -> frozenset[int]:
        """Return the calls that are statements of their own."""
        return frozenset(id(n.value) for n in ast.walk(self.findings.source.tree) if isinstance(n, ast.Expr))

    def _listed(self, table: str, name: str, value: Instance, *, as_value: bool) -> str | None:
        """Return a template; of two the first is for a statement, the second for a value."""
        for kind, names in self.table[table].items():
            if name in names and self.world.is_a(value.kind, kind):
                found: str | list[str | None] = names[name]
                return found if isinstance(found, str) else found[as_value]
        return None

    def _has_result(self, rewrite: Rewrite, value: Instance) -> bool:
        """Tell whether the object has the method or attribute that takes the other's place."""
        if not rewrite.use.startswith("{self}."):
            return True
        name = rewrite.use.removeprefix("{self}.")
        name = name[: next((at for at, letter in enumerate(name) if not letter.isalnum() and letter != "_"), len(name))]
        return name == "animate" or self.world.has_attribute(value, name)

    def _is_known(self, rewrite: Rewrite) -> bool:
        """Tell whether the names of Manim that a template uses are there."""
        return self.world.imports.star or not re.search(r"\b[A-Z]\w+", rewrite.use)

    def _ordered(self, call: ast.Call, rewrite: Rewrite, value_of: ValueOf) -> ast.Call | None:
        """Return a call with a number and a graph in this order; None where nobody knows which is which."""
        if rewrite.parameters[:2] != ("x", "graph"):
            return call
        if len(call.args) == 1 and isinstance(value_of(call.args[0]), Instance):
            words = [ast.keyword("graph", call.args[0]), *(_with_name(word) for word in call.keywords)]
            return ast.copy_location(ast.Call(call.func, [], words), call)
        if len(call.args) < 2:
            return call
        first, second = (value_of(part) for part in call.args[:2])
        if isinstance(first, Instance) and not isinstance(second, Instance):
            turned = [call.args[1], call.args[0], *call.args[2:]]
            return ast.copy_location(ast.Call(call.func, turned, call.keywords), call)
        known = first == NUMBER or isinstance(first, Instance) or isinstance(second, Instance)
        return call if known and not isinstance(first, Instance) else None

    def _report_renamed(self, call: ast.Call, node: ast.Attribute, value: Instance, name: str) -> bool:
        signature = self.world.method(value.kind, name)
        if signature is None:
            return False
        span = self.findings.source.span(node)
        column = span.end_column - len(node.attr)
        place = Span(line=span.end_line, column=column, end_line=span.end_line, end_column=span.end_column)
        fix = self.findings.replacing(place, name) if is_taken(call, signature) else None
        self._report(node, value, name, fix)
        return True

    def _report_played(self, call: ast.Call, node: ast.Attribute, value: Instance, animation: str) -> bool:
        if not self.world.is_a(value.kind, "Mobject") or not self.world.imports.star:
            return False
        rewrite = read_rewrite(f"(**) -> {animation}({{self}}{{**}})")
        receiver = node.value
        if isinstance(receiver, ast.Attribute) and receiver.attr == "animate":
            func = ast.copy_location(ast.Attribute(receiver.value, node.attr, ast.Load()), node)
            call = ast.copy_location(ast.Call(func, call.args, call.keywords), call)
        self._report(node, value, f"{animation}(mobject)", rewritten(self.findings, call, rewrite))
        return True

    def _report(self, node: ast.Attribute, value: Instance, use: str, fix: Fix | None) -> None:
        message = f"{shown(value.kind)} has no {node.attr}."
        self.findings.add(RULE, node, message, hint=f"Use {use}.", nearest=use, fix=fix)


def _with_name(word: ast.keyword) -> ast.keyword:
    """Return an argument under the name `x`, if it has one that means the same."""
    return ast.keyword("x", word.value) if word.arg in {"x_val", "x_value", "at", "x0", "at_x"} else word


def is_taken(call: ast.Call, signature: Signature) -> bool:
    """Tell whether a signature takes what a call gives; what stars hide counts as taken."""
    if not signature.is_many and len(call.args) > len(signature.by_position):
        return False
    words = {word.arg for word in call.keywords} - {None}
    return signature.words is None or words <= signature.by_name | signature.words
