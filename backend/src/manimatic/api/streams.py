"""Event streams: one thread reads the store for all clients that watch, each client waits for what it has not seen.

A client holds nothing but the number of the last event that it was sent. One that falls behind what the thread
remembers reads the store itself, so neither a slow client nor one that is gone holds up another.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence

from structlog.typing import FilteringBoundLogger

from manimatic.api.present import event_frame
from manimatic.errors import ManimaticError, NotFound, RequestError
from manimatic.jobs import Event
from manimatic.ports import JobStore

MAX_STREAMS = 550
"""Streams of one process at once; each holds one of gunicorn's 640 threads, which mostly sleep."""
POLL_S = 0.2
HEARTBEAT_S = 15.0
REMEMBERED = 256
"""Events of one job that are kept for the clients that watch it."""
RECONNECT_MS = 2000
OUTAGE_S = 1.0
"""Pause of a stream after the store has failed to answer it."""


class TooManyStreams(RequestError):
    """Too many clients follow jobs at the moment."""

    code = "too_many_streams"
    http_status = 503
    hint = "Try again after the time that Retry-After gives, or ask GET /status/<job_id> from time to time."
    retryable = True


class _Channel:
    """What is known of one watched job; guarded by the lock of its `Streams`."""

    def __init__(self, job_id: str, lock: threading.Lock) -> None:
        self.job_id = job_id
        self.last = 0
        self.recent: deque[Event] = deque(maxlen=REMEMBERED)
        self.changed = threading.Condition(lock)
        self.watchers = 0

    def add(self, events: Sequence[Event]) -> None:
        """Take events that follow on `last`."""
        self.recent.extend(events)
        self.last = events[-1].number
        self.changed.notify_all()

    def skip_to(self, number: int) -> None:
        """Spare the tailer what a client has read for itself."""
        if number > self.last:
            self.recent.clear()
            self.last = number
            self.changed.notify_all()

    def after(self, number: int) -> list[Event] | None:
        """Return the remembered events after a number; None where older ones have been forgotten."""
        if self.recent and self.recent[0].number <= number + 1:
            return [event for event in self.recent if event.number > number]
        return None


class Streams:
    """All event streams of one process.

    Args:
        store: Where events come from.
        log: Hears of a store that fails.
        limit: Streams at once.
        poll_s: Pause between two readings of the store.
        heartbeat_s: Longest silence on a stream.
    """

    def __init__(
        self,
        store: JobStore,
        log: FilteringBoundLogger,
        *,
        limit: int = MAX_STREAMS,
        poll_s: float = POLL_S,
        heartbeat_s: float = HEARTBEAT_S,
    ) -> None:
        self._store = store
        self._log = log
        self._limit = limit
        self._poll_s = poll_s
        self.heartbeat_s = heartbeat_s
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._channels: dict[str, _Channel] = {}
        self._tailer: threading.Thread | None = None
        self._closed = False
        self._failing = False

    @property
    def count(self) -> int:
        """Return how many streams are open."""
        with self._lock:
            return self._count()

    def open(self, job_id: str, after: int) -> Stream:
        """Start to follow a job from the event after this number. Raises TooManyStreams."""
        with self._lock:
            if self._closed or self._count() >= self._limit:
                raise TooManyStreams
            channel = self._channels.setdefault(job_id, _Channel(job_id, self._lock))
            channel.watchers += 1
            if self._tailer is None:
                self._tailer = threading.Thread(target=self._tail, name="event-tailer", daemon=True)
                self._tailer.start()
        return Stream(self, self._store, channel, after)

    def close(self) -> None:
        """End every stream soon, and let no new one begin: clients come back to the next process."""
        with self._lock:
            self._closed = True
            self._idle.notify_all()
            for channel in self._channels.values():
                channel.changed.notify_all()

    def is_closed(self) -> bool:
        """Tell whether the process is about to end."""
        return self._closed

    def wait(self, channel: _Channel, after: int, timeout_s: float) -> list[Event] | None:
        """Sleep until there are events after this number: return them, or None where the store has to be asked."""
        with self._lock:
            channel.changed.wait_for(lambda: self._closed or channel.last > after, timeout_s)
            return channel.after(after)

    def skip(self, channel: _Channel, number: int) -> None:
        """Note that a client has read the store up to this event."""
        with self._lock:
            channel.skip_to(number)

    def leave(self, channel: _Channel) -> None:
        """Take a client off; the thread ends with the last one."""
        with self._lock:
            channel.watchers -= 1
            if channel.watchers == 0:
                del self._channels[channel.job_id]
                self._idle.notify_all()

    def _count(self) -> int:
        return sum(channel.watchers for channel in self._channels.values())

    def _tail(self) -> None:
        while True:
            with self._lock:
                if not self._channels or self._closed:
                    self._tailer = None
                    return
                channels = list(self._channels.values())
            started = time.monotonic()
            for channel in channels:
                self._poll(channel)
            took = time.monotonic() - started
            with self._lock:
                # Where reading all takes long, the thread still leaves the processor to others half of the time.
                self._idle.wait_for(lambda: self._closed or not self._channels, max(self._poll_s, took))

    def _poll(self, channel: _Channel) -> None:
        last = channel.last
        try:
            events = self._store.events(channel.job_id, after=last)
        except ManimaticError as error:
            self._say(error)
            return
        self._say(None)
        with self._lock:
            if events and channel.last == last:
                channel.add(events)

    def _say(self, error: ManimaticError | None) -> None:
        """Log the beginning and the end of an outage, not every reading in between."""
        if error and not self._failing:
            self._log.warning("events cannot be read", code=error.code, detail=error.message)
        if self._failing and not error:
            self._log.info("events can be read again")
        self._failing = error is not None


