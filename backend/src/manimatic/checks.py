"""What a job's scene is checked for, and what happens when the checker itself fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from manimatic.diagnostics import CheckReport, Severity, applied_to_json, diagnostic_for_people
from manimatic.errors import CheckerError, InvalidInput, UnusableAnswer
from manimatic.jobs import check_source
from manimatic.ports import Checker, CheckOptions, Draft
from manimatic.settings import Settings


def policy_of(settings: Settings) -> Severity:
    """Return how bad it is when people's own scenes reach for what they have no business with."""
    return Severity.ERROR if settings.code_policy == "reject" else Severity.WARNING


def look_over(checker: Checker, code: str, policy: Severity) -> dict[str, Any]:
    """Check people's own source for themselves, and return everything that they are told of it as plain data.

    `ok` tells whether nothing was found that makes the scene fail; `fixed_code` is the source with every certain fix
    made, None where there is none; `fixes` says what was changed.

    Raises:
        CheckerError: The checker failed.
    """
    found = checker.check(code, CheckOptions(policy=policy))
    mended = checker.check(code, CheckOptions(fix=True, policy=policy)) if found.diagnostics else found
    return {
        "ok": found.ok,
        "diagnostics": [diagnostic_for_people(one, code) for one in found.diagnostics],
        "fixed_code": mended.code if mended.applied else None,
        "fixes": [applied_to_json(one) for one in mended.applied],
    }


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
