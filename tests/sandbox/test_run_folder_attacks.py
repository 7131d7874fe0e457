"""The only trees that this side walks and a guest made, attacked: links, swaps in mid-walk, special files, names."""

from __future__ import annotations

import contextlib
import os
import resource
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from manimatic.errors import SandboxError
from manimatic.sandbox.run_folder import _flatten, make_run_folder, measure, remove_run_folder
from manimatic.sandbox.slots import Slot
from support import require

SYSTEM_PYTHON = "/usr/bin/python3"
RACE_S = 2.0
BIG = 8 << 20
SWAPS = """
import ctypes, os
exchange = lambda one, two: libc.renameat2(-100, one, -100, two, 2)
libc = ctypes.CDLL(None)
def quietly(what, *arguments):
    try:
        what(*arguments)
    except OSError:
        pass
while True:
    quietly(os.chdir, FOLDER)
    for n in range(40):
        quietly(os.mkdir, f"a{n}")
        quietly(os.symlink, CANARY, f"b{n}")
        for _ in range(30):
            exchange(b"a%d" % n, b"b%d" % n)
"""
"""Folders and links to the canary take turns under the same names, for ever."""
PLANTED = {
    "links": "for n in range(50): os.symlink([CANARY, CANARY + '/file', '/', '..', '.'][n % 5], f'l{n}')",
    "links in the place of the run's own folders": "os.rmdir('tmp'); os.symlink(CANARY, 'tmp')",
    "hard links": "os.link(CANARY + '/file', 'h'); os.mkdir('d'); os.link('h', 'd/h')",
    "special files": "os.mkfifo('f'); import socket; socket.socket(socket.AF_UNIX).bind('s'); os.mkfifo('x', 0)",
    "names": (
        "[open(bytes([n, 10, 255]), 'w') for n in range(1, 256) if n != 47]; os.mkdir('-rf'); os.mkdir(b'\\xff' * 255)"
    ),
    "a chain with links at its end": (
        "for n in range(3000): os.mkdir('d'); os.chdir('d')\nos.symlink(CANARY, 'l'); os.symlink(CANARY, 'd')"
    ),
    "rights": (
        "os.makedirs('a/b'); os.symlink(CANARY, 'a/b/l'); os.chmod('a/b', 0); os.chmod('a', 0o111); os.chmod('.', 0)"
    ),
    "a tree under a running number": "[os.makedirs(f'{n}/{n}/{n}') for n in range(300)]",
}


@pytest.fixture(params=["own user", "slot"])
def slot(request: pytest.FixtureRequest) -> Slot:
    """Who a run is."""
    require(request.param != "slot" or os.geteuid() == 0, "slots need root")
    return Slot(61203 if request.param == "slot" else None)


@pytest.fixture
def place(slot: Slot) -> Iterator[Path]:
    """A folder on the disk, which all may cross."""
    parent = Path("/var/tmp") / f"manimatic-test-attacks-{os.getpid()}"
    parent.mkdir(mode=0o711)
    yield parent
    parent.rmdir()


@pytest.fixture
def canary(place: Path, slot: Slot) -> Iterator[Path]:
    """A folder of the very user that the run is, with a large file: the worst that could be reached."""
    folder = place / "canary"
    (folder / "below").mkdir(parents=True)
    (folder / "file").write_bytes(bytes(BIG))
    (folder / "below/file").write_text("below")
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o751 if path.is_dir() else 0o640)
        os.chown(path, slot.uid or os.geteuid(), slot.uid or os.getegid())
    before = state(folder)
    yield folder
    assert state(folder) == before
    for path in (folder / "below/file", folder / "file"):
        path.unlink()
    (folder / "below").rmdir()
    folder.rmdir()


@pytest.fixture
def folder(place: Path, canary: Path, slot: Slot) -> Iterator[Path]:
    """The folder of a run."""
    made = make_run_folder(place, "manimatic-test-run", slot)
    yield made
    remove_run_folder(made, slot)
    assert not made.exists()


