"""Servers that tests start for themselves: which processes are meant to outlive a test, and how they are started.

A server lives in a folder of its own under the system's temporary folder, runs as nobody where the tests are root, and
is told by the kernel to end when the tests' process ends, however that ends.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

NOBODY = 65534
STOP_S = 20.0
KEPT: set[int] = set()
"""Process ids of the servers that live as long as the session."""


def needed(program: str, package: str, *folders: str) -> str:
    """Return a program's path; without it the test is skipped on a person's machine, and fails in CI."""
    found = shutil.which(program, path=os.pathsep.join([*folders, os.environ.get("PATH", "")]))
    if found is None:
        why = f"{program} is not installed; on Debian: apt-get install {package}"
        assert os.environ.get("CI") != "true", why
        pytest.skip(why)
    return found


def own_user() -> list[str]:
    """Return the command that lays root's rights aside; nothing where there are none."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]


def tied(command: Sequence[str | Path]) -> list[str]:
    """Return the command as an unprivileged one that ends with this process."""
    return ["setpriv", "--pdeathsig", "KILL", *own_user()[1:], *map(str, command)]


@contextmanager
def server_folder(name: str) -> Iterator[Path]:
    """Give a folder that the server's user owns, with a path short enough for a socket's name."""
    folder = Path(tempfile.mkdtemp(prefix=f"manimatic-{name}-"))
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def end(process: subprocess.Popen[bytes], number: signal.Signals = signal.SIGTERM) -> None:
    """End a server and await its end."""
    process.send_signal(number)
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
