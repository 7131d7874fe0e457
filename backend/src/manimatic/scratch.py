"""Temporary folders that are removed also when their maker was killed: the next one to come sees that nobody has them.

A folder is in use while a process holds its lock; the kernel frees the lock when that process dies, however it dies.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "manimatic-scratch-"
MIN_AGE_S = 60.0
"""Between making a folder and locking it lies a moment; younger ones are left alone."""
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Give an empty folder, private to this user, for the length of the block; what others left behind is removed."""
    sweep_scratch(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as name:
        lock = os.open(name, _FOLDER)
        try:
            fcntl.flock(lock, fcntl.LOCK_SH)
            yield Path(name)
        finally:
            os.close(lock)


def sweep_scratch(parent: Path) -> None:
    """Remove the folders of this user that nobody holds."""
    for path in parent.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            _remove_if_left(path)


def _remove_if_left(path: Path) -> None:
    lock = os.open(path, _FOLDER)
    try:
        found = os.fstat(lock)
        is_old = found.st_mtime < time.time() - MIN_AGE_S
        if found.st_uid != os.geteuid() or not stat.S_ISDIR(found.st_mode) or not is_old:
            return
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(path)
    finally:
        os.close(lock)
