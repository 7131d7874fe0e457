"""Counters and histograms of one process, which reports them to the store so that the API can show them.

The process that counts opens no port. What is counted is told as JSON, and only ever grows while the process lives.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

BUCKETS_S = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 900.0)
"""Upper bounds of the histograms' buckets; what is longer counts in the last, which has none."""
_Labels = tuple[tuple[str, str], ...]


class Tally:
    """What was counted. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, _Labels], float] = {}
        self._times: dict[tuple[str, _Labels], list[float]] = {}

    def add(self, name: str, amount: float = 1.0, **labels: str) -> None:
        """Add to a counter."""
        key = (name, tuple(sorted(labels.items())))
        with self._lock:
            self._counts[key] = self._counts.get(key, 0.0) + amount

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Count a time in a histogram."""
        key = (name, tuple(sorted(labels.items())))
        place = next((at for at, bound in enumerate(BUCKETS_S) if seconds <= bound), len(BUCKETS_S))
        with self._lock:
            found = self._times.setdefault(key, [0.0] * (len(BUCKETS_S) + 2))
            found[place] += 1
            found[-1] += seconds

    def told(self) -> Mapping[str, Any]:
        """Return everything as JSON values; a histogram is the counts of its buckets, then the sum."""
        with self._lock:
            counts = [[name, dict(labels), value] for (name, labels), value in self._counts.items()]
            times = [[name, dict(labels), list(value)] for (name, labels), value in self._times.items()]
        return {"counts": counts, "times": times}


def cumulative(buckets: Sequence[float]) -> list[tuple[str, float]]:
    """Return the buckets of a told histogram as Prometheus wants them: each with all that is shorter."""
    bounds = [*(str(bound) for bound in BUCKETS_S), "+Inf"]
    total, found = 0.0, []
    for bound, count in zip(bounds, buckets, strict=False):
        total += count
        found.append((bound, total))
    return found
