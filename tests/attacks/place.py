"""Where a session runs: as root, with processes, mounts and temporary folders of its own."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from manimatic_worker.confine import apply_seccomp
from without_user_namespaces import refusing_filter

COVERED = (Path("/tmp"), Path("/dev/shm"), Path("/run"))
HOME = Path("/var/tmp")
"""On a disk, as the folders of runs are; a session of its own sees nothing there but its folder."""
HOST_PROC = "ATTACK_HOST_PROC"
"""Which descriptor is the /proc of whoever started the session."""
PLAIN_UID = 61180
"""In no distribution's range of users, and none of ours; test processes that run at once have one each."""
FIRST_PID = 20_000
"""Where a session's process ids begin: a guest that counts from one again must not meet its own by their numbers."""
_CAP_SYS_ADMIN = 21
_NOSUID_NODEV = 6
_BIND = 4096
_DETACH = 2


def command(argv: list[str]) -> list[str]:
    """Return how to start a session: as root in PID and mount namespaces of its own."""
    if not can_part():
        return argv
    parts = ["--mount", "--pid", "--ipc", "--fork", "--kill-child", "--mount-proc", "--propagation", "private"]
    return ["unshare", *parts, "--", *argv]


def can_part() -> bool:
    """Tell whether this process may make such namespaces."""
    line = next(one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("CapEff"))
    return bool(int(line.split()[1], 16) >> _CAP_SYS_ADMIN & 1) and shutil.which("unshare") is not None


def cover(keep: tuple[Path, ...]) -> tuple[Path, ...]:
    """Put empty file systems over the folders that runs must leave alone; one that this program needs stays.

    Args:
        keep: Files below these folders that stay reachable.
    """
    _let_go_of_containers()
    kept = [(path, os.open(path, os.O_PATH)) for path in keep]
    found = [place for place in COVERED if not any(place in (one, *one.parents) for one in _needed())]
    for place in found:
        _mount("tmpfs", place, "tmpfs", _NOSUID_NODEV, "mode=1777")
    for path, fd in kept:
        if not path.exists():
            path.parent.mkdir(parents=True)
            path.touch()
            _mount(f"/proc/self/fd/{fd}", path, "", _BIND, "")
        os.close(fd)
    return tuple(found)


def _let_go_of_containers() -> None:
    """Take away engines' mounts that were copied with the namespace: they go with their containers, at any time."""
    libc = ctypes.CDLL(None, use_errno=True)
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        place, kind = line.split()[4], line.partition(" - ")[2].split()[0]
        if place != "/" and (kind == "overlay" or place.endswith("/mounts/shm")):
            libc.umount2(place.encode(), _DETACH)


def _mount(source: str, target: Path, kind: str, flags: int, data: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(source.encode(), str(target).encode(), kind.encode(), flags, data.encode()):
        raise OSError(ctypes.get_errno(), f"mount {target}")


def be_init() -> None:
    """As the first process of a namespace, bury orphans and end with the session, which goes on in a child."""
    with contextlib.suppress(OSError):
        Path("/proc/sys/kernel/ns_last_pid").write_text(str(FIRST_PID))
    child = os.fork()
    if child == 0:
        return
    signal.signal(signal.SIGTERM, lambda *_: os._exit(1))
    while True:
        pid, status = os.wait()
        if pid == child:
            os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


@contextmanager
def home(uid: int | None, *, own: bool) -> Iterator[Path]:
    """Give the session's folder on a disk, which everybody may enter, as its user's."""
    outer = Path(tempfile.mkdtemp(prefix="manimatic-attack-", dir=HOME))
    folder = outer / "session"
    folder.mkdir()
    outer.chmod(0o755)
    if uid is not None:
        os.chown(folder, uid, uid)
        os.chown(outer, uid, uid)
    back = os.open(HOME, os.O_RDONLY)
    if own and not any(HOME in (one, *one.parents) for one in _needed()):
        _mount(str(outer), HOME, "", _BIND, "")
        folder = HOME / "session"
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.rmdir(outer.name, dir_fd=back)
        os.close(back)


def _needed() -> list[Path]:
    """Return what this program is made of."""
    return [Path(path).resolve() for path in (*sys.path, sys.prefix, sys.base_prefix) if path]


def become(uid: int) -> None:
    """Give up root for good."""
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)


def refuse_user_namespaces() -> None:
    """Answer from here on as the kernel of an ordinary container does."""
    apply_seccomp(refusing_filter())
