"""The watchdog's arithmetic, on processes that are made up."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from manimatic.sandbox import watchdog
from manimatic.sandbox.watchdog import Watchdog, WatchLimits

LIMITS = WatchLimits(memory_bytes=100 * 4096, max_processes=4, cpu_cores=0.5)
TICKS = os.sysconf("SC_CLK_TCK")


def write_process(
    proc: Path,
    pid: int,
    parent: int,
    *,
    name: str = "python",
    threads: int = 1,
    ticks: int = 0,
    started: int = 7,
    pages: int = 1,
    uid: int = 5,
) -> None:
    """Write the files of one process."""
    folder = proc / str(pid)
    folder.mkdir(exist_ok=True)
    fields = ["T", str(parent), *"0" * 9, str(ticks), "0", "0", "0", "20", "0", str(threads), "0", str(started), "0"]
    (folder / "stat").write_text(f"{pid} ({name}) {' '.join(fields)}\n")
    (folder / "statm").write_text(f"999 {pages} 0 0 0 0 0\n")
    (folder / "status").write_text(f"Name:\t{name}\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\n")


def test_name_with_brackets_does_not_confuse() -> None:
    """A process may call itself anything."""
    line = "12 (a) R 1 (b) S) S 3 0 0 0 0 0 0 0 0 0 10 20 3 4 20 0 6 0 99 0"
    process = watchdog.parse_stat(line)
    assert (process.pid, process.parent, process.state) == (12, 3, "S")
    assert (process.threads, process.cpu_ticks, process.started_ticks) == (6, 37, 99)


def test_short_line_is_an_error() -> None:
    """Half a line is not a process."""
    with pytest.raises(ValueError, match="not a line"):
        watchdog.parse_stat("12 (a) S 3")


def test_descendants_are_found_through_generations(tmp_path: Path) -> None:
    """Children and grandchildren, not brothers; a missing root has none."""
    for pid, parent in ((10, 1), (11, 10), (12, 11), (20, 1), (21, 20)):
        write_process(tmp_path, pid, parent)
    processes = watchdog.read_processes(tmp_path)
    assert watchdog.descendants(processes, [10]) == {10, 11, 12}
    assert watchdog.descendants(processes, [99]) == set()


def test_circle_of_parents_ends(tmp_path: Path) -> None:
    """Two looks at a changing machine may show a circle."""
    write_process(tmp_path, 10, 11)
    write_process(tmp_path, 11, 10)
    assert watchdog.descendants(watchdog.read_processes(tmp_path), [10]) == {10, 11}


def test_sample_counts_threads_and_memory(tmp_path: Path) -> None:
    """Within the limits nothing is over."""
    write_process(tmp_path, 10, 1, threads=2, pages=10)
    write_process(tmp_path, 11, 10, pages=20)
    sample = Watchdog(LIMITS, root_pid=10, proc=tmp_path).sample()
    assert (sample.processes, sample.threads, sample.over) == (2, 3, ())
    assert sample.memory_bytes == 30 * os.sysconf("SC_PAGE_SIZE")


def test_too_many_threads_are_over(tmp_path: Path) -> None:
    """Threads count as processes, as they do in a control group."""
    write_process(tmp_path, 10, 1, threads=5)
    assert Watchdog(LIMITS, root_pid=10, proc=tmp_path).sample().over == ("processes",)


def test_too_much_memory_is_over(tmp_path: Path) -> None:
    """Where shared pages cannot be told, resident memory decides."""
    write_process(tmp_path, 10, 1, pages=101)
    assert Watchdog(LIMITS, root_pid=10, proc=tmp_path).sample().over == ("memory",)


def test_too_many_processes_are_named_before_their_memory(tmp_path: Path) -> None:
    """A fork bomb goes over both; the number is exact, the memory added up while more of them start."""
    write_process(tmp_path, 10, 1, threads=5, pages=101)
    assert Watchdog(LIMITS, root_pid=10, proc=tmp_path).sample().over == ("processes", "memory")


def test_shared_memory_is_counted_once(tmp_path: Path) -> None:
    """Two processes that share nearly all of their pages are not over."""
    for pid in (10, 11):
        write_process(tmp_path, pid, 1 if pid == 10 else 10, pages=90)
        (tmp_path / str(pid) / "smaps_rollup").write_text("55-7f [rollup]\nPss: 180 kB\nSwapPss: 10 kB\n")
    sample = Watchdog(LIMITS, root_pid=10, proc=tmp_path).sample()
    assert sample.memory_bytes == 2 * 190 * 1024
    assert sample.over == ()


def test_orphan_that_was_seen_stays_watched(tmp_path: Path) -> None:
    """Losing its parent is no way out, and its new children are seen too."""
    write_process(tmp_path, 10, 1)
    write_process(tmp_path, 11, 10)
    dog = Watchdog(LIMITS, root_pid=10, proc=tmp_path)
    dog.sample()
    for file in (tmp_path / "10").iterdir():
        file.unlink()
    (tmp_path / "10").rmdir()
    write_process(tmp_path, 11, 1)
    write_process(tmp_path, 12, 11)
    assert dog.sample().processes == 2


def test_new_process_with_an_old_pid_is_not_watched(tmp_path: Path) -> None:
    """The start tells them apart."""
    write_process(tmp_path, 10, 1)
    write_process(tmp_path, 11, 10)
    dog = Watchdog(LIMITS, root_pid=10, proc=tmp_path)
    dog.sample()
    write_process(tmp_path, 11, 1, started=8)
    assert dog.sample().processes == 1


def test_uid_finds_all_its_processes(tmp_path: Path) -> None:
    """Whoever their parents are."""
    write_process(tmp_path, 10, 1, uid=5)
    write_process(tmp_path, 11, 1, uid=5)
    write_process(tmp_path, 12, 1, uid=6)
    assert Watchdog(LIMITS, uid=5, proc=tmp_path).sample().processes == 2


@pytest.mark.parametrize("arguments", [{}, {"root_pid": 1, "uid": 1}])
def test_watching_needs_one_of_pid_and_uid(arguments: dict[str, int]) -> None:
    """Neither and both are mistakes."""
    with pytest.raises(ValueError, match="either"):
        Watchdog(LIMITS, **arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("balance_s", "elapsed_s", "used_s", "after_s"),
    [(0.0, 1.0, 0.5, 0.0), (0.0, 1.0, 1.0, -0.5), (-0.5, 1.0, 0.0, 0.0), (0.0, 60.0, 0.0, watchdog.LONGEST_CREDIT_S)],
)
def test_balance_grows_by_the_share_and_shrinks_by_the_use(
    balance_s: float, elapsed_s: float, used_s: float, after_s: float
) -> None:
    """Half a core; what is not used is lost but for a little."""
    assert watchdog.balance_after(balance_s, elapsed_s, used_s, 0.5) == pytest.approx(after_s)


def test_overuse_stops_and_waiting_continues(tmp_path: Path) -> None:
    """A second of work in half a second is more than half a core; later it may go on."""
    now = [100.0]
    write_process(tmp_path, 10, 1, ticks=0)
    dog = Watchdog(LIMITS, root_pid=10, proc=tmp_path, clock=lambda: now[0])
    assert not dog.sample().stopped
    now[0] += 0.5
    write_process(tmp_path, 10, 1, ticks=TICKS)
    sample = dog.sample()
    assert sample.stopped
    assert sample.cpu_s == pytest.approx(1.0)
    assert sample.next_in_s == watchdog.LONGEST_CREDIT_S
    now[0] += 3
    assert not dog.sample().stopped


def test_time_used_before_the_first_look_is_not_charged(tmp_path: Path) -> None:
    """A worker that has imported Manim already begins with a clean slate."""
    write_process(tmp_path, 10, 1, ticks=100 * TICKS)
    sample = Watchdog(LIMITS, root_pid=10, proc=tmp_path).sample()
    assert not sample.stopped
    assert sample.cpu_s == 0


def test_nothing_left_is_no_error(tmp_path: Path) -> None:
    """The sandbox may be gone before the look."""
    sample = Watchdog(LIMITS, root_pid=10, proc=tmp_path).sample()
    assert (sample.processes, sample.memory_bytes, sample.over) == (0, 0, ())
