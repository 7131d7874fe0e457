"""script/reload.py: a command that starts again when a source changes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.processes import until
from source_tree import ROOT

COUNTER = "import os, sys; open(sys.argv[1], 'a').write(f'{os.getpid()}\\n'); import time; time.sleep(60)"


@pytest.fixture
def starts(tmp_path: Path) -> Iterator[Path]:
    """A file that gets a line at each start of a command that depends on the sources in `sources`."""
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources/a.py").write_text("1")
    log = tmp_path / "starts"
    log.touch()
    command = [sys.executable, "-B", ROOT / "script/reload.py", tmp_path / "sources", "--"]
    process = subprocess.Popen([*command, sys.executable, "-c", COUNTER, log], stderr=subprocess.DEVNULL)
    until(lambda: lines_of(log) == 1, "the first start")
    yield log
    process.terminate()
    assert process.wait(30) == 0
    assert not Path(f"/proc/{log.read_text().split()[-1]}").exists()


def lines_of(path: Path) -> int:
    """Count a file's lines."""
    return len(path.read_text().splitlines())


def test_an_edit_a_new_and_a_removed_source_start_it_again(starts: Path) -> None:
    """Each once."""
    sources = starts.parent / "sources"
    (sources / "a.py").write_text("12")
    until(lambda: lines_of(starts) == 2, "the start after an edit")
    (sources / "deeper").mkdir()
    (sources / "deeper/b.py").touch()
    until(lambda: lines_of(starts) == 3, "the start after a new source")
    (sources / "a.py").unlink()
    until(lambda: lines_of(starts) == 4, "the start after a removal")


def test_what_is_no_source_starts_nothing(starts: Path) -> None:
    """Byte code and an editor's files come and go."""
    (starts.parent / "sources/a.pyc").touch()
    (starts.parent / "sources/.a.py.swp").touch()
    (starts.parent / "sources/later.py").touch()
    until(lambda: lines_of(starts) == 2, "the start after the source")
    assert lines_of(starts) == 2
