"""One worker in its container, as the supervisor sees it."""

from __future__ import annotations

import dataclasses
import time
from typing import IO

from manimatic_worker.protocol import BY_SIGNAL

from manimatic.errors import SandboxError
from manimatic.ports import Limits
from manimatic.sandbox.cgroup.base import CPU_SHARES, IDLE_SHARES
from manimatic.sandbox.docker.container import Recipe
from manimatic.sandbox.docker.counters import Counters, EngineCounters, counters_of, read_last
from manimatic.sandbox.docker.engine import Engine
from manimatic.sandbox.docker.stream import AttachedStreams
from manimatic.sandbox.guest import GuestUsage
from manimatic.verdicts import Verdict

_LOOK_EVERY_S = 0.1
_ASK_EVERY_S = 0.5
"""Asking the engine costs it more than reading a file costs this process."""
_NEWS_S = 1.0
"""Kernel and engine tell of a kill a little later than it happens, the longer the busier the machine is."""
_KILLED = -9
"""SIGKILL from outside: a kill for memory, or one by somebody."""
_FROM_OUTSIDE = 128
_LEAVES_S = 1.0
"""An engine that is told to stop ends its containers first, and has gone this much later."""
_NEAR = 0.95
"""A run that used this part of its memory may have been refused more."""


class DockerGuest:
    """A container that was made and not started; `start` does that.

    Args:
        streams: Attached to it, and closed by who made them.
        recipe: What it is made of.
    """

    stdin: IO[bytes]
    stdout: IO[bytes]
    stderr: IO[bytes]

    def __init__(
        self, engine: Engine, container: str, streams: AttachedStreams, limits: Limits, recipe: Recipe
    ) -> None:
        self._engine = engine
        self._container = container
        self._streams = streams
        self.stdin, self.stdout, self.stderr = streams.stdin, streams.stdout, streams.stderr
        self._limits = limits
        self._recipe = recipe
        self._counters: Counters | None = None
        self._look_at = 0.0
        self._last = GuestUsage()
        self._status: int | None = None
        self._is_killed = False

    @property
    def counts_in_files(self) -> bool:
        """Tell whether the host's own files count, once it was started."""
        return self._counters is not None and not self._asks

    def start(self) -> None:
        """Let the container's program run. Raises SandboxError."""
        self._engine.start(self._container)
        self._counters = counters_of(self._engine, self._container, self._limits, self._recipe)

    def poll(self) -> int | None:
        """Return how the worker ended, or None; negative when the container was ended from outside.

        Raises:
            SandboxError: The engine broke off, or does not know the container any more.
        """
        if self._status is None and self._streams.is_over:
            if self._streams.failure:
                raise SandboxError(self._streams.failure)
            self._look()
            state = self._engine.inspect(self._container)["State"]
            if not state["Running"]:
                self._note_kill(bool(state["OOMKilled"]))
                status = status_of(int(state["ExitCode"]))
                if status < 0:  # its group went with it: what the group counted last may not have been read
                    self._hear_of_kills(for_s=_NEWS_S)
                self._note_kill(status == _KILLED and self._is_near_its_memory())
                self._status = self._blamed(status)
        return self._status

    def _blamed(self, status: int) -> int:
        """Take an end from outside for the scene's own doing where it could be, and the engine has not gone with it.

        A runtime with a kernel of its own may let a process of the container end the first one.
        """
        if status >= 0 or not self._recipe.own_filter or self._last.memory_kills:
            return status
        time.sleep(_LEAVES_S)
        self._engine.ping()
        return _FROM_OUTSIDE - status

    def limit_passed(self) -> Verdict | None:
        """Keep the counters fresh, which end with the container; the limits are held by the kernel."""
        if time.monotonic() >= self._look_at:
            self._look()
        return None

    def sample(self) -> GuestUsage:
        """Read the counters, or what they said last."""
        self._look()
        if self._asks and self._status is None:
            self._hear_of_kills(for_s=_NEWS_S if self._is_near_its_memory() else 0.0)
        return self._last

    def _is_near_its_memory(self) -> bool:
        """Tell whether the last look saw the memory nearly used up.

        The engine's word of a kill that ends the whole container may be lost: it comes from a group that is taken away
        at once. A container that was this full and was killed by nobody of ours is taken for killed by the kernel. A
        guest that fills its memory first can bring that about, and gets the verdict of one that filled it.
        """
        return (self._last.peak_memory_bytes or 0) > _NEAR * self._limits.memory_bytes

    def _look(self) -> None:
        if self._counters is None or self._status is not None:
            return
        kills, refused = self._last.memory_kills, self._last.refused_processes
        fresh = read_last(self._counters, self._last)
        self._last = dataclasses.replace(
            fresh,
            memory_kills=max(kills, fresh.memory_kills),
            refused_processes=max(refused, fresh.refused_processes),
        )
        self._look_at = time.monotonic() + (_ASK_EVERY_S if self._asks else _LOOK_EVERY_S)

    @property
    def _asks(self) -> bool:
        return isinstance(self._counters, EngineCounters)

    def _hear_of_kills(self, *, for_s: float) -> None:
        """Ask kernel and engine for kills, of which the engine's statistics tell nothing."""
        give_up_at = time.monotonic() + for_s
        while not self._last.memory_kills:
            self._note_kill(self._counters is not None and self._counters.has_heard_of_kill())
            self._note_kill(self._engine.memory_kills(self._container) > 0)
            if time.monotonic() >= give_up_at:
                return
            time.sleep(_NEWS_S / 10)

    def _note_kill(self, is_flagged: bool) -> None:
        if is_flagged and not self._last.memory_kills:
            self._last = dataclasses.replace(self._last, memory_kills=1)

    def yields(self, *, to_all: bool) -> None:
        """Set the container's share of the processors. Raises SandboxError."""
        self._engine.share(self._container, IDLE_SHARES if to_all else CPU_SHARES)

    def hang_up(self) -> None:
        """Take and send nothing more; whoever waits for the streams sees their end."""
        self._streams.cut()

    def kill(self) -> None:
        """End everything in the container and wait for that. Raises SandboxError.

        The streams are cut first: an engine that cannot get rid of what a container has written does not end it.
        """
        if not self._is_killed:
            self._is_killed = True  # also where that fails: the container's removal tries once more
            self.hang_up()
            self._engine.kill(self._container)

    def close(self) -> None:
        """Let go of what counted; the container has ended or does not matter any more."""
        if self._counters is not None:
            self._counters.close()


def status_of(exit_code: int) -> int:
    """Return a worker's own status, 128 and the number for its signal, or a negative one for an end from outside.

    The container's first process tells the first two apart below 128 (see `manimatic_worker.init`).
    """
    if exit_code >= _FROM_OUTSIDE:
        return _FROM_OUTSIDE - exit_code if exit_code > _FROM_OUTSIDE else -1
    return exit_code + _FROM_OUTSIDE - BY_SIGNAL if exit_code >= BY_SIGNAL else exit_code
