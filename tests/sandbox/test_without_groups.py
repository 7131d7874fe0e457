"""Where no resource group can be had, the watchdog and the process's own limits hold the same limits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from manimatic.sandbox.bubblewrap import BubblewrapSandbox
from manimatic.sandbox.cgroup import NoGroups
from manimatic.sandbox.identity import identity_folder, take_identity
from manimatic.sandbox.runtime import runtime_root
from sandbox_bench import Bench

ZOO = Path(__file__).parent.parent / "scenes"


@pytest.fixture
def bare_bench(tmp_path: Path) -> Iterator[Bench]:
    """A bench on a machine that has no resource groups."""
    with take_identity(identity_folder()) as identity:
        yield Bench(BubblewrapSandbox(NoGroups(("none here",)), identity, runtime_root()), tmp_path)


@pytest.mark.parametrize(
    ("scene", "verdict"),
    [
        ("ok_square", "ok"),
        ("ok_helpers_of_its_own", "ok"),
        ("hostile_memory", "memory_limit"),
        ("hostile_memory_of_children", "memory_limit"),
        ("hostile_fork_bomb", "process_limit"),
        ("hostile_threads", "process_limit"),
        ("hostile_disk", "disk_limit"),
        ("hostile_inodes", "disk_limit"),
    ],
)
def test_a_limit_is_held_without_a_group(bare_bench: Bench, scene: str, verdict: str) -> None:
    """The verdict is the one that a group would have given."""
    result = bare_bench.run((ZOO / f"{scene}.py").read_text())
    assert result.verdict == verdict, (result.message, bare_bench.heard.text[-1000:])


def test_the_report_names_what_is_missing(bare_bench: Bench) -> None:
    """A loss that is no refusal is said."""
    report = bare_bench.sandbox.describe()
    assert report["layers"]["memory"] == "watchdog, rlimits"
    assert report["missing"]["memory cgroup"] == "none here"
