"""The fixtures of the Docker ring."""

from __future__ import annotations

import pytest
from harness.docker import build_images, require_engine


@pytest.fixture(scope="session")
def engine() -> None:
    """A Docker engine answers."""
    require_engine()


@pytest.fixture(scope="session")
def images(engine: None, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Both images are those of this checkout."""
    build_images(tmp_path_factory.getbasetemp().parent / "images.lock")
