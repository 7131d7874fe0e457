"""The Docker engine that tests use, and the images of this checkout in it."""

from __future__ import annotations

import fcntl
import functools
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from source_tree import ROOT

BACKEND = "manimatic-backend"
WORKER = "manimatic-worker"
BUILD_S = 1800
"""Room for a build from nothing."""
HARDENED = (
    *("--rm", "--network", "none", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
    *("--memory", "2g", "--pids-limit", "128", "--tmpfs", "/job", "--tmpfs", "/tmp"),
)
"""How the worker's image is started by hand."""


@functools.cache
def engine_environ() -> dict[str, str]:
    """Return this process's environment with a client first on the path that can build, where there is one."""
    for folder in (None, "/usr/bin"):
        path = f"{folder}:{os.environ['PATH']}" if folder else os.environ["PATH"]
        environ = {**os.environ, "PATH": path, "DOCKER_BUILDKIT": "1"}
        program = shutil.which("docker", path=path)
        if program and not subprocess.run([program, "build", "--help"], env=environ, capture_output=True).returncode:
            return environ
    return {**os.environ, "DOCKER_BUILDKIT": "1"}


def docker(*words: str | Path, stdin: bytes = b"", timeout_s: float = 110) -> subprocess.CompletedProcess[bytes]:
    """Run the engine's client; its status is for the caller to look at."""
    environ = engine_environ()
    program = shutil.which("docker", path=environ["PATH"]) or "docker"
    command = [program, *map(str, words)]
    return subprocess.run(command, env=environ, input=stdin, capture_output=True, timeout=timeout_s, check=False)


def said(*words: str | Path, timeout_s: float = 110) -> str:
    """Run the client and return what it printed; it has to succeed."""
    done = docker(*words, timeout_s=timeout_s)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


@contextmanager
def saved(image: str) -> Iterator[IO[bytes]]:
    """Give the stream of a saved image: an archive of its configuration and of its layers, archives themselves."""
    environ = engine_environ()
    command = [shutil.which("docker", path=environ["PATH"]) or "docker", "save", image]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield process.stdout
        process.stdout.read()
    assert process.returncode == 0


def build_images(lock: Path) -> None:
    """Bring both images up to date with this checkout; processes that test together build them once."""
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = subprocess.run(
            [ROOT / "build.sh", "--quiet"],
            env=engine_environ() | {"BUILD_SIZES": "off"},
            capture_output=True,
            timeout=BUILD_S,
            check=False,
        )
    assert done.returncode == 0, (done.stdout + done.stderr).decode()[-4000:]
