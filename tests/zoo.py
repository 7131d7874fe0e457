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
    ("docker-runsc", "hostile_disk"): (
        "scene_error",
        "the disk lies in the memory of the runtime's own kernel, and how full it is only the run itself hears",
    ),
    ("docker-runsc", "hostile_fork_bomb"): (
        "memory_limit",
        "the runtime's own kernel refuses processes, which only the run hears; each takes memory of that kernel's too",
    ),
    ("docker-runsc", "hostile_threads"): (
        "scene_error",
        "the runtime's own kernel refuses threads, which only the run itself hears",
    ),
    ("docker-runsc", "hostile_system"): (
        "crashed",
        "the runtime's own kernel lets a run end the container's first process, and with it the container",
    ),
}
"""By backend and scene: another verdict than the scene names, and why."""
ONE_OF_EACH = (
    "fails_latex",
    "fails_name",
    "fails_no_animation",
    "fails_no_scene",
    "hostile_crash",
    "hostile_delivers",
    "hostile_disk",
    "hostile_endless_loop",
    "hostile_fork_bomb",
    "hostile_forged_ok",
    "hostile_garbage_frames",
    "hostile_grandchild",
    "hostile_memory_of_children",
    "hostile_network",
    "hostile_system",
    "ok_formula_text_svg_image",
    "ok_process_pool",
)
"""A scene for each verdict and each kind of attack, for backends where the whole zoo takes long."""


def scenes() -> list[Path]:
    """Return the scenes that promise a verdict; those of the attack suite are run by that (`attacks/rows.toml`)."""
    return sorted(path for path in ZOO.glob("*.py") if not path.read_text().startswith("# attack:"))


def facts_of(path: Path) -> dict[str, str]:
    """Return what the scene's comments promise."""
    return dict(FACT.findall(path.read_text()))


def promised(backend: str, path: Path) -> dict[str, str]:
    """Return what the scene promises in a backend: what that cannot hold is listed, with the verdict there."""
    facts = facts_of(path)
    verdict, _ = NOT_HELD.get((backend, path.stem), (facts["verdict"], ""))
    return facts | {"verdict": verdict}


def source_of(path: Path) -> str:
    """Return the scene's text, which may be made by an expression where it is too long to keep."""
    generated = facts_of(path).get("generated")
    return eval(generated) if generated else path.read_text()  # noqa: S307  our own file
