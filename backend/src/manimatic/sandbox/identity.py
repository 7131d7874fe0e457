"""Who a launcher is, so that what it leaves behind when it dies can be told from what is in use.

An id begins with its realm, which names the folder of locks: launchers in another root file system (a container) may
share this kernel's resource groups, and whether they live cannot be told from here.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from manimatic.errors import SandboxUnavailable

REALM_CHARS = 8
YOUNG_S = 60.0
_HINT = "Remove what is there, or set XDG_RUNTIME_DIR to a folder of your own."


@dataclass(frozen=True, slots=True, kw_only=True)
class LauncherIdentity:
    """An id that is alive as long as its lock file is held."""

    id: str
    folder: Path

    @property
    def slots_folder(self) -> Path:
        """Return where uid slots are locked; shared by all launchers of the machine."""
        return self.folder / "slots"

    def is_alive(self, other: str) -> bool:
        """Tell whether the launcher of this id still runs; one of another realm counts as running."""
        if other == self.id or other[:REALM_CHARS] != self.id[:REALM_CHARS]:
            return True
        try:
            lock = os.open(self.folder / "launchers" / other, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(lock)
        (self.folder / "launchers" / other).unlink(missing_ok=True)
        return False


def identity_folder() -> Path:
    """Return where the launchers of this machine (for root) or this user keep their locks."""
    if os.geteuid() == 0:
        return Path("/run/manimatic")
    if runtime := os.environ.get("XDG_RUNTIME_DIR"):
        return Path(runtime) / "manimatic"
    return Path(f"/tmp/manimatic-{os.geteuid()}")  # noqa: S108  checked by `make_private`


def make_private(folder: Path) -> None:
    """Make a folder, or see that the one that is there is this user's alone: anyone may have made it in /tmp first.

    Raises:
        SandboxUnavailable: It is a link, somebody else's, others may write in it, or it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = folder.lstat()
    except OSError as error:
        raise SandboxUnavailable(f"{folder} cannot be made: {error.strerror}.", hint=_HINT) from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise SandboxUnavailable(
            f"{folder} is not this user's own: others could take the launcher's place there.",
            hint=_HINT,
        )


@contextmanager
def take_identity(folder: Path) -> Iterator[LauncherIdentity]:
    """Hold a fresh identity until the block ends or the process dies."""
    make_private(folder)
    (folder / "launchers").mkdir(exist_ok=True, mode=0o700)
    _forget_dead(folder)
    name = _realm(folder) + secrets.token_hex(6)
    path = folder / "launchers" / name
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield LauncherIdentity(id=name, folder=folder)
    finally:
        path.unlink(missing_ok=True)
        os.close(lock)


def _forget_dead(folder: Path) -> None:
    """Remove the lock files of launchers that were killed; one that is being made is young, and left alone."""
    anyone = LauncherIdentity(id=_realm(folder), folder=folder)
    for path in (folder / "launchers").iterdir():
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < time.time() - YOUNG_S:
                anyone.is_alive(path.name)


def _realm(folder: Path) -> str:
    found = folder.stat()
    return hashlib.sha256(f"{found.st_dev} {found.st_ino}".encode()).hexdigest()[:REALM_CHARS]


def launcher_socket(folder: Path, *, is_shared: bool = False) -> Path:
    """Return where this process's launcher listens; sockets of processes that died are removed.

    Args:
        folder: Where the locks are, too.
        is_shared: Let other users pass through the folder, each to the socket that is theirs.
    """
    make_private(folder)
    if is_shared:
        folder.chmod(0o711)
    for old in folder.glob("launcher-*.sock"):
        if not Path(f"/proc/{old.stem.partition('-')[2]}").exists():
            old.unlink(missing_ok=True)
    return folder / f"launcher-{os.getpid()}.sock"
