"""A storage that fails on request, for tests of what comes after a failure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from manimatic.errors import StorageError
from manimatic.ports import Storage, Stored

T = TypeVar("T")


class FlakyStorage:
    """Fails the first calls of `put` and `delete`, then does as the storage inside it does.

    Args:
        inner: The storage that does the work.
        failures: How many calls fail.
        answer_lost: Do the work before failing, as where only the answer gets lost.
    """

    def __init__(self, inner: Storage, failures: int, *, answer_lost: bool = False) -> None:
        self.name = inner.name
        self.calls = 0
        self._inner = inner
        self._failures = failures
        self._answer_lost = answer_lost

    def put(self, name: str, path: Path) -> Stored:
        """Store the file, or fail.

        Raises:
            StorageError: A failure was asked for, or the storage inside failed.
        """
        return self._do(lambda: self._inner.put(name, path))

    def delete(self, name: str) -> None:
        """Remove the video, or fail.

        Raises:
            StorageError: A failure was asked for, or the storage inside failed.
        """
        self._do(lambda: self._inner.delete(name))

    def open_local(self, name: str) -> Path:
        """Return the video's path.

        Raises:
            VideoNotFound: The storage inside has no such file.
        """
        return self._inner.open_local(name)

    def ping(self) -> None:
        """Fail while failures are left.

        Raises:
            StorageError: A failure was asked for, or the storage inside failed.
        """
        if self.calls < self._failures:
            raise StorageError
        self._inner.ping()

    def _do(self, work: Callable[[], T]) -> T:
        self.calls += 1
        if self.calls > self._failures:
            return work()
        if self._answer_lost:
            work()
        raise StorageError
