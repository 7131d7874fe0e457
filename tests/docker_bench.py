"""The real engine, the worker image with this checkout's worker in it, and the docker backend on both."""

from __future__ import annotations

import io
import os
import tarfile
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import docker  # type: ignore[import-untyped]
import manimatic_worker
import pytest
from harness.docker import build_images
from manimatic.sandbox.docker.backend import DockerSandbox
from manimatic.sandbox.docker.engine import Engine
from manimatic.sandbox.identity import take_identity
from sandbox_bench import Bench
from support import require

BASE = "manimatic-worker:latest"
IMAGE = "manimatic-worker-tested:latest"
NO_ENGINE = "needs a container engine: DOCKER_HOST=unix:///… (script/engine run -- COMMAND gives one)"
NO_IMAGE = f"needs the image {BASE}: ./build.sh"
_DOCKERFILE = """
FROM {base}
USER 0
COPY manimatic_worker /runtime/worker/manimatic_worker
RUN ["/usr/bin/python3", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", "/runtime/worker"]
USER 65534:65534
"""


def address() -> str:
    """Return the engine's address, or skip the test: on a person's machine only where they name it."""
    named = os.environ.get("DOCKER_HOST", "")
    require(named.startswith("unix:///"), NO_ENGINE)
    return named


def sdk(engine: str) -> Any:
    """Return the SDK's own client, for what the backend cannot ask."""
    return docker.DockerClient(base_url=engine, version="auto", timeout=120)


def with_this_worker(engine: str) -> str:
    """Put this checkout's worker into the image, and return the new image's name; its layers are kept by the engine."""
    client = sdk(engine)
    try:
        require(client.images.list(BASE), NO_IMAGE)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            client.images.build(fileobj=_context(), custom_context=True, tag=IMAGE, rm=True, forcerm=True)
    finally:
        client.close()
    return IMAGE


def _context() -> io.BytesIO:
    """Return the tree to build from, which is the same for the same sources."""
    written = io.BytesIO()
    source = Path(next(iter(manimatic_worker.__path__)))
    with tarfile.open(fileobj=written, mode="w") as tree:
        _add(tree, "Dockerfile", _DOCKERFILE.format(base=BASE).encode())
        for path in sorted(source.rglob("*.py")):
            _add(tree, f"manimatic_worker/{path.relative_to(source)}", path.read_bytes())
    written.seek(0)
    return written


def _add(tree: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(data), 0o644
    tree.addfile(entry, io.BytesIO(data))


@pytest.fixture(scope="session")
def engine_address() -> str:
    """Where the engine is."""
    return address()


@pytest.fixture(scope="session")
def images(engine_address: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Both images are those of this checkout."""
    build_images(tmp_path_factory.getbasetemp().parent / "images.lock")


@pytest.fixture(scope="session")
def worker_image(engine_address: str, request: pytest.FixtureRequest) -> str:
    """The image that is tested; in CI it is built first, elsewhere any is good that has the same packages."""
    if os.environ.get("CI") == "true":
        request.getfixturevalue("images")
    return with_this_worker(engine_address)


@pytest.fixture(scope="session")
def engine(engine_address: str) -> Iterator[Engine]:
    """The engine as the launcher asks it."""
    found = Engine(engine_address)
    yield found
    found.close()


@pytest.fixture(scope="session")
def docker_sandbox(engine_address: str, worker_image: str) -> Iterator[DockerSandbox]:
    """The backend as the launcher makes it."""
    yield from made(engine_address, worker_image, "")


@pytest.fixture(scope="session")
def gvisor_sandbox(engine_address: str, worker_image: str) -> Iterator[DockerSandbox]:
    """The same with a kernel of its own for each run."""
    client = sdk(engine_address)
    runtimes = client.info()["Runtimes"]
    client.close()
    require("runsc" in runtimes, "needs an engine with the runtime runsc (gVisor)")
    yield from made(engine_address, worker_image, "runsc")


def made(engine_address: str, image: str, runtime: str) -> Iterator[DockerSandbox]:
    """Make a backend under an identity of its own."""
    with tempfile.TemporaryDirectory() as folder, take_identity(Path(folder)) as identity:
        sandbox = DockerSandbox(engine_address, image, runtime, identity)
        yield sandbox
        sandbox.close()


@pytest.fixture
def docker_bench(docker_sandbox: DockerSandbox, tmp_path: Path) -> Bench:
    """One run in a container, in an empty folder."""
    return Bench(docker_sandbox, tmp_path)


@pytest.fixture(params=["docker", "docker with gVisor"])
def each_container_bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    """One run in each kind of container."""
    name = {"docker": "docker_sandbox", "docker with gVisor": "gvisor_sandbox"}[request.param]
    return Bench(request.getfixturevalue(name), tmp_path)


def containers_of(engine: Engine, run_id: str) -> list[Mapping[str, Any]]:
    """List what is there of a run."""
    return engine.labelled(f"manimatic.run={run_id}")


def eventually(condition: Any, within_s: float = 30.0) -> bool:
    """Wait for something that takes a moment."""
    give_up_at = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > give_up_at:
            return False
        time.sleep(0.05)
    return True


__all__ = [
    "docker_bench",
    "docker_sandbox",
    "each_container_bench",
    "engine",
    "engine_address",
    "gvisor_sandbox",
    "images",
    "worker_image",
]
