"""The service's figures in Prometheus' format: what this process measures, and what the store knows of the others.

With one server process, which is how it runs, the figures are this process's. Where somebody starts several on one
socket, PROMETHEUS_MULTIPROC_DIR has to name a folder, and every process then answers for all.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from apiflask import APIFlask
from flask import Response, g, request
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.multiprocess import MultiProcessCollector

from manimatic import __version__, host
from manimatic.api import health
from manimatic.api.parts import Parts, parts
from manimatic.ports import ServiceReport
from manimatic.tally import cumulative

METRICS = "manimatic.metrics"
BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
MEDIA_TYPE = CONTENT_TYPE_LATEST
COUNTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "jobs_ended": ("Jobs that have ended, by state and verdict.", ("state", "verdict")),
    "attempts": ("Attempts that were made, by verdict.", ("verdict",)),
    "repairs": ("Scenes that went back to be mended.", ()),
    "tokens": ("Tokens that models were asked and gave.", ("kind",)),
    "cost_usd": ("Dollars that models charged, where the price is known.", ()),
    "video_seconds": ("Seconds of video that were rendered.", ()),
    "render_seconds": ("Seconds that rendering those took.", ()),
}
"""What dispatchers count: help and labels."""
KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
STAGES = "Seconds that jobs spent in each stage."


def install(app: APIFlask) -> None:
    """Have the time of every request measured."""
    registry = CollectorRegistry(auto_describe=False)
    seconds = Histogram(
        "manimatic_request_seconds",
        "Seconds that answers took, by route and status.",
        ("method", "route", "status"),
        buckets=BUCKETS_S,
        registry=registry,
    )
    registry.register(StoreFigures(app.extensions["manimatic"]))
    app.extensions[METRICS] = registry

    def measure(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "none"
        method = request.method if request.method in KNOWN_METHODS else "OTHER"
        took = time.monotonic() - g.get("started", time.monotonic())
        seconds.labels(method, route, str(response.status_code)).observe(took)
        return response

    app.after_request(measure)


def exposition(registry: CollectorRegistry) -> bytes:
    """Return all figures."""
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return generate_latest(registry)
    whole = CollectorRegistry()
    MultiProcessCollector(whole)  # type: ignore[no-untyped-call]
    whole.register(StoreFigures(parts()))
    return generate_latest(whole)


CELERY = "celery"
"""The role of a Celery worker's process, which reports what it counts and nothing else."""


class StoreFigures:
    """What the store says of the queue and the other processes, and what machines have left, at each scrape."""

    def __init__(self, asked: Parts) -> None:
        self._parts = asked

    def collect(self) -> Iterator[Metric]:
        """Give the figures; where the database cannot be used, those that need none."""
        view = health.look(self._parts)
        dispatchers = [item for item in view.reports if item.role == "dispatcher"]
        yield _gauge("build", "The version that answers.", [({"version": __version__}, 1)])
        yield _gauge("database_up", "Whether the database can be used.", [({}, 0 if view.failure else 1)])
        yield _gauge("event_streams", "Event streams that are open in this process.", [({}, self._parts.streams.count)])
        if view.depth is not None:
            depth = [({"state": "queued"}, view.depth.queued), ({"state": "running"}, view.depth.running)]
            yield _gauge("queue_jobs", "Jobs that wait and jobs that run.", depth)
            yield _gauge(
                "queue_oldest_seconds", "Age of the oldest job that waits.", [({}, view.depth.oldest_queued_s or 0)]
            )
        yield _gauge("dispatchers", "Dispatchers seen in the last minute.", [({}, len(dispatchers))])
        yield _gauge("launcher_ready", "Whether the launcher of a dispatcher can render.", _launchers(dispatchers))
        yield _gauge("sandbox_pool", "Workers that a launcher keeps waiting.", _pools(dispatchers))
        yield from _hosts(self._parts, dispatchers)
        yield from _told(item for item in view.reports if item.role in {"dispatcher", CELERY})


