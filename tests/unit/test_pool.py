"""The pool of workers that wait: who gets one, what becomes of those that died, what counts."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from manimatic.errors import SandboxError
from manimatic.ports import Limits
from manimatic.sandbox.guest import GuestUsage
from manimatic.sandbox.pool import WarmGuest, WarmPool
from manimatic_worker.protocol import Ready
from pipe_guest import PipeGuest

LIMITS = Limits()
PATIENCE_S = 20.0


class Stable:
    """Starts workers of pipes, and knows them."""

    def __init__(self, *, failures: int = 0) -> None:
        self.started: list[PipeGuest] = []
        self.left = 0
        self._failures = failures

    @contextmanager
    def start(self, limits: Limits) -> Iterator[PipeGuest]:
        """Start one that says it is ready and waits."""
        if self._failures:
            self._failures -= 1
            raise SandboxError("no")
        guest = PipeGuest(_ready, usage=GuestUsage(cpu_s=1.5, refused_processes=1))
        self.started.append(guest)
        try:
            yield guest
        finally:
            guest.close()
            self.left += 1


def _ready(guest: PipeGuest) -> None:
    guest.send(Ready({}))
    guest.sleep()


@contextmanager
def kept(stable: Stable, *, size: int = 1, max_age_s: float = 300.0) -> Iterator[WarmPool]:
    """Keep a pool for the length of the block; afterwards all of it has ended."""
    pool, until = WarmPool(stable.start, size, LIMITS, max_age_s=max_age_s), threading.Event()
    thread = threading.Thread(target=pool.keep, args=(until,))
    thread.start()
    try:
        yield pool
    finally:
        until.set()
        thread.join(PATIENCE_S)
    assert not thread.is_alive()
    assert stable.left == len(stable.started)


def wait_for(pool: WarmPool, ready: int) -> None:
    """Wait until so many wait."""
    give_up_at = time.monotonic() + PATIENCE_S
    while pool.state()["ready"] != ready:
        assert time.monotonic() < give_up_at
        time.sleep(0.005)


def test_each_worker_serves_once_and_is_replaced() -> None:
    """It is prepared at the least weight, handed over at its usual one, and gone after its block."""
    stable = Stable()
    with kept(stable) as pool:
        wait_for(pool, 1)
        taken = pool.take(dataclasses.replace(LIMITS, timeout_s=3.0))
        assert taken is not None
        with taken as guest:
            assert guest.poll() is None
            assert stable.started[0].yielded == [True, False]
            wait_for(pool, 1)
        assert stable.left == 1
        assert len(stable.started) == 2


def test_request_with_other_limits_gets_none() -> None:
    """Those are put in force when a sandbox starts."""
    with kept(Stable()) as pool:
        wait_for(pool, 1)
        assert pool.take(dataclasses.replace(LIMITS, memory_bytes=LIMITS.memory_bytes - 1)) is None
        assert pool.state()["ready"] == 1


def test_worker_that_died_is_thrown_away() -> None:
    """Nobody is handed one, and another takes its place."""
    stable = Stable()
    with kept(stable) as pool:
        wait_for(pool, 1)
        stable.started[0].kill()
        taken = pool.take(LIMITS)
        if taken is not None:  # it was replaced already
            with taken as guest:
                assert guest.poll() is None
        wait_for(pool, 1)
        assert stable.started[0].kills


def test_worker_that_is_too_old_is_replaced() -> None:
    """Also where nobody asks."""
    stable = Stable()
    with kept(stable, max_age_s=0.0):
        give_up_at = time.monotonic() + PATIENCE_S
        while stable.left < 2:
            assert time.monotonic() < give_up_at
            time.sleep(0.005)


def test_start_that_fails_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What keeps a sandbox from starting now may be over in a moment."""
    monkeypatch.setattr("manimatic.sandbox.pool.FIRST_PAUSE_S", 0.01)
    with kept(Stable(failures=2)) as pool:
        wait_for(pool, 1)


def test_burst_beyond_the_pool_gets_none() -> None:
    """Who gets none starts a worker of its own."""
    pool = WarmPool(Stable().start, 1, LIMITS)
    assert pool.take(LIMITS) is None


def test_what_was_used_before_the_request_does_not_count() -> None:
    """Processor time, kills and refused forks; memory is that of its whole life."""
    guest = PipeGuest(_ready, usage=GuestUsage(peak_memory_bytes=7, cpu_s=2.0, memory_kills=1, refused_processes=3))
    try:
        warm = WarmGuest(guest, GuestUsage(peak_memory_bytes=5, cpu_s=1.5, refused_processes=3))
        assert warm.sample() == GuestUsage(peak_memory_bytes=7, cpu_s=0.5, memory_kills=1)
    finally:
        guest.close()
