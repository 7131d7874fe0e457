"""How a container ended that somebody killed: what the kernel says, what the engine says late, lost or not at all."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from loopback.engine_server import MadeUpEngine, made_up_engine
from manimatic.errors import SandboxUnavailable
from manimatic.ports import Limits
from manimatic.sandbox.cgroup.oom_ear import OomEar
from manimatic.sandbox.docker.backend import DockerSandbox
from manimatic.sandbox.docker.container import Recipe
from manimatic.sandbox.docker.stream import HEADER, STDOUT
from manimatic.sandbox.docker.trial import TRIES, examined
from manimatic.sandbox.identity import take_identity

RECIPE = Recipe(image="sha256:1", launcher="a" * 20)
LIMITS = Limits(memory_bytes=100 << 20)
RUNNING = {"Running": True, "OOMKilled": False, "ExitCode": 0, "Pid": 0}
KILLED = {"Running": False, "OOMKilled": False, "ExitCode": 137, "Pid": 0}
OUT_OF_MEMORY = {**KILLED, "OOMKilled": True}
FOUND = {
    "process": {"uid": "60900", "gid": "60900", "CapEff": "0", "CapPrm": "0", "CapBnd": "0", "NoNewPrivs": "1"},
    "interfaces": ["lo"],
    "root_is_read_only": True,
    "disk_bytes": 16 << 20,
    "deeds": {"write /usr": "OSError"},
    "own": {"write /job": "done"},
    "processes": 22,
}


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> Iterator[MadeUpEngine]:
    """An engine that says what it is told, whose late word is not waited for as long as a real one's."""
    monkeypatch.setattr("manimatic.sandbox.docker.guest._NEWS_S", 0.1)
    with tempfile.TemporaryDirectory() as folder, made_up_engine(Path(folder)) as engine:
        yield engine


@pytest.fixture
def sandbox(made_up: MadeUpEngine, tmp_path: Path) -> Iterator[DockerSandbox]:
    """The backend on it."""
    with take_identity(tmp_path / "identity") as identity:
        made = DockerSandbox(made_up.address, "worker", "", identity, timeout_s=5)
        yield made
        made.close()


# ---------------------------------------------------------------- the trial


def says(engine: MadeUpEngine, **found: Any) -> None:
    """Let the trial's container say what it found."""
    line = json.dumps({**FOUND, "layers": {}, **found}).encode() + b"\n"
    engine.stream = HEADER.pack(STDOUT, bytes(3), len(line)) + line


def tries(engine: MadeUpEngine) -> int:
    """Count the containers that were made."""
    return sum("/containers/create" in asked for asked in engine.asked)


def test_end_that_the_engine_sees_late_is_waited_for(made_up: MadeUpEngine, sandbox: DockerSandbox) -> None:
    """The streams of a killed container close first."""
    says(made_up)
    made_up.states = [RUNNING, RUNNING, RUNNING, OUT_OF_MEMORY]
    assert examined(sandbox.container, RECIPE, "r1")["memory"] == "refused"
    assert tries(made_up) == 1


def test_end_of_which_nobody_says_why_is_tried_again_and_then_refused(
    made_up: MadeUpEngine, sandbox: DockerSandbox
) -> None:
    """It may have been the limit, or anybody."""
    says(made_up)
    made_up.states = [KILLED]
    with pytest.raises(SandboxUnavailable, match="memory: the limit does not hold"):
        examined(sandbox.container, RECIPE, "r1")
    assert tries(made_up) == TRIES


def test_kill_that_is_told_the_second_time_is_enough(made_up: MadeUpEngine, sandbox: DockerSandbox) -> None:
    """The engine lost the first one."""
    says(made_up)
    made_up.states = [KILLED, OUT_OF_MEMORY]
    assert examined(sandbox.container, RECIPE, "r1")["memory"] == "refused"
    assert tries(made_up) == 2


def test_memory_that_was_given_refuses_at_once(made_up: MadeUpEngine, sandbox: DockerSandbox) -> None:
    """Whatever was killed after it."""
    says(made_up, memory="given")
    made_up.states = [OUT_OF_MEMORY]
    with pytest.raises(SandboxUnavailable, match="memory: the limit does not hold"):
        examined(sandbox.container, RECIPE, "r1")
    assert tries(made_up) == 1


# ---------------------------------------------------------------- a run


@pytest.mark.parametrize(
    ("used_share", "state", "kills"),
    [
        (0.99, KILLED, 1),
        (0.5, KILLED, 0),
        (0.5, OUT_OF_MEMORY, 1),
        (0.99, {**KILLED, "ExitCode": 139}, 0),
        (0.99, {**KILLED, "ExitCode": 1}, 0),
    ],
)
@pytest.mark.parametrize("own_filter", [False, True])
def test_container_that_was_killed_near_its_memory_was_killed_for_it(
    made_up: MadeUpEngine,
    sandbox: DockerSandbox,
    monkeypatch: pytest.MonkeyPatch,
    used_share: float,
    state: dict[str, Any],
    kills: int,
    own_filter: bool,
) -> None:
    """Also where the engine has lost the word of it; far from it, or ended in another way, it was not."""
    monkeypatch.setattr("manimatic.sandbox.docker.guest._LEAVES_S", 0.0)
    made_up.states, made_up.peak_memory_bytes = [state], int(used_share * LIMITS.memory_bytes)
    recipe = dataclasses.replace(RECIPE, own_filter=own_filter)
    with sandbox.container(recipe, "r1", LIMITS, ["serve", "{}"]) as guest:
        guest.start()
        assert guest.stdout.read() == b""
        give_up_at = time.monotonic() + 5
        while guest.poll() is None and time.monotonic() < give_up_at:
            time.sleep(0.01)
        assert guest.sample().memory_kills == kills


# ---------------------------------------------------------------- what the kernel says


@pytest.fixture
def group(tmp_path: Path) -> Path:
    """A folder with a group's two files."""
    folder = tmp_path / "group"
    folder.mkdir()
    for name in ("memory.oom_control", "cgroup.event_control"):
        (folder / name).touch()
    return folder


def tell(group: Path) -> None:
    """Add one to the number, as the kernel does."""
    os.eventfd_write(int((group / "cgroup.event_control").read_text().split()[0]), 1)


@pytest.mark.parametrize(("times", "heard"), [(0, False), (1, True), (3, True)])
def test_group_that_ran_out_of_memory_is_heard(group: Path, times: int, heard: bool) -> None:
    """Once is enough, and it is not forgotten."""
    ear = OomEar(group)
    for _ in range(times):
        tell(group)
    assert [ear.has_heard(), ear.has_heard()] == [heard, heard]
    ear.close()


@pytest.mark.parametrize(("times", "heard"), [(0, False), (1, False), (2, True)])
def test_group_that_is_gone_tells_once_of_that(group: Path, times: int, heard: bool) -> None:
    """Only what is more is a want of memory, in whatever order it is asked."""
    ear = OomEar(group)
    for _ in range(times):
        tell(group)
    shutil.rmtree(group)
    assert [ear.has_heard(), ear.has_heard()] == [heard, heard]
    ear.close()


def test_kernel_that_tells_nothing_leaves_nothing_open(tmp_path: Path) -> None:
    """As with version 2, or in a container that sees its groups read-only."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(FileNotFoundError):
        OomEar(tmp_path)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
