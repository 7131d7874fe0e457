"""The checker in its own process: hostile source is a finding, never a crash."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from checking_cases import scene
from manimatic.checking import process
from manimatic.checking.process import CheckerProcess
from manimatic.errors import ManimaticError

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
        started.check("")
        yield started


@pytest.mark.parametrize("code", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_source_is_a_finding(checker: CheckerProcess, code: str) -> None:
    """Whatever it does to the checker, it has a diagnostic, and the next source is checked."""
    assert not checker.check(code).ok
    assert checker.fix(code).code == code
    assert checker.check(scene("self.wait()")).ok


@pytest.mark.parametrize("code", HARMLESS.values(), ids=HARMLESS.keys())
def test_source_is_never_run(checker: CheckerProcess, code: str) -> None:
    """What would be dangerous to run is only read."""
    assert "too-complex" not in [found.rule for found in checker.check(code).diagnostics]


def test_checker_that_died_is_replaced() -> None:
    """A process that is gone costs nothing but its start."""
    with CheckerProcess() as checker:
        checker.check(scene("self.wait()"))
        child = checker._child
        assert child is not None
        child.kill()
        child.wait()
        assert checker.check(scene("self.wait()")).ok


def test_source_that_kills_the_checker_is_too_complex(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that ends without an answer is a finding about the source."""
    with CheckerProcess() as checker:
        monkeypatch.setattr(process, "_START", "import sys; sys.stdin.readline()")
        assert [found.rule for found in checker.check("x = 1").diagnostics] == ["too-complex"]
        monkeypatch.undo()
        assert checker.check(scene("self.wait()")).ok


def test_answer_that_is_none_is_our_own_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scene is not blamed for what the checker's process garbles."""
    monkeypatch.setattr(process, "_START", "import sys; sys.stdin.readline(); print({})")
    with CheckerProcess() as checker, pytest.raises(ManimaticError):
        checker.check("x = 1")


def test_fixes_come_back_whole(checker: CheckerProcess) -> None:
    """The mended source, its record and what is left cross the pipe."""
    fixed = checker.fix(scene("self.play(ShowCreation(Circle()))\nself.add(Circel())"))
    assert "Create(Circle())" in fixed.code
    assert [one.rule for one in fixed.applied] == ["other-manim-name"]
    assert [found.nearest for found in fixed.report.errors] == ["Circle"]


def test_warm_checker_is_fast(checker: CheckerProcess) -> None:
    """A scene of 200 lines takes some ten milliseconds; ten times that is a defect, even on a busy machine."""
    body = "\n".join(
        f"c{n} = Circle(radius={n}).shift(UP * {n})\nself.play(Create(c{n}), run_time=1)" for n in range(97)
    )
    checker.check(scene(body))
    started = time.perf_counter()
    assert checker.check(scene(body)).ok
    assert time.perf_counter() - started < 0.5


def test_process_ends() -> None:
    """Closing leaves no process behind, and may be done twice."""
    other = CheckerProcess()
    other.check("x = 1")
    child = other._child
    assert child is not None
    other.close()
    other.close()
    assert child.poll() is not None
