"""What the tests of the command line share."""

from __future__ import annotations

from pathlib import Path

import pytest
from harness.shell import SMALL_SCENE, Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """An empty folder, with a scene in it, and an empty data folder."""
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / ".env").touch()  # keeps a checkout's own .env out of this
    (tmp_path / "here" / "scene.py").write_text(SMALL_SCENE)
    return Shell(folder=tmp_path / "here", data=tmp_path / "data")
