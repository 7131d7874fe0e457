"""The backends, each made once, and runs in them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from conformance_types import Trial, Trials
from docker_bench import engine_address, images, worker_image
from manimatic.ports import Sandbox
from sandbox_backends import BACKENDS


@pytest.fixture(scope="session", params=sorted(BACKENDS))
def backend(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """Each implementation of the port."""
    with ExitStack() as stack:
        yield stack.enter_context(BACKENDS[request.param](request))


@pytest.fixture
def trials(backend: Sandbox, tmp_path: Path) -> Trials:
    """Make runs."""
    return Trials(backend, tmp_path)


@pytest.fixture
def trial(trials: Trials) -> Trial:
    """One run."""
    return trials.new()


__all__ = ["backend", "engine_address", "images", "trial", "trials", "worker_image"]
