"""Attacks of every class on the weaker backends, and under a plain user."""

from __future__ import annotations

import pytest
from attack_sessions import SAMPLE, assert_holds, attacked
from attacks.client import Attacker

__all__ = ["attacked"]
pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.parametrize(
        "attacked", ["bubblewrap-user", "landlock-root", "landlock-user"], indirect=True, scope="module"
    ),
]


@pytest.mark.parametrize("row", SAMPLE)
def test_attack_comes_to_what_it_must(attacked: Attacker, row: str) -> None:
    """The row's expectation holds, or what the registry says of this backend."""
    assert_holds(attacked, row)
