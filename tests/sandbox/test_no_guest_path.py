"""No path that a guest can have made is opened on this side; shown by writing down all that is touched in a run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).resolve().parents[1]
SCENE = """
import os, time
os.makedirs("a/b/c")
os.symlink("/etc/passwd", "a/link")
os.symlink("/etc", "a/folder")
os.makedirs("d/e")
try:
    os.mkfifo("a/pipe")
except OSError:
    pass  # without namespaces a wall forbids it
time.sleep(1)
self.wait(0.1)
"""
OF_OTHERS = re.compile(r"/proc/\d+/(root|cwd|fd|task/\d+/fd|map_files|exe)(/|$)")


@dataclass(frozen=True)
class Touched:
    """One event."""

    event: str
    arguments: list[str]

    @property
    def path(self) -> str:
        """What was touched: a path, a name below a descriptor, or a descriptor."""
        return self.arguments[0]

    @property
    def flags(self) -> int:
        """How it was opened."""
        return int(self.arguments[2])


def audited(backend: str, folder: Path) -> tuple[list[Touched], dict[str, Any]]:
    """Run the scene in a process of its own."""
    argv = [sys.executable, str(TESTS / "audited_run.py"), backend, str(folder)]
    environ = {**os.environ, "PYTHONPATH": str(TESTS)}
    done = subprocess.run(argv, input=SCENE, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    *events, last = map(json.loads, done.stdout.splitlines())
    return [Touched(event["event"], event["arguments"]) for event in events], last


@pytest.mark.parametrize("backend", ["bubblewrap", "landlock"])
def test_only_names_below_held_folders_are_touched_where_a_guest_writes(backend: str, tmp_path: Path) -> None:
    """Each is opened without following a link, as a folder; never a file, never through another process's view."""
    events, last = audited(backend, tmp_path)
    assert last["verdict"] == "ok", last
    assert len(events) > 10
    for touched in events:
        if touched.event == "open" and int(touched.arguments[2]) & os.O_PATH == 0:
            assert not OF_OTHERS.match(touched.path), touched
        if touched.event == "open" and is_the_guests(touched.path, last["run_id"]):
            assert touched.flags & os.O_DIRECTORY, touched
            assert touched.flags & os.O_NOFOLLOW, touched
            assert touched.flags & os.O_ACCMODE == os.O_RDONLY, touched
        if touched.event == "os.chmod":
            assert not is_the_guests(touched.path, last["run_id"]), touched
        if touched.event == "os.chown":
            assert not touched.path.startswith("tmp"), touched


def test_measuring_and_removing_were_among_what_was_written_down(tmp_path: Path) -> None:
    """Else the test above would say nothing."""
    events, _ = audited("landlock", tmp_path)
    names = {(touched.event, touched.path) for touched in events}
    assert ("open", "a") in names
    assert ("os.remove", "link") in names
    assert any(touched.event == "os.chmod" and touched.path.startswith("/proc/self/fd/") for touched in events)


def is_the_guests(path: str, run_id: str) -> bool:
    """Tell whether a guest can have made what stands there: below the run's folder, or below a descriptor of it."""
    below = re.search(rf"/runs/[^/]*{run_id}/.", path)
    return not path.startswith(("/", "<")) or below is not None
