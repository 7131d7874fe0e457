"""A few attacks on a worker that has waited for its run; `script/attack --pool` has them all."""

from __future__ import annotations

import dataclasses
import os

import pytest
from attack_sessions import WORKER
from attacks.backends import BACKENDS
from attacks.client import attacker

BACKEND = "bubblewrap-root" if os.geteuid() == 0 else "bubblewrap-user"
ROWS = ("A1", "C41")
"""One whose verdict comes from the host's counters, and one that looks for what a guest must not see."""


@pytest.mark.timeout(600)
def test_attack_on_a_worker_that_waited_comes_to_the_same() -> None:
    """The rows' expectations hold, and the machine is as it was before."""
    with attacker(dataclasses.replace(BACKENDS[BACKEND], pooled=True), number=WORKER) as session:
        cells = [session.cell(row) for row in ROWS]
    assert not [detail for cell in cells if not cell.ok for detail in cell.details]
