"""Where the rules put what they find."""

from __future__ import annotations

import ast
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

from manimatic.checking.ruledata import certain_rules
from manimatic.diagnostics import Diagnostic, Edit, Fix, Severity, Span


class Source:
    """A source text, with positions in characters; the parser counts bytes."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.lines = code.split("\n")

    @cached_property
    def tree(self) -> ast.Module:
        """Return what the source is parsed to. Raises SyntaxError, ValueError, RecursionError, MemoryError."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(self.code)

    @cached_property
    def uses(self) -> Counter[str]:
        """Return how often each name, and each attribute with what it is of, stands in the source."""
        parts = (part for part in ast.walk(self.tree) if isinstance(part, (ast.Name, ast.Attribute)))
        return Counter(map(ast.unparse, parts))

    def column(self, line: int, offset: int) -> int:
        """Return the column, from 1, of a byte offset in a line."""
        text = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        return offset + 1 if text.isascii() else len(text.encode()[:offset].decode(errors="replace")) + 1

    def span(self, node: ast.expr | ast.stmt | ast.keyword | ast.alias | ast.arg) -> Span:
        """Return where a node stands."""
        end_line = node.end_lineno or node.lineno
        end = node.end_col_offset if node.end_col_offset is not None else node.col_offset
        return Span(
            line=node.lineno,
            column=self.column(node.lineno, node.col_offset),
            end_line=end_line,
            end_column=self.column(end_line, end),
        )

    def text(self, node: ast.expr) -> str:
        """Return a node's text."""
        return ast.get_source_segment(self.code, node) or ""


class Findings:
    """Collects diagnostics; each rule speaks once about a place, and not at all where it is muted."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._found: dict[tuple[str, Span], Diagnostic] = {}
        self._muted = 0
        self._softened = 0

    @contextmanager
    def muted(self, on: bool = True) -> Iterator[None]:
        """Say nothing meanwhile."""
        self._muted += on
        try:
            yield
        finally:
            self._muted -= on

    @contextmanager
    def softened(self, on: bool = True) -> Iterator[None]:
        """Make warnings of errors meanwhile: this code may never run."""
        self._softened += on
        try:
            yield
        finally:
            self._softened -= on

    def add(
        self,
        rule: str,
        where: Span | ast.expr | ast.stmt | ast.keyword | ast.alias | ast.arg,
        message: str,
        *,
        severity: Severity = Severity.ERROR,
        hint: str = "",
        nearest: str | None = None,
        fix: Fix | None = None,
    ) -> None:
        """Take one finding."""
        if self._muted:
            return
        span = where if isinstance(where, Span) else self.source.span(where)
        if self._softened and severity is Severity.ERROR:
            severity = Severity.WARNING
        if not hint and nearest:
            hint = f"Did you mean {nearest}?"
        self._found.setdefault(
            (rule, span),
            Diagnostic(
                rule=rule,
                severity=severity,
                span=span,
                message=message,
                hint=hint,
                nearest=nearest,
                fix=fix,
                certain=severity is Severity.ERROR and rule in certain_rules(),
            ),
        )

    def replacing(self, where: Span | ast.expr | ast.keyword | ast.alias, text: str) -> Fix:
        """Return the fix that puts a text in a place."""
        span = where if isinstance(where, Span) else self.source.span(where)
        return Fix((Edit(span, text),))

    def inserting(self, line: int, column: int, text: str) -> Edit:
        """Return the edit that puts a text before a place."""
        return Edit(Span(line=line, column=column, end_line=line, end_column=column), text)

    def all(self) -> tuple[Diagnostic, ...]:
        """Return everything that was found, in the order of the source."""
        return tuple(sorted(self._found.values(), key=lambda found: (found.span, found.rule)))
