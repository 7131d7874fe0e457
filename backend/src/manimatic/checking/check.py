"""The static checker: everything that can be known of a scene without running it."""

from __future__ import annotations

import ast
import re

from manimatic.checking.api import ApiIndex
from manimatic.checking.findings import Findings, Source
from manimatic.checking.frames import Facts
from manimatic.checking.imports import read_imports
from manimatic.checking.modules import ModuleRules
from manimatic.checking.names import NameRule
from manimatic.checking.owncalls import Callers
from manimatic.checking.policy import PolicyRules
from manimatic.checking.statements import Walk
from manimatic.checking.structure import DimensionRule, StructureRules, report_syntax
from manimatic.checking.targets import TargetRule
from manimatic.checking.world import World
from manimatic.diagnostics import CheckReport, Severity, Span

_NO_TEXT = re.compile("[\x00\ud800-\udfff]")
MAX_CHARACTERS = 100_000
"""Longer sources are not parsed: no scene comes near, and the parser's memory grows with the source."""
MAX_DEPTH = 120
"""Deeper nesting of expressions and blocks is not walked through."""
MAX_NODES = 60_000
TOO_DEEP = "The source is nested too deeply, or holds too much, to be looked at."
WALKS = 3
"""What one walk learns of functions and attributes, the next one uses; the last one reports."""


def check_source(
    code: str,
    *,
    index: ApiIndex | None = None,
    policy: Severity = Severity.WARNING,
    packages: frozenset[str] = frozenset(),
) -> CheckReport:
    """Check a scene's source.

    Args:
        code: The source; it is parsed, never run.
        index: The Manim that it is written for; None reads the one that is shipped.
        policy: How bad it is when a scene reaches out for what it has no business with.
        packages: Modules that are installed for scenes, besides Manim and what it needs.
    """
    findings = Findings(Source(code))
    if len(code) > MAX_CHARACTERS:
        return too_much(code, "too-long", f"The source is longer than {MAX_CHARACTERS} characters.")
    if _NO_TEXT.search(code):
        return too_much(code, "null-bytes", "The source holds null bytes or characters that are none.")
    try:
        tree = findings.source.tree
    except SyntaxError as error:
        report_syntax(error, findings)
        return CheckReport(code=code, diagnostics=findings.all())
    except (ValueError, RecursionError, MemoryError):
        return too_much(code, "too-deep", TOO_DEEP)
    if _is_too_deep(tree):
        return too_much(code, "too-deep", TOO_DEEP)
    _run_rules(tree, findings, index or ApiIndex.load(), policy, packages)
    return CheckReport(code=code, diagnostics=findings.all())


def too_much(code: str, rule: str, message: str) -> CheckReport:
    """Return the report on a source that nobody looks at."""
    span = Span(line=1, column=1, end_line=1, end_column=1)
    findings = Findings(Source(""))
    findings.add(rule, span, message, hint="Write a simpler scene.")
    return CheckReport(code=code, diagnostics=findings.all())


def _is_too_deep(tree: ast.AST) -> bool:
    count, level = 0, [tree]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        count += len(level)
        if not level:
            return False
        if count > MAX_NODES:
            return True
    return True


def _run_rules(
    tree: ast.Module, findings: Findings, index: ApiIndex, policy: Severity, packages: frozenset[str]
) -> None:
    imports = read_imports(tree, index)
    world = World(tree, index, imports)
    short = _is_short_form(tree)
    ModuleRules(world, findings, packages).check(tree)
    NameRule(world, findings, short=short).check(tree)
    StructureRules(world, findings).check(tree, short=short)
    DimensionRule(world, findings).check()
    TargetRule(world, findings).check(tree)
    PolicyRules(findings, policy).check(tree)
    facts, callers = Facts(), Callers(tree)
    for number in range(WALKS):
        with findings.muted(number < WALKS - 1):
            facts = Walk(world, findings, facts, callers, short=short).run(tree)


def _is_short_form(tree: ast.Module) -> bool:
    """Tell whether the source is a bare construct method or a bare body, which the worker wraps in a scene."""
    if any(isinstance(node, ast.ClassDef) for node in tree.body):
        return False
    construct = any(
        isinstance(n, ast.FunctionDef) and n.name == "construct" and len(n.args.args) == 1 for n in tree.body
    )
    rest = [node for node in tree.body if not isinstance(node, ast.FunctionDef)]
    return construct or any(isinstance(p, ast.Name) and p.id == "self" for n in rest for p in ast.walk(n))
