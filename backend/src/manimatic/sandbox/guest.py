"""A started worker, whatever backend started it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, Protocol

from manimatic.sandbox.cgroup.base import Usage
from manimatic.verdicts import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestUsage:
    """What the host's own counters say about a run; None where nothing counts it."""

    peak_memory_bytes: int | None = None
    cpu_s: float | None = None
    memory_kills: int = 0
    refused_processes: int = 0
    disk_is_full: bool = False


def counted(group: Usage, *, disk_is_full: bool) -> GuestUsage:
    """Return what a resource group has counted, as what the host says about its run."""
    return GuestUsage(
        peak_memory_bytes=group.peak_memory_bytes,
        cpu_s=group.cpu_s,
        memory_kills=group.oom_kills or 0,
        refused_processes=group.pids_denied or 0,
        disk_is_full=disk_is_full,
    )


class Guest(Protocol):
    """One worker in its sandbox."""

    stdin: IO[bytes]
    stdout: IO[bytes]
    stderr: IO[bytes]

    def poll(self) -> int | None:
        """Return the exit status of the sandbox's outermost process, or None; negative when a signal ended that."""
        ...

    def limit_passed(self) -> Verdict | None:
        """Return the limit that the run has gone over, where only looking tells; called several times a second."""
        ...

    def sample(self) -> GuestUsage:
        """Read the host's counters; called often, and once more before the end."""
        ...

    def yields(self, *, to_all: bool) -> None:
        """Let it have processor time that nobody else wants, or its usual share, where that can be set."""
        ...

    def kill(self) -> None:
        """End every process of the guest; afterwards none is alive. Calling it again is harmless."""
        ...
