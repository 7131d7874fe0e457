"""Reports as JSON: what the checker's process sends, and what is stored and shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from manimatic.checking.fixing import Applied, Fixed
from manimatic.checking.report import Diagnostic, Edit, Fix, Report, Severity, Span


def diagnostic_to_json(found: Diagnostic) -> dict[str, Any]:
    """Return a diagnostic as plain data."""
    return {
        "rule": found.rule,
        "severity": found.severity.value,
        **_span_to_json(found.span),
        "message": found.message,
        "hint": found.hint,
        "nearest": found.nearest,
        "fix": [{**_span_to_json(edit.span), "text": edit.text} for edit in found.fix.edits] if found.fix else None,
    }


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
        fix=None if fix is None else Fix(tuple(Edit(_span_from_json(edit), str(edit["text"])) for edit in fix)),
    )


def _span_from_json(data: Mapping[str, Any]) -> Span:
    line, column, end_line, end_column = (int(data[name]) for name in ("line", "column", "end_line", "end_column"))
    return Span(line=line, column=column, end_line=end_line, end_column=end_column)


def fixed_to_json(fixed: Fixed) -> dict[str, Any]:
    """Return a mended source as plain data."""
    return {
        "code": fixed.code,
        "applied": [{"rule": one.rule, "line": one.line, "diff": one.diff} for one in fixed.applied],
        "diagnostics": [diagnostic_to_json(found) for found in fixed.report.diagnostics],
    }


def fixed_from_json(data: Mapping[str, Any]) -> Fixed:
    """Return the mended source again. Raises KeyError, TypeError or ValueError for data that is none."""
    applied = (Applied(rule=str(a["rule"]), line=int(a["line"]), diff=str(a["diff"])) for a in data["applied"])
    report = Report(tuple(diagnostic_from_json(found) for found in data["diagnostics"]))
    return Fixed(code=str(data["code"]), applied=tuple(applied), report=report)
