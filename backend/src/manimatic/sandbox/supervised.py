"""What every backend does alike: start a guest, watch it to its verdict, take in what it delivers."""

from __future__ import annotations

import abc
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Any

from manimatic.errors import SandboxError, SandboxUnavailable
from manimatic.jobs import new_id
from manimatic.ports import Limits, RunListener, RunRequest, RunResult
from manimatic.sandbox.cgroup.base import GroupError, GroupLimits, GroupReport
from manimatic.sandbox.guest import Guest
from manimatic.sandbox.intake import Intake
from manimatic.sandbox.pool import WarmPool
from manimatic.sandbox.slots import Slot
from manimatic.sandbox.supervisor import ArtefactSink, Supervisor
from manimatic.verdicts import Verdict

SPARE_PROCESSES = 512
"""By this a user's own limit lies above the group's, which counts what it refuses; a uid's dead count there too."""
SPARE_WITHOUT_GROUP = 32
"""The same where no group refuses and the user's own limit is the wall: enough for a watchdog to see who went over."""
FULL_BYTES = 64 * 1024
"""A disk with less free space than this counts as full."""
OVER: Mapping[str, Verdict] = {"memory": Verdict.MEMORY_LIMIT, "processes": Verdict.PROCESS_LIMIT}
"""What a watchdog calls the limits."""


class SupervisedRuns(abc.ABC):
    """A sandbox that runs each worker as a guest under a supervisor; how a guest is started is the backend's."""

    @abc.abstractmethod
    def describe(self) -> Mapping[str, Any]:
        """Return the layers in force on this machine. Raises SandboxUnavailable."""

    _pool: WarmPool | None = None

    @abc.abstractmethod
    def _fresh(self, run_id: str, limits: Limits) -> AbstractContextManager[Guest]:
        """Give a guest whose program runs; afterwards nothing of it is left.

        Raises:
            SandboxError, GroupError, OSError: It could not be started, or something of it is left.
        """

    def keep_warm(self, size: int, limits: Limits, until: threading.Event) -> None:
        """Keep workers waiting for requests with these limits until the event is set; returns when none is left."""
        self._pool = WarmPool(lambda limits: self._fresh(new_id(), limits), size, limits)
        self._pool.keep(until)

    def pool_state(self) -> Mapping[str, int]:
        """Return how many workers are to wait and how many do."""
        return {"size": 0, "ready": 0} if self._pool is None else self._pool.state()

    @contextmanager
    def _started(self, request: RunRequest) -> Iterator[Guest]:
        """Give a guest that waits, else a fresh one."""
        waiting = self._pool.take(request.limits) if self._pool else None
        with waiting or self._fresh(request.run_id, request.limits) as guest:
            yield guest

    def run(self, request: RunRequest, listener: RunListener, cancel: threading.Event, folder: Path) -> RunResult:
        """Run one worker; see the port."""
        intake = Intake(folder, request.limits.max_artefact_bytes)
        try:
            return intake.settle(self.supervise(request, listener, cancel, intake), wants_video=request.wants_video)
        finally:
            intake.close()

    def supervise(
        self, request: RunRequest, listener: RunListener, cancel: threading.Event, sink: ArtefactSink
    ) -> RunResult:
        """Run one worker, handing its artefacts to `sink`; the result is without them."""
        isolation: Mapping[str, Any] = {}
        try:
            isolation = self.describe()
            with self._started(request) as guest:
                return Supervisor(guest, request, listener, sink).run(cancel, isolation)
        except SandboxUnavailable:
            raise
        except (SandboxError, GroupError, OSError) as error:
            return RunResult(verdict=Verdict.SANDBOX_ERROR, message=str(error), isolation=isolation)


def group_limits(limits: Limits) -> GroupLimits:
    """Return what a resource group is to hold."""
    return GroupLimits(memory_bytes=limits.memory_bytes, cpu_cores=limits.cpu_cores, max_processes=limits.max_processes)


def group_layers(report: GroupReport) -> tuple[dict[str, str], dict[str, str]]:
    """Return what holds each limit, and why a group does not."""
    held = {"memory": report.memory, "cpu": report.cpu, "processes": report.pids}
    layers = {name: f"cgroup {report.kind}" if is_held else "watchdog, rlimits" for name, is_held in held.items()}
    missing = {f"{name} cgroup": "; ".join(report.reasons) for name, is_held in held.items() if not is_held}
    return layers, missing


def process_rlimit(max_processes: int, *, group_counts: bool) -> int:
    """Return the limit of a user's processes: above the group's where there is one, else the wall itself."""
    return max_processes + (SPARE_PROCESSES if group_counts else SPARE_WITHOUT_GROUP)


def cpu_rlimit_s(limits: Limits) -> int:
    """Return the CPU seconds of one process: what the wall clock allows at this quota, and a little."""
    return int(limits.timeout_s * max(1.0, limits.cpu_cores)) + 5


def identity(slot: Slot) -> dict[str, Any]:
    """Return how `subprocess` becomes the slot's user before anything runs: never as root."""
    return {} if slot.uid is None else {"user": slot.uid, "group": slot.uid, "extra_groups": []}


def pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes], IO[bytes]]:
    """Return a process's three pipes. Raises SandboxError where it was started without them."""
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise SandboxError("A sandbox was started without its pipes.")
    return process.stdin, process.stdout, process.stderr
