"""What to make of a scene that is not right yet: what the model is told, and when to stop. Pure functions."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from manimatic.diagnostics import UNSAFE, CheckReport, Diagnostic, Severity, Span
from manimatic.errors import (
    AnswerCutOff,
    AnswerNotPython,
    AnswerWithoutCode,
    CheckFailed,
    ManimaticError,
    SameAnswer,
    UnsafeCode,
)
from manimatic.jobs import Attempt, Failure, JobState
from manimatic.outcomes import complaint
from manimatic.ports import Draft, RunResult
from manimatic.rehearsal import LayoutFinding, LayoutObject, rule_id
from manimatic.verdicts import Verdict

MAX_COMPLAINTS = 20
"""Findings that the model is told of at once; the rest mostly follows from them."""
BROKEN_SOURCE = 1_000
"""How many errors a source counts for that nothing can be made of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One attempt: its scene, what the checker found, and how it ran, if it ran."""

    attempt: Attempt
    draft: Draft
    report: CheckReport
    result: RunResult | None = None

    @property
    def errors(self) -> int:
        """Return how wrong the scene is: a run shows one error at a time, the checker all that it knows."""
        if self.result is not None:
            return 0 if self.result.verdict is Verdict.OK else 1
        return len(self.report.errors) + BROKEN_SOURCE * is_hopeless(self.report)

    @property
    def layout(self) -> tuple[LayoutFinding, ...]:
        """Return what the rehearsal found to be wrong with the picture."""
        rehearsal = self.result.rehearsal if self.result else None
        return rehearsal.findings if rehearsal else ()

    @property
    def animations(self) -> int:
        """Return how many animations were rendered."""
        return self.result.animations if self.result else 0


def is_hopeless(report: CheckReport) -> bool:
    """Tell whether nothing of the scene can be shown, wherever its errors stand."""
    return any(found.certain for found in report.errors)


def is_unsafe(report: CheckReport) -> bool:
    """Tell whether the scene reaches for what the policy forbids it."""
    return any(found.rule == UNSAFE for found in report.errors)


def best_of(tried: Sequence[Tried]) -> Tried:
    """Return the scene that came furthest; of equals the newest. One that ran is better than one that did not."""
    return max(tried, key=lambda one: (-one.errors, one.result is not None, one.animations, one.attempt.number))


def is_worse(tried: Tried, earlier: Sequence[Tried]) -> bool:
    """Tell whether an attempt has more errors than the best before it."""
    return bool(earlier) and tried.errors > min(one.errors for one in earlier)


def is_same_again(code: str, earlier: Iterable[str]) -> bool:
    """Tell whether a scene was there before, apart from empty lines and comments."""
    return any(_bare(code) == _bare(other) for other in earlier)


def _bare(code: str) -> list[str]:
    lines = (line.rstrip() for line in code.splitlines())
    return [line for line in lines if line and not line.lstrip().startswith("#")]


def check_failure(report: CheckReport, *, is_own: bool) -> Failure:
    """Describe a scene that is not run, for the user: the error that matters most, and how many more there are."""
    errors = report.errors
    known = {UNSAFE: UnsafeCode} if is_own else _CODES
    first = next((one for one in errors if one.rule in known), errors[0])
    kind = known.get(first.rule, CheckFailed)
    more = f" There are {len(errors) - 1} more errors." if len(errors) > 2 else ""
    more = " There is one more error." if len(errors) == 2 else more
    return Failure(
        code=kind.code,
        message=f"{first.message}{more}",
        hint=" ".join(filter(None, [first.hint, kind.hint])),
        stage=JobState.CHECKING.value,
        line=first.line,
    )


_CODES: Mapping[str, type[ManimaticError]] = {
    UNSAFE: UnsafeCode,
    "not-code": AnswerWithoutCode,
    "truncated": AnswerCutOff,
    "other-language": AnswerNotPython,
}


def same_answer(failure: Failure) -> Failure:
    """Describe the end of a repair whose model says the same again, with what is wrong with the scene."""
    message = f"The model gave the same broken scene again. {failure.message}"
    return dataclasses.replace(failure, code=SameAnswer.code, message=message, hint=SameAnswer.hint)


def partial_reason(result: RunResult) -> str:
    """Say why a video is not whole."""
    where = f" (line {result.line} of the scene)" if result.line else ""
    return f"{result.verdict.value}: {result.message.strip()}{where}"


def complaint_of(tried: Tried) -> str:
    """Say to the model what is wrong with its scene, and nothing else."""
    if tried.result is not None and tried.result.verdict is Verdict.OK:
        return layout_complaint(tried.layout)
    if tried.result is not None:
        return complaint(tried.result)
    return check_complaint(tried.report)


def check_complaint(report: CheckReport) -> str:
    """Say to the model what the checker found, each with its line, the line's text and what to write instead."""
    lines = report.code.split("\n")
    told = [_told(found, lines) for found in report.errors[:MAX_COMPLAINTS]]
    left = len(report.errors) - len(told)
    head = "The scene was not run: a check against the installed Manim found this."
    return "\n".join([head, *told, *([f"… and {left} more of the same kind."] if left else [])])


def _told(found: Diagnostic, lines: Sequence[str]) -> str:
    text = lines[found.line - 1].strip()[:200] if 0 < found.line <= len(lines) else ""
    quoted = f"\n    {text}" if text else ""
    hint = f" {found.hint}" if found.hint else ""
    return f"line {found.line}, column {found.column} ({found.rule}): {found.message}{hint}{quoted}"


def layout_complaint(findings: Sequence[LayoutFinding]) -> str:
    """Say to the model what is wrong with the picture of a scene that renders."""
    head = "The scene renders. Keep what it shows, and change only what is wrong with the layout:"
    return "\n".join([head, *(_told_of_layout(found) for found in findings[:MAX_COMPLAINTS])])


def _told_of_layout(found: LayoutFinding) -> str:
    lines = sorted({line for line in (found.line, *(one.line for one in found.objects)) if line})
    where = f", lines {', '.join(map(str, lines))}" if lines else ""
    boxes = "; ".join(f"{one.name} at {_box(one)}" for one in found.objects if one.box)
    shown = f" ({boxes})" if boxes else ""
    return f"{found.start_s:.1f}-{found.end_s:.1f} s{where} ({found.rule}): {found.message}{shown} {found.hint}"


def _box(one: LayoutObject) -> str:
    left, bottom, right, top = one.box or (0.0, 0.0, 0.0, 0.0)
    return f"x {left:.1f} to {right:.1f}, y {bottom:.1f} to {top:.1f}"


def layout_advice(findings: Iterable[LayoutFinding]) -> tuple[Diagnostic, ...]:
    """Return the layout report in the form of the checker's findings; none of them makes a scene fail."""
    return tuple(
        Diagnostic(
            rule=rule_id(found.rule),
            severity=Severity.ADVICE,
            span=_line_span(next((one.line for one in found.objects if one.line), found.line) or 1),
            message=f"{found.message} ({found.start_s:.1f} to {found.end_s:.1f} s)",
            hint=found.hint,
        )
        for found in findings
    )


def _line_span(line: int) -> Span:
    return Span(line=line, column=1, end_line=line, end_column=1)
