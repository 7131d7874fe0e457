"""The checker in its own process: hostile source is a finding, never a crash."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from checking_cases import scene
from manimatic.checking import process
from manimatic.checking.process import CheckerProcess
from manimatic.checking.ruledata import read_data
from manimatic.errors import CheckerError
from manimatic.ports import CheckOptions

LOOK, MEND = CheckOptions(), CheckOptions(fix=True)

READY = "import sys; print('ready', flush=True); "
HOSTILE = {
    "nested brackets": "[" * 40_000 + "]" * 40_000,
    "100,000 brackets": "x = " + "[" * 100_000 + "]" * 100_000,
    "unclosed brackets": "x = " + "(" * 99_000,
    "one megabyte": "x = 1\n" * 170_000,
    "null bytes": "x = '\0'",
    "lone surrogate": "x = '\ud800'",
    "long sum": "x = " + "1+" * 40_000 + "1",
    "long chain": "x" + ".y" * 45_000,
    "minus signs": "x = " + "-" * 90_000 + "1",
    "lambdas": "x = " + "lambda:" * 9_000 + "1",
    "deep blocks": "".join(" " * n + "if 1:\n" for n in range(99)) + " " * 99 + "pass\n",
}
HARMLESS = {
    "power": "x = 9**9**9",
    "long text": "x = 'a' * 10**10",
    "metaclass": "class M(type):\n    def __new__(*a): raise SystemExit\nclass A(metaclass=M): pass",
    "empty": "",
    "another language": "public class A { public static void main(String[] a) {} }",
    "mixed ends": "x = 1\r\ny = 2\rz = 3\n",
    "right to left": "x = '\u202e'",
}


@pytest.fixture(scope="module")
def checker() -> Iterator[CheckerProcess]:
    """One process for all tests."""
    with CheckerProcess() as started:
        started.check("", LOOK)
        yield started


@pytest.mark.parametrize("code", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_source_is_a_finding(checker: CheckerProcess, code: str) -> None:
    """Whatever it does to the checker, it has a diagnostic, and the next source is checked."""
    assert not checker.check(code, LOOK).ok
    assert checker.check(code, MEND).code == code
    assert checker.check(scene("self.wait()"), LOOK).ok


@pytest.mark.parametrize("code", HARMLESS.values(), ids=HARMLESS.keys())
def test_source_is_never_run(checker: CheckerProcess, code: str) -> None:
    """What would be dangerous to run is only read."""
    assert "too-complex" not in [found.rule for found in checker.check(code, LOOK).diagnostics]


def test_checker_that_died_is_replaced() -> None:
    """A process that is gone costs nothing but its start."""
    with CheckerProcess() as checker:
        checker.check(scene("self.wait()"), LOOK)
        child = checker._child
        assert child is not None
        child.kill()
        child.wait()
        assert checker.check(scene("self.wait()"), LOOK).ok


def test_source_that_kills_the_checker_is_too_complex(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that ends without an answer is a finding about the source."""
    with CheckerProcess() as checker:
        monkeypatch.setattr(process, "_START", READY + "sys.stdin.readline()")
        assert [found.rule for found in checker.check("x = 1", LOOK).diagnostics] == ["too-complex"]
        monkeypatch.undo()
        assert checker.check(scene("self.wait()"), LOOK).ok


def test_answer_that_is_none_is_our_own_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scene is not blamed for what the checker's process garbles."""
    monkeypatch.setattr(process, "_START", READY + "sys.stdin.readline(); print({})")
    with CheckerProcess() as checker, pytest.raises(CheckerError):
        checker.check("x = 1", LOOK)


def test_checker_that_does_not_start_is_our_own_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor for a process that never was."""
    monkeypatch.setattr(process, "_START", "raise SystemExit(1)")
    with CheckerProcess() as checker, pytest.raises(CheckerError):
        checker.check("x = 1", LOOK)


def test_bug_of_the_checker_is_our_own_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never the scene's; the next source is checked."""
    start = "import sys; sys.path.insert(0, sys.argv[1]); from manimatic.checking import child; "
    start += "whole = child.check_source; "
    start += "child.check_source = lambda code, **k: 1 / 0 if 'bug' in code else whole(code, **k); child.main()"
    monkeypatch.setattr(process, "_START", start)
    with CheckerProcess() as checker:
        with pytest.raises(CheckerError):
            checker.check("bug = 1", LOOK)
        assert checker.check(scene("self.wait()"), LOOK).ok


def test_every_rule_works_in_the_process(checker: CheckerProcess) -> None:
    """It may open no file: whatever a rule needs was read before."""
    for rule in read_data("catalogue.json"):
        if rule["bad"]:
            found = checker.check(rule["bad"], MEND if rule["fix"] else LOOK)
            assert found.applied or rule["id"] in {one.rule for one in found.diagnostics}, rule["id"]


def test_fixes_come_back_whole(checker: CheckerProcess) -> None:
    """The mended source, its record and what is left cross the pipe."""
    fixed = checker.check(scene("self.play(ShowCreation(Circle()))\nself.add(Circel())"), MEND)
    assert "Create(Circle())" in fixed.code
    assert [one.rule for one in fixed.applied] == ["other-manim-name"]
    assert [found.nearest for found in fixed.errors] == ["Circle"]


@pytest.mark.parametrize("name", ["w\u0430it", "größe", "名前", "ﬁ", "عدد"])
def test_names_in_any_script_are_read(checker: CheckerProcess, name: str) -> None:
    """The parser loads its tables of letters for them, which a process without files could not do any more."""
    assert checker.check(scene(f"{name} = 1\nself.wait({name})"), LOOK).ok
    (found,) = checker.check(scene(f"self.{name}()\nself.wait()"), LOOK).errors
    assert found.rule == "unknown-attribute"


def test_process_ends() -> None:
    """Closing leaves no process behind, and may be done twice."""
    other = CheckerProcess()
    other.check("x = 1", LOOK)
    child = other._child
    assert child is not None
    other.close()
    other.close()
    assert child.poll() is not None


def test_f_string_with_an_escape_is_read_by_a_limited_checker() -> None:
    """What Python loads late to write a source down again is loaded before the checker can open no file."""
    code = scene("f'é{1}\\n'.strip().center(3)")
    with CheckerProcess() as checker:
        assert checker.check(code, CheckOptions()).ok
