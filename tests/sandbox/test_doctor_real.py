"""The examination of this machine, which can render."""

from __future__ import annotations

from pathlib import Path

import pytest
from manimatic import examination
from manimatic.findings import Level
from manimatic.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The defaults, in an empty folder."""
    return Settings.from_env({"MANIMATIC_DATA_DIR": str(tmp_path), "MANIMATIC_PORT": "0"})


def test_this_machine_has_no_error(settings: Settings) -> None:
    """Where the sandbox ring runs, nothing keeps Manimatic from rendering, and every finding says how to mend it."""
    found = examination.examine(settings)
    assert [item for item in found if item.level is Level.ERROR] == []
    assert all(item.mend for item in found if item.level is not Level.OK)
    assert {"namespaces", "seccomp", "landlock", "cgroup", "fonts"} <= {item.name for item in found}
