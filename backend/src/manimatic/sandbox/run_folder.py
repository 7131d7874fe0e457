"""The folder of one run on a disk that the host shares: made, measured and removed without trusting what is in it.

Where no file system of a fixed size can be mounted, a run writes into a folder of its own and its size is measured
again and again. The guest owns what is in there while that happens, so this side looks with the guest's rights and not
with its own, follows no link, and holds no more than a few descriptors however deep the tree is.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from manimatic.errors import SandboxError
from manimatic.sandbox.cgroup.base import launcher_of
from manimatic.sandbox.slots import Slot

MAX_FILES = 10_000
"""Files and folders of one run; Manim and TeX make some hundreds."""
MAX_DEPTH = 48
MAPS_AT_ONCE = 8
SCRATCH = "tmp"
"""The folder in a run's folder that stands in for a temporary folder of its own."""
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_BLOCK_BYTES = 512  # st_blocks counts these, whatever the file system's own size is
_DELETED = re.compile(r"^\S+ \S+ \S+ \S+ (\d+) +(.*) \(deleted\)$", re.MULTILINE)


@dataclass(slots=True)
class DiskUse:
    """What one look found; `hides` says that something cannot be looked into, which no honest run does."""

    bytes: int = 0
    files: int = 0
    hides: bool = False
    inodes: set[int] = field(default_factory=set)

    def add(self, found: os.stat_result) -> None:
        """Count a file or folder once, however many names it has."""
        if found.st_nlink > 1 and not stat.S_ISDIR(found.st_mode) and found.st_ino in self.inodes:
            return
        self.inodes.add(found.st_ino)
        self.bytes += found.st_blocks * _BLOCK_BYTES
        self.files += 1


@contextmanager
def acting_as(slot: Slot) -> Iterator[None]:
    """Have this thread, and no other, touch files with the slot's rights."""
    if slot.uid is None:
        yield
        return
    libc = ctypes.CDLL(None)
    gid = libc.setfsgid(slot.uid)
    uid = libc.setfsuid(slot.uid)
    try:
        yield
    finally:
        libc.setfsuid(uid)
        libc.setfsgid(gid)


def make_run_folder(parent: Path, name: str, slot: Slot) -> Path:
    """Make the empty folder of a run, private to the slot's user.

    Raises:
        SandboxError: The disk is full, or the place cannot be written.
    """
    folder = parent / name
    try:
        parent.mkdir(mode=0o711, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700)
        if slot.uid is not None:
            os.chown(folder, slot.uid, slot.uid)
        with acting_as(slot):
            (folder / SCRATCH).mkdir(mode=0o700)
    except OSError as error:
        with contextlib.suppress(OSError):
            folder.rmdir()
        raise SandboxError(f"The folder of a run cannot be made in {parent}: {error.strerror}.") from error
    return folder


def measure(folder: Path, pids: Sequence[int], slot: Slot, turn: int = 0) -> DiskUse:
    """Add up what is in the folder, and what was deleted there but is still held open by the processes.

    Args:
        folder: The run's folder.
        pids: The run's processes.
        slot: Who the run is.
        turn: What processes have mapped takes long to ask: of many, each call asks some, and the next turn others.
    """
    use = DiskUse()
    with acting_as(slot):
        try:
            top = os.open(folder, _FOLDER)
        except OSError:
            use.hides = True
            return use
        _walk(top, use)
        for number, pid in enumerate(pids):
            is_due = (number - turn * MAPS_AT_ONCE) % len(pids) < MAPS_AT_ONCE
            _add_deleted(pid, str(folder) if is_due else None, use)
    return use


def _walk(top: int, use: DiskUse) -> None:
    """Count a tree, holding one descriptor per level; a tree that is too large or too deep is not walked to its end."""
    held: list[tuple[int, list[str]]] = [(top, [])]
    try:
        held[0][1].extend(_names(top))
        while held:
            fd, names = held[-1]
            if names and use.files <= MAX_FILES:
                _count(held, fd, names.pop(), use)
            else:
                os.close(fd)
                held.pop()
    finally:
        for fd, _ in held:
            os.close(fd)


def _count(held: list[tuple[int, list[str]]], fd: int, name: str, use: DiskUse) -> None:
    """Count a name, and enter it if it is a folder; its parent's rights may be gone since that was opened."""
    try:
        found = os.stat(name, dir_fd=fd, follow_symlinks=False)
        use.add(found)
        if stat.S_ISDIR(found.st_mode):
            _enter(held, fd, name, use)
    except (FileNotFoundError, NotADirectoryError):
        return
    except PermissionError:
        use.hides = True


