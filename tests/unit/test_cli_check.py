"""`manimatic check`, on real files with the real checker."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from checking_cases import GOOD, scene
from manimatic.cli.check import check_files
from manimatic.errors import InvalidInput

OLD = scene("self.play(ShowCreation(Circle()))")
BAD = scene("self.add(Circel())")
KEYS = ["rule", "severity", "line", "column", "end_line", "end_column", "message", "hint", "nearest", "fix"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, with settings of its own."""
    monkeypatch.setenv("MANIMATIC_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(folder: Path, name: str, data: str | bytes) -> Path:
    """Write a file and return its name."""
    (folder / name).write_bytes(data.encode() if isinstance(data, str) else data)
    return Path(name)


def as_json(capsys: pytest.CaptureFixture[str], *paths: Path, fix: bool = False) -> tuple[int, list[dict[str, Any]]]:
    """Check, and return exit code and JSON."""
    code = check_files(paths, as_json=True, fix=fix)
    told: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return code, told


def test_clean_file_ends_with_0(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And its JSON says so."""
    code, told = as_json(capsys, written(folder, "a.py", GOOD))
    assert (code, told) == (0, [{"file": "a.py", "ok": True, "diagnostics": [], "fixed_code": None, "fixes": []}])


def test_findings_that_fail_end_with_1(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each with its place, its rule and what to write."""
    code, (told,) = as_json(capsys, written(folder, "a.py", BAD))
    (found,) = told["diagnostics"]
    assert (code, told["ok"], list(found)) == (1, False, KEYS)
    assert (found["rule"], found["line"], found["column"]) == ("unknown-name", 6, 18)
    assert (found["hint"], found["fix"]) == ("Did you mean Circle?", None)


def test_advice_alone_ends_with_0(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Only what will make the scene fail counts."""
    code, (told,) = as_json(capsys, written(folder, "a.py", scene("self.add(Sphere())\nself.wait()")))
    assert (code, told["ok"], [one["severity"] for one in told["diagnostics"]]) == (0, True, ["advice"])


def test_fixed_code_is_told_and_the_file_left_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without --fix."""
    path = written(folder, "a.py", OLD)
    code, (told,) = as_json(capsys, path)
    assert (code, path.read_text()) == (1, OLD)
    assert told["fixed_code"] == OLD.replace("ShowCreation", "Create")
    assert told["fixes"][0]["rule"] == "other-manim-name"
    assert "+        self.play(Create(Circle()))" in told["diagnostics"][0]["fix"]


def test_fix_writes_the_file_as_it_was_kept(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Mode, byte-order mark and line ends stay; a link stays a link."""
    data = b"\xef\xbb\xbf" + OLD.replace("\n", "\r\n").encode()
    path = written(folder, "real.py", data)
    path.chmod(0o640)
    Path("link.py").symlink_to("real.py")
    code, (told,) = as_json(capsys, Path("link.py"), fix=True)
    assert (code, told["ok"], told["diagnostics"]) == (0, True, [])
    assert path.read_bytes() == data.replace(b"ShowCreation", b"Create")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert Path("link.py").is_symlink()
    assert sorted(item.name for item in folder.iterdir()) == ["link.py", "real.py"]


def test_fix_tells_what_is_left(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What no fix is certain for still ends with 1."""
    path = written(folder, "a.py", OLD + "        self.add(Circel())\n")
    code, (told,) = as_json(capsys, path, fix=True)
    assert (code, [one["rule"] for one in told["diagnostics"]]) == (1, ["unknown-name"])
    assert "Create(" in path.read_text()


def test_fix_refuses_standard_input(folder: Path) -> None:
    """There is nothing to write to."""
    with pytest.raises(InvalidInput):
        check_files([Path("-")], as_json=False, fix=True)


HOSTILE = {
    "bad-encoding": b"x = 1\ny = '\xff'\n",
    "null-bytes": b"x = '\0'\n",
    "too-long": b"x = 1\n" * 200_000,
    "too-deep": b"x = " + b"-" * 200 + b"1\n",
    "empty": b" \n",
    "syntax-error": b"class A(Scene:\n    pass\nx = 1\n",
    "not-code": b"I am sorry, I cannot.\n",
    "other-language": b"function draw() { return 1; }\n",
    "no-scene": b"x = 9**9**9\ny = 'a' * 10**10\n",
}


def test_hostile_files_end_each_with_a_rule_of_their_own(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """None of them stops the others."""
    paths = [written(folder, f"{rule}.py", data) for rule, data in HOSTILE.items()]
    code, told = as_json(capsys, *paths, written(folder, "good.py", GOOD))
    rules = {one["file"].removesuffix(".py"): [found["rule"] for found in one["diagnostics"]] for one in told}
    assert (code, rules) == (1, {rule: [rule] for rule in HOSTILE} | {"good": []})


def test_what_cannot_be_read_ends_with_2_and_the_others_are_checked(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A missing file and a folder."""
    code, told = as_json(capsys, Path("missing.py"), folder, written(folder, "a.py", BAD))
    assert (code, [one["diagnostics"][0]["rule"] for one in told]) == (2, ["unreadable", "unreadable", "unknown-name"])


def test_a_thousand_files_are_checked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By one process."""
    code, told = as_json(capsys, *[written(folder, f"{number}.py", GOOD) for number in range(1000)])
    assert (code, len(told)) == (0, 1000)


def test_people_read_place_message_and_the_line_with_carets(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Wide characters count twice; what steers a terminal is not printed."""
    path = written(folder, "a.py", scene("x = '日本\x1b[2J'; self.add(Circel())"))
    assert check_files([path], as_json=False, fix=False) == 1
    head, message, quoted, carets, total = capsys.readouterr().out.splitlines()
    assert head == "a.py:6:32 error unknown-name"
    assert message == "  Circel is not defined. Did you mean Circle?"
    assert "\x1b" not in quoted
    assert quoted.replace("日本", "....").index("Circel") == carets.index("^^^^^^")
    assert total == "1 file: 1 error."


def test_people_read_what_was_mended(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As a diff, with the rule."""
    path = written(folder, "a.py", OLD)
    assert check_files([path], as_json=False, fix=True) == 0
    assert capsys.readouterr().out.splitlines() == [
        "a.py:6 mended other-manim-name",
        "    -        self.play(ShowCreation(Circle()))",
        "    +        self.play(Create(Circle()))",
        "1 file: nothing found; 1 mended.",
    ]