def state(folder: Path) -> dict[str, tuple[int, int, float]]:
    """Give all that may not change."""
    paths = (folder, *sorted(folder.rglob("*")))
    return {str(path): (path.lstat().st_mode, path.lstat().st_size, path.lstat().st_mtime) for path in paths}


def as_guest(slot: Slot, program: str, folder: Path, canary: Path) -> subprocess.Popen[bytes]:
    """Start a program in the folder as the run's user."""
    change = {"user": slot.uid, "group": slot.uid, "extra_groups": []} if slot.uid else {}
    argv = [SYSTEM_PYTHON, "-I", "-S", "-c", f"import os\nCANARY, FOLDER = {str(canary)!r}, {str(folder)!r}\n{program}"]
    return subprocess.Popen(argv, cwd=folder if program is not SWAPS else "/", **change)  # type: ignore[call-overload,no-any-return]


@pytest.mark.parametrize("program", PLANTED.values(), ids=PLANTED)
def test_planted_tree_is_measured_and_removed_and_what_it_names_is_not(
    folder: Path, canary: Path, slot: Slot, program: str
) -> None:
    """No link is followed, nothing waits for the other end of a pipe, and no name is too odd."""
    assert as_guest(slot, program, folder, canary).wait(60) == 0
    started = time.monotonic()
    use = measure(folder, (), slot)
    assert use.bytes < BIG or "os.link(" in program  # a second name of a file is a file here
    remove_run_folder(folder, slot)
    assert time.monotonic() - started < 20


def racing(folder: Path, canary: Path, slot: Slot, deed: Callable[[], object]) -> int:
    """Do something again and again while a guest swaps folders and links; return how often."""
    with as_guest(slot, SWAPS, folder, canary) as guest:
        try:
            end, times = time.monotonic() + RACE_S, 0
            while time.monotonic() < end:
                deed()
                times += 1
        finally:
            guest.kill()
    return times


def test_folders_that_become_links_while_they_are_measured_lead_nowhere(folder: Path, canary: Path, slot: Slot) -> None:
    """The canary's bytes are never counted."""
    most = 0

    def look() -> None:
        nonlocal most
        most = max(most, measure(folder, (), slot).bytes)

    assert racing(folder, canary, slot, look) > 10
    assert most < BIG


def test_folders_that_become_links_while_they_are_removed_lead_nowhere(folder: Path, canary: Path, slot: Slot) -> None:
    """Were a process of the run still alive, it could delay the removal and nothing else."""

    def remove() -> None:
        with contextlib.suppress(SandboxError):
            remove_run_folder(folder, slot)
        with contextlib.suppress(SandboxError):
            make_run_folder(folder.parent, folder.name, slot)

    assert racing(folder, canary, slot, remove) > 10


def test_link_that_was_a_folder_a_moment_ago_is_not_followed(folder: Path, canary: Path) -> None:
    """The same race, lost: after the look, before the rights are given back."""
    (folder / "a").symlink_to(canary)
    top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with pytest.raises(NotADirectoryError):
            _flatten(top, "a", iter("xyz").__next__)
    finally:
        os.close(top)


def test_removal_holds_few_descriptors_however_deep_the_tree_is(folder: Path, canary: Path, slot: Slot) -> None:
    """A chain of folders is no way to use them up."""
    program = "for n in range(2000): os.mkdir('d'); os.chdir('d')"
    assert as_guest(slot, program, folder, canary).wait(60) == 0
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(list(Path("/proc/self/fd").iterdir())) + 70, hard))
    try:
        measure(folder, (), slot)
        remove_run_folder(folder, slot)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert not folder.exists()


def test_device_is_removed_and_never_opened(folder: Path, slot: Slot) -> None:
    """No guest may make one; were there one, it would only be counted."""
    require(os.geteuid() == 0, "devices need root")
    try:
        os.mknod(folder / "device", 0o666 | stat.S_IFCHR, os.makedev(1, 5))
    except PermissionError:
        require(False, "this machine's root may not make devices")
    assert measure(folder, (), slot).bytes < BIG
    remove_run_folder(folder, slot)
    assert not folder.exists()
