"""What tests of several rings need."""

from __future__ import annotations

import os

import pytest


def require(condition: object, reason: str) -> None:
    """Skip the test on a person's machine, and fail it with CI=true, where something that it needs is missing."""
    if condition:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"with CI=true nothing is skipped: {reason}")
    pytest.skip(reason)
