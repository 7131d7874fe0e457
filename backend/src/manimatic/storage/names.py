"""What every storage checks before it stores: the video's name and its file."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import BinaryIO

from manimatic.errors import StorageError

SUFFIXES = ("mp4", "webm", "mov", "gif", "png")
_NAME = re.compile(rf"[a-z0-9]{{20,64}}\.(?:{'|'.join(SUFFIXES)})")


def is_name(name: str) -> bool:
    """Tell whether this may be a stored video's name: 20 to 64 of a-z and 0-9, then one of `SUFFIXES`."""
    return _NAME.fullmatch(name) is not None


def require_name(name: str) -> None:
    """Let only names of stored videos pass.

    Raises:
        StorageError: The name is of another form, and so may be guessable or a path.
    """
    if not is_name(name):
        raise StorageError("A video's name has 20 to 64 letters a-z and digits, then its file type.")


def open_video(path: Path) -> BinaryIO:
    """Open a rendered video for reading; links, pipes and empty files are refused.

    Raises:
        StorageError: There is no such file, or it is not a plain file with something in it.
    """
    try:
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise StorageError(f"The rendered video cannot be read: {error.strerror}.") from error
    stream = os.fdopen(number, "rb")
    status = os.fstat(number)
    if not stat.S_ISREG(status.st_mode) or status.st_size == 0:
        stream.close()
        raise StorageError("The rendered video is empty or not a plain file.")
    return stream
