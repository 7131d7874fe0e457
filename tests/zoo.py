"""The scenes of the zoo, what each promises, and which promise a backend cannot hold."""

from __future__ import annotations

import re
from pathlib import Path

ZOO = Path(__file__).parent / "scenes"
FACT = re.compile(r"^# (verdict|line|parts|scene|generated): (.+)$", re.MULTILINE)
NOT_HELD = {
    ("landlock", "hostile_process_ids"): (
        "scene_error",
        "no process namespace: a run can tell which process ids exist, though not what they are",
    ),
    ("landlock", "ok_process_pool"): (
        "scene_error",
        "no /dev/shm of its own: the machine's is out of reach, and Python's process pool needs one",
    ),
    ("landlock", "hostile_inodes"): (
        "disk_limit",
        "files lie on a disk and not in memory: their number is limited by the watchdog of the run's folder",
    ),
}
"""By backend and scene: another verdict than the scene names, and why."""


def facts_of(path: Path) -> dict[str, str]:
    """Return what the scene's comments promise."""
    return dict(FACT.findall(path.read_text()))


def source_of(path: Path) -> str:
    """Return the scene's text, which may be made by an expression where it is too long to keep."""
    generated = facts_of(path).get("generated")
    return eval(generated) if generated else path.read_text()  # noqa: S307  our own file
