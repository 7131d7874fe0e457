"""The watchdog on real processes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest
from manimatic.sandbox.watchdog import Sample, Watchdog, WatchLimits
from support import require

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")

MIB = 1024 * 1024
Start = Callable[[str], "subprocess.Popen[bytes]"]


def watch(pid: int, **changed: float) -> Watchdog:
    """Watch a child with wide limits but for those that are named."""
    wide = {"memory_bytes": 10_000 * MIB, "max_processes": 1000, "cpu_cores": 100.0, **changed}
    limits = WatchLimits(
        memory_bytes=int(wide["memory_bytes"]), max_processes=int(wide["max_processes"]), cpu_cores=wide["cpu_cores"]
    )
    return Watchdog(limits, root_pid=pid)


def look_until(dog: Watchdog, found: Callable[[Sample], bool]) -> Sample:
    """Look until something is found, ten seconds at most."""
    deadline_s = time.monotonic() + 10
    while not found(sample := dog.sample()):
        assert time.monotonic() < deadline_s, sample
        time.sleep(0.05)
    return sample


@pytest.fixture
def start() -> Iterator[Start]:
    """Start Python code in a session of its own, and end all of it after the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start_child(code: str) -> subprocess.Popen[bytes]:
        child = subprocess.Popen([sys.executable, "-c", code], start_new_session=True, stdout=subprocess.PIPE)
        started.append(child)
        return child

    yield start_child
    for child in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        assert child.stdout
        child.stdout.close()


def test_memory_over_the_limit_is_told(start: Start) -> None:
    """Sixty megabytes are over fifty, once they are touched."""
    child = start("x = bytearray(b'x' * (60 << 20)); import time; time.sleep(60)")
    sample = look_until(watch(child.pid, memory_bytes=50 * MIB), lambda sample: "memory" in sample.over)
    assert 50 * MIB < sample.memory_bytes < 200 * MIB


def test_memory_shared_by_forks_is_counted_once(start: Start) -> None:
    """Four processes with the same sixty megabytes are below a hundred."""
    child = start(
        "import os, time\nx = b'x' * (60 << 20)\nfor _ in range(3):\n  if os.fork() == 0: break\ntime.sleep(60)"
    )
    sample = look_until(watch(child.pid, memory_bytes=100 * MIB), lambda sample: sample.processes == 4)
    assert sample.over == ()


def test_too_many_threads_are_told(start: Start) -> None:
    """Threads and processes count alike."""
    child = start("import threading, time\nfor _ in range(9): threading.Thread(target=time.sleep, args=(60,)).start()")
    sample = look_until(watch(child.pid, max_processes=8), lambda sample: "processes" in sample.over)
    assert sample.threads > 8


def test_cpu_time_stays_near_its_share(start: Start) -> None:
    """Two busy processes get about a quarter of a core between them."""
    child = start("import os\nos.fork()\nwhile True: pass")
    dog, from_s = watch(child.pid, cpu_cores=0.25), time.monotonic()
    sample, was_stopped = dog.sample(), False
    while time.monotonic() - from_s < 4:
        time.sleep(min(0.02, sample.next_in_s))
        sample = dog.sample()
        was_stopped |= sample.stopped
    assert was_stopped
    assert sample.cpu_s / (time.monotonic() - from_s) < 0.4
    dog.resume()


def test_kill_ends_all_descendants(start: Start) -> None:
    """Also one in a session of its own."""
    child = start(
        "import os, time\nif os.fork() == 0:\n  os.setsid(); os.fork()\nprint('ready', flush=True)\ntime.sleep(60)"
    )
    dog = watch(child.pid)
    look_until(dog, lambda sample: sample.processes == 3)
    assert dog.kill()
    assert child.wait(5) == -signal.SIGKILL
    assert dog.sample().memory_bytes == 0  # at most zombies, which wait for their new parent


def test_kill_ends_a_fork_bomb(start: Start) -> None:
    """Who forks without end is stopped, then killed; the limit here is the test's own."""
    child = start(
        "import os\n"
        "for _ in range(6):\n"
        "  os.fork()\n"
        "while True:\n"
        "  child = os.fork()\n"
        "  if child: os.waitpid(child, 0)\n"
        "  else: os._exit(0)"
    )
    dog = watch(child.pid)
    look_until(dog, lambda sample: sample.processes >= 64)
    assert dog.kill(20)
    assert child.wait(5) == -signal.SIGKILL


def test_uid_catches_what_hid_from_its_parents(start: Start) -> None:
    """A process that lost its parent before the first look is found by its user."""
    require(os.geteuid() == 0, "needs root to change to an unused uid")
    child = start(
        "import os, time\n"
        "os.setgroups([]); os.setgid(64322); os.setuid(64322)\n"
        "if os.fork() == 0:\n"
        "  os.setsid()\n"
        "  if os.fork() == 0:\n"
        "    print('ready', flush=True); time.sleep(60)\n"
    )
    assert child.stdout
    child.stdout.readline()
    limits = WatchLimits(memory_bytes=MIB, max_processes=10, cpu_cores=1.0)
    dog = Watchdog(limits, uid=64322)
    assert dog.sample().memory_bytes > 0
    assert dog.kill()
    assert dog.sample().memory_bytes == 0
