"""Temporary folders, and what is left of them when their maker is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from manimatic.scratch import PREFIX, scratch_folder, sweep_scratch

HOLD = (
    "import sys\nfrom manimatic.scratch import scratch_folder\n"
    "with scratch_folder(): print('have', flush=True); sys.stdin.read()"
)


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder of the test's own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def make_old(folder: Path) -> None:
    """Have been there for long."""
    os.utime(folder, (0, 0))


def test_folder_is_private_and_gone_afterwards(temporary: Path) -> None:
    """With what was in it."""
    with scratch_folder() as folder:
        assert folder.parent == temporary
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "film").touch()
    assert list(temporary.iterdir()) == []


def test_folder_of_a_killed_process_is_removed_by_the_next(temporary: Path) -> None:
    """And not while its maker lives, however old it is."""
    environ = {**os.environ, "TMPDIR": str(temporary)}
    with subprocess.Popen([sys.executable, "-c", HOLD], stdin=-1, stdout=-1, env=environ) as maker:
        assert maker.stdout is not None
        maker.stdout.readline()
        (left,) = temporary.iterdir()
        (left / "film").touch()
        make_old(left)
        with scratch_folder():
            assert left.exists()
        maker.send_signal(signal.SIGKILL)
    with scratch_folder() as mine:
        assert list(temporary.iterdir()) == [mine]


def test_young_folders_others_folders_and_links_are_left_alone(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder may be about to be locked, somebody else's is not ours, and a link leads anywhere."""
    (temporary / "other").mkdir()
    (temporary / "other" / "file").touch()
    (temporary / f"{PREFIX}young").mkdir()
    (temporary / f"{PREFIX}link").symlink_to(temporary / "other")
    make_old(temporary / "other")
    sweep_scratch(temporary)
    assert len(list(temporary.iterdir())) == 3
    make_old(temporary / f"{PREFIX}young")
    somebody_else = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: somebody_else)
    sweep_scratch(temporary)
    assert (temporary / f"{PREFIX}young").is_dir()
    assert (temporary / "other" / "file").exists()
