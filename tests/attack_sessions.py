"""The attack suite's sessions as fixtures, one a backend and module, and what is run of it in the tests."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from attacks.backends import BACKENDS
from attacks.client import Attacker, attacker
from support import require

SAMPLE = ("A0", "A7", "B29", "C41", "C50", "D65", "D73", "E82", "E86", "E92", "F115", "G131", "H139")
"""At least one row of each class, for backends that only `script/attack` runs whole."""
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])


@pytest.fixture(scope="module")
def attacked(request: pytest.FixtureRequest) -> Iterator[Attacker]:
    """A session on the backend that the test names; each scene runs once in it, however many rows it serves."""
    backend = BACKENDS[request.param]
    lack = backend.lacks()
    require(lack is None, f"{backend.name}: {lack}")
    with attacker(backend, number=WORKER) as session:
        yield session


def assert_holds(session: Attacker, row: str, *, crowd: bool = False) -> None:
    """Fail with everything that the host saw going wrong."""
    cell = session.cell(row, crowd=crowd)
    assert cell.ok, "\n".join(cell.details)
