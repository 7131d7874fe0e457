"""A short run of the fuzzer; `script/fuzz` goes on for as long as wished."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from support import require

FUZZ = Path(__file__).resolve().parents[2] / "script" / "fuzz.py"
SECONDS = 8
TARGETS = ("frames", "messages", "printing", "mp4", "png", "launcher", "dispatcher")


def fuzz(found: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the script."""
    require(importlib.util.find_spec("atheris"), "needs atheris, which has wheels for Linux on x86_64 alone")
    argv = [sys.executable, "-B", str(FUZZ), "--found", str(found), "--seconds", str(SECONDS), *arguments]
    return subprocess.run(argv, capture_output=True, text=True, timeout=280, check=False)


@pytest.mark.timeout(300)
def test_nothing_is_found_in_a_short_time(tmp_path: Path) -> None:
    """Every parser of guest bytes is fed."""
    done = fuzz(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert tuple(line.split()[0] for line in done.stdout.splitlines()) == TARGETS
    assert done.stdout.count(" ok ") == len(TARGETS), done.stdout
    assert not list(tmp_path.iterdir())


def test_broken_promise_is_found_and_its_input_kept(tmp_path: Path) -> None:
    """The control: a target with a fault, whose seeds do not show it."""
    done = fuzz(tmp_path, "planted")
    assert done.returncode == 1, done.stdout + done.stderr
    (kept,) = tmp_path.iterdir()
    assert b"xy" in kept.read_bytes()
