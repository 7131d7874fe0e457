"""Watch a sandbox's processes where no control group can: by looking into /proc again and again.

Weaker than a control group, and said so in the isolation report: between two looks a process
may use more than its share, and files on a tmpfs that no process maps are not seen (their size
must be limited by the mount). By uid nothing escapes; by ancestor a process does that forks and
loses its parent between two looks, unless the sandbox has a process namespace of its own.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

LONGEST_CREDIT_S = 0.1  # CPU time that a quiet group may save up: one period of a control group
_STOP_ROUNDS = 3  # forks that slip through while their parents are being stopped
_PAUSE_S = 0.01
_MEMBER_FIELDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchLimits:
    """The most that the watched processes may use together."""

    memory_bytes: int
    max_processes: int  # threads count, as in a control group
    cpu_cores: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessInfo:
    """One process, as /proc tells it."""

    pid: int
    parent: int
    state: str
    threads: int
    cpu_ticks: int  # its own and its buried children's
    started_ticks: int  # tells it from a later process with the same pid


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What one look found."""

    processes: int
    threads: int
    memory_bytes: int
    cpu_s: float  # since the first look
    over: tuple[str, ...]  # "processes", "memory": what is counted exactly comes before what is added up
    stopped: bool  # whether the processes are held back to keep their share of the CPU
    next_in_s: float  # when to look again at the latest


def parse_stat(text: str) -> ProcessInfo:
    """Read /proc/<pid>/stat; the name in it may hold anything, also brackets and spaces."""
    pid, _, _ = text.partition(" ")
    fields = text.rpartition(") ")[2].split()
    if len(fields) < _MEMBER_FIELDS:
        raise ValueError(f"not a line of /proc/<pid>/stat: {text[:80]!r}")
    return ProcessInfo(
        pid=int(pid),
        parent=int(fields[1]),
        state=fields[0],
        threads=int(fields[17]),
        cpu_ticks=sum(int(field) for field in fields[11:15]),
        started_ticks=int(fields[19]),
    )


def read_processes(proc: Path = Path("/proc")) -> dict[int, ProcessInfo]:
    """List all processes; one that ends meanwhile is left out."""
    found: dict[int, ProcessInfo] = {}
    for entry in os.scandir(proc):
        if entry.name.isdigit():
            with contextlib.suppress(OSError, ValueError):
                found[int(entry.name)] = parse_stat(Path(entry.path, "stat").read_text("utf-8", "replace"))
    return found


def descendants(processes: Mapping[int, ProcessInfo], roots: Iterable[int]) -> set[int]:
    """Give the roots that exist and all that come from them."""
    children: dict[int, list[int]] = {}
    for process in processes.values():
        children.setdefault(process.parent, []).append(process.pid)
    found: set[int] = set()
    waiting = [pid for pid in roots if pid in processes]
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found.add(pid)
            waiting.extend(children.get(pid, ()))
    return found


def has_uid(proc: Path, pid: int, uid: int) -> bool:
    """Say whether a process runs as a user; the owner of its folder would be root's for one that hides."""
    with contextlib.suppress(OSError):
        for line in (proc / str(pid) / "status").read_text("utf-8", "replace").splitlines():
            if line.startswith("Uid:"):
                return str(uid) in line.split()[1:]
    return False


def resident_bytes(proc: Path, pid: int) -> int:
    """Give the memory that a process has mapped in, its shared pages in full; 0 when it is gone."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int((proc / str(pid) / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def proportional_bytes(proc: Path, pid: int) -> int:
    """Give a process's memory with shared pages divided among their users; else its resident memory."""
    wanted, total_kib = {"Pss:", "SwapPss:"}, None
    with contextlib.suppress(OSError, ValueError):
        for line in (proc / str(pid) / "smaps_rollup").read_text().splitlines():
            name, *rest = line.split()
            if name in wanted:
                total_kib = (total_kib or 0) + int(rest[0])
    return resident_bytes(proc, pid) if total_kib is None else total_kib * 1024


def balance_after(balance_s: float, elapsed_s: float, used_s: float, cores: float) -> float:
    """Give the CPU time that a group may still use: its share is added, its use taken, little is saved up."""
    return min(LONGEST_CREDIT_S, balance_s + cores * elapsed_s - used_s)


