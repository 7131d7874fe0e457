"""Resource groups in the real kernel."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from manimatic.sandbox import cgroup
from manimatic.sandbox.cgroup.mounts import hierarchies, makes_groups
from manimatic.sandbox.cgroup.v2 import V2Group
from support import require

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="control groups are Linux's")

MIB = 1024 * 1024
LIMITS = cgroup.GroupLimits(memory_bytes=64 * MIB, cpu_cores=0.3, max_processes=20)
FORK_BOMB = "import os\nwhile True:\n  try:\n    os.fork()\n  except OSError:\n    pass"
Start = Callable[..., subprocess.Popen[bytes]]


def state(pid: int) -> str:
    """Give a process's state letter; a zombie waits only for its parent to take note."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    except FileNotFoundError:
        return "gone"


@pytest.fixture(scope="module")
def groups() -> cgroup.Groups:
    """Give this machine's best kind of group, where it can hold all limits."""
    chosen = cgroup.choose()
    report = chosen.describe()
    held = report.kind in ("v1", "v2") and report.memory and report.cpu and report.pids
    require(held, f"needs control groups with memory, cpu and pids; {report.reasons}")
    return chosen


@pytest.fixture
def group(groups: cgroup.Groups, request: pytest.FixtureRequest) -> Iterator[cgroup.ResourceGroup]:
    """Make a group and clear it away, whatever the test left in it."""
    made = groups.create(cgroup.group_name(f"test{os.getpid()}", "run"), LIMITS)
    yield made
    made.kill()
    made.remove()


@pytest.fixture
def start(group: cgroup.ResourceGroup) -> Iterator[Start]:
    """Start Python code that stands inside the group before its first line runs."""
    started: list[subprocess.Popen[bytes]] = []

    def start_inside(code: str) -> subprocess.Popen[bytes]:
        argv = ["/bin/sh", "-c", 'read wait; exec "$@"', "sh", sys.executable, "-c", code]
        child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        started.append(child)
        group.attach(child.pid)
        assert child.stdin
        child.stdin.close()
        return child

    yield start_inside
    group.kill()
    for child in started:
        child.wait()
        assert child.stdout
        child.stdout.close()


def test_memory_over_the_limit_gets_the_process_killed(start: Start, group: cgroup.ResourceGroup) -> None:
    """The kernel kills it and counts the kill; the peak stays at the limit."""
    child = start("x = bytearray(200 << 20); print('survived')")
    assert child.wait(30) == -signal.SIGKILL
    usage = group.usage()
    assert usage.oom_kills in (1, 2)  # where the whole group goes, v2 counts the one that was chosen twice
    assert usage.peak_memory_bytes is not None
    assert 32 * MIB < usage.peak_memory_bytes <= 64 * MIB


def test_memory_below_the_limit_is_given(start: Start, group: cgroup.ResourceGroup) -> None:
    """No false alarms."""
    assert start("x = bytearray(20 << 20)").wait(30) == 0
    assert group.usage().oom_kills == 0


def test_files_in_memory_count(start: Start, group: cgroup.ResourceGroup, tmp_path: Path) -> None:
    """Writing to a tmpfs is using memory."""
    require(os.access("/dev/shm", os.W_OK), "needs /dev/shm")
    path = f"/dev/shm/manimatic-test-{os.getpid()}"
    try:
        child = start(f"f = open({path!r}, 'wb')\nfor _ in range(200): f.write(bytes(1 << 20))")
        assert child.wait(30) == -signal.SIGKILL
    finally:
        Path(path).unlink(missing_ok=True)


def test_forks_over_the_limit_are_refused_and_counted(start: Start, group: cgroup.ResourceGroup) -> None:
    """The twentieth process is the last."""
    child = start(
        "import os, signal, sys\n"
        "count = 0\n"
        "try:\n"
        "  while count < 100:\n"
        "    if os.fork() == 0: signal.pause()\n"
        "    count += 1\n"
        "except BlockingIOError: print(count, flush=True)\n"
        "signal.pause()"
    )
    assert child.stdout
    assert child.stdout.readline() == b"19\n"
    assert group.usage().pids_denied == 1


