"""A user at a shell: commands in a folder, their output and exit codes."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import manimatic

from harness.processes import WAIT_S
from harness.service import clean_environ

OURS = (str(Path(manimatic.__file__).parent), str(Path(sys.prefix, "lib")))
"""What tracebacks of Manimatic's own processes name; those of a scene name the scene."""
MANIMATIC = [sys.executable, "-m", "manimatic.cli"]
SMALL_SCENE = """from manim import *


class Small(Scene):
    def construct(self):
        self.play(Create(Circle()), run_time=0.2)
"""
LOOPS = SMALL_SCENE + "        while True:\n            pass\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How a command ended and what it said."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """A current folder and a data folder."""

    folder: Path
    data: Path

    def environ(self, **settings: str) -> dict[str, str]:
        """Return the environment of a command."""
        return clean_environ(self.data, **settings)

    def run(self, *words: str | Path, stdin: bytes = b"", **settings: str) -> Done:
        """Run `manimatic`; whatever happens, it ends by itself and shows no traceback of its own."""
        done = subprocess.run(
            [*MANIMATIC, *map(str, words)],
            cwd=self.folder,
            env=self.environ(**settings),
            input=stdin,
            capture_output=True,
            timeout=WAIT_S,
            check=False,
        )
        out, err = done.stdout.decode(), done.stderr.decode()
        assert not any(place in out + err for place in OURS), out + err
        assert "\x1b" not in out + err, out + err
        return Done(status=done.returncode, out=out, err=err)

    def write(self, name: str, text: str) -> Path:
        """Write a file into the current folder."""
        path = self.folder / name
        path.write_text(text)
        return path


class Terminal:
    """A command in a terminal of its own, as its foreground job: Ctrl-C reaches all of its processes."""

    def __init__(self, shell: Shell, *words: str) -> None:
        self._master, slave = pty.openpty()
        environ = shell.environ(TERM="xterm-256color")
        # A shell's background jobs ignore SIGINT, and so would what the tests start from there.
        command = ["env", "--default-signal=INT", "setsid", "--ctty", *MANIMATIC, *words]
        self.process = subprocess.Popen(command, cwd=shell.folder, env=environ, stdin=slave, stdout=slave, stderr=slave)
        os.close(slave)
        self.text = ""

    def read_until(self, wanted: str) -> None:
        """Read what appears until some text is there."""
        while wanted not in self.text:
            assert self._read(), self.text

    def press(self, keys: bytes) -> None:
        """Type."""
        os.write(self._master, keys)

    def end(self) -> int:
        """Read the rest, and return the exit status."""
        while self._read():
            pass
        os.close(self._master)
        return self.process.wait(WAIT_S)

    def _read(self) -> bool:
        with suppress(OSError):  # EIO: nobody holds the other end any more
            data = os.read(self._master, 65536)
            self.text += data.decode(errors="replace")
            return bool(data)
        return False


def assert_refused(done: Done, code: str, exit_code: int) -> None:
    """It says what and what to do on standard error, and prints nothing else."""
    assert (done.status, done.out) == (exit_code, ""), (done.status, done.out, done.err)
    lines = done.err.strip().splitlines()
    assert any(line.startswith(code) for line in lines), done.err
    assert len(lines[-1]) > 10
