"""Resource groups on trees that are made up: parsing, choosing, limits, names."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from manimatic.sandbox import cgroup
from manimatic.sandbox.cgroup import mounts, scope, v2
from manimatic.sandbox.cgroup.base import quota_us

LIMITS = cgroup.GroupLimits(memory_bytes=2_000_000_000, cpu_cores=0.5, max_processes=128)


def fake_proc(folder: Path, mountinfo: str, groups: str) -> Path:
    """Write the two files of /proc that say where groups are."""
    (folder / "self").mkdir(parents=True)
    (folder / "self" / "mountinfo").write_text(mountinfo)
    (folder / "self" / "cgroup").write_text(groups)
    return folder


def fake_v2(tmp_path: Path, own: str, controllers: str, handed_on: str) -> Path:
    """Make a tree of version 2 whose top hands on what it is told to."""
    tree = tmp_path / "tree"
    (tree / own.lstrip("/")).mkdir(parents=True, exist_ok=True)
    (tree / "cgroup.controllers").write_text(controllers)
    (tree / "cgroup.subtree_control").write_text(handed_on)
    line = f"41 31 0:38 / {tree} rw,relatime - cgroup2 cgroup2 rw\n"
    return fake_proc(tmp_path / "proc", line, f"0::{own}\n")


def answers(stdout: str, returncode: int = 0) -> Callable[[Sequence[str]], subprocess.CompletedProcess[str]]:
    """Stand in for systemd's commands."""
    return lambda argv: subprocess.CompletedProcess(list(argv), returncode, stdout, "no bus")


def test_group_name_holds_launcher_and_run() -> None:
    """The reaper can read the launcher out of the name."""
    assert cgroup.group_name("l1", "r2") == "manimatic-l1-r2"
    assert cgroup.launcher_of("manimatic-l1-r2") == "l1"


@pytest.mark.parametrize("bad", ["", "a-b", "../x", "A", "a/b", "a b", "é"])
def test_name_that_is_no_plain_word_is_an_error(bad: str) -> None:
    """A name becomes a path and the argument of a command."""
    with pytest.raises(cgroup.GroupError, match="small letters"):
        cgroup.group_name(bad, "r")
    with pytest.raises(cgroup.GroupError, match="small letters"):
        cgroup.group_name("l", bad)


@pytest.mark.parametrize("name", ["manimatic-l1", "system.slice", "manimatic.probe.12", "manimatic-a-b-c"])
def test_foreign_group_has_no_launcher(name: str) -> None:
    """Other people's groups are never taken for leftovers."""
    assert cgroup.launcher_of(name) is None


@pytest.mark.parametrize(("cores", "quota"), [(0.5, 50_000), (1.0, 100_000), (2.25, 225_000), (0.0001, 1000)])
def test_cores_become_time_per_period(cores: float, quota: int) -> None:
    """A tenth of a second is the period, a millisecond the least."""
    assert quota_us(cores) == quota


def test_trees_of_both_versions_are_read(tmp_path: Path) -> None:
    """Each tree knows its controllers and this process's folder."""
    lines = (
        "35 31 0:32 / /cg/memory rw,relatime - cgroup cgroup rw,memory\n"
        "36 31 0:33 / /cg/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
        "41 31 0:38 / /cg/unified rw - cgroup2 cgroup2 rw,nsdelegate\n"
        "42 31 0:39 / /tmp rw - tmpfs tmpfs rw,memory\n"
    )
    proc = fake_proc(tmp_path, lines, "4:memory:/a/b\n3:cpu,cpuacct:/\n0::/user.slice\n")
    memory, cpu, unified = mounts.hierarchies(proc)
    assert (memory.version, memory.own) == (1, Path("/cg/memory/a/b"))
    assert (cpu.controllers, cpu.own) == (frozenset({"cpu", "cpuacct"}), Path("/cg/cpu,cpuacct"))
    assert (unified.version, unified.own) == (2, Path("/cg/unified/user.slice"))


def test_mount_of_a_part_of_the_tree_is_taken_into_account(tmp_path: Path) -> None:
    """In a container the mount shows only what is below its own group."""
    proc = fake_proc(tmp_path, "1 2 0:3 /docker/x /cg rw - cgroup2 cgroup2 rw\n", "0::/docker/x/run\n")
    assert mounts.hierarchies(proc)[0].own == Path("/cg/run")


def test_unreadable_proc_gives_no_trees(tmp_path: Path) -> None:
    """A machine without /proc has no groups, and says why when asked."""
    report = cgroup.choose(tmp_path, answers("", 1)).describe()
    assert (report.kind, report.memory, report.cpu, report.pids) == ("none", False, False, False)
    assert len(report.reasons) >= 3


def test_delegated_v2_tree_is_chosen_first(tmp_path: Path) -> None:
    """All three limits can be held."""
    groups = cgroup.choose(fake_v2(tmp_path, "/", "cpuset cpu io memory pids", "cpu memory pids"), answers(""))
    assert groups.describe() == cgroup.GroupReport(kind="v2", memory=True, cpu=True, pids=True)


