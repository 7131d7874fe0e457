"""What the checker says of a source."""

from __future__ import annotations

import enum
from dataclasses import dataclass


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


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was found in a source, in its order."""

    diagnostics: tuple[Diagnostic, ...]

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """Return what will make the scene fail."""
        return tuple(found for found in self.diagnostics if found.severity is Severity.ERROR)

    @property
    def ok(self) -> bool:
        """Tell whether nothing was found that makes the scene fail."""
        return not self.errors
