"""What the host's /proc says of a run's processes while they live: their rights, not what they print."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

LOOK_EVERY_S = 0.15
FIELDS = ("Uid", "NoNewPrivs", "Seccomp", "Seccomp_filters", "CapEff", "CapPrm", "CapBnd")


class Watcher:
    """Notes the last status of every process that appears meanwhile.

    Args:
        exact: Only this session's processes are to be seen in /proc; else nothing is noted.
    """

    def __init__(self, exact: bool) -> None:
        self._exact = exact
        self._before = set(_pids())
        self._found: dict[int, Mapping[str, str]] = {}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        if self._exact:
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end.set()
        if self._exact:
            self._thread.join()

    def guests(self) -> tuple[Mapping[str, str], ...]:
        """Return what was seen of each process at last."""
        return tuple(self._found.values())

    def _look(self) -> None:
        while not self._end.wait(LOOK_EVERY_S):
            for pid in set(_pids()) - self._before:
                with contextlib.suppress(OSError):
                    lines = Path(f"/proc/{pid}/status").read_text("utf-8", "replace").splitlines()
                    fields = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
                    self._found[pid] = {name: fields[name] for name in FIELDS if name in fields}


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]