def test_v2_tree_without_cpu_says_so(tmp_path: Path) -> None:
    """Plain users often get memory and pids only."""
    report = cgroup.choose(fake_v2(tmp_path, "/", "memory pids", "memory pids"), answers("")).describe()
    assert (report.memory, report.pids, report.cpu) == (True, True, False)
    assert "cpu" in report.reasons[0]


def test_v2_tree_without_memory_is_passed_over(tmp_path: Path) -> None:
    """Without a memory limit the next kinds are tried, systemd last."""
    groups = cgroup.choose(fake_v2(tmp_path, "/x", "pids", "pids"), answers("", 1))
    reasons = groups.describe().reasons
    assert (reasons[0].startswith("control groups v2"), reasons[-1].startswith("systemd")) == (True, True)


def test_v2_group_gets_all_limits(tmp_path: Path) -> None:
    """Swap off, whole-group out-of-memory kill, low weight."""
    groups = cgroup.choose(fake_v2(tmp_path, "/", "cpu memory pids", "cpu memory pids"))
    groups.create("manimatic-l-r", LIMITS)
    written = {path.name: path.read_text() for path in (tmp_path / "tree" / "manimatic-l-r").iterdir()}
    assert written == {
        "memory.max": "2000000000",
        "memory.oom.group": "1",
        "memory.swap.max": "0",
        "pids.max": "128",
        "cpu.max": "50000 100000",
        "cpu.weight": "20",
    }


def test_v2_usage_reads_the_kernels_counters(tmp_path: Path) -> None:
    """Peak memory, CPU seconds, kills and refused forks."""
    (tmp_path / "memory.peak").write_text("4096\n")
    (tmp_path / "cpu.stat").write_text("usage_usec 2500000\nuser_usec 1\n")
    (tmp_path / "memory.events").write_text("low 0\noom 2\noom_kill 1\noom_group_kill 1\n")
    (tmp_path / "pids.events").write_text("max 7\n")
    usage = v2.V2Group(tmp_path).usage()
    assert usage == cgroup.Usage(peak_memory_bytes=4096, cpu_s=2.5, oom_kills=1, pids_denied=7)


def test_usage_of_a_kernel_without_counters_is_unknown(tmp_path: Path) -> None:
    """None is not zero."""
    usage = v2.V2Group(tmp_path).usage()
    assert usage == cgroup.Usage(peak_memory_bytes=None, cpu_s=None, oom_kills=None, pids_denied=None)


def test_same_name_twice_is_an_error(tmp_path: Path) -> None:
    """A run never shares another's group."""
    groups = cgroup.choose(fake_v2(tmp_path, "/", "memory", "memory"))
    groups.create("manimatic-l-r", LIMITS)
    with pytest.raises(cgroup.GroupError, match="manimatic-l-r"):
        groups.create("manimatic-l-r", LIMITS)


def test_leftovers_are_those_of_dead_launchers(tmp_path: Path) -> None:
    """Found wherever they are in the tree; the living launcher's stay."""
    groups = cgroup.choose(fake_v2(tmp_path, "/", "memory", "memory"))
    for name in ("manimatic-dead-1", "manimatic-alive-2", "elsewhere/manimatic-dead-3", "manimatic-other"):
        (tmp_path / "tree" / name).mkdir(parents=True)
    found = groups.leftovers(lambda launcher: launcher == "alive")
    assert [group.name for group in found] == ["manimatic-dead-1", "manimatic-dead-3"]


def test_attach_to_a_missing_group_is_an_error(tmp_path: Path) -> None:
    """The launcher hears of it before untrusted code runs."""
    with pytest.raises(cgroup.GroupError, match="cannot move process 1"):
        v2.V2Group(tmp_path / "gone").attach(1)


def test_group_that_stays_busy_is_an_error(tmp_path: Path) -> None:
    """A folder that cannot be removed is told, not left silently."""
    (tmp_path / "file").write_text("")
    with pytest.raises(cgroup.GroupError, match="cannot remove"):
        v2.V2Group(tmp_path).remove()


def test_scope_is_asked_for_this_process_and_handed_over(tmp_path: Path) -> None:
    """One call, with as many properties and values as it says."""
    asked: list[Sequence[str]] = []

    def systemd(argv: Sequence[str]) -> subprocess.CompletedProcess[str]:
        asked.append(argv)
        return subprocess.CompletedProcess(list(argv), 1, "", "no bus\n")

    assert scope.be_handed_over(systemd, tmp_path) == "systemd: no scope of its own (no bus)"
    (argv,) = asked
    head, mode, rest = argv[:9], argv[9:11], list(argv[11:])
    assert head[:2] == ("busctl", "--user")
    assert head[-1] == "ssa(sv)a(sa(sv))"
    assert (mode[0].endswith(".scope"), mode[1]) == (True, "fail")
    assert rest[:5] == ["4", "PIDs", "au", "1", str(os.getpid())]
    assert rest[5:8] == ["Delegate", "b", "true"]
    assert rest[-1] == "0"


