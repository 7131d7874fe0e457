"""What a job's scene is checked for, and what happens when the checker itself fails."""

from __future__ import annotations

from collections.abc import Callable

from manimatic.diagnostics import CheckReport, Severity
from manimatic.errors import CheckerError, InvalidInput, UnusableAnswer
from manimatic.jobs import check_source
from manimatic.ports import Checker, CheckOptions, Draft


class Checks:
    """Looks at the scenes of one job.

    Args:
        checker: Who looks.
        policy: How bad it is when the user's own scene reaches for what it has no business with.
        is_own: Whether the user brought the scene; a model's has to keep to the policy in any case.
        warn: Takes a line for the operator's log.
    """

    def __init__(self, checker: Checker, *, policy: Severity, is_own: bool, warn: Callable[[str], None]) -> None:
        self._checker = checker
        self._is_own = is_own
        self._policy = policy if is_own else Severity.ERROR
        self._warn = warn

    def refuse_what_is_no_source(self, draft: Draft) -> None:
        """Stop at text that no program can be.

        Raises:
            InvalidInput: The user's own source is empty, too long, or holds NUL.
            UnusableAnswer: A model's is.
        """
        try:
            check_source(draft.code)
        except InvalidInput as error:
            if self._is_own:
                raise
            raise UnusableAnswer(error.message, usage=draft.usage) from error

    def at(self, code: str) -> CheckReport:
        """Return the scene, mended where that is certain, and what is wrong with it.

        People's own scenes are mended only where they would fail otherwise. A checker that fails does not stop the
        job, since the sandbox is the wall, unless people's scenes have to keep to the policy.

        Raises:
            CheckerError: The checker failed, and the policy is to reject.
        """
        try:
            if self._is_own:
                report = self._checker.check(code, CheckOptions(policy=self._policy))
                if report.ok:
                    return report
            return self._checker.check(code, CheckOptions(fix=True, policy=self._policy))
        except CheckerError as error:
            if self._is_own and self._policy is Severity.ERROR:
                raise
            self._warn(f"{error.code}: {error.message}")
            return CheckReport(code=code)
