"""Sources for processes that become another user: a checkout may lie in a folder that only its owner reaches."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from source_tree import ROOT

PARTS = ("backend/src", "worker/src", "fastmanim/src", "tests")
PLACE = "/var/lib"
"""Where the copies lie: no folder that scenes may write to, so that a session may cover those."""


@dataclass(frozen=True, kw_only=True)
class Sources:
    """The checkout, or a copy of it."""

    root: Path

    def path(self, original: str | Path) -> str:
        """Return where a file or folder of the checkout is; what is not copied stays where it was."""
        is_copied = any(Path(original).is_relative_to(ROOT / part) for part in PARTS)
        return str(self.root / Path(original).relative_to(ROOT)) if is_copied else str(original)

    def search_path(self) -> str:
        """Return this process's places of modules, for PYTHONPATH."""
        return os.pathsep.join(self.path(entry) for entry in sys.path if entry)


@contextmanager
def sources(*, for_everyone: bool) -> Iterator[Sources]:
    """Give the sources; a copy where everyone is to read them and cannot."""
    if not for_everyone or everyone_reaches(ROOT):
        yield Sources(root=ROOT)
        return
    with tempfile.TemporaryDirectory(prefix="manimatic-sources-", dir=PLACE) as name:
        Path(name).chmod(0o755)
        for part in PARTS:
            shutil.copytree(ROOT / part, Path(name, part), ignore=shutil.ignore_patterns("__pycache__"))
        yield Sources(root=Path(name))


def everyone_reaches(folder: Path) -> bool:
    """Tell whether every user may go to a folder and list it."""
    return all(each.stat().st_mode & 0o005 == 0o005 for each in (folder, *folder.parents))


def link_or_copy(source: str, target: str) -> None:
    """Give a file another name, or copy it to another disk."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
