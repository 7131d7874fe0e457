"""The attack suite's own eyes: what an attack could reach, leave or change is seen, and no row passes by accident."""

from __future__ import annotations

import dataclasses
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from attacks import aftermath, judge
from attacks.canaries import Canaries
from attacks.registry import Row, Run, Weaker
from attacks.session import Observed

RUN = Run(name="kernel", scene="hostile_kernel", verdicts=("ok",))
SEEN = Observed(
    run=RUN,
    run_id="run",
    verdict="ok",
    message="",
    text="",
    told={"unshare user": "refused EPERM", "exec": "done None"},
    wall_s=1.0,
    timeout_s=60.0,
    figures={"wall_s": 1.0},
    has_video=True,
    video_digest="",
    isolation={"layers": {}},
    guests=(),
    broken=(),
)
ROW = Row(id="E82", text="x", expect="blocked", runs=("kernel",), probes=("unshare user",), done=("exec",))


@pytest.fixture
def canaries(tmp_path: Path) -> Iterator[Canaries]:
    """What must not be reached, in an empty folder."""
    with ExitStack() as stack:
        yield Canaries(tmp_path, (), stack)


def test_untouched_canaries_are_silent(canaries: Canaries) -> None:
    """Nothing is seen where nothing happened."""
    assert canaries.changes() == []


@pytest.mark.parametrize("kind", ["tcp", "udp", "path", "abstract", "path datagram", "abstract datagram"])
def test_visitor_is_seen_once(canaries: Canaries, kind: str) -> None:
    """Whoever reaches a socket is counted, by every way in."""
    listeners = canaries.listeners
    addresses = {
        "tcp": (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", listeners.tcp)),
        "udp": (socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", listeners.udp)),
        "path": (socket.AF_UNIX, socket.SOCK_STREAM, listeners.path),
        "abstract": (socket.AF_UNIX, socket.SOCK_STREAM, "\0" + listeners.abstract),
        "path datagram": (socket.AF_UNIX, socket.SOCK_DGRAM, listeners.path + "d"),
        "abstract datagram": (socket.AF_UNIX, socket.SOCK_DGRAM, "\0" + listeners.abstract + "d"),
    }
    family, mode, address = addresses[kind]
    with socket.socket(family, mode) as one:
        one.connect(address)
        one.send(b"x")
    assert len(canaries.changes()) == 1
    assert canaries.changes() == []


@pytest.mark.parametrize("deed", ["write", "new", "mode", "link", "time", "secret"])
def test_changed_file_is_seen(canaries: Canaries, deed: str) -> None:
    """Content, names, modes, links and times of what everybody may write."""
    file = canaries.house / "file"
    if deed == "write":
        file.write_text("x")
    elif deed == "new":
        (canaries.house / "new").touch()
    elif deed == "mode":
        file.chmod(0o4777)
    elif deed == "link":
        os.link(file, canaries.house / "folder" / "twin")
    elif deed == "time":
        os.utime(file, (1, 1))
    else:
        Path(canaries.secrets[0]).write_text("x")
    assert canaries.changes()


@pytest.mark.parametrize("deed", ["kill", "stop", "affinity", "limit"])
def test_hurt_victim_is_seen(canaries: Canaries, deed: str) -> None:
    """Death, a stop, another processor, another limit."""
    victim = canaries.victims[0]
    if deed == "kill":
        victim.kill()
        victim.wait()
    elif deed == "stop":
        victim.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, victim.pid, os.WSTOPPED | os.WNOWAIT)
    elif deed == "affinity":
        os.sched_setaffinity(victim.pid, [min(os.sched_getaffinity(victim.pid))])
    else:
        subprocess.run(["prlimit", "--pid", str(victim.pid), "--nofile=99:99"], check=True)
    alone = deed == "affinity" and len(os.sched_getaffinity(0)) == 1
    assert canaries.changes() or alone


def test_leftovers_are_seen(tmp_path: Path) -> None:
    """A process that lives on and a file in a folder where runs leave nothing."""
    before = aftermath.take([tmp_path], (), exact=False)
    (tmp_path / "left").touch()
    with subprocess.Popen(["/bin/sleep", "60"]) as child:
        found = aftermath.differences(before, [tmp_path], (), exact=False)
        child.kill()
    assert any(f"process {child.pid} is left" in one for one in found)
    assert f"file {tmp_path / 'left'} is left" in found


def told(**changes: str) -> list[str]:
    """Judge the row's probes with other words of the guest's."""
    words = {"unshare user": "refused EPERM", "exec": "done None"}
    words |= {name.replace("_", " "): value for name, value in changes.items()}
    return list(judge._of_probes(ROW, {name: value for name, value in words.items() if value}, "bubblewrap-root"))


def test_probe_that_was_refused_holds() -> None:
    """The good case."""
    assert told() == []


@pytest.mark.parametrize("outcome", ["", "done 0", "raised TypeError x", "refused EINVAL", "refused EFAULT,EPERM"])
def test_probe_that_was_not_refused_fails(outcome: str) -> None:
    """Never tried, done, broken before it attacked, or refused for its arguments only."""
    assert told(unshare_user=outcome)


@pytest.mark.parametrize("outcome", ["", "refused EPERM", "raised NameError x"])
def test_what_has_to_succeed_and_did_not_fails(outcome: str) -> None:
    """A broken sandbox or a broken attack is no safe one."""
    assert told(exec=outcome)


def test_excuse_counts_only_where_it_was_given() -> None:
    """A weaker backend's loss is no other's."""
    row = dataclasses.replace(ROW, weaker={"landlock": Weaker(reason="x", excused=("unshare user",))})
    words = {"unshare user": "done 0", "exec": "done"}
    assert list(judge._of_probes(row, words, "landlock-user")) == []
    assert list(judge._of_probes(row, words, "bubblewrap-root"))


def test_another_verdict_fails() -> None:
    """Also one that is right on another backend."""
    run = dataclasses.replace(RUN, but={"landlock": ("disk_limit",)})
    seen = dataclasses.replace(SEEN, run=run, verdict="disk_limit")
    assert list(judge._of_verdict(seen, "landlock-root")) == []
    assert list(judge._of_verdict(seen, "bubblewrap-root"))
    assert list(judge._of_verdict(SEEN, "bubblewrap-root")) == []
