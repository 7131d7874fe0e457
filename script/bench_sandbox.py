"""What isolation costs at the start: each backend's first byte against a bare process's, the median of 20 in turns."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from manimatic.jobs import new_id
from manimatic.ports import Limits
from manimatic.sandbox.bubblewrap import BubblewrapGuest
from manimatic.sandbox.cgroup import choose
from manimatic.sandbox.cgroup.base import group_name
from manimatic.sandbox.docker.backend import DockerSandbox
from manimatic.sandbox.docker.container import confinement
from manimatic.sandbox.identity import identity_folder, take_identity
from manimatic.sandbox.landlock import LandlockSandbox
from manimatic.sandbox.runtime import install_runtime, runtime_root
from manimatic.sandbox.slots import take_slot
from manimatic.sandbox.supervised import group_limits

TIMES = 20
Start = Callable[[], tuple[float, float]]
"""Starts one and ends it: seconds until its first byte, and until nothing of it is left."""


def measured(name: str, start: Start) -> str:
    """Return the medians beside those of a bare process."""
    start()
    walled, whole, bare = [], [], []
    for _ in range(TIMES):
        until_byte, until_gone = start()
        walled.append(until_byte)
        whole.append(until_gone - until_byte)
        bare.append(_bare())
    ours, theirs, end = (1000 * statistics.median(figures) for figures in (walled, bare, whole))
    return f"{name} {ours:.0f} ms, bare {theirs:.0f} ms, more {ours - theirs:.0f} ms; gone after {end:.0f} ms"


def _bare() -> float:
    started = time.perf_counter()
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", "print(1)"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.read(1)
        return time.perf_counter() - started


@contextmanager
def _timed() -> Iterator[Callable[[], float]]:
    started = time.perf_counter()
    yield lambda: time.perf_counter() - started


def bubblewrap_start() -> str:
    """Measure the bubblewrap backend: uid, group, namespaces, filter; until the program inside says something."""
    with take_identity(identity_folder()) as identity, take_slot(identity.slots_folder) as slot:
        groups, runtime, limits = choose(), install_runtime(runtime_root()), Limits(cpu_cores=2.0)

        def start() -> tuple[float, float]:
            with _timed() as clock:
                group = groups.create(group_name(identity.id, new_id()), group_limits(limits))
                guest = BubblewrapGuest("/usr/bin/bwrap", runtime, limits, slot, group, {}, program="print(1)")
                guest.release()
                guest.stdout.read(1)
                said = clock()
                guest.close()
                group.remove()
                return said, clock()

        return measured("bubblewrap", start)


def landlock_start() -> str:
    """Measure the backend without namespaces: the worker's own walls are in it."""
    with take_identity(identity_folder()) as identity:
        sandbox = LandlockSandbox(choose(), identity, runtime_root())
        sandbox.describe()

        def start() -> tuple[float, float]:
            with _timed() as clock:
                with sandbox.start(new_id(), Limits(cpu_cores=2.0), probe=True) as guest:
                    guest.release()
                    guest.stdout.read(1)
                    said = clock()
                return said, clock()

        return measured("landlock", start)


def docker_start(runtime: str = "") -> str:
    """Measure the docker backend in the engine that DOCKER_HOST names: the worker's own walls are in it."""
    address = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    image, limits = os.environ.get("MANIMATIC_WORKER_IMAGE", "manimatic-worker:latest"), Limits(cpu_cores=2.0)
    with take_identity(identity_folder()) as identity:
        sandbox = DockerSandbox(address, image, runtime, identity)
        sandbox.describe()
        argv = ["probe", confinement(sandbox.recipe, limits), json.dumps({"processes": 1, "memory_bytes": 1 << 20})]

        def start() -> tuple[float, float]:
            with _timed() as clock:
                with sandbox.container(sandbox.recipe, new_id(), limits, argv) as guest:
                    guest.start()
                    guest.stdout.read(1)
                    said = clock()
                return said, clock()

        shown = measured(runtime or "docker", start)
        sandbox.close()
    return shown


def gvisor_start() -> str:
    """Measure it with gVisor's runtime."""
    return docker_start("runsc")