def _gauge(name: str, text: str, rows: Iterable[tuple[Mapping[str, str], float]]) -> Metric:
    found = list(rows)
    labels = list(found[0][0]) if found else []
    family = GaugeMetricFamily(f"manimatic_{name}", text, labels=labels)
    for values, value in found:
        family.add_metric(list(values.values()), value)
    return family


def _launchers(dispatchers: Iterable[ServiceReport]) -> list[tuple[Mapping[str, str], float]]:
    return [
        ({"dispatcher": item.name}, float((item.facts.get("launcher") or {}).get("state") == "ready"))
        for item in dispatchers
    ]


def _pools(dispatchers: Iterable[ServiceReport]) -> list[tuple[Mapping[str, str], float]]:
    """Give how many workers are to wait and how many do."""
    rows: list[tuple[Mapping[str, str], float]] = []
    for item in dispatchers:
        pool = ((item.facts.get("launcher") or {}).get("isolation") or {}).get("pool") or {}
        rows += [
            ({"dispatcher": item.name, "kind": kind}, float(value))
            for kind, value in pool.items()
            if kind in {"size", "ready"} and isinstance(value, (int, float))
        ]
    return rows


def _hosts(asked: Parts, dispatchers: Iterable[ServiceReport]) -> Iterator[Metric]:
    """Give what each machine has left: this one's and those of dispatchers, one row each."""
    here = {"name": os.uname().nodename, **host.resources(asked.settings.data_dir)}
    told = [item.facts["host"] for item in dispatchers if isinstance(item.facts.get("host"), dict)]
    machines = {str(machine.get("name")): machine for machine in [*told, here]}
    busy_s = host.busy_s()
    if busy_s is not None:
        busy = CounterMetricFamily(
            "manimatic_host_cpu_seconds", "Seconds that this machine's processors worked.", labels=["host"]
        )
        busy.add_metric([str(here["name"])], busy_s)
        yield busy
    yield from _left(machines)


def _left(machines: Mapping[str, Mapping[str, Any]]) -> Iterator[Metric]:
    """Give what the machines have left."""
    wanted = (
        ("host_cpu_cores", "Processors that may be used.", "cpu", {"": "cores"}),
        ("host_load1", "Load of the last minute.", "cpu", {"": "load_1m"}),
        ("host_memory_bytes", "Memory.", "memory", {"total": "total_bytes", "available": "available_bytes"}),
        ("host_disk_bytes", "The data folder's disk.", "disk", {"total": "total_bytes", "free": "free_bytes"}),
    )
    for name, text, group, fields in wanted:
        rows: list[tuple[Mapping[str, str], float]] = []
        for machine_name, machine in machines.items():
            for kind, field in fields.items():
                value = (machine.get(group) or {}).get(field)
                if isinstance(value, (int, float)):
                    rows.append(({"host": machine_name, **({"kind": kind} if kind else {})}, value))
        yield _gauge(name, text, rows)


def _told(dispatchers: Iterable[ServiceReport]) -> Iterator[Metric]:
    """Give what dispatchers have counted; what they tell is looked at, since the store is not ours alone."""
    counters = {
        name: CounterMetricFamily(f"manimatic_{name}", text, labels=["dispatcher", *labels])
        for name, (text, labels) in COUNTS.items()
    }
    stages = HistogramMetricFamily("manimatic_stage_seconds", STAGES, labels=["dispatcher", "stage"])
    for item in dispatchers:
        tally: Mapping[str, Any] = item.facts.get("tally") or {}
        for name, labels, value in tally.get("counts", ()):
            if name in counters:
                counters[name].add_metric([item.name, *(labels.get(key, "") for key in COUNTS[name][1])], value)
        for name, labels, values in tally.get("times", ()):
            if name == "stage_seconds":
                stages.add_metric([item.name, labels.get("stage", "")], cumulative(values[:-1]), sum_value=values[-1])
    yield from counters.values()
    yield stages
