"""What every checker keeps to."""

from __future__ import annotations

import threading
from typing import Protocol

import pytest
from checking_cases import GOOD, scene
from manimatic.checking import process
from manimatic.checking.process import CheckerProcess
from manimatic.checking.scripted import ScriptedChecker
from manimatic.diagnostics import Applied, CheckReport, Diagnostic, Severity, Span
from manimatic.errors import CheckerError
from manimatic.ports import Checker, CheckOptions

BAD = scene("self.add(Circel())")
OLD = scene("self.play(ShowCreation(Circle()))")
UNSAFE = "import socket\n" + GOOD
PLACE = Span(line=1, column=1, end_line=1, end_column=2)


class Harness(Protocol):
    """Makes one implementation ready for the contract."""

    def good(self) -> Checker:
        """Return a checker that finds nothing in `GOOD`."""

    def bad(self) -> Checker:
        """Return a checker that finds an error in `BAD`."""

    def mending(self) -> Checker:
        """Return a checker that mends `OLD`."""

    def strict(self) -> Checker:
        """Return a checker that finds `UNSAFE` to be an error where the policy says so."""

    def failing(self) -> Checker:
        """Return a checker that fails by itself."""


class ProcessHarness:
    """The checker in its own process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def good(self) -> Checker:
        """Need nothing."""
        return CheckerProcess()

    bad = mending = strict = good

    def failing(self) -> Checker:
        """Have a process that does not start."""
        self._monkeypatch.setattr(process, "_START", "raise SystemExit(1)")
        return CheckerProcess()


class ScriptedHarness:
    """The fake."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Need nothing."""

    def good(self) -> Checker:
        """Find nothing."""
        return ScriptedChecker()

    def bad(self) -> Checker:
        """Find an error."""
        return ScriptedChecker([CheckReport(code="", diagnostics=(_found(Severity.ERROR),))])

    strict = bad

    def mending(self) -> Checker:
        """Mend."""
        fixes = (Applied(rule="other-manim-name", line=6, diff="@@\n-a\n+b"),)
        return ScriptedChecker([CheckReport(code=OLD.replace("ShowCreation", "Create"), applied=fixes)])

    def failing(self) -> Checker:
        """Fail."""
        return ScriptedChecker([CheckerError()])


def _found(severity: Severity) -> Diagnostic:
    return Diagnostic(rule="unknown-name", severity=severity, span=PLACE, message="Circel is not defined.")


@pytest.fixture(params=[ProcessHarness, ScriptedHarness])
def harness(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Harness:
    """Each implementation in turn."""
    made: Harness = request.param(monkeypatch)
    return made


def checked(checker: Checker, code: str, options: CheckOptions = CheckOptions()) -> CheckReport:  # noqa: B008  frozen
    """Check once and let go."""
    try:
        return checker.check(code, options)
    finally:
        checker.close()


def test_checker_is_one(harness: Harness) -> None:
    """It has the port's methods."""
    checker = harness.good()
    assert isinstance(checker, Checker)
    checker.close()
    checker.close()


def test_good_source_comes_back_as_it_was(harness: Harness) -> None:
    """Nothing is found and nothing changed, whether mending was asked for or not."""
    for fix in (False, True):
        assert checked(harness.good(), GOOD, CheckOptions(fix=fix)) == CheckReport(code=GOOD)


def test_bad_source_has_errors_and_stays(harness: Harness) -> None:
    """Looking changes nothing."""
    report = checked(harness.bad(), BAD)
    assert (report.ok, report.code, report.applied) == (False, BAD, ())
    assert report.errors
    assert report.errors[0].message


def test_certain_fixes_are_made_and_recorded(harness: Harness) -> None:
    """Each with its rule, its line and what it changed."""
    report = checked(harness.mending(), OLD, CheckOptions(fix=True))
    assert (report.ok, report.code) == (True, OLD.replace("ShowCreation", "Create"))
    assert [(one.rule, one.line) for one in report.applied] == [("other-manim-name", 6)]
    assert "@@" in report.applied[0].diff


def test_policy_decides_about_unsafe_code(harness: Harness) -> None:
    """As an error it is one."""
    assert not checked(harness.strict(), UNSAFE, CheckOptions(policy=Severity.ERROR)).ok


def test_checker_that_fails_blames_itself(harness: Harness) -> None:
    """Never the scene."""
    with pytest.raises(CheckerError):
        checked(harness.failing(), GOOD)


def test_checker_serves_several_threads(harness: Harness) -> None:
    """Each gets the report on its own source."""
    checker, reports = harness.good(), {}

    def check(number: int) -> None:
        code = f"{GOOD}# {number}\n"
        reports[number] = checker.check(code, CheckOptions()).code == code

    threads = [threading.Thread(target=check, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    checker.close()
    assert reports == dict.fromkeys(range(6), True)