def test_cpu_time_stays_at_its_share(start: Start, group: cgroup.ResourceGroup) -> None:
    """Three tenths of a core, counted by the kernel, on a machine however busy."""
    start("while True: pass")
    time.sleep(0.5)
    before, from_s = group.usage().cpu_s, time.monotonic()
    time.sleep(2)
    after, to_s = group.usage().cpu_s, time.monotonic()
    assert before is not None
    assert after is not None
    assert 0.01 < (after - before) / (to_s - from_s) < 0.4


def test_kill_ends_a_fork_bomb(start: Start, group: cgroup.ResourceGroup) -> None:
    """All of it at once, and the group can be removed after."""
    start(FORK_BOMB)
    time.sleep(0.5)
    group.kill()
    group.remove()


def test_kill_finds_a_grandchild_in_a_session_of_its_own(start: Start, group: cgroup.ResourceGroup) -> None:
    """Neither setsid nor a dead parent helps it to stay."""
    child = start(
        "import os, signal\n"
        "if os.fork() == 0:\n"
        "  os.setsid()\n"
        "  if os.fork() == 0:\n"
        "    print(os.getpid(), flush=True)\n"
        "    signal.pause()"
    )
    assert child.stdout
    grandchild = int(child.stdout.readline())
    group.kill()
    group.remove()
    assert state(grandchild) in ("gone", "Z")


def test_stopped_process_is_killed_too(start: Start, group: cgroup.ResourceGroup) -> None:
    """SIGSTOP is no shelter."""
    child = start("import os, signal; os.kill(os.getpid(), signal.SIGSTOP)")
    time.sleep(0.3)
    group.kill()
    assert child.wait(5) == -signal.SIGKILL


def test_remove_twice_is_no_error(group: cgroup.ResourceGroup) -> None:
    """The second time there is nothing to do."""
    group.remove()
    group.remove()
    group.kill()


def test_group_of_a_dead_launcher_is_found_killed_and_removed(
    start: Start, groups: cgroup.Groups, group: cgroup.ResourceGroup
) -> None:
    """What a crashed launcher left, the next one clears away."""
    child = start("import signal; signal.pause()")
    mine = f"test{os.getpid()}"
    assert group.name not in [left.name for left in groups.leftovers(lambda _: True)]
    (left,) = [left for left in groups.leftovers(lambda launcher: launcher != mine) if left.name == group.name]
    left.kill()
    left.remove()
    assert child.wait(5) == -signal.SIGKILL
    assert group.name not in [left.name for left in groups.leftovers(lambda launcher: launcher != mine)]


def test_attaching_a_dead_process_is_an_error(group: cgroup.ResourceGroup) -> None:
    """The launcher hears that the child is gone."""
    child = subprocess.Popen(["/bin/true"])
    child.wait()
    with pytest.raises(cgroup.GroupError, match="cannot move process"):
        group.attach(child.pid)


def test_v2_kill_ends_all_processes_at_one_stroke() -> None:
    """The file `cgroup.kill` of version 2 works without any controller."""
    tree = next((tree for tree in hierarchies() if tree.version == 2), None)
    can_kill = tree is not None and makes_groups(tree.mount, "cgroup.kill")
    require(can_kill, "needs a writable tree of control groups v2 with cgroup.kill")
    assert tree is not None
    group = V2Group(tree.mount / f"manimatic-test{os.getpid()}-v2")
    group.folder.mkdir()
    try:
        argv = ["/bin/sh", "-c", "read wait; sleep 60 & sleep 60 & sleep 60"]
        with subprocess.Popen(argv, stdin=subprocess.PIPE) as child:
            group.attach(child.pid)
            assert child.stdin
            child.stdin.close()
            time.sleep(0.2)
            assert len(group.processes()) == 4
            group.kill()
        assert child.returncode == -signal.SIGKILL
    finally:
        group.kill()
        group.remove()
