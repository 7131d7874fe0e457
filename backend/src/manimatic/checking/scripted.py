"""A checker that finds what it was told to find, for tests and demonstrations."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from manimatic.diagnostics import CheckReport
from manimatic.errors import ManimaticError
from manimatic.ports import CheckOptions


class ScriptedChecker:
    """Gives the reports of its script, one a check, and finds nothing when that is at its end.

    An error in the script is raised. A report whose code is empty is about the source as it was given.
    """

    def __init__(self, script: Iterable[CheckReport | ManimaticError] = ()) -> None:
        self._script = deque(script)
        self.asked: list[tuple[str, CheckOptions]] = []
        """Every source so far with its options, oldest first."""

    def add(self, report: CheckReport | ManimaticError) -> None:
        """Append a report to the script."""
        self._script.append(report)

    def check(self, code: str, options: CheckOptions) -> CheckReport:
        """Give the next report of the script. Raises what the script says."""
        self.asked.append((code, options))
        found = self._script.popleft() if self._script else CheckReport(code=code)
        if isinstance(found, ManimaticError):
            raise found
        return found if found.code else CheckReport(code=code, diagnostics=found.diagnostics, applied=found.applied)

    def close(self) -> None:
        """Hold nothing."""
