"""However a run ends, nothing of it stays."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conformance_types import Trial, Trials
from manimatic.errors import JobCancelled
from manimatic.sandbox.docker.engine import Engine
from manimatic.sandbox.runtime import runtime_root
from manimatic.verdicts import Verdict
from sandbox_bench import SLOWDOWN, groups_of
from zoo import ZOO

SHORT_S = 15.0
"""Limit of a run that does not end by itself: room for the start on a busy machine."""
QUIET = 4
"""Readings, 0.3 s apart, that must be equal before a count is believed."""
FAMILY = """
import os, signal, sys, time
SLEEPS = "import signal, time\\nfor n in (1, 2, 3, 15): signal.signal(n, signal.SIG_IGN)\\ntime.sleep(300)"
def start(daemon, stopped=False):
    if os.fork():
        return
    if daemon:
        os.setsid()
        if os.fork():
            os._exit(0)
    if stopped:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGSTOP)
    os.execv(sys.executable, [sys.executable, "-I", "-S", "-c", SLEEPS, "MARK"])
start(daemon=False)
start(daemon=True)
start(daemon=True)
start(daemon=False, stopped=True)
time.sleep(0.5)
print("family")
"""
FORKS_ON = """
def storm():
    while True:
        try:
            pid = os.fork()
        except OSError:
            continue
        if pid:
            os._exit(0)
if os.fork() == 0:
    storm()
"""
ENDS: dict[str, tuple[str, Verdict]] = {
    "video": ("self.wait(0.1)\n", Verdict.OK),
    "error": ("raise ValueError(self)\n", Verdict.SCENE_ERROR),
    "hard exit": ("self.wait(0.1)\nos._exit(3)\n", Verdict.CRASHED),
    "timeout": (FORKS_ON + "while self:\n    time.sleep(1)\n", Verdict.TIMEOUT),
}


@pytest.mark.parametrize("end", ENDS)
def test_every_descendant_ends_with_the_run(trial: Trial, end: str) -> None:
    """Daemons in sessions of their own, deaf and stopped ones, and who forks without end."""
    code, verdict = ENDS[end]
    limit_s = (SHORT_S if verdict is Verdict.TIMEOUT else 60.0) * SLOWDOWN
    result = trial.run(FAMILY.replace("MARK", trial.run_id) + code, timeout_s=limit_s)
    assert result.verdict is verdict, (result, trial.heard.text)
    assert "family" in trial.heard.text
    assert not _with_argument(trial.run_id)


def test_cancelled_run_ends_at_once_with_every_descendant(trial: Trial) -> None:
    """They were there before, so that this can fail."""
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(trial.run, FAMILY.replace("MARK", trial.run_id) + "while self:\n    pass\n")
        _until(lambda: running.done() or (_with_argument(trial.run_id) and "family" in trial.heard.text))
        assert len(_with_argument(trial.run_id)) >= 3
        asked = time.monotonic()
        trial.cancel.set()
        with pytest.raises(JobCancelled):
            running.result(timeout=60)
    assert time.monotonic() - asked < 3 * SLOWDOWN
    _until(lambda: not _with_argument(trial.run_id), within_s=2)
    _until(lambda: not _leftovers(trial.run_id), within_s=2)
    assert not _with_argument(trial.run_id)
    assert not _leftovers(trial.run_id)


@pytest.mark.parametrize("scene", ["ok_square", "fails_name", "hostile_grandchild", "hostile_inodes", "hostile_crash"])
def test_run_leaves_no_group_folder_mount_or_descriptor(trials: Trials, scene: str) -> None:
    """Nor a thread of this process; counted after a first run, which may open what stays open."""
    code = (ZOO / f"{scene}.py").read_text()
    trials.new().run("raise ValueError(self)\n")
    before = _settled()
    trial = trials.new()
    trial.run(code)
    descriptors, threads = _settled()
    assert descriptors <= before[0]  # fewer where the first run's last ones went late
    assert threads <= before[1]
    assert not _leftovers(trial.run_id)


def _settled() -> tuple[int, int]:
    """Count when nothing changes for a while: a launcher lets go of a connection a moment after its answer."""
    readings = [_of_this_process()]
    for _ in range(30):
        time.sleep(0.3)
        readings.append(_of_this_process())
        if len(set(readings[-QUIET:])) == 1 and len(readings) >= QUIET:
            break
    return readings[-1]


def _of_this_process() -> tuple[int, int]:
    """Count its descriptors and threads."""
    return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()


def _leftovers(run_id: str) -> list[str]:
    """Name what is left of a run: resource groups, folders, mounts, processes with its name in their environment."""
    found = groups_of(run_id)
    found += [str(path) for path in (runtime_root() / "runs").glob(f"*{run_id}*")]
    found += [str(path) for path in Path("/tmp").glob(f"*{run_id}*")]
    found += [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if run_id in line]
    return found + [f"process {pid}" for pid in _with_argument(run_id)] + _containers_of(run_id)


def _containers_of(run_id: str) -> list[str]:
    """Name what a container engine has of a run, where there is one."""
    if "DOCKER_HOST" not in os.environ:
        return []
    engine = Engine(os.environ["DOCKER_HOST"])
    try:
        return [f"container {found}" for found in engine.labelled(f"manimatic.run={run_id}")]
    finally:
        engine.close()


def _with_argument(word: str) -> list[int]:
    """Find the processes of this machine that were started with a word."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if word.encode() in path.read_bytes().split(b"\0"):
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def _until(condition: Callable[[], object], within_s: float = 60.0) -> None:
    give_up_at = time.monotonic() + within_s * SLOWDOWN
    while not condition() and time.monotonic() < give_up_at:
        time.sleep(0.05)
