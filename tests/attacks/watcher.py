"""What the host's /proc says of a run's processes while they live: their rights, not what they print."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

LOOK_EVERY_S = 0.15
FIELDS = ("Uid", "NoNewPrivs", "Seccomp", "Seccomp_filters", "CapEff", "CapPrm", "CapBnd")
Find = Callable[[], Iterable[Path]]
"""Names the folders in /proc of the processes that are the run's."""


class Watcher:
    """Notes the last status of every process that `find` names, again and again."""

    def __init__(self, find: Find | None) -> None:
        self._find = find
        self._found: dict[Path, Mapping[str, str]] = {}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        if self._find:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        if self._find:
            self._thread.join()

    def guests(self) -> tuple[Mapping[str, str], ...]:
        """Return what was seen of each process at last."""
        return tuple(self._found.values())

    def _look(self) -> None:
        while not self._end.wait(LOOK_EVERY_S):
            for place in self._find() if self._find else ():
                with contextlib.suppress(OSError):
                    lines = (place / "status").read_text("utf-8", "replace").splitlines()
                    fields = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
                    self._found[place] = {name: fields[name] for name in FIELDS if name in fields}


def newcomers() -> Find:
    """Take every process that appears from here on for the run's: right where a session has its own processes."""
    before = set(_processes())
    return lambda: [place for place in _processes() if place not in before]


def _processes() -> list[Path]:
    return [place for place in Path("/proc").iterdir() if place.name.isdigit()]
