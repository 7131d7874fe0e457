"""script/engine: a private engine for the length of a command, with nothing left of it, however it ends."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.processes import alive, command_line, until
from source_tree import ROOT
from support import require

SCRIPT = ROOT / "script/engine"
END_S = 60.0


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A data folder for an engine; whatever a test leaves of it is stopped and unmounted."""
    programs = [shutil.which(name, path="/usr/sbin:/usr/bin") for name in ("dockerd", "runsc")]
    require(os.geteuid() == 0 and all(programs), "an engine needs root, docker.io and runsc")
    folder = tmp_path / "engine"
    yield folder
    engine(folder, "stop")


def engine(data: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the script to its end."""
    command = [str(SCRIPT), "--data", str(data), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)


def folder_of(data: Path) -> Path:
    """Return where an engine keeps what is not to stay, as the script says."""
    program = f"import sys, pathlib; sys.path.insert(0, {str(SCRIPT.parent)!r}); import engine; "
    program += f"print(engine.Engine(pathlib.Path({str(data)!r})).folder)"
    done = subprocess.run([sys.executable, "-B", "-c", program], capture_output=True, text=True, check=True)
    return Path(done.stdout.strip())


def daemons(data: Path) -> set[int]:
    """Return the engine of this data folder, its containerd and the shims of its containers."""
    marks = {f"--data-root\0{data}\0".encode(), f"{folder_of(data)}/exec".encode()}
    found = (
        (int(entry.name), command_line(int(entry.name))) for entry in Path("/proc").iterdir() if entry.name.isdigit()
    )
    return {pid for pid, line in found if any(mark in line for mark in marks)}


def dockerds(data: Path) -> set[int]:
    """Return the engine itself."""
    return {pid for pid in daemons(data) if command_line(pid).startswith(b"/usr/sbin/dockerd\0")}


def test_the_command_has_an_engine_and_its_status_is_passed_on(data: Path) -> None:
    """The client on the path belongs to it, gVisor is known, and nothing runs afterwards."""
    program = "docker info --format '{{.DockerRootDir}} {{.Runtimes.runsc.Path}}' && docker ps -q && exit 7"
    done = engine(data, "run", "--", "sh", "-c", program)
    assert done.stdout.split() == [str(data), "/usr/bin/runsc"]
    assert done.returncode == 7
    assert daemons(data) == set()


def test_images_are_kept_from_one_run_to_the_next(data: Path) -> None:
    """What was built once is there again."""
    made = engine(data, "run", "--", "sh", "-c", "tar c --files-from /dev/null | docker import - kept:1")
    assert made.returncode == 0, made.stderr
    done = engine(data, "run", "--", "docker", "images", "-q", "kept:1")
    assert done.stdout.strip()


def test_a_killed_run_takes_its_engine_along(data: Path) -> None:
    """Killed with -9, it leaves nothing for long, and the next run starts as if nothing had been."""
    process = subprocess.Popen(
        [SCRIPT, "--data", data, "run", "--", "sh", "-c", "echo up; exec sleep 60"], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.read(3) == b"up\n"
    assert daemons(data)
    process.kill()
    process.wait()
    process.stdout.close()
    until(lambda: not daemons(data), "the engine's end", within_s=END_S)
    assert engine(data, "run", "--", "docker", "version").returncode == 0


def test_an_orphan_of_this_data_folder_is_ended_and_no_other(data: Path, tmp_path: Path) -> None:
    """A live engine without a pid file is found by its data folder; a neighbour's goes on."""
    neighbour = tmp_path / "neighbour"
    try:
        for each in (neighbour, data):
            assert engine(each, "start").returncode == 0
        orphan, beside = dockerds(data), dockerds(neighbour)
        for name in ("pid", "kept"):
            (folder_of(data) / name).unlink()
        done = engine(data, "run", "--", "docker", "info", "--format", "{{.DockerRootDir}}")
        assert done.stdout.strip() == str(data)
        assert daemons(data) == set()
        assert alive(orphan) == set()
        assert dockerds(neighbour) == beside
    finally:
        engine(neighbour, "stop")
    assert daemons(neighbour) == set()


def test_a_disk_of_its_own_stays_mounted(data: Path) -> None:
    """Who mounted one for the data folder keeps it, whether the engine is started or stopped."""
    data.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100m", "none", str(data)], check=False)
    require(mounted.returncode == 0, "needs the right to mount")
    try:
        for deed in ("start", "stop"):
            assert engine(data, deed).returncode == 0
            assert data.is_mount()
            assert os.statvfs(data).f_blocks * os.statvfs(data).f_frsize == 100 << 20
    finally:
        engine(data, "stop")
        subprocess.run(["umount", "--lazy", str(data)], check=True)


def test_a_stale_pid_file_ends_nobody(data: Path) -> None:
    """A pid that somebody else has by now is not believed."""
    assert engine(data, "run", "--", "true").returncode == 0
    with subprocess.Popen(["sleep", "60"]) as bystander:
        folder_of(data).mkdir()
        (folder_of(data) / "pid").write_text(str(bystander.pid))
        assert engine(data, "run", "--", "true").returncode == 0
        assert bystander.poll() is None
        bystander.kill()


def test_what_runs_in_an_engine_that_was_killed_ends_too(data: Path) -> None:
    """`stop` ends the containers that an engine killed with -9 has left running."""
    started = engine(data, "start").stdout.splitlines()
    environ = os.environ | dict(line.removeprefix("export ").split("=", 1) for line in started)
    subprocess.run([ROOT / "script/base-image"], env=environ, check=True, capture_output=True, timeout=300)
    command = ["docker", "run", "-d", "--network", "none", "debian:bookworm-slim", "sleep", "4711"]
    subprocess.run(command, env=environ, check=True, capture_output=True, timeout=60)
    for pid in dockerds(data):
        os.kill(pid, signal.SIGKILL)
    sleepers = {int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()}
    sleepers = {pid for pid in sleepers if command_line(pid) == b"sleep\0" + b"4711\0"}
    assert sleepers
    assert engine(data, "stop").returncode == 0
    assert (daemons(data), alive(sleepers)) == (set(), set())
    assert str(data) not in Path("/proc/self/mountinfo").read_text()
    assert not folder_of(data).exists()


def test_started_by_hand_it_is_used_and_left_running(data: Path) -> None:
    """`run` beside `start` uses the same engine, and only `stop` ends it."""
    assert engine(data, "start").returncode == 0
    before = daemons(data)
    assert engine(data, "run", "--", "docker", "version").returncode == 0
    assert daemons(data) == before
    assert engine(data, "start").returncode == 0
    assert daemons(data) == before
    assert engine(data, "stop").returncode == 0
    assert daemons(data) == set()


def test_a_signal_reaches_the_command_and_the_engine_stops(data: Path) -> None:
    """Told to end, the command ends first, then the engine; the status says which signal it was."""
    process = subprocess.Popen(
        [SCRIPT, "--data", data, "run", "--", "sh", "-c", "echo up; exec sleep 60"], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.read(3) == b"up\n"
    process.terminate()
    assert process.wait(END_S) == 128 + signal.SIGTERM
    process.stdout.close()
    assert daemons(data) == set()
