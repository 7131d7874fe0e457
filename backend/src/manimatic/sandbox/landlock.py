"""The landlock backend: for machines that forbid user namespaces, as most containers do.

A run has a uid of its own where the service is root, a folder of its own as the only place to write, Landlock's file
wall, the same system-call filter as everywhere, a resource group or a watchdog, and a keeper that no process of its
family can leave. What namespaces would have given besides is named in the report.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from manimatic.errors import SandboxError, SandboxUnavailable
from manimatic.jobs import new_id
from manimatic.ports import Limits
from manimatic.sandbox.cgroup.base import GroupError, GroupReport, Groups, group_name
from manimatic.sandbox.identity import LauncherIdentity
from manimatic.sandbox.keeper import KeptGuest, probe_guest
from manimatic.sandbox.run_folder import make_run_folder, remove_leftovers, remove_run_folder
from manimatic.sandbox.runtime import GuestRuntime, install_runtime
from manimatic.sandbox.slots import take_slot
from manimatic.sandbox.supervised import SupervisedRuns, group_layers, group_limits

ABI_WITH_SCOPES = 6
MISSING: Mapping[str, str] = {
    "user namespace": "a hole in the kernel is met with this user's rights on the host",
    "process namespace": "a run can tell which process ids exist and whose they are; not their names, files or memory",
    "mount namespace": "files out of reach cannot be opened or listed, but that a path exists can be told",
    "private /tmp and /dev/shm": "the only place to write is the run's own folder; multiprocessing needs /dev/shm",
    "disk of a fixed size": "a watchdog measures the run's folder several times a second",
}
"""What only namespaces and mounts give, and what that means."""


class LandlockSandbox(SupervisedRuns):
    """Runs each worker behind the walls that a process can put up for itself.

    Args:
        groups: Makes the resource group of each run.
        identity: Whose runs these are, for whoever cleans up after this process.
        runtime_folder: Where guest runtimes are kept, and the runs' folders are made.
    """

    def __init__(self, groups: Groups, identity: LauncherIdentity, runtime_folder: Path) -> None:
        self._groups = groups
        self._identity = identity
        self._runtime_folder = runtime_folder
        self._runs = runtime_folder / "runs"

    def describe(self) -> Mapping[str, Any]:
        """Return the layers in force on this machine. Raises SandboxUnavailable."""
        return self._probed

    @contextmanager
    def _fresh(self, run_id: str, limits: Limits) -> Iterator[KeptGuest]:
        with self.start(run_id, limits) as guest:
            guest.release()
            yield guest

    @contextmanager
    def start(self, run_id: str, limits: Limits, *, probe: bool = False) -> Iterator[KeptGuest]:
        """Give a guest that waits for its release; afterwards nothing of it is left."""
        name, held = group_name(self._identity.id, run_id), self._held
        with ExitStack() as stack:
            slot = stack.enter_context(take_slot(self._identity.slots_folder))
            folder = make_run_folder(self._runs, name, slot)
            stack.callback(remove_run_folder, folder, slot)
            group = self._groups.create(name, group_limits(limits))
            stack.callback(group.remove)
            guest = KeptGuest(self._runtime, limits, slot, group, folder, held, probe=probe)
            stack.callback(guest.close)
            if not (held.memory and held.pids and held.cpu) or slot.uid is None:
                guest.watch_over()
            yield guest

    @functools.cached_property
    def _runtime(self) -> GuestRuntime:
        return install_runtime(self._runtime_folder)

    @functools.cached_property
    def _held(self) -> GroupReport:
        return self._groups.describe()

    @functools.cached_property
    def _probed(self) -> Mapping[str, Any]:
        remove_leftovers(self._runs, self._identity.is_alive)
        try:
            with self.start(new_id(), Limits(), probe=True) as guest:
                found = probe_guest(guest)
        except SandboxUnavailable:
            raise
        except (SandboxError, GroupError, OSError) as error:
            raise SandboxUnavailable(
                f"A sandbox without namespaces cannot be started: {error}",
                hint="As root it needs the capabilities CHOWN, SETUID, SETGID and KILL, which containers have unless "
                "they are dropped; else run the service as a plain user.",
            ) from error
        abi = int(found["layers"]["landlock"].removeprefix("ABI "))
        insist(found, abi, is_root=os.geteuid() == 0)
        return self._report(abi)

    def _report(self, abi: int) -> Mapping[str, Any]:
        layers = {
            "user": "a uid of its own for each run" if os.geteuid() == 0 else "the service's own user",
            "network": "no system call that makes a socket",
            "files": f"Landlock ABI {abi}: read-only runtime, writable only the run's own folder",
            "disk": "watchdog, rlimits",
            "seccomp": "allow-list",
            "kill": "by uid" if os.geteuid() == 0 else "by a keeper that adopts every orphan of the run",
        }
        held, missing = group_layers(self._held)
        return {"backend": "landlock", "layers": layers | held, "missing": {**MISSING, **missing, **_too_old(abi)}}


def insist(found: Mapping[str, Any], abi: int, *, is_root: bool) -> None:
    """Refuse where a wall let something through from inside, or where this kernel's Landlock is not enough.

    Raises:
        SandboxUnavailable: One of the walls that Manimatic insists on does not stand.
    """
    if abi < ABI_WITH_SCOPES and not is_root:
        raise SandboxUnavailable(
            f"This kernel's Landlock (ABI {abi}) cannot keep a run from ending other processes of its user.",
            hint="Run the service as root, which gives every run a uid of its own, or use Linux 6.12 or newer.",
        )
    spared = {"signal the keeper"} if abi < ABI_WITH_SCOPES else set()
    done = sorted(name for name, outcome in found["deeds"].items() if outcome == "done" and name not in spared)
    failed = sorted(name for name, outcome in found["own"].items() if outcome != "done")
    if done or failed:
        raise SandboxUnavailable(
            f"The walls do not stand: a trial run could {', '.join(done) or 'nothing it must not'}"
            f" and could not {', '.join(failed) or 'do nothing that it must'}."
        )


def _too_old(abi: int) -> Mapping[str, str]:
    """Name what this kernel's Landlock cannot forbid."""
    newer = {
        3: ("truncate", "files that everybody may write can be emptied"),
        4: ("TCP", "only the system-call filter forbids it"),
        6: ("signals and abstract sockets", "only the uid and the system-call filter forbid them"),
    }
    return {f"Landlock: {name}": why for since, (name, why) in newer.items() if abi < since}
