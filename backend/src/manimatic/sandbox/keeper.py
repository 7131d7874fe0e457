"""A worker started without namespaces: its walls are put up by itself, its family is held together by a keeper."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from manimatic.errors import SandboxError
from manimatic.ports import Limits
from manimatic.sandbox.cgroup.base import GroupReport, ResourceGroup
from manimatic.sandbox.guest import GuestUsage, counted
from manimatic.sandbox.keeper_command import Told, command, environ
from manimatic.sandbox.run_folder import MAX_FILES, DiskUse, acting_as, measure
from manimatic.sandbox.runtime import GuestRuntime
from manimatic.sandbox.slots import Slot
from manimatic.sandbox.supervised import FULL_BYTES, OVER, identity, pipes
from manimatic.sandbox.watchdog import Watchdog, WatchLimits, descendants, read_processes
from manimatic.verdicts import Verdict

END_TIMEOUT_S = 10.0
KEEPER_TIMEOUT_S = 3.0
"""How long a keeper may take where all that has the slot's uid can be ended without it."""
LOOK_EVERY_S = 0.1
LOOKING_SHARE = 0.2
"""Of this side's time, measuring a run's folder takes no more than this part."""


class KeptGuest:
    """One worker under its keeper: held before it starts until it is in its resource group."""

    stdin: IO[bytes]
    stdout: IO[bytes]
    stderr: IO[bytes]

    def __init__(
        self,
        runtime: GuestRuntime,
        limits: Limits,
        slot: Slot,
        group: ResourceGroup,
        folder: Path,
        held: GroupReport,
        *,
        probe: bool = False,
    ) -> None:
        self._limits, self._slot, self._group, self._folder = limits, slot, group, folder
        self._watchdog: Watchdog | None = None
        self._look_at = 0.0
        self._turn = 0
        lifeline, self._lifeline = os.pipe()
        told = Told(folder=folder, lifeline=lifeline, slot=slot, held=held, probe=probe)
        try:
            self._process = subprocess.Popen(
                command(runtime, limits, told),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(lifeline,),
                env=environ(folder),
                cwd="/",
                start_new_session=True,
                **identity(slot),
            )
        except BaseException:
            os.close(self._lifeline)
            raise
        finally:
            os.close(lifeline)
        self.stdin, self.stdout, self.stderr = pipes(self._process)

    def release(self) -> None:
        """Put the keeper into its group, then let it start the worker. Raises GroupError."""
        self._group.attach(self._process.pid)
        try:
            os.write(self._lifeline, b"1")
        except BrokenPipeError:
            return  # it died at its start; why stands in its stderr

    def watch_over(self) -> None:
        """Hold the limits of memory, processes and CPU from outside, where no resource group does."""
        limits = self._limits
        wanted = WatchLimits(
            memory_bytes=limits.memory_bytes, max_processes=limits.max_processes, cpu_cores=limits.cpu_cores
        )
        self._watchdog = Watchdog(wanted, root_pid=self._process.pid, trusted_root=True)

    def limit_passed(self) -> Verdict | None:
        """Look at the disk now and then, and let the watchdog look, if there is one."""
        with acting_as(self._slot):  # whose memory root may not ask for in a container, but the slot's user may
            over = self._watchdog.sample().over if self._watchdog else ()
        if verdict := next((OVER[name] for name in over), None):
            return verdict
        started = time.monotonic()
        if started < self._look_at:
            return None
        is_over = self._is_over(self._disk())
        ended = time.monotonic()
        self._look_at = ended + max(LOOK_EVERY_S, (ended - started) / LOOKING_SHARE)
        return Verdict.DISK_LIMIT if is_over else None

    def _disk(self) -> DiskUse:
        keeper = self._process.pid
        pids = sorted(descendants(read_processes(), [keeper]) - {keeper})
        self._turn += 1
        return measure(self._folder, pids, self._slot, self._turn)

    def _is_over(self, use: DiskUse) -> bool:
        return use.hides or use.files > MAX_FILES or use.bytes > self._limits.disk_bytes

    def poll(self) -> int | None:
        """Return the keeper's exit status, or None while it lives."""
        return self._process.poll()

    def sample(self) -> GuestUsage:
        """Read the group's counters and the disk's fill."""
        disk = self._disk()
        is_full = self._is_over(disk) or disk.bytes + FULL_BYTES > self._limits.disk_bytes
        return counted(self._group.usage(), disk_is_full=is_full)

    def yields(self, *, to_all: bool) -> None:
        """Set the group's share of the processors."""
        self._group.yields(to_all=to_all)

    def kill(self) -> None:
        """End the whole family: through the keeper, who buries it too, and then whatever has the slot's uid.

        Raises:
            SandboxError: Something is left, or may be.
        """
        self._let_go()
        has_uid = self._slot.uid is not None
        try:
            status = self._process.wait(timeout=KEEPER_TIMEOUT_S if has_uid else END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            status = -1
        if status < 0 and not has_uid:
            self._end_without_keeper()
        self._group.kill()
        self._slot.kill_all()
        self._process.wait(timeout=END_TIMEOUT_S)

    def _end_without_keeper(self) -> None:
        """Do by force what the keeper failed to do, as far as its family is known."""
        if self._watchdog is not None:
            self._watchdog.kill()
        self._group.kill()
        self._process.kill()
        self._process.wait(timeout=END_TIMEOUT_S)
        raise SandboxError("A worker's keeper was ended from outside; processes of the worker may be left.")

    def _let_go(self) -> None:
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1

    def close(self) -> None:
        """Kill what is left and close the pipes."""
        try:
            self.kill()
        finally:
            for stream in (self.stdout, self.stderr):
                stream.close()
            with contextlib.suppress(BrokenPipeError):
                self.stdin.close()


def probe_guest(guest: KeptGuest) -> Mapping[str, Any]:
    """Let a guest that was started with `probe` try its walls, and return what it says.

    Raises:
        SandboxError: It said nothing.
    """
    guest.release()
    said, complaint = guest.stdout.read(1 << 16), guest.stderr.read(1 << 16)
    try:
        report: Mapping[str, Any] = json.loads(said)
    except ValueError:
        last = complaint.decode(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
        raise SandboxError(last[0]) from None
    return report
