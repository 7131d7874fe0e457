"""A scene that puts something else where its video should be harms only itself."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from conformance_types import Trial
from manimatic.ports import Sandbox
from manimatic.verdicts import Verdict
from sandbox_backends import BACKENDS
from sandbox_bench import SLOWDOWN

SHORT_S = 15.0
"""Limit of a run that waits for ever: room for the start on a busy machine."""
CANARY = b"canary-8c1f0e7d-of-the-host"
PLANTS = """
import os, threading
from pathlib import Path
self.wait(0.1)
writer = self.renderer.file_writer
finish = writer.finish
def plant(path):
    PLANT
def finish_and_plant(*arguments, **named):
    finish(*arguments, **named)
    path = Path(writer.final_file_path)
    path.rename("true.mp4")
    plant(path)
writer.finish = finish_and_plant
"""
SWAPS = """os.link("true.mp4", path)
    def swap():
        while True:
            for target in ("CANARY", "/etc/passwd", "true.mp4", "/dev/zero"):
                try:
                    os.symlink(target, "next")
                    os.rename("next", path)
                except OSError:
                    pass
    threading.Thread(target=swap, daemon=True).start()"""
PLANTED = {
    "link to a file of the host": ('path.symlink_to("CANARY")', {Verdict.CRASHED}),
    "link to the accounts": ('path.symlink_to("/etc/passwd")', {Verdict.CRASHED}),
    "link to its own memory": ('path.symlink_to("/proc/self/mem")', {Verdict.CRASHED, Verdict.INVALID_OUTPUT}),
    "link to zeros without end": ('path.symlink_to("/dev/zero")', {Verdict.OUTPUT_LIMIT}),
    "link to the environment of process 1": (
        'path.symlink_to("/proc/1/environ")',
        {Verdict.CRASHED, Verdict.INVALID_OUTPUT},
    ),
    "hard link to a file of the host": ('os.link("CANARY", path)', {Verdict.SCENE_ERROR}),
    "hard link to a file of its own": (
        'Path("x").write_bytes(b"no video"); os.link("x", path)',
        {Verdict.INVALID_OUTPUT},
    ),
    "pipe": ("os.mkfifo(path)", {Verdict.TIMEOUT, Verdict.SCENE_ERROR}),
    "device": ("os.mknod(path, 0o666 | 0o020000, os.makedev(1, 5))", {Verdict.SCENE_ERROR}),
    "folder": ("path.mkdir()", {Verdict.CRASHED}),
    "nothing": ("pass", {Verdict.CRASHED}),
    "holes": ('open(path, "wb").truncate(60 << 20)', {Verdict.OUTPUT_LIMIT}),
    "a petabyte of holes": ('open(path, "wb").truncate(1 << 50)', {Verdict.SCENE_ERROR}),
    "swapped while it is sent": (
        SWAPS,
        {Verdict.OK, Verdict.CRASHED, Verdict.OUTPUT_LIMIT, Verdict.INVALID_OUTPUT},
    ),
}
"""What is planted, and the verdicts that it may get."""


@pytest.fixture
def canary() -> Iterator[Path]:
    """A file of the host that everybody may read, where a guest has a folder of the same name."""
    path = Path(f"/tmp/manimatic-test-canary-{os.getpid()}")
    path.write_bytes(CANARY)
    path.chmod(0o644)
    yield path
    path.unlink()


@pytest.mark.parametrize("backend", sorted(BACKENDS.keys() - {"launcher"}), indirect=True)  # it starts no worker
@pytest.mark.parametrize("planted", PLANTED)
def test_what_is_planted_instead_of_the_video_brings_nothing_of_the_host(
    backend: Sandbox, trial: Trial, canary: Path, planted: str
) -> None:
    """The worker opens the path behind its own walls; this side only ever writes down bytes."""
    plant, verdicts = PLANTED[planted]
    code = PLANTS.replace("PLANT", plant).replace("CANARY", str(canary))
    limit_s = (SHORT_S if Verdict.TIMEOUT in verdicts else 60.0) * SLOWDOWN
    result = trial.run(code, timeout_s=limit_s, max_artefact_bytes=4 << 20)
    refused = {Verdict.SCENE_ERROR} if backend.describe()["backend"] == "landlock" else set()  # the planting itself
    assert result.verdict in verdicts | refused, (result, trial.heard.text[-1000:])
    for path in trial.folder.iterdir():
        found = path.lstat()
        assert (stat.S_ISREG(found.st_mode), found.st_nlink, found.st_uid) == (True, 1, os.geteuid())
        content = path.read_bytes()
        assert CANARY not in content
        assert b"root:x:0" not in content
    assert CANARY.decode() not in trial.heard.text
    assert canary.read_bytes() == CANARY
