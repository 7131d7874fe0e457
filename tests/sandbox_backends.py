"""Every implementation of the `Sandbox` port that `tests/conformance` holds to its promises: one line for each."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from docker_bench import made
from manimatic.ports import Limits, Sandbox
from manimatic.sandbox.bubblewrap import BubblewrapSandbox
from manimatic.sandbox.cgroup import choose
from manimatic.sandbox.identity import LauncherIdentity, identity_folder, take_identity
from manimatic.sandbox.landlock import LandlockSandbox
from manimatic.sandbox.launcher_client import LauncherSandbox
from manimatic.sandbox.launcher_server import LauncherServer, SupervisedSandbox
from manimatic.sandbox.runtime import runtime_root

BOUNDS = Limits(timeout_s=3600, memory_bytes=8 << 30, cpu_cores=64, max_processes=4096, disk_bytes=8 << 30)


@contextmanager
def _here(make: Callable[[LauncherIdentity], SupervisedSandbox]) -> Iterator[Sandbox]:
    """Give a backend as the launcher makes it."""
    with take_identity(identity_folder()) as identity:
        yield make(identity)


@contextmanager
def _behind_a_launcher(make: Callable[[LauncherIdentity], SupervisedSandbox]) -> Iterator[Sandbox]:
    """Give a backend as the dispatcher sees it, over a socket."""
    with take_identity(identity_folder()) as identity, tempfile.TemporaryDirectory(prefix="manimatic-test-") as folder:
        path = Path(folder) / "launcher.sock"
        server = LauncherServer(make(identity), BOUNDS, path)
        with server.listen() as listener:
            serving = threading.Thread(target=server.serve_forever, args=(listener,), daemon=True)
            serving.start()
            try:
                yield LauncherSandbox(path)
            finally:
                listener.shutdown(2)
                serving.join()
                server.stop()


def _bubblewrap(identity: LauncherIdentity) -> SupervisedSandbox:
    return BubblewrapSandbox(choose(), identity, runtime_root())


def _landlock(identity: LauncherIdentity) -> SupervisedSandbox:
    return LandlockSandbox(choose(), identity, runtime_root())


@contextmanager
def _in_containers(request: pytest.FixtureRequest, runtime: str) -> Iterator[Sandbox]:
    """Give the backend with the real engine and an image that holds this checkout's worker."""
    address, image = request.getfixturevalue("engine_address"), request.getfixturevalue("worker_image")
    yield from made(address, image, runtime)


BACKENDS: Mapping[str, Callable[[pytest.FixtureRequest], AbstractContextManager[Sandbox]]] = {
    "bubblewrap": lambda _: _here(_bubblewrap),
    "docker": lambda request: _in_containers(request, ""),
    "landlock": lambda _: _here(_landlock),
    "launcher": lambda _: _behind_a_launcher(_bubblewrap),
}
"""Made once for a test process; the request gives fixtures that several rings share."""
