"""Attacks of every class on containers, with the engine's own runtime and with gVisor."""

from __future__ import annotations

import pytest
from attack_sessions import SAMPLE, assert_holds, attacked
from attacks.client import Attacker

__all__ = ["attacked"]
pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.parametrize("attacked", ["docker", "docker-gvisor"], indirect=True, scope="module"),
]


@pytest.fixture(scope="module", autouse=True)
def _images_of_this_checkout(images: None) -> None:
    """What is attacked is what is here."""


@pytest.mark.parametrize("row", SAMPLE)
def test_attack_comes_to_what_it_must(attacked: Attacker, row: str) -> None:
    """The row's expectation holds, or what the registry says of this backend."""
    assert_holds(attacked, row)
