"""What can be said of a scene without running it: values that the checker, the store and the API share."""

from __future__ import annotations

import difflib
import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

UNSAFE = "unsafe"
"""The rule about scenes that reach for what they have no business with."""


class Severity(enum.StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    """The scene will fail."""
    WARNING = "warning"
    """The scene renders, and probably not as it was meant."""
    ADVICE = "advice"
    """It could be better."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Span:
    """A stretch of the source; lines and columns count from 1, and the end is not part of it."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Edit:
    """One stretch of the source and what is to stand there."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """Edits that belong together and certainly keep what the author meant."""

    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One finding; `rule` is stable, so that people and programs may match on it."""

    rule: str
    severity: Severity
    span: Span
    message: str
    hint: str = ""
    nearest: str | None = None
    fix: Fix | None = None
    certain: bool = False
    """Whether the scene fails for this wherever it stands; other errors count where the code is reached."""

    @property
    def line(self) -> int:
        """Return the line that it begins in, from 1."""
        return self.span.line

    @property
    def column(self) -> int:
        """Return the column that it begins in, from 1."""
        return self.span.column

    @property
    def end_line(self) -> int:
        """Return the line that it ends in."""
        return self.span.end_line

    @property
    def end_column(self) -> int:
        """Return the column behind its end."""
        return self.span.end_column


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """One fix that was made: its rule, the line it began in, and what changed, as a diff without context."""

    rule: str
    line: int
    diff: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """A source, what was mended in it, and everything that was found in it, in its order."""

    code: str
    """The source as it is now; without fixes, as it was given."""
    diagnostics: tuple[Diagnostic, ...] = ()
    applied: tuple[Applied, ...] = ()

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """Return what will make the scene fail."""
        return tuple(found for found in self.diagnostics if found.severity is Severity.ERROR)

    @property
    def ok(self) -> bool:
        """Tell whether nothing was found that makes the scene fail."""
        return not self.errors


def diagnostic_to_json(found: Diagnostic) -> dict[str, Any]:
    """Return a diagnostic as plain data."""
    return {
        "rule": found.rule,
        "severity": found.severity.value,
        **_span_to_json(found.span),
        "message": found.message,
        "hint": found.hint,
        "nearest": found.nearest,
        "certain": found.certain,
        "fix": [{**_span_to_json(edit.span), "text": edit.text} for edit in found.fix.edits] if found.fix else None,
    }


def diagnostic_for_people(found: Diagnostic, code: str) -> dict[str, Any]:
    """Return a diagnostic as people's programs read it: flat, its fix as a diff."""
    shown = diagnostic_to_json(found)
    del shown["certain"]
    return shown | {"fix": fix_diff(code, found.fix) if found.fix else None}


def _span_to_json(span: Span) -> dict[str, int]:
    return {
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }


def diagnostic_from_json(data: Mapping[str, Any]) -> Diagnostic:
    """Return the diagnostic again. Raises KeyError, TypeError or ValueError for data that is none."""
    fix = data["fix"]
    return Diagnostic(
        rule=str(data["rule"]),
        severity=Severity(data["severity"]),
        span=_span_from_json(data),
        message=str(data["message"]),
        hint=str(data["hint"]),
        nearest=None if data["nearest"] is None else str(data["nearest"]),
        certain=bool(data["certain"]),
        fix=None if fix is None else Fix(tuple(Edit(_span_from_json(edit), str(edit["text"])) for edit in fix)),
    )


def _span_from_json(data: Mapping[str, Any]) -> Span:
    line, column, end_line, end_column = (int(data[name]) for name in ("line", "column", "end_line", "end_column"))
    return Span(line=line, column=column, end_line=end_line, end_column=end_column)


def applied_to_json(one: Applied) -> dict[str, Any]:
    """Return a fix that was made as plain data."""
    return {"rule": one.rule, "line": one.line, "diff": one.diff}


def applied_from_json(data: Mapping[str, Any]) -> Applied:
    """Return the fix again. Raises KeyError, TypeError or ValueError for data that is none."""
    return Applied(rule=str(data["rule"]), line=int(data["line"]), diff=str(data["diff"]))


def report_to_json(report: CheckReport) -> dict[str, Any]:
    """Return a report as plain data."""
    return {
        "code": report.code,
        "applied": [applied_to_json(one) for one in report.applied],
        "diagnostics": [diagnostic_to_json(found) for found in report.diagnostics],
    }


def report_from_json(data: Mapping[str, Any]) -> CheckReport:
    """Return the report again. Raises KeyError, TypeError or ValueError for data that is none."""
    return CheckReport(
        code=str(data["code"]),
        applied=tuple(applied_from_json(one) for one in data["applied"]),
        diagnostics=tuple(diagnostic_from_json(found) for found in data["diagnostics"]),
    )


def diff_of(before: str, after: str, max_chars: int) -> str:
    """Return what changed between two scenes, as a unified diff that may be cut."""
    lines = difflib.unified_diff(before.split("\n"), after.split("\n"), "before", "after", lineterm="", n=1)
    text = "\n".join(list(lines)[2:])
    return text if len(text) <= max_chars else f"{text[:max_chars]}\n[…]"


def edited(code: str, edits: Iterable[Edit]) -> str:
    """Return the source with edits made that do not touch each other."""
    lines = code.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    for edit in sorted(edits, key=lambda edit: edit.span, reverse=True):
        span = edit.span
        start = starts[span.line - 1] + span.column - 1
        end = starts[span.end_line - 1] + span.end_column - 1
        code = code[:start] + edit.text + code[end:]
    return code


def fix_diff(code: str, fix: Fix) -> str:
    """Return what a fix changes, as a diff without context."""
    after = edited(code, fix.edits)
    lines = difflib.unified_diff(code.split("\n"), after.split("\n"), "before", "after", lineterm="", n=0)
    return "\n".join(list(lines)[2:])