def _enter(held: list[tuple[int, list[str]]], fd: int, name: str, use: DiskUse) -> None:
    if len(held) >= MAX_DEPTH:
        use.hides = True
        return
    below = os.open(name, _FOLDER, dir_fd=fd)
    held.append((below, []))
    held[-1][1].extend(_names(below))


def _names(fd: int) -> list[str]:
    """List a folder, but no more of it than a run may have."""
    with os.scandir(fd) as entries:
        return [entry.name for entry, _ in zip(entries, range(MAX_FILES + 2), strict=False)]


def _add_deleted(pid: int, folder: str | None, use: DiskUse) -> None:
    """Count a process's open files that have no name any more; one mapped from the folder and not open hides."""
    held: set[int] = set()
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        try:
            for found in _open_files(pid):
                held.add(found.st_ino)
                if found.st_nlink == 0 and found.st_ino not in use.inodes:
                    use.add(found)
            mapped = _mapped_deleted(pid, folder) if folder else set()
        except PermissionError:
            use.hides = use.hides or not _is_leaving(pid)
            return
        use.hides = use.hides or not mapped <= held


def _mapped_deleted(pid: int, folder: str) -> set[int]:
    maps = Path(f"/proc/{pid}/maps").read_text("utf-8", "surrogateescape")
    return {int(inode) for inode, path in _DELETED.findall(maps) if path.startswith(folder)}


def _open_files(pid: int) -> Iterator[os.stat_result]:
    """Yield the open files of a process; each of its threads may have some of its own."""
    for task in _listed(f"/proc/{pid}/task"):
        for path in _listed(f"{task}/fd"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                found = os.stat(path)  # noqa: PTH116  thousands of times
                if stat.S_ISREG(found.st_mode):
                    yield found


def _listed(folder: str) -> list[str]:
    """List a folder; empty where it is gone."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError), os.scandir(folder) as entries:
        return [entry.path for entry in entries]
    return []


def _is_leaving(pid: int) -> bool:
    """Tell whether a process is dead or dying: then its memory is gone, and nobody may look at it."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(") ")[2].split()
    except OSError:
        return True
    return fields[0] in "ZX" or fields[20] == "0"  # vsize


def remove_run_folder(folder: Path, slot: Slot) -> None:
    """Remove a run's folder after its last process has died; folders without rights and endless depth do not matter.

    Raises:
        SandboxError: Something of it is left.
    """
    try:
        with acting_as(slot):
            _empty(folder)
        folder.rmdir()
    except FileNotFoundError:
        return
    except OSError as error:
        raise SandboxError(f"The folder of a run cannot be removed: {folder}: {error.strerror}.") from error


def _empty(folder: Path) -> None:
    """Remove what is in a folder; a folder's own folders are first moved to the top, so that none is ever deep."""
    top = _open_own(folder)
    try:
        fresh = _fresh_names()
        while names := _names(top):
            for name in names:
                if not _is_folder(top, name):
                    os.unlink(name, dir_fd=top)
                    continue
                _flatten(top, name, fresh)
                os.rmdir(name, dir_fd=top)
    finally:
        os.close(top)


def _flatten(top: int, name: str, fresh: Callable[[], str]) -> None:
    """Empty one folder of the top: its files are removed, its folders become the top's."""
    fd = _open_own(name, top)
    try:
        while names := _names(fd):
            for below in names:
                if not _is_folder(fd, below):
                    os.unlink(below, dir_fd=fd)
                    continue
                os.close(_open_own(below, fd))
                os.rename(below, fresh(), src_dir_fd=fd, dst_dir_fd=top)
    finally:
        os.close(fd)


def _open_own(name: str | Path, parent: int | None = None) -> int:
    """Open a folder whose owner may have taken all rights from it, after giving them back.

    It is held first: a link may stand under its name a moment later, and `chmod` would follow it.
    """
    held = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    try:
        itself = f"/proc/self/fd/{held}"
        os.chmod(itself, 0o700)  # noqa: PTH101  thousands of times
        return os.open(itself, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    finally:
        os.close(held)


def _fresh_names() -> Callable[[], str]:
    """Give names that nobody could have guessed, so that none is taken."""
    secret, number = os.urandom(8).hex(), iter(range(1 << 62))
    return lambda: f"{secret}-{next(number)}"


def _is_folder(fd: int, name: str) -> bool:
    return stat.S_ISDIR(os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode)


def remove_leftovers(parent: Path, is_alive: Callable[[str], bool]) -> None:
    """Remove the folders of launchers that died; one that cannot be removed stays for the next time."""
    for path in _listed(str(parent)):
        owner = launcher_of(Path(path).name)
        if owner is None or is_alive(owner):
            continue
        with contextlib.suppress(SandboxError, OSError):
            uid = Path(path).lstat().st_uid
            remove_run_folder(Path(path), Slot(uid if os.geteuid() == 0 and uid != 0 else None))
