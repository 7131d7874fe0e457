"""What scripts share that prove something step by step in a place of their own. Standard library only."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import fresh_root


@dataclass
class Report:
    """What was done, how long it took, and what came of it."""

    log: Path
    rows: list[tuple[str, bool, float, str]] = field(default_factory=list)

    def step(self, title: str, work: Callable[[], str | None]) -> None:
        """Do one step; a failing one is written down and ends the run."""
        print(f"... {title}", flush=True)
        start = time.monotonic()
        try:
            note = work() or ""
        except Exception as error:
            self.rows.append((title, False, time.monotonic() - start, f"{type(error).__name__}: {error}"))
            raise
        self.rows.append((title, True, time.monotonic() - start, note))

    def show(self) -> None:
        """Print the table, and below it the whole message of what failed."""
        width = max((len(row[0]) for row in self.rows), default=4)
        print(f"\n{'step':{width}}  result  seconds  note")
        for title, passed, seconds, note in self.rows:
            first = (note.splitlines() or [""])[0][:100]
            print(f"{title:{width}}  {'ok' if passed else 'FAILED':6}  {seconds:7.1f}  {first}")
        for title, passed, _, note in self.rows:
            if not passed:
                print(f"\n{title}: {note}")


def refusal(script: str, tools: Sequence[str]) -> str | None:
    """Say why a script cannot start here, if it cannot."""
    if missing := [name for name in tools if not shutil.which(name)]:
        return f"{script} needs {', '.join(missing)}."
    return f"{script} has to run as root." if os.geteuid() else None


def end_in_order() -> None:
    """Have the usual signals end this process through its clean-up."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))


@contextmanager
def scratch(script: str, root: Path | None, *, keep: bool) -> Iterator[tuple[Path, Path]]:
    """Give the folder of a root and the log, and remove both at the end, however it comes."""
    work = Path(tempfile.mkdtemp(prefix=f"{script}."))
    folder = root or work / "root"
    try:
        yield folder, work / "log"
    finally:
        if keep:
            print(f"\nroot: {folder}\nlogs: {work}")
        else:
            fresh_root.remove_root(folder)
            fresh_root.remove_root(work)


def last_line(text: str) -> str:
    """Return the last line that is not empty."""
    return next((line for line in reversed(text.splitlines()) if line.strip()), "")
