"""Run a command, and start it again when a source changes: ``reload.py FOLDER… -- COMMAND…``. Standard library only.

For development in containers; see docker-compose.dev.yml. It looks at the times of the folders' Python and data files
twice a second, since a mounted folder does not everywhere tell of its changes. A command that ended by itself is
started again at the next change, so that a slip of the pen does not end the container.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

PAUSE_S = 0.5
STOP_S = 20.0
SUFFIXES = frozenset({".py", ".md", ".toml", ".json", ".txt", ".html", ".css", ".js"})


def main(argv: Sequence[str]) -> int:
    """Keep the command running until told to stop; return its last status, 0 where it was stopped."""
    split = list(argv).index("--")
    folders, command = [Path(name) for name in argv[:split]], argv[split + 1 :]
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    seen = state_of(folders)
    process = subprocess.Popen(command)
    while not stopping.wait(PAUSE_S):
        process.poll()  # buries it
        now = state_of(folders)
        if now != seen:
            print(f"reload: {', '.join(changed(seen, now))} changed", file=sys.stderr, flush=True)
            seen = now
            end(process)
            process = subprocess.Popen(command)
    end(process)
    return 0


def state_of(folders: Sequence[Path]) -> dict[Path, tuple[int, int]]:
    """Return the time and size of every source."""
    return dict(_states(folders))


def _states(folders: Sequence[Path]) -> Iterator[tuple[Path, tuple[int, int]]]:
    for folder in folders:
        for path in folder.rglob("*"):
            if path.suffix in SUFFIXES:
                try:
                    facts = path.stat()
                except OSError:
                    continue  # an editor is putting a new one in its place
                yield path, (facts.st_mtime_ns, facts.st_size)


def changed(before: dict[Path, tuple[int, int]], after: dict[Path, tuple[int, int]]) -> list[str]:
    """Name the sources that came, went or are different."""
    return sorted({path.name for path, _ in before.items() ^ after.items()})


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end, and insist after a while."""
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
