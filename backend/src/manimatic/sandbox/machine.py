"""The machine as the examination sees it: its files, and what its programs answer. Tests give a made-up one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from manimatic.sandbox.slots import Slot

TIMEOUT_S = 10.0
SEEN_BY_SANDBOXES = ("/usr/bin", "/bin")
EVERYWHERE = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
_ENVIRON = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LANG": "C.UTF-8"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a program ended and what it said."""

    status: int
    output: str = ""
    complaint: str = ""


Run = Callable[[Sequence[str], Slot, bytes], Outcome]
"""Runs a program as a slot's user, with these bytes on its standard input."""
OWN_USER = Slot(None)


def run_program(argv: Sequence[str], slot: Slot, data: bytes) -> Outcome:
    """Run a program with an environment that holds nothing of ours; one that is missing or hangs counts as failed."""
    try:
        done = subprocess.run(
            list(argv),
            input=data,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
            env=_ENVIRON,
            cwd="/",
            user=slot.uid,
            group=slot.uid,
            extra_groups=None if slot.uid is None else [],
        )
    except (OSError, subprocess.SubprocessError) as error:
        return Outcome(status=127, complaint=str(error))
    return Outcome(
        status=done.returncode,
        output=done.stdout.decode(errors="replace"),
        complaint=done.stderr.decode(errors="replace").strip(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where to look, and how to run a program."""

    root: Path = Path("/")
    run: Run = run_program

    def path(self, name: str) -> Path:
        """Return where a file of the machine lies."""
        return self.root / name.lstrip("/")

    def has(self, name: str) -> bool:
        """Tell whether the machine has this file or folder."""
        return self.path(name).exists()

    def read(self, name: str) -> str:
        """Return a small file's text; empty where it cannot be read."""
        try:
            return self.path(name).read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return ""

    def find(self, program: str, folders: Sequence[str] = SEEN_BY_SANDBOXES) -> str | None:
        """Return where a program lies, else None; in the places that a sandbox may see, if no others are named."""
        for folder in folders:
            if os.access(self.path(f"{folder}/{program}"), os.X_OK):
                return f"{folder}/{program}"
        return None

    def call(self, *argv: str, slot: Slot = OWN_USER, data: bytes = b"") -> Outcome:
        """Run a program to its end."""
        return self.run(argv, slot, data)


THIS_MACHINE = Machine()
