"""What becomes of guest runtimes that nobody uses any more."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from manimatic.sandbox import runtime
from manimatic.sandbox.runtime import GuestRuntime, install_runtime


@pytest.fixture
def current(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GuestRuntime:
    """A runtime that is installed already, so that nothing has to be copied."""
    for name in ("site-now", "worker-now"):
        (tmp_path / name).mkdir()
    found = GuestRuntime(
        python="/usr/bin/python3", interpreter=None, site=tmp_path / "site-now", worker=tmp_path / "worker-now"
    )
    monkeypatch.setattr(runtime, "_install", lambda root: found)
    return found


def make_old(path: Path) -> Path:
    """Have been asked for long ago."""
    path.mkdir(exist_ok=True)
    (path / "file").touch()
    os.utime(path, (0, 0))
    return path


def left(folder: Path) -> set[str]:
    """Return what is there, beside the lock."""
    return {path.name for path in folder.iterdir()} - {".lock"}


def test_unused_runtimes_are_removed(current: GuestRuntime, tmp_path: Path) -> None:
    """Those of late, and whatever is no runtime, stay."""
    for name in ("site-old", "worker-old", "python-old", "runs", "data"):
        make_old(tmp_path / name)
    (tmp_path / "site-other").mkdir()
    install_runtime(tmp_path)
    assert left(tmp_path) == {"site-now", "worker-now", "site-other", "runs", "data"}


def test_asking_for_a_runtime_keeps_it(current: GuestRuntime, tmp_path: Path) -> None:
    """However long ago it was made."""
    make_old(tmp_path / "site-now")
    install_runtime(tmp_path)
    assert current.site.stat().st_mtime > 1e9


def test_runtime_that_a_process_has_is_kept(current: GuestRuntime, tmp_path: Path) -> None:
    """A service may run for longer than anybody asks; when it has ended, its runtime is unused."""
    held = GuestRuntime(
        python="", interpreter=None, site=make_old(tmp_path / "site-old"), worker=make_old(tmp_path / "worker-old")
    )
    runtime._hold(held)
    for folder in (held.site, held.worker):
        make_old(folder)
    install_runtime(tmp_path)
    assert {"site-old", "worker-old"} <= left(tmp_path)
    del held
    install_runtime(tmp_path)
    assert left(tmp_path) == {"site-now", "worker-now"}


def test_what_a_killed_installer_left_is_removed(current: GuestRuntime, tmp_path: Path) -> None:
    """It is no runtime, and hundreds of megabytes."""
    (tmp_path / ".site-x7d" / "site").mkdir(parents=True)
    (tmp_path / ".python-y").mkdir()
    install_runtime(tmp_path)
    assert left(tmp_path) == {"site-now", "worker-now"}
