"""Fixes that need no model: certain ones only, applied until nothing changes.

No fix deletes a statement, a play or an object, or drops an argument. A round that leaves no Python is not kept.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from manimatic.checking.api import ApiIndex
from manimatic.checking.check import check_source
from manimatic.checking.report import Diagnostic, Edit, Fix, Report, Severity

MAX_ROUNDS = 12
FIXED_WARNINGS = frozenset({"group-of-everything", "tex-not-raw"})
"""Rules whose fixes are certain although the scene may render without them."""
BROKEN = frozenset({"syntax-error", "truncated", "markdown-fence", "not-code", "too-complex"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """One fix that was made: its rule, the line it began in, and what changed."""

    rule: str
    line: int
    diff: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """The mended source, what was done to it, and what is still wrong with it."""

    code: str
    applied: tuple[Applied, ...]
    report: Report


def fix_source(
    code: str,
    *,
    index: ApiIndex | None = None,
    policy: Severity = Severity.WARNING,
    packages: frozenset[str] = frozenset(),
) -> Fixed:
    """Mend what is certain, check again, and go on until nothing changes; arguments as for `check_source`."""
    index = index or ApiIndex.load()
    applied: list[Applied] = []
    report = check_source(code, index=index, policy=policy, packages=packages)
    for _ in range(MAX_ROUNDS):
        chosen = _compatible([found for found in report.diagnostics if _is_wanted(found)])
        if not chosen:
            break
        mended = _apply_all(code, chosen)
        after = check_source(mended, index=index, policy=policy, packages=packages)
        if mended == code or _is_worse(report, after):
            break
        applied.extend(_record(code, found) for found in chosen)
        code, report = mended, after
    return Fixed(code=code, applied=tuple(applied), report=report)


def apply_fix(code: str, fix: Fix) -> str:
    """Return the source with one fix made."""
    return _edited(code, list(fix.edits))


def _is_wanted(found: Diagnostic) -> bool:
    return found.fix is not None and (found.severity is Severity.ERROR or found.rule in FIXED_WARNINGS)


def _is_worse(before: Report, after: Report) -> bool:
    """Tell whether a round broke the source or mended nothing; what only now can be seen is no harm."""
    if any(found.rule in BROKEN for found in after.errors):
        return True
    return after.diagnostics == before.diagnostics


def _compatible(found: list[Diagnostic]) -> list[Diagnostic]:
    """Choose fixes that do not touch each other's places; equal ones are made once."""
    chosen: list[Diagnostic] = []
    taken: list[Edit] = []
    for one in found:
        edits = one.fix.edits if one.fix else ()
        if not any(_touch(edit, other) for edit in edits for other in taken):
            chosen.append(one)
            taken.extend(edits)
    return chosen


def _touch(one: Edit, other: Edit) -> bool:
    first, second = sorted((one.span, other.span))
    end = (first.end_line, first.end_column)
    start = (second.line, second.column)
    return start < end or start == (first.line, first.column)


def _apply_all(code: str, chosen: list[Diagnostic]) -> str:
    return _edited(code, [edit for found in chosen if found.fix for edit in found.fix.edits])


def _edited(code: str, edits: list[Edit]) -> str:
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


def _record(code: str, found: Diagnostic) -> Applied:
    assert found.fix is not None  # noqa: S101
    after = apply_fix(code, found.fix)
    lines = difflib.unified_diff(code.split("\n"), after.split("\n"), "before", "after", lineterm="", n=0)
    return Applied(rule=found.rule, line=found.line, diff="\n".join(list(lines)[2:]))