class Watchdog:
    """Looks at one sandbox whenever `sample()` is called; it has no thread of its own.

    It keeps the CPU share by stopping and continuing the processes. Give the uid where each
    sandbox has one of its own, else the pid that all its processes come from. A `trusted_root`
    counts like the others, but is neither stopped nor killed.
    """

    def __init__(
        self,
        limits: WatchLimits,
        *,
        root_pid: int | None = None,
        uid: int | None = None,
        trusted_root: bool = False,
        proc: Path = Path("/proc"),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if (root_pid is None) == (uid is None):
            raise ValueError("watch either what comes from a pid or what runs as a uid")
        self._limits, self._root_pid, self._uid = limits, root_pid, uid
        self._proc, self._clock = proc, clock
        self._spared = root_pid if trusted_root else None
        self._known: dict[int, int] = {}  # pid -> start, of all members seen at the last look
        self._ticks = 0
        self._looked_at_s: float | None = None
        self._balance_s = LONGEST_CREDIT_S
        self._used_s = 0.0
        self._stopped = False

    def sample(self) -> Sample:
        """Look once: count, compare with the limits, stop or continue."""
        members = self._members()
        memory = self._memory_bytes(members)
        threads = sum(member.threads for member in members.values())
        self._account(members)
        self._keep_share(members)
        limits = self._limits
        found = {"processes": threads > limits.max_processes, "memory": memory > limits.memory_bytes}
        return Sample(
            processes=len(members),
            threads=threads,
            memory_bytes=memory,
            cpu_s=self._used_s,
            over=tuple(name for name, is_over in found.items() if is_over),
            stopped=self._stopped,
            next_in_s=max(0.01, min(LONGEST_CREDIT_S, abs(self._balance_s) / limits.cpu_cores)),
        )

    def resume(self) -> None:
        """Let stopped processes go on."""
        self._signal(self._members().values(), signal.SIGCONT)
        self._stopped = False

    def kill(self, timeout_s: float = 5.0) -> bool:
        """Kill all members; say whether none lives any more when the time is up."""
        deadline_s = time.monotonic() + timeout_s
        while living := [one for one in self._members().values() if self._may_signal(one, "ZX")]:
            if time.monotonic() > deadline_s:
                return False
            self._signal(living, signal.SIGSTOP)
            self._signal(living, signal.SIGKILL)
            time.sleep(_PAUSE_S)
        return True

    def _members(self) -> dict[int, ProcessInfo]:
        """Find the processes to watch: also those whose parent ended, once they were seen."""
        processes = read_processes(self._proc)
        if self._uid is not None:
            pids = {pid for pid in processes if has_uid(self._proc, pid, self._uid)}
        else:
            pids = descendants(processes, self._roots(processes))
        members = {pid: processes[pid] for pid in pids}
        self._known = {pid: member.started_ticks for pid, member in members.items()}
        return members

    def _roots(self, processes: Mapping[int, ProcessInfo]) -> Iterator[int]:
        """Give the first process and those seen before, unless a newer process has their pid."""
        if self._root_pid is not None and not self._known:
            yield self._root_pid
        for pid, started in self._known.items():
            if pid in processes and processes[pid].started_ticks == started:
                yield pid

    def _memory_bytes(self, members: Iterable[int]) -> int:
        """Add up memory: quickly, and exactly only when the quick sum, which is never less, is over."""
        pids = list(members)
        quick = sum(resident_bytes(self._proc, pid) for pid in pids)
        if quick <= self._limits.memory_bytes:
            return quick
        return sum(proportional_bytes(self._proc, pid) for pid in pids)

    def _account(self, members: Mapping[int, ProcessInfo]) -> None:
        """Take what was used since the last look from what may be used; the first look only notes."""
        now_s = self._clock()
        ticks = sum(member.cpu_ticks for member in members.values())
        if self._looked_at_s is not None:
            used_s = max(0, ticks - self._ticks) / os.sysconf("SC_CLK_TCK")
            elapsed_s = now_s - self._looked_at_s
            self._balance_s = balance_after(self._balance_s, elapsed_s, used_s, self._limits.cpu_cores)
            self._used_s += used_s
        self._ticks, self._looked_at_s = ticks, now_s

    def _keep_share(self, members: Mapping[int, ProcessInfo]) -> None:
        """Stop who has used too much, continue who has waited enough."""
        if self._balance_s < 0:
            self._stop(members)
        elif self._stopped:
            self._signal(members.values(), signal.SIGCONT)
            self._stopped = False

    def _stop(self, members: Mapping[int, ProcessInfo]) -> None:
        """Stop all members, and those that they started meanwhile."""
        self._stopped = True
        for _ in range(_STOP_ROUNDS):
            running = [member for member in members.values() if self._may_signal(member, "TZX")]
            if not running:
                return
            self._signal(running, signal.SIGSTOP)
            members = self._members()

    def _may_signal(self, member: ProcessInfo, but_states: str) -> bool:
        """Say whether a process is the guest's and in none of these states."""
        return member.pid != self._spared and member.state not in but_states

    def _signal(self, members: Iterable[ProcessInfo], number: signal.Signals) -> None:
        """Signal processes, never a newer one that got the same pid."""
        for member in members:
            if member.pid == self._spared:
                continue
            with contextlib.suppress(OSError, ValueError), _pidfd(member.pid) as fd:
                stat = (self._proc / str(member.pid) / "stat").read_text("utf-8", "replace")
                if parse_stat(stat).started_ticks == member.started_ticks:
                    signal.pidfd_send_signal(fd, number)


@contextlib.contextmanager
def _pidfd(pid: int) -> Iterator[int]:
    """Hold a process, so that its pid is not given to another."""
    fd = os.pidfd_open(pid)
    try:
        yield fd
    finally:
        os.close(fd)
