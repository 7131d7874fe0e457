"""Workers that have started and wait for their one request.

Each is a sandbox like any other, with a process of its own, and so with an address space and random numbers of its own;
nothing of any user is in it before its request, and it is destroyed after it. One that waits has imported Manim and
said so. They are started by one thread that lives as long as they do: the kernel ends a sandbox with the thread that
started it.
"""

from __future__ import annotations

import dataclasses
import select
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import IO

from manimatic.errors import ManimaticError
from manimatic.ports import Limits
from manimatic.sandbox.cgroup.base import GroupError
from manimatic.sandbox.guest import Guest, GuestUsage
from manimatic.verdicts import Verdict

MAX_AGE_S = 300.0
"""An older one is replaced: what it has read of fonts and TeX may have been brought up to date since, and a container
ends by itself ten minutes after its run should have."""
IDLE_S = 10.0
"""For so long one is prepared with processor time that nobody else wants; then with a run's usual share, which is
small: on a machine that is always busy it would never be ready."""
START_TIMEOUT_S = 120.0
"""One that has not started by then is given up."""
LOOK_EVERY_S = 1.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
"""After one that did not start; doubled each time."""
_START_POLL_S = 0.05
_HOSTS = ("timeout_s", "max_log_bytes", "max_artefact_bytes")
"""Limits that the host keeps from the request on; all others are put in force when a sandbox starts."""

Start = Callable[[Limits], AbstractContextManager[Guest]]
"""Starts a worker under these limits; when the block is left nothing of it is."""


class WarmGuest:
    """A worker that has waited for its request, as the supervisor sees it: what it used before does not count.

    Args:
        guest: The worker.
        before: What it had used when it began to wait.
    """

    stdin: IO[bytes]
    stdout: IO[bytes]
    stderr: IO[bytes]

    def __init__(self, guest: Guest, before: GuestUsage) -> None:
        self._guest = guest
        self._before = before
        self.stdin, self.stdout, self.stderr = guest.stdin, guest.stdout, guest.stderr

    def poll(self) -> int | None:
        """Return how it ended, or None."""
        return self._guest.poll()

    def limit_passed(self) -> Verdict | None:
        """Return the limit that it has gone over."""
        return self._guest.limit_passed()

    def sample(self) -> GuestUsage:
        """Read the counters; the peak of its memory is that of its whole life, as it is for one started for a run."""
        now, before = self._guest.sample(), self._before
        return dataclasses.replace(
            now,
            cpu_s=None if now.cpu_s is None else max(0.0, now.cpu_s - (before.cpu_s or 0.0)),
            memory_kills=max(0, now.memory_kills - before.memory_kills),
            refused_processes=max(0, now.refused_processes - before.refused_processes),
        )

    def yields(self, *, to_all: bool) -> None:
        """Set its share of the processors."""
        self._guest.yields(to_all=to_all)

    def kill(self) -> None:
        """End every process of it."""
        self._guest.kill()


@dataclass(frozen=True, slots=True)
class _Waiting:
    guest: WarmGuest
    end: ExitStack
    since: float

    def is_alive(self) -> bool:
        """Tell whether it still waits, and has said nothing but that it is ready."""
        return self.guest.poll() is None


class WarmPool:
    """Keeps some workers waiting. `keep` runs in a thread of its own.

    Args:
        start: Starts one.
        size: How many are to wait.
        limits: What they are started with; a request with other limits is not for them.
        max_age_s: How long one may wait.
    """

    def __init__(self, start: Start, size: int, limits: Limits, *, max_age_s: float = MAX_AGE_S) -> None:
        self._start = start
        self._size = size
        self._limits = limits
        self._max_age_s = max_age_s
        self._lock = threading.Lock()
        self._waiting: list[_Waiting] = []
        self._news = threading.Event()

    def state(self) -> Mapping[str, int]:
        """Return how many are to wait, and how many do."""
        with self._lock:
            return {"size": self._size, "ready": len(self._waiting)}

    def take(self, limits: Limits) -> AbstractContextManager[WarmGuest] | None:
        """Return one that waits, for the length of a block, or None where there is none for these limits."""
        if fixed(limits) != fixed(self._limits):
            return None
        while True:
            with self._lock:
                found = self._waiting.pop(0) if self._waiting else None
            self._news.set()
            if found is None or found.is_alive():
                return None if found is None else _until_left(found)
            _throw_away(found)

    def keep(self, until: threading.Event) -> None:
        """Start what is missing and throw away what is old or has died, until the event is set; then end them all."""
        pause_s = FIRST_PAUSE_S
        try:
            while not until.is_set():
                self._throw_away_what_is_no_use()
                if self.state()["ready"] >= self._size:
                    self._news.wait(LOOK_EVERY_S)
                    self._news.clear()
                elif self._add(until):
                    pause_s = FIRST_PAUSE_S
                else:
                    until.wait(pause_s)
                    pause_s = min(LONGEST_PAUSE_S, 2 * pause_s)
        finally:
            self._end()

    def _add(self, until: threading.Event) -> bool:
        """Start one more and wait until it is ready; tell whether it is."""
        with suppress(ManimaticError, GroupError, OSError), ExitStack() as stack:
            guest = stack.enter_context(self._start(self._limits))
            guest.yields(to_all=True)
            is_ready = _says_something(guest, until, IDLE_S)
            guest.yields(to_all=False)
            if not (is_ready or _says_something(guest, until, START_TIMEOUT_S)):
                return False
            waiting = _Waiting(WarmGuest(guest, guest.sample()), stack.pop_all(), time.monotonic())
            with self._lock:
                self._waiting.append(waiting)
            return True
        return False

    def _throw_away_what_is_no_use(self) -> None:
        oldest = time.monotonic() - self._max_age_s
        with self._lock:
            useless = [one for one in self._waiting if one.since < oldest or not one.is_alive()]
            self._waiting = [one for one in self._waiting if one not in useless]
        for one in useless:
            _throw_away(one)

    def _end(self) -> None:
        with self._lock:
            waiting, self._waiting, self._size = self._waiting, [], 0
        for one in waiting:
            _throw_away(one)


def fixed(limits: Limits) -> Limits:
    """Return limits without those that the host keeps from the request on."""
    return dataclasses.replace(limits, **{name: getattr(Limits(), name) for name in _HOSTS})


@contextmanager
def _until_left(one: _Waiting) -> Iterator[WarmGuest]:
    with one.end:
        yield one.guest


def _throw_away(one: _Waiting) -> None:
    with suppress(ManimaticError, GroupError, OSError):  # as after a run, what is left is found by the next launcher
        one.end.close()


def _says_something(guest: Guest, until: threading.Event, within_s: float) -> bool:
    """Wait until the worker has said something, which is that it is ready; nothing of it is read."""
    give_up_at = time.monotonic() + within_s
    while not until.is_set() and guest.poll() is None and time.monotonic() < give_up_at:
        if select.select([guest.stdout], [], [], _START_POLL_S)[0]:
            return guest.poll() is None
    return False
