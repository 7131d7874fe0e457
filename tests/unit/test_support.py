"""What is missing is skipped on a person's machine and fails in CI."""

from __future__ import annotations

import pytest
from support import require


def test_condition_that_holds_lets_the_test_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everywhere."""
    monkeypatch.setenv("CI", "true")
    require(True, "never said")


def test_what_is_missing_is_skipped_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its reason."""
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no redis"):
        require(None, "no redis")


def test_what_is_missing_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """A green run in CI has run everything."""
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no redis"):
        require([], "no redis")
