"""What the backends share: which of two limits on processes refuses first, and what becomes of our own failures."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from manimatic.errors import SandboxError, SandboxUnavailable
from manimatic.ports import Limits, RunRequest, RunResult
from manimatic.sandbox.bubblewrap import confinement
from manimatic.sandbox.cgroup.base import GroupError, GroupReport
from manimatic.sandbox.guest import Guest
from manimatic.sandbox.keeper_command import Told
from manimatic.sandbox.keeper_command import confinement as kept_confinement
from manimatic.sandbox.runtime import GuestRuntime
from manimatic.sandbox.slots import Slot
from manimatic.sandbox.supervised import (
    SPARE_PROCESSES,
    SPARE_WITHOUT_GROUP,
    SupervisedRuns,
    group_layers,
    process_rlimit,
)
from manimatic.verdicts import Verdict
from pipe_guest import Heard

FULL = GroupReport(kind="v2", memory=True, cpu=True, pids=True)
NONE = GroupReport(kind="none", memory=False, cpu=False, pids=False, reasons=("why",))


class Failing(SupervisedRuns):
    """A backend whose guests cannot be started."""

    def __init__(self, failure: Exception) -> None:
        self.failure = failure

    def describe(self) -> Mapping[str, Any]:
        """Return a report."""
        return {"backend": "failing"}

    @contextmanager
    def _fresh(self, run_id: str, limits: Limits) -> Iterator[Guest]:
        raise self.failure
        yield

    def result(self, folder: Path) -> RunResult:
        """Run something."""
        return self.run(RunRequest(run_id="r", code=""), Heard(), threading.Event(), folder)


@pytest.mark.parametrize("failure", [SandboxError("no"), GroupError("no"), OSError("no")])
def test_guest_that_cannot_be_started_gives_sandbox_error(failure: Exception, tmp_path: Path) -> None:
    """Our own failures are never the scene's; the report of the walls stays with it."""
    result = Failing(failure).result(tmp_path)
    assert (result.verdict, result.message) == (Verdict.SANDBOX_ERROR, "no")
    assert result.isolation == {"backend": "failing"}


def test_sandbox_that_cannot_be_described_any_more_gives_sandbox_error(tmp_path: Path) -> None:
    """The engine behind it has gone, say: that is tried again, and not raised."""

    class Gone(Failing):
        def describe(self) -> Mapping[str, Any]:
            raise self.failure

    result = Gone(SandboxError("gone")).result(tmp_path)
    assert (result.verdict, result.message, result.isolation) == (Verdict.SANDBOX_ERROR, "gone", {})


def test_machine_without_walls_is_no_verdict(tmp_path: Path) -> None:
    """It is raised, so that nothing is tried again."""
    with pytest.raises(SandboxUnavailable):
        Failing(SandboxUnavailable("no")).result(tmp_path)


def test_group_refuses_processes_before_the_users_own_limit() -> None:
    """With a group the user's limit lies far above; without one it is the wall."""
    assert process_rlimit(100, group_counts=True) == 100 + SPARE_PROCESSES
    assert process_rlimit(100, group_counts=False) == 100 + SPARE_WITHOUT_GROUP
    assert SPARE_WITHOUT_GROUP < SPARE_PROCESSES


@pytest.mark.parametrize(("held", "spare"), [(FULL, SPARE_PROCESSES), (NONE, SPARE_WITHOUT_GROUP)])
def test_backends_tell_their_workers_the_same_limit(held: GroupReport, spare: int) -> None:
    """One meaning, one number."""
    limits = Limits(max_processes=50)
    runtime = GuestRuntime(python="/usr/bin/python3", interpreter=None, site=Path("/s"), worker=Path("/w"))
    told = Told(folder=Path("/f"), lifeline=3, slot=Slot(61000), held=held)
    assert confinement(limits, group_counts=held.pids)["processes"] == 50 + spare
    assert f'"processes": {50 + spare},' in kept_confinement(runtime, limits, told)


def test_layers_say_what_holds_each_limit() -> None:
    """A group by its kind, else what stands in for it and why."""
    assert group_layers(FULL) == ({"memory": "cgroup v2", "cpu": "cgroup v2", "processes": "cgroup v2"}, {})
    layers, missing = group_layers(NONE)
    assert set(layers.values()) == {"watchdog, rlimits"}
    assert missing["cpu cgroup"] == "why"
