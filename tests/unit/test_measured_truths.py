"""How `script/bench check` tells scenes that fail from scenes that took too long."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import pytest
from script_modules import SCRIPT, load

sys.path.append(str(SCRIPT))
truths = load("bench_truth", SCRIPT / "bench_truth.py")
TRUTH: dict[str, Any] = {"message": "", "line": None, "traceback": None, "animations": 1, "cap_s": 20.0, "wall_s": 1.0}


@pytest.mark.parametrize(
    ("verdict", "error_type", "outcome"),
    [
        ("ok", None, "ok"),
        ("scene_error", "NameError", "failed"),
        ("no_scene", None, "failed"),
        ("timeout", None, "limit"),
        ("memory_limit", None, "limit"),
        ("scene_error", "TimeIsUp", "limit"),
        ("scene_error", "RenderTooLong", "limit"),
    ],
)
def test_only_what_the_scene_got_wrong_counts_as_failed(verdict: str, error_type: str | None, outcome: str) -> None:
    """A limit, and the time of a rehearsal, are a class of their own."""
    assert truths.Truth(verdict=verdict, error_type=error_type, **TRUTH).outcome == outcome


def test_names_of_times_errors_are_those_that_the_rehearsal_raises() -> None:
    """A renamed error would count as the scene's."""
    performance = importlib.import_module("manimatic_worker.rehearsal.performance")
    watch = importlib.import_module("manimatic_worker.rehearsal.watch")
    assert {performance.RenderTooLong.__name__, watch.TimeIsUp.__name__} == truths.OUT_OF_TIME
