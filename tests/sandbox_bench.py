"""The real sandboxes, one of each per test process."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from manimatic.jobs import Options, Quality, new_id
from manimatic.ports import Limits, RunRequest, RunResult
from manimatic.rehearsal import Rehearsal, Rehearse
from manimatic.sandbox.bubblewrap import BubblewrapSandbox
from manimatic.sandbox.cgroup import choose
from manimatic.sandbox.identity import identity_folder, take_identity
from manimatic.sandbox.landlock import LandlockSandbox
from manimatic.sandbox.launcher_server import SupervisedSandbox
from manimatic.sandbox.runtime import runtime_root

SLOWDOWN = float(os.environ.get("TEST_SLOWDOWN", "1"))
"""How many times slower than a usual machine this one is; for machines that are emulated."""
SMALL = Limits(
    timeout_s=60.0 * SLOWDOWN,
    memory_bytes=640 * 1024**2,
    cpu_cores=1.0,
    max_processes=48,
    max_files=256,
    max_log_bytes=64 * 1024,
    max_artefact_bytes=8 * 1024**2,
    disk_bytes=64 * 1024**2,
)


class Heard:
    """Keeps what a run says."""

    def __init__(self) -> None:
        self.animations: list[int] = []
        self.totals: list[int | None] = []
        self.text = ""

    def rehearsed(self, rehearsal: Rehearsal) -> None:
        """The result has it too."""

    def progress(self, *, animation: int, video_s: float, line: int | None, total: int | None = None) -> None:
        """Keep the animation's number, and the total where it is known."""
        self.animations.append(animation)
        self.totals.append(total)

    def log(self, text: str) -> None:
        """Keep the text."""
        self.text += text


class Bench:
    """Runs sources in a real sandbox under small limits."""

    def __init__(self, sandbox: SupervisedSandbox, folder: Path) -> None:
        self.sandbox = sandbox
        self.heard = Heard()
        self.run_id = new_id()
        self._folder = folder

    def run(
        self,
        code: str,
        *,
        limits: Limits = SMALL,
        options: Options | None = None,
        rehearse: Rehearse = Rehearse.NO,
    ) -> RunResult:
        """Run the source to its verdict."""
        chosen = options or Options(quality=Quality.LOW)
        request = RunRequest(run_id=self.run_id, code=code, options=chosen, limits=limits, rehearse=rehearse)
        return self.sandbox.run(request, self.heard, threading.Event(), self._folder)


@pytest.fixture(scope="session")
def sandbox() -> Iterator[BubblewrapSandbox]:
    """The backend as the launcher makes it."""
    with take_identity(identity_folder()) as identity:
        yield BubblewrapSandbox(choose(), identity, runtime_root())


@pytest.fixture
def bench(sandbox: BubblewrapSandbox, tmp_path: Path) -> Bench:
    """One run in an empty folder."""
    return Bench(sandbox, tmp_path)


@pytest.fixture(scope="session")
def landlock_sandbox() -> Iterator[LandlockSandbox]:
    """The backend without namespaces."""
    with take_identity(identity_folder()) as identity:
        yield LandlockSandbox(choose(), identity, runtime_root())


@pytest.fixture
def landlock_bench(landlock_sandbox: LandlockSandbox, tmp_path: Path) -> Bench:
    """One run without namespaces, in an empty folder."""
    return Bench(landlock_sandbox, tmp_path)


@pytest.fixture(params=["bubblewrap", "landlock"])
def each_bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    """One run in each backend."""
    name = {"bubblewrap": "sandbox", "landlock": "landlock_sandbox"}[request.param]
    return Bench(request.getfixturevalue(name), tmp_path)


def groups_of(run_id: str) -> list[str]:
    """Return the resource groups of a run; a walk passes over those of other runs that end meanwhile."""
    return [f"{place}/{name}" for place, names, _ in os.walk("/sys/fs/cgroup") for name in names if run_id in name]
