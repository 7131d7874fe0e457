"""Fixes that need no model: certain ones only, applied until nothing changes.

No fix deletes a statement, a play or an object, or drops an argument. A round that leaves no Python is not kept.
"""

from __future__ import annotations

import dataclasses

from manimatic.checking.api import ApiIndex
from manimatic.checking.check import check_source
from manimatic.diagnostics import Applied, CheckReport, Diagnostic, Edit, Severity, edited, fix_diff

MAX_ROUNDS = 12
FIXED_WARNINGS = frozenset({"group-of-everything", "no-animation", "tex-not-raw"})
"""Rules whose fixes are certain although the scene may render without them."""
BROKEN = frozenset(
    {"syntax-error", "truncated", "markdown-fence", "not-code", "other-language"}
    | {"too-long", "too-deep", "too-complex", "null-bytes"}
)
"""Rules about sources that are no Python, or that nobody can look at."""


def fix_source(
    code: str,
    *,
    index: ApiIndex | None = None,
    policy: Severity = Severity.WARNING,
    packages: frozenset[str] = frozenset(),
) -> CheckReport:
    """Mend what is certain, check again, and go on until nothing changes; arguments as for `check_source`."""
    index = index or ApiIndex.load()
    applied: list[Applied] = []
    report = check_source(code, index=index, policy=policy, packages=packages)
    for _ in range(MAX_ROUNDS):
        chosen = _compatible([found for found in report.diagnostics if _is_wanted(found)])
        for tried in [chosen, *([one] for one in chosen)] if len(chosen) > 1 else [chosen] if chosen else []:
            mended = _apply_all(code, tried)
            after = check_source(mended, index=index, policy=policy, packages=packages)
            if mended != code and not _is_worse(report, after):
                break
        else:
            break
        applied.extend(_record(code, found) for found in tried)
        code, report = mended, after
    return dataclasses.replace(report, applied=tuple(applied))


def _is_wanted(found: Diagnostic) -> bool:
    return found.fix is not None and (found.severity is Severity.ERROR or found.rule in FIXED_WARNINGS)


def _is_worse(before: CheckReport, after: CheckReport) -> bool:
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
    return edited(code, [edit for found in chosen if found.fix for edit in found.fix.edits])


def _record(code: str, found: Diagnostic) -> Applied:
    assert found.fix is not None  # noqa: S101
    return Applied(rule=found.rule, line=found.line, diff=fix_diff(code, found.fix))
