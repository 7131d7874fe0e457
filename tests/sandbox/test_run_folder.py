"""The folder of a run: whatever a guest leaves in it is measured and removed."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from manimatic.sandbox.run_folder import (
    MAX_FILES,
    DiskUse,
    _walk,
    acting_as,
    make_run_folder,
    measure,
    remove_leftovers,
    remove_run_folder,
)
from manimatic.sandbox.slots import Slot
from support import require

MIB = 1024 * 1024
DEEP = "import os\nfor _ in range(20_000):\n    os.mkdir('d'); os.chdir('d')\n"

SYSTEM_PYTHON = "/usr/bin/python3"
"""One that every user may start; that of the tests may lie in a private folder."""


@pytest.fixture(params=["own user", "slot"])
def slot(request: pytest.FixtureRequest) -> Slot:
    """Who a run is."""
    require(request.param != "slot" or os.geteuid() == 0, "slots need root")
    return Slot(61200 if request.param == "slot" else None)


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory, slot: Slot) -> Iterator[Path]:
    """The folder of a run, below folders that all may cross."""
    parent = Path("/var/tmp") / f"manimatic-test-{os.getpid()}"
    made = make_run_folder(parent, "manimatic-test-run", slot)
    yield made
    remove_run_folder(made, slot)
    parent.rmdir()


def as_guest(slot: Slot, program: str, folder: Path) -> None:
    """Run a program in the folder as the run's user."""
    change = {"user": slot.uid, "group": slot.uid, "extra_groups": []} if slot.uid else {}
    subprocess.run([SYSTEM_PYTHON, "-I", "-S", "-c", program], cwd=folder, check=True, **change)  # type: ignore[call-overload]


LEFT = {
    "depth": DEEP,
    "rights": "import os\nos.makedirs('a/b/c')\nfor name in ('a/b', 'a', '.'): os.chmod(name, 0)",
    "links": "import os\nos.symlink('/etc', 'link'); os.mkfifo('fifo'); os.symlink('.', 'loop')",
    "many": "import os\nfor n in range(12_000): os.mkdir(f'd{n}', 0)",
    "names": "import os\nos.mkdir(b'\\xff\\n'); open('x' * 255, 'w'); os.makedirs('0/0')",
}
DELETED = (
    "import ctypes, os\nf = open('x', 'w+b'); f.write(b'x' * (2 << 20)); f.flush(); os.unlink('x'); n = f.fileno()\n"
)
HELD = {
    "deleted": (DELETED, True),
    "held twice": (DELETED + "g = os.dup(n)", True),
    "mapped only": (
        DELETED + "m = ctypes.CDLL(None).mmap(None, ctypes.c_long(4096), 1, 1, n, ctypes.c_long(0)); f.close()",
        False,
    ),
    "not dumpable": ("import ctypes\nctypes.CDLL(None).prctl(4, 0, 0, 0, 0)", False),
}


@pytest.mark.parametrize("program", LEFT.values(), ids=LEFT)
def test_whatever_a_guest_leaves_is_removed(folder: Path, slot: Slot, program: str) -> None:
    """And nothing that it points to."""
    as_guest(slot, program, folder)
    measure(folder, (), slot)
    remove_run_folder(folder, slot)
    assert not folder.exists()
    assert Path("/etc/passwd").exists()


def test_bytes_count_once_and_as_they_lie_on_the_disk(folder: Path, slot: Slot) -> None:
    """A second name costs nothing, and neither do the holes of a sparse file."""
    program = (
        "import os\nopen('a', 'wb').write(b'x' * (1 << 20)); os.link('a', 'b')\n"
        "f = open('c', 'wb'); f.truncate(1 << 30)"
    )
    as_guest(slot, program, folder)
    use = measure(folder, (), slot)
    assert MIB <= use.bytes < 2 * MIB
    assert not use.hides


def holding(slot: Slot, program: str, folder: Path) -> subprocess.Popen[bytes]:
    """Start a program that holds something and says so."""
    change = {"user": slot.uid, "group": slot.uid, "extra_groups": []} if slot.uid else {}
    program += "\nprint(flush=True); import time; time.sleep(60)"
    argv = [SYSTEM_PYTHON, "-I", "-S", "-c", program]
    process: subprocess.Popen[bytes] = subprocess.Popen(argv, cwd=folder, stdout=subprocess.PIPE, **change)  # type: ignore[call-overload]
    assert process.stdout is not None
    process.stdout.readline()
    return process


@pytest.mark.parametrize(("program", "is_honest"), HELD.values(), ids=HELD)
def test_deleted_files_count_as_long_as_they_are_held(folder: Path, slot: Slot, program: str, is_honest: bool) -> None:
    """Through descriptors they are seen; a process that shows none of what it holds hides something."""
    is_seen = is_honest or (slot.uid is None and os.geteuid() == 0 and "prctl" in program)  # root sees all
    with holding(slot, program, folder) as process:
        use = measure(folder, [process.pid], slot)
        process.kill()
    assert use.hides != is_seen
    assert use.bytes >= 2 * MIB or not is_honest
    assert use.bytes < 3 * MIB


@pytest.mark.parametrize(
    ("program", "is_over"),
    [
        ("import os\nos.makedirs('/'.join('d' * 40))", lambda use: not use.hides),
        ("import os\nos.makedirs('/'.join('d' * 60))", lambda use: use.hides),
        ("import os\nfor n in range(11_000): open(f'{n}', 'w').close()", lambda use: use.files > MAX_FILES),
    ],
    ids=["some depth", "too deep", "too many"],
)
def test_trees_of_no_honest_run_are_noticed(
    folder: Path, slot: Slot, program: str, is_over: Callable[[object], bool]
) -> None:
    """Depth and number have limits."""
    as_guest(slot, program, folder)
    assert is_over(measure(folder, (), slot))


def test_acting_as_a_slot_ends_with_the_block(folder: Path, slot: Slot) -> None:
    """Inside, files are made as the slot's; afterwards as before, also after an error."""
    with contextlib.suppress(ZeroDivisionError), acting_as(slot):
        (folder / "inside").touch()
        raise ZeroDivisionError
    (folder / "after").touch()
    assert (folder / "inside").stat().st_uid == (slot.uid or os.geteuid())
    assert (folder / "after").stat().st_uid == os.geteuid()


def test_folders_of_dead_launchers_are_removed(folder: Path, slot: Slot) -> None:
    """Those of the living, and what is not ours, stay."""
    parent = folder.parent
    (parent / "other").mkdir()
    dead = make_run_folder(parent, "manimatic-dead-run", slot)
    remove_leftovers(parent, lambda owner: owner != "dead")
    assert sorted(path.name for path in parent.iterdir()) == ["manimatic-test-run", "other"]
    assert not dead.exists()
    (parent / "other").rmdir()


def test_rights_that_are_taken_in_mid_walk_hide_what_is_there(folder: Path, slot: Slot) -> None:
    """A guest that locks a folder which is being looked at is told of as one that hides, and the look goes on."""
    as_guest(slot, "import os; os.mkdir('locked'); open('locked/-rf', 'w').close()", folder)
    use = DiskUse()
    with acting_as(slot):
        opened = os.open(folder / "locked", os.O_RDONLY | os.O_DIRECTORY)
        (folder / "locked").chmod(0)
        _walk(opened, use)
    sees_all = slot.uid is None and os.geteuid() == 0
    assert use.hides is not sees_all
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(opened)
