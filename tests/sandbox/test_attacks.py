"""Every attack on bubblewrap as this machine's tests run it, each judged on the host."""

from __future__ import annotations

import os

import pytest
from attack_sessions import assert_holds, attacked
from attacks.client import Attacker
from attacks.registry import load

__all__ = ["attacked"]
BACKEND = "bubblewrap-root" if os.geteuid() == 0 else "bubblewrap-user"
CROWDED = ("A1", "A7")
pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.parametrize("attacked", [BACKEND], indirect=True, scope="module"),
]


@pytest.mark.parametrize("row", load().rows)
def test_attack_comes_to_what_it_must(attacked: Attacker, row: str) -> None:
    """The row's expectation holds, and the machine is as it was before."""
    assert_holds(attacked, row)


@pytest.mark.parametrize("row", CROWDED)
def test_attack_four_at_once_comes_to_the_same(attacked: Attacker, row: str) -> None:
    """One run's limit does not eat another's."""
    assert_holds(attacked, row, crowd=True)
