"""The bubblewrap backend: an unprivileged uid, namespaces, seccomp, Landlock and a resource group around each run."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

from manimatic.errors import SandboxError, SandboxUnavailable
from manimatic.ports import Limits
from manimatic.sandbox import bwrap_command, seccomp
from manimatic.sandbox.cgroup.base import GroupReport, Groups, ResourceGroup, group_name
from manimatic.sandbox.guest import GuestUsage, counted
from manimatic.sandbox.identity import LauncherIdentity
from manimatic.sandbox.run_folder import MAX_FILES
from manimatic.sandbox.runtime import GuestRuntime, install_runtime
from manimatic.sandbox.slots import Slot, take_slot
from manimatic.sandbox.supervised import (
    FULL_BYTES,
    OVER,
    SupervisedRuns,
    cpu_rlimit_s,
    group_layers,
    group_limits,
    identity,
    pipes,
    process_rlimit,
)
from manimatic.sandbox.watchdog import Watchdog, WatchLimits
from manimatic.verdicts import Verdict

END_TIMEOUT_S = 60.0
"""Room for the kernel to take down a sandbox that was filled with files."""


class BubblewrapSandbox(SupervisedRuns):
    """Runs each worker in a fresh bubblewrap sandbox.

    Args:
        groups: Makes the resource group of each run.
        identity: Whose runs these are, for whoever cleans up after this process.
        runtime_folder: Where guest runtimes are kept.
    """

    def __init__(self, groups: Groups, identity: LauncherIdentity, runtime_folder: Path) -> None:
        self._groups = groups
        self._identity = identity
        self._runtime_folder = runtime_folder

    def describe(self) -> Mapping[str, Any]:
        """Return the layers in force on this machine. Raises SandboxUnavailable."""
        return self._probed

    @functools.cached_property
    def _runtime(self) -> GuestRuntime:
        return install_runtime(self._runtime_folder)

    @functools.cached_property
    def _bwrap(self) -> str:
        path = shutil.which("bwrap")
        if path is None:
            raise SandboxUnavailable("bubblewrap is not installed.", hint="Install it: apt-get install bubblewrap")
        return path

    @functools.cached_property
    def _held(self) -> GroupReport:
        return self._groups.describe()

    @functools.cached_property
    def _probed(self) -> Mapping[str, Any]:
        with take_slot(self._identity.slots_folder) as slot:
            command = bwrap_command.probe_command(self._bwrap)
            try:
                done = subprocess.run(command, capture_output=True, check=False, **identity(slot))
            except OSError as error:
                raise SandboxUnavailable(
                    f"bubblewrap cannot be started as another user (uid {slot.uid}): {error.strerror}.",
                    hint="Folders down to it have to be open to all: chmod o+rx / /usr /usr/bin",
                ) from error
        if done.returncode:
            raise SandboxUnavailable(
                f"bubblewrap cannot make a sandbox: {done.stderr.decode(errors='replace').strip()}"
            )
        return self._report(slot)

    def _report(self, slot: Slot) -> Mapping[str, Any]:
        layers = {
            "user": f"uid {slot.uid}" if slot.uid is not None else "the service's own user",
            "namespaces": "user, pid, mount, network, ipc, uts, cgroup; nested ones forbidden",
            "network": "none",
            "files": "read-only runtime, sized tmpfs",
            "seccomp": "allow-list",
        }
        held, missing = group_layers(self._held)
        return {"backend": "bubblewrap", "layers": layers | held, "missing": missing}

    @contextmanager
    def _fresh(self, run_id: str, limits: Limits) -> Iterator[BubblewrapGuest]:
        with ExitStack() as stack:
            slot = stack.enter_context(take_slot(self._identity.slots_folder))
            group = self._groups.create(group_name(self._identity.id, run_id), group_limits(limits))
            stack.callback(group.remove)
            told = confinement(limits, group_counts=self._held.pids)
            guest = BubblewrapGuest(self._bwrap, self._runtime, limits, slot, group, told)
            stack.callback(guest.close)
            guest.release()
            if not (self._held.memory and self._held.pids and self._held.cpu):
                guest.watch_over(limits)
            yield guest


class BubblewrapGuest:
    """One sandbox: held before its program runs until it is in its resource group."""

    stdin: IO[bytes]
    stdout: IO[bytes]
    stderr: IO[bytes]

    def __init__(
        self,
        bwrap: str,
        runtime: GuestRuntime,
        limits: Limits,
        slot: Slot,
        group: ResourceGroup,
        told: Mapping[str, Any],
        program: str = bwrap_command.WORKER_PROGRAM,
    ) -> None:
        self._group = group
        self._slot = slot
        self._child_pid: int | None = None
        self._watchdog: Watchdog | None = None
        self._is_dead = False
        info_read, info_write = os.pipe()
        block_read, self._block = os.pipe()
        filter_fd = seccomp.open_filter(seccomp.filter_bytes())
        passed = {"seccomp": filter_fd, "info": info_write, "block": block_read}
        try:
            argv = bwrap_command.command(bwrap, runtime, limits, passed, [program, json.dumps(told)])
            self._process = subprocess.Popen(
                argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=tuple(passed.values()),
                env={},
                cwd="/",
                **identity(slot),
            )
        finally:
            for fd in passed.values():
                os.close(fd)
        self.stdin, self.stdout, self.stderr = pipes(self._process)
        self._info = os.fdopen(info_read, "rb")

    def release(self) -> None:
        """Put the sandbox into its group, then let its program run. Raises SandboxError where it did not start."""
        self._group.attach(self._process.pid)
        self._child_pid = self._read_child_pid()
        if self._child_pid is not None:
            self._group.attach(self._child_pid)
        os.write(self._block, b"1")

    def _read_child_pid(self) -> int | None:
        """Read what bubblewrap says of its child; None when it has died, whose reason is then in its stderr."""
        data = self._info.read()
        try:
            return int(json.loads(data)["child-pid"])
        except (ValueError, KeyError, TypeError):
            return None

    def watch_over(self, limits: Limits) -> None:
        """Hold the limits from outside, where no resource group does."""
        wanted = WatchLimits(
            memory_bytes=limits.memory_bytes, max_processes=limits.max_processes, cpu_cores=limits.cpu_cores
        )
        self._watchdog = Watchdog(wanted, root_pid=self._process.pid)

    def limit_passed(self) -> Verdict | None:
        """Let the watchdog look, if there is one; it counts files: names take memory that nobody else sees."""
        if self._watchdog is None:
            return None
        over = self._watchdog.sample().over
        too_many = Verdict.DISK_LIMIT if self._files() > MAX_FILES else None
        return next((OVER[name] for name in over), too_many)

    def poll(self) -> int | None:
        """Return bubblewrap's exit status, or None while it lives."""
        return self._process.poll()

    def sample(self) -> GuestUsage:
        """Read the group's counters and the disk's fill."""
        return counted(self._group.usage(), disk_is_full=self._disk_is_full())

    def _disk_is_full(self) -> bool:
        disk = self._disk(bwrap_command.JOB_DIR)
        return disk is not None and (disk.f_bavail * disk.f_frsize < FULL_BYTES or disk.f_favail == 0)

    def _files(self) -> int:
        disks = [self._disk(place) for place in bwrap_command.TEMPORARY]
        return sum(disk.f_files - disk.f_ffree for disk in disks if disk is not None)

    def _disk(self, place: str) -> os.statvfs_result | None:
        """Look at a guest's tmpfs from outside; its mount point is ours, so no path of the guest's is followed."""
        try:
            return os.statvfs(f"/proc/{self._child_pid}/root{place}")
        except OSError:
            return None

    def yields(self, *, to_all: bool) -> None:
        """Set the group's share of the processors."""
        self._group.yields(to_all=to_all)

    def kill(self) -> None:
        """End bubblewrap, its PID namespace, the group's and the uid's processes."""
        if self._is_dead:
            return
        self._process.kill()
        self._group.kill(timeout_s=END_TIMEOUT_S)
        self._slot.kill_all()
        self._process.wait(timeout=END_TIMEOUT_S)
        self._await_end_of_child()
        self._is_dead = True

    def _await_end_of_child(self) -> None:
        """Wait for the namespace's first process, with which the kernel ends all others of the namespace."""
        deadline = time.monotonic() + END_TIMEOUT_S
        while self._child_pid is not None and _is_alive(self._child_pid):
            if time.monotonic() > deadline:
                raise SandboxError("A worker's processes outlived their sandbox.")
            time.sleep(0.002)

    def close(self) -> None:
        """Kill what is left and close the pipes."""
        self.kill()
        os.close(self._block)
        for stream in (self._info, self.stdout, self.stderr):
            stream.close()
        try:
            self.stdin.close()
        except BrokenPipeError:
            return


def _is_alive(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def confinement(limits: Limits, *, group_counts: bool) -> dict[str, Any]:
    """Return what the worker is told to put in force on itself."""
    return {
        "open_files": limits.max_files,
        "processes": process_rlimit(limits.max_processes, group_counts=group_counts),
        "file_bytes": limits.disk_bytes,
        "cpu_s": cpu_rlimit_s(limits),
        "read_only": bwrap_command.READABLE,
        "writable": bwrap_command.WRITABLE,
    }