def test_scope_that_is_entered_hands_on_its_controllers(tmp_path: Path) -> None:
    """After the move this process's group is looked at anew; its own processes make room."""
    scoped = tmp_path / "tree" / "app.slice" / "x.scope"

    def systemd(argv: Sequence[str]) -> subprocess.CompletedProcess[str]:
        (unit,) = (word for word in argv if word.endswith(".scope"))
        mine = scoped.rename(scoped.with_name(unit))
        (proc / "self" / "cgroup").write_text(f"0::/app.slice/{unit}\n")
        assert mine.is_dir()
        return subprocess.CompletedProcess(list(argv), 0, "", "")

    proc = fake_v2(tmp_path, "/session.scope", "pids", "pids")
    scoped.mkdir(parents=True)
    (scoped / "cgroup.controllers").write_text("cpu memory pids")
    (scoped / "cgroup.subtree_control").write_text("cpu memory pids")
    groups = cgroup.choose(proc, systemd)
    assert groups.describe() == cgroup.GroupReport(kind="v2", memory=True, cpu=True, pids=True)
    assert groups.create("manimatic-l-r", LIMITS).folder.parent.suffix == ".scope"  # type: ignore[attr-defined]


def test_service_that_was_handed_over_stays_where_it_is(tmp_path: Path) -> None:
    """A user's systemd leaves no mark on it, so it is asked; no scope is made."""
    asked: list[str] = []

    def systemd(argv: Sequence[str]) -> subprocess.CompletedProcess[str]:
        asked.append(argv[0])
        return subprocess.CompletedProcess(list(argv), 0, "yes\n", "")

    proc = fake_v2(tmp_path, "/app.slice/mine.service", "pids", "pids")
    mine = tmp_path / "tree" / "app.slice" / "mine.service"
    (mine / "cgroup.controllers").write_text("cpu memory pids")
    (mine / "cgroup.subtree_control").write_text("")
    (mine / "cgroup.procs").write_text("17\n")
    cgroup.choose(proc, systemd)
    assert asked == ["systemctl"]
    assert (mine / "manimatic.service" / "cgroup.procs").read_text() == "17"


def test_scope_without_a_memory_limit_is_refused(tmp_path: Path) -> None:
    """A scope that limits nothing is no wall, and why stands in the report."""

    def systemd(argv: Sequence[str]) -> subprocess.CompletedProcess[str]:
        (unit,) = (word for word in argv if word.endswith(".scope"))
        (proc / "self" / "cgroup").write_text(f"0::/{unit}\n")
        return subprocess.CompletedProcess(list(argv), 0, "", "")

    proc = fake_v2(tmp_path, "/x", "pids", "pids")
    report = cgroup.choose(proc, systemd).describe()
    assert report.kind == "none"
    assert report.reasons[-1].startswith("systemd: a scope without a memory limit")


def test_process_that_systemd_does_not_move_is_told(tmp_path: Path) -> None:
    """An answer is not yet the move."""
    proc = fake_v2(tmp_path, "/x", "pids", "pids")
    refused = scope.be_handed_over(answers(""), proc, patience_s=0.02)
    assert refused is not None
    assert "was not moved" in refused


def test_processes_in_a_delegated_group_make_room_below_it(tmp_path: Path) -> None:
    """A group with processes cannot hand on controllers; only one that was handed over is rearranged."""
    proc = fake_v2(tmp_path, "/service", "cpu memory pids", "")
    mine = tmp_path / "tree" / "service"
    (mine / "cgroup.controllers").write_text("cpu memory pids")
    (mine / "cgroup.subtree_control").write_text("")
    (mine / "cgroup.procs").write_text("17\n")
    cgroup.choose(proc, answers("", 1))
    assert [path.name for path in mine.iterdir() if path.is_dir()] == []
    (mine / "cgroup.subtree_control").write_text("")
    (tmp_path / "tree" / "cgroup.subtree_control").write_text("")
    os.setxattr(mine, "user.delegate", b"1")
    cgroup.choose(proc, answers("", 1))
    assert (mine / "manimatic.service" / "cgroup.procs").read_text() == "17"


def test_missing_systemd_counts_as_failed() -> None:
    """A program that is not there is no exception."""
    assert scope.run_quietly(("/no/such/program",)).returncode == 127


def test_no_group_does_nothing_and_says_so() -> None:
    """The stand-in keeps the same shape."""
    groups = cgroup.NoGroups(("no reason",))
    group = groups.create("manimatic-l-r", LIMITS)
    group.attach(1)
    group.kill()
    group.remove()
    assert group.usage().peak_memory_bytes is None
    assert groups.leftovers(lambda _: False) == ()
    assert groups.describe().reasons == ("no reason",)
