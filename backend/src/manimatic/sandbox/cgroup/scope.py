"""Resource groups by systemd: each run in a scope of the user's own service manager.

For a plain user on a machine whose control groups belong to systemd. A scope comes into being
with its first process, so the run is started by `systemd-run`, which execs it in place.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from manimatic.sandbox.cgroup import base
from manimatic.sandbox.cgroup.base import GroupError, GroupLimits, GroupReport, Usage
from manimatic.sandbox.cgroup.v2 import V2Group

Run = Callable[[Sequence[str]], subprocess.CompletedProcess[str]]
_TIMEOUT_S = 10.0
_PAUSE_S = 0.01
# Prints what the kernel holds in force inside the scope, one `file value` per line.
_LOOK = 'cd "/sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup)" && grep -H "" memory.max pids.max cpu.max'
_PROBE = GroupLimits(memory_bytes=64 * 1024 * 1024, cpu_cores=0.5, max_processes=16)


def run_quietly(argv: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a command of systemd; one that is missing or hangs counts as failed."""
    try:
        return subprocess.run(argv, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(list(argv), 127, "", str(error))


@dataclass(slots=True)
class ScopeGroup:
    """One run's scope; its folder is known once a process is in it."""

    name: str
    limits: GroupLimits | None = None  # None for a scope that was found, not made
    run: Run = run_quietly
    proc: Path = Path("/proc")
    mount: Path = Path("/sys/fs/cgroup")
    patience_s: float = 5.0  # how long systemd may take to make the scope
    _group: V2Group | None = field(default=None, init=False)

    def command(self, argv: Sequence[str]) -> list[str]:
        """Give the command that starts argv inside the scope."""
        if self.limits is None:
            raise GroupError(f"{self.name} was left by another launcher; nothing starts in it")
        return [*_systemd_run(self.name, self.limits), *argv]

    def attach(self, pid: int) -> None:
        """Wait until a process started by `command` is in the scope, and learn where that is."""
        deadline_s = time.monotonic() + self.patience_s
        while not (path := self._path_of(pid)).endswith(f"/{self.name}.scope"):
            if time.monotonic() > deadline_s:
                raise GroupError(f"process {pid} is in {path}, not in {self.name}.scope")
            time.sleep(_PAUSE_S)
        self._group = V2Group(self.mount / path)

    def _path_of(self, pid: int) -> str:
        """Give the path of a process's group; systemd-run moves it only after it has started."""
        try:
            groups = (self.proc / str(pid) / "cgroup").read_text()
        except OSError as error:
            raise GroupError(f"cannot find process {pid}: {error.strerror}") from error
        return groups.rpartition("::/")[2].strip()

    def kill(self, timeout_s: float = 5.0) -> None:
        """Kill the scope, by its folder where that is known, else through systemd."""
        if self._group:
            self._group.kill(timeout_s)
        else:
            self.run(("systemctl", "--user", "kill", "--signal=KILL", f"{self.name}.scope"))

    def usage(self) -> Usage:
        """Read the kernel's counters; unknown before a process is attached."""
        if self._group:
            return self._group.usage()
        return Usage(peak_memory_bytes=None, cpu_s=None, oom_kills=None, pids_denied=None)

    def remove(self) -> None:
        """Tell systemd to let go of the scope; it does so by itself when the scope is empty."""
        self.run(("systemctl", "--user", "stop", f"{self.name}.scope"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeGroups:
    """Makes scopes."""

    report: GroupReport
    run: Run = run_quietly

    def describe(self) -> GroupReport:
        """Say which limits a trial scope really had."""
        return self.report

    def create(self, name: str, limits: GroupLimits) -> ScopeGroup:
        """Note the limits; systemd makes the scope when the run is started in it."""
        return ScopeGroup(base.checked_name(name), limits, self.run)

    def leftovers(self, alive: Callable[[str], bool]) -> tuple[ScopeGroup, ...]:
        """Find the scopes of dead launchers."""
        listed = self.run(("systemctl", "--user", "list-units", "--plain", "--no-legend", "manimatic-*.scope")).stdout
        names = [line.split()[0].removesuffix(".scope") for line in listed.splitlines() if line.strip()]
        return tuple(ScopeGroup(name, run=self.run) for name in base.orphans(names, alive))


def find_scopes(run: Run = run_quietly) -> ScopeGroups | str:
    """Start a scope with limits and look whether the kernel holds them; else say what is wrong."""
    done = run((*_systemd_run("manimatic-probe-probe", _PROBE), "sh", "-c", _LOOK))
    held = dict(line.split(":", 1) for line in done.stdout.splitlines() if ":" in line)
    quota = f"{base.quota_us(_PROBE.cpu_cores)} {base.CPU_PERIOD_US}"
    wanted = {"memory": str(_PROBE.memory_bytes), "cpu": quota, "pids": str(_PROBE.max_processes)}
    holds = {one: held.get(f"{one}.max", "").strip() == value for one, value in wanted.items()}
    if not holds["memory"]:
        return f"systemd: no scope with a memory limit ({done.stderr.strip() or 'the limit is not in force'})"
    reasons = tuple(f"systemd: the {one} limit is not delegated to this user" for one, ok in holds.items() if not ok)
    return ScopeGroups(report=GroupReport(kind="systemd", **holds, reasons=reasons), run=run)


def _systemd_run(name: str, limits: GroupLimits) -> tuple[str, ...]:
    """Give the command up to the program that it starts."""
    properties = (
        f"MemoryMax={limits.memory_bytes}",
        "MemorySwapMax=0",
        f"TasksMax={limits.max_processes}",
        f"CPUQuota={limits.cpu_cores:.0%}",
        f"CPUQuotaPeriodSec={base.CPU_PERIOD_US}us",
        f"CPUWeight={base.CPU_WEIGHT}",
        "OOMPolicy=kill",
    )
    flags = [flag for one in properties for flag in ("-p", one)]
    return ("systemd-run", "--user", "--scope", "--quiet", "--collect", f"--unit={name}.scope", *flags, "--")
