"""Videos in a folder of this machine, served by the API.

A name becomes visible in one step, by renaming a finished and synced file: neither a crash nor a full disk leaves
half a video. Names inside the folder are never followed through links, since whoever can plant a link there could
otherwise have any file served.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from manimatic.errors import StorageError, VideoNotFound
from manimatic.ports import Stored
from manimatic.storage.names import is_name, open_video, require_name

PART_SUFFIX = ".part"
STALE_PART_S = 3600.0
"""An unfinished file that nobody has written to for so long belongs to a process that died."""
MIN_FREE_BYTES = 64 * 1024**2
"""With less free space than this the next video is not expected to fit."""
_COPY_BYTES = 1024**2
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_FORBIDDEN = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})


class LocalStorage:
    """Keeps videos as files of one folder.

    Args:
        folder: Where the videos lie; made when it is first needed.
        public_url: Start of the videos' addresses; empty gives addresses without a host.
        retention_s: How long a video is kept, in seconds; 0 keeps it for ever.
        clock: Gives the time in seconds since the epoch.
        min_free_bytes: `ping` complains when the folder's disk has less free space.
    """

    name = "local"

    def __init__(
        self,
        folder: Path,
        public_url: str,
        retention_s: float,
        clock: Callable[[], float],
        *,
        min_free_bytes: int = MIN_FREE_BYTES,
    ) -> None:
        self._folder = folder
        self._public_url = public_url.rstrip("/")
        self._retention_s = retention_s
        self._clock = clock
        self._min_free_bytes = min_free_bytes

    def put(self, name: str, path: Path) -> Stored:
        """Copy the file into the folder; an older video of the same name is replaced.

        Raises:
            StorageError: The name or the file is not acceptable, or the folder cannot take it.
        """
        require_name(name)
        with open_video(path) as video, _plain_errors(), self._opened_folder() as folder:
            self._remove_stale_parts(folder)
            with _new_file(folder, name) as target:
                shutil.copyfileobj(video, target, _COPY_BYTES)
        expires_at = self._clock() + self._retention_s if self._retention_s else None
        return Stored(url=f"{self._public_url}/videos/{name}", expires_at=expires_at)

    def delete(self, name: str) -> None:
        """Remove the video; removing what is not there is harmless.

        Raises:
            StorageError: The name is not acceptable, or the folder cannot be written.
        """
        require_name(name)
        with _plain_errors(), self._opened_folder() as folder, contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder)

    def open_local(self, name: str) -> Path:
        """Return the video's path, after opening it once as a plain file inside the folder.

        Raises:
            VideoNotFound: The name is not acceptable, or there is no plain readable file of that name.
        """
        if not is_name(name):
            raise VideoNotFound
        try:
            with _folder_number(self._folder) as folder:
                _require_plain_file(folder, name)
        except OSError as error:
            raise VideoNotFound from error
        return self._folder / name

    def ping(self) -> None:
        """Write and remove a small file, and look at the free space.

        Raises:
            StorageError: The folder cannot be written, or its disk is nearly full.
        """
        with _plain_errors(), self._opened_folder() as folder:
            probe = _part_name("probe")
            _write_probe(folder, probe)
            status = os.fstatvfs(folder)
        if status.f_bavail * status.f_frsize < self._min_free_bytes:
            raise _disk_full()

    @contextlib.contextmanager
    def _opened_folder(self) -> Iterator[int]:
        self._folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        with _folder_number(self._folder) as number:
            yield number

    def _remove_stale_parts(self, folder: int) -> None:
        oldest = self._clock() - STALE_PART_S
        with os.scandir(folder) as entries:
            for entry in entries:
                if not entry.name.endswith(PART_SUFFIX):
                    continue
                with contextlib.suppress(OSError):
                    if entry.stat(follow_symlinks=False).st_mtime < oldest:
                        os.unlink(entry.name, dir_fd=folder)


def _part_name(name: str) -> str:
    return f".{name}.{secrets.token_hex(8)}{PART_SUFFIX}"


@contextlib.contextmanager
def _folder_number(folder: Path) -> Iterator[int]:
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield number
    finally:
        os.close(number)


def _create(folder: int, name: str) -> BinaryIO:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.fdopen(os.open(name, flags, 0o640, dir_fd=folder), "wb")


@contextlib.contextmanager
def _new_file(folder: int, name: str) -> Iterator[BinaryIO]:
    """Give a file that takes its name when the block ends well and is gone when it does not."""
    part = _part_name(name)
    target = _create(folder, part)
    try:
        with target:
            yield target
            target.flush()
            os.fsync(target.fileno())
        os.rename(part, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(part, dir_fd=folder)
        raise
    os.fsync(folder)


def _write_probe(folder: int, probe: str) -> None:
    target = _create(folder, probe)
    try:
        with target:
            target.write(b"probe")
    finally:
        os.unlink(probe, dir_fd=folder)


def _require_plain_file(folder: int, name: str) -> None:
    # O_NONBLOCK: opening a planted pipe would otherwise wait for ever
    number = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    try:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise VideoNotFound
    finally:
        os.close(number)


def _disk_full() -> StorageError:
    return StorageError(
        "The disk that holds the videos is full.",
        hint="Free some space where MANIMATIC_DATA_DIR lies or lower MANIMATIC_RETENTION_H, then try again; "
        "the rendered video is kept.",
    )


@contextlib.contextmanager
def _plain_errors() -> Iterator[None]:
    """Say in plain words what the operating system refused."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise _disk_full() from error
        if error.errno in _FORBIDDEN:
            raise StorageError(
                "The folder of the videos cannot be written.",
                hint="Give the service's user the right to write in MANIMATIC_DATA_DIR, on a disk that is not "
                "mounted read-only; the rendered video is kept.",
            ) from error
        raise StorageError(f"The video could not be written: {error.strerror}.") from error
