"""Start a launcher as a child process, with an environment that holds no secret."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from manimatic.errors import SandboxError
from manimatic.lifetime import tied

START_TIMEOUT_S = 60.0
"""Room for the first start, which copies the guest runtime."""


@contextmanager
def launcher_process(socket_path: Path, environ: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a launcher on this socket for the length of the block.

    Args:
        socket_path: Where it listens.
        environ: Its whole environment; it must hold no key.

    Raises:
        SandboxError: It ended at once.
    """
    argv = tied([sys.executable, "-m", "manimatic.launcher", "--quiet", "--socket", str(socket_path)])
    # a session of its own: Ctrl-C is for who asked, which then ends the run in good order
    process = subprocess.Popen(argv, env=dict(environ), stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        _wait_for(socket_path, process)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        socket_path.unlink(missing_ok=True)


def _wait_for(socket_path: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not socket_path.exists():
        if process.poll() is not None:
            raise SandboxError(f"The launcher ended at its start with status {process.returncode}.")
        if time.monotonic() > deadline:
            raise SandboxError("The launcher did not start in time.")
        time.sleep(0.005)