class Stream:
    """One client's stream: an iterable of text in the event-stream format."""

    def __init__(self, streams: Streams, store: JobStore, channel: _Channel, after: int) -> None:
        self._streams = streams
        self._store = store
        self._channel = channel
        self._sent = after
        self._open = True

    def __iter__(self) -> Iterator[str]:
        """Give events and heartbeats until the job has ended or the process is about to."""
        yield f"retry: {RECONNECT_MS}\n\n"
        events = self._begin()
        while not self._streams.is_closed():
            for event in events:
                yield event_frame(event)
                self._sent = event.number
            if (not events or events[-1].kind == "end") and self._is_over():
                return
            if not events:
                yield ": still here\n\n"
            events = self._streams.wait(self._channel, self._sent, self._streams.heartbeat_s) or self._read()

    def wait_for_end(self, timeout_s: float) -> None:
        """Sleep until the job has ended, but no longer than this."""
        until = time.monotonic() + timeout_s
        events = self._begin()
        while not any(event.kind == "end" for event in events):
            if events:
                self._sent = events[-1].number
            left_s = until - time.monotonic()
            if left_s <= 0 or self._streams.is_closed():
                return
            events = self._streams.wait(self._channel, self._sent, left_s) or []

    def close(self) -> None:
        """Give the place free; more than once is harmless."""
        if self._open:
            self._open = False
            self._streams.leave(self._channel)

    def _begin(self) -> Sequence[Event]:
        """Read on from the event that the client has seen last; one that never was means from the first."""
        seen, self._sent = self._sent, max(0, self._sent - 1)
        events = self._read()
        if seen and not events:
            self._sent = 0
            return self._read()
        self._sent = seen
        return [event for event in events if event.number > seen]

    def _read(self) -> Sequence[Event]:
        """Ask the store: at the beginning, when fallen behind, and after a silence."""
        try:
            events = self._store.events(self._channel.job_id, after=self._sent)
        except ManimaticError:
            time.sleep(OUTAGE_S)
            return ()
        if events:
            self._streams.skip(self._channel, events[-1].number)
        return events

    def _is_over(self) -> bool:
        """Tell whether nothing can follow; a job whose video is stored again goes on after its `end` event."""
        try:
            return self._store.get(self._channel.job_id).is_final
        except NotFound:
            return True
        except ManimaticError:
            return False
