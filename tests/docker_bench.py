"""The real engine, this checkout's images in it, and the docker backend on both."""

from __future__ import annotations

import dataclasses
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import docker  # type: ignore[import-untyped]
import pytest
from harness.docker import WORKER, build_images
from manimatic.sandbox.docker.backend import DockerSandbox
from manimatic.sandbox.docker.engine import Engine
from manimatic.sandbox.identity import take_identity
from sandbox_bench import SMALL, Bench
from support import require

ROOMY = dataclasses.replace(SMALL, timeout_s=200.0)
"""Small limits with room on a busy machine, where a container's share of the CPU is a small one."""
TEST_TIMEOUT_S = 400
NO_ENGINE = "needs a container engine: DOCKER_HOST=unix:///… (script/engine run -- COMMAND gives one)"


def address() -> str:
    """Return the engine's address, or skip the test: on a person's machine only where they name it."""
    named = os.environ.get("DOCKER_HOST", "")
    require(named.startswith("unix:///"), NO_ENGINE)
    return named


def sdk(engine: str) -> Any:
    """Return the SDK's own client, for what the backend cannot ask."""
    return docker.DockerClient(base_url=engine, version="auto", timeout=120)


@pytest.fixture(scope="session")
def engine_address() -> str:
    """Where the engine is."""
    return address()


@pytest.fixture(scope="session")
def images(engine_address: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Both images are those of this checkout."""
    build_images(tmp_path_factory.getbasetemp().parent / "images.lock")


@pytest.fixture(scope="session")
def worker_image(images: None) -> str:
    """The image that is tested."""
    return WORKER


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
