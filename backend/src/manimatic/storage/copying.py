"""A storage that also leaves a copy of every video in a folder, for the command line."""

from __future__ import annotations

import shutil
from pathlib import Path

from manimatic.errors import StorageError
from manimatic.ports import Storage, Stored


class CopyingStorage:
    """Stores in `inner`, then copies the file to `folder` under the video's name."""

    def __init__(self, inner: Storage, folder: Path) -> None:
        self._inner = inner
        self._folder = folder
        self.name = inner.name

    def put(self, name: str, path: Path) -> Stored:
        """Store and copy. Raises StorageError."""
        stored = self._inner.put(name, path)
        try:
            shutil.copyfile(path, self._folder / name)
        except OSError as error:
            raise StorageError(f"The video cannot be copied to {self._folder}: {error.strerror}.") from error
        return stored

    def delete(self, name: str) -> None:
        """Remove the stored video; the copy stays. Raises StorageError."""
        self._inner.delete(name)

    def open_local(self, name: str) -> Path:
        """Return the stored file. Raises VideoNotFound."""
        return self._inner.open_local(name)

    def ping(self) -> None:
        """Check the inner storage. Raises StorageError."""
        self._inner.ping()
