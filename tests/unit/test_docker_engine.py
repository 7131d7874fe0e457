"""What an engine may answer that a real one does not by request: broken streams, taken names, missing limits."""

from __future__ import annotations

import gc
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from loopback.engine_server import MadeUpEngine, made_up_engine
from manimatic.errors import SandboxError, SandboxUnavailable
from manimatic.findings import Level
from manimatic.ports import RunRequest, RunResult
from manimatic.sandbox.docker.backend import DockerSandbox
from manimatic.sandbox.docker.container import SLOTS, process_limit
from manimatic.sandbox.docker.engine import Engine
from manimatic.sandbox.docker.examine import examine
from manimatic.sandbox.docker.stream import HEADER
from manimatic.sandbox.docker.trial import report, settled_recipe
from manimatic.sandbox.identity import take_identity
from manimatic.sandbox.supervised import SPARE_WITHOUT_GROUP
from manimatic.verdicts import Verdict
from pipe_guest import Heard

FOUND = {"layers": {"landlock": "ABI 7"}, "counts_in_files": True}


@pytest.fixture
def made_up() -> Iterator[MadeUpEngine]:
    """An engine that says what it is told."""
    with tempfile.TemporaryDirectory() as folder, made_up_engine(Path(folder)) as engine:
        yield engine


@pytest.fixture
def engine(made_up: MadeUpEngine) -> Iterator[Engine]:
    """The way to it."""
    found = Engine(made_up.address, timeout_s=5)
    yield found
    found.close()


@pytest.fixture
def sandbox(made_up: MadeUpEngine, tmp_path: Path) -> Iterator[DockerSandbox]:
    """The backend on it, whose trial is taken for done."""
    with take_identity(tmp_path / "identity") as identity:
        made = DockerSandbox(made_up.address, "worker", "", identity, timeout_s=5)
        vars(made)["_probed"] = {"backend": "docker"}
        yield made
        made.close()


def result(sandbox: DockerSandbox, folder: Path, run_id: str = "r1") -> RunResult:
    """Run something."""
    return sandbox.run(RunRequest(run_id=run_id, code="x"), Heard(), threading.Event(), folder)


# ---------------------------------------------------------------- streams that break


@pytest.mark.parametrize(
    ("stream", "said"),
    [
        (b"HTTP/1.1 500 no\r\n\r\n", "no frame"),
        (HEADER.pack(7, bytes(3), 5) + b"hello", "no frame"),
        (HEADER.pack(1, bytes(3), 50) + b"J\0\0\0", "cut off"),  # the half of a message that would be in order
        (b"\x01\0\0", "cut off"),
        (HEADER.pack(3, bytes(3), 12) + b"disk is full", "disk is full"),
    ],
)
def test_stream_that_breaks_is_our_failure(
    made_up: MadeUpEngine, sandbox: DockerSandbox, tmp_path: Path, stream: bytes, said: str
) -> None:
    """It is never the scene's, and the container is removed."""
    made_up.stream = stream
    found = result(sandbox, tmp_path)
    assert (found.verdict, said in found.message) == (Verdict.SANDBOX_ERROR, True), found.message
    assert any(line.startswith("DELETE /containers/c") for line in made_up.asked)


def test_attached_before_it_is_started(made_up: MadeUpEngine, sandbox: DockerSandbox, tmp_path: Path) -> None:
    """Else what the worker says first could be missed."""
    result(sandbox, tmp_path)
    deeds = [line.split("?")[0].rpartition("/")[2] for line in made_up.asked]
    assert deeds.index("create") < deeds.index("attach") < deeds.index("start") < deeds.index("kill")


# ---------------------------------------------------------------- names


def test_taken_name_is_passed_over(made_up: MadeUpEngine, sandbox: DockerSandbox, tmp_path: Path) -> None:
    """Another launcher's run has that uid."""
    made_up.taken = {"manimatic-60834", "manimatic-60835"}
    result(sandbox, tmp_path)
    assert "POST /containers/create?name=manimatic-60836" in made_up.asked
    assert "POST /containers/create?name=manimatic-60837" not in made_up.asked


def test_all_names_taken_is_our_failure(made_up: MadeUpEngine, sandbox: DockerSandbox, tmp_path: Path) -> None:
    """And says so."""
    made_up.taken = {"*"}
    found = result(sandbox, tmp_path)
    assert (found.verdict, f"All {SLOTS} slots" in found.message) == (Verdict.SANDBOX_ERROR, True)


@pytest.mark.parametrize("run_id", ["../x", "a,b", "", "A", "x" * 10 + "\n"])
def test_run_id_that_is_more_than_an_id_is_refused(
    made_up: MadeUpEngine, sandbox: DockerSandbox, tmp_path: Path, run_id: str
) -> None:
    """It becomes a label that others search for."""
    assert result(sandbox, tmp_path, run_id).verdict is Verdict.SANDBOX_ERROR
    assert not any("create" in line for line in made_up.asked)


def test_container_that_cannot_be_removed_keeps_no_run_from_its_own(
    made_up: MadeUpEngine, sandbox: DockerSandbox, tmp_path: Path
) -> None:
    """It is tried again later."""
    made_up.left = [{"Id": "stuck", "Created": 0, "Labels": {"manimatic.launcher": sandbox.recipe.launcher}}]
    result(sandbox, tmp_path)
    assert any(line.startswith("DELETE /containers/stuck") for line in made_up.asked)
    assert "POST /containers/c/start" in made_up.asked
    with pytest.raises(SandboxError):
        sandbox.clean_up(now=True)


# ---------------------------------------------------------------- engines that lack something


@pytest.mark.parametrize(
    ("info", "named"),
    [({"MemoryLimit": False}, "cannot limit memory"), ({"Runtimes": {"runc": {}}}, "no runtime runsc; it has runc")],
)
def test_engine_that_lacks_a_wall_is_refused(
    made_up: MadeUpEngine, engine: Engine, info: dict[str, Any], named: str
) -> None:
    """Before any container is made."""
    made_up.info |= info
    with pytest.raises(SandboxUnavailable, match=named):
        settled_recipe(engine, "worker", "runsc", "a" * 20)


@pytest.mark.parametrize(
    ("info", "runtime", "is_own"),
    [
        ({}, "", False),
        ({}, "runc", False),
        ({}, "runsc", True),
        ({"DefaultRuntime": "runsc"}, "", True),
        ({"SecurityOptions": []}, "", True),
    ],
)
def test_worker_loads_the_filter_where_the_engine_may_not(
    made_up: MadeUpEngine, engine: Engine, info: dict[str, Any], runtime: str, is_own: bool
) -> None:
    """Another runtime than runc may leave a profile out, and an engine without seccomp does."""
    made_up.info |= info
    assert settled_recipe(engine, "worker", runtime, "a" * 20).own_filter is is_own


def test_losses_are_named(made_up: MadeUpEngine, engine: Engine) -> None:
    """Each that is no refusal."""
    recipe = settled_recipe(engine, "worker", "", "a" * 20)
    assert set(report(engine, recipe, FOUND)["missing"]) == {"user namespace"}
    made_up.info |= {"SwapLimit": False, "CpuCfsQuota": False, "SecurityOptions": ["name=seccomp", "name=userns"]}
    lost = report(engine, recipe, {"layers": {"landlock": "off: none"}, "counts_in_files": False})["missing"]
    assert set(lost) == {"swap limit", "cpu quota", "Landlock", "counters in files"}


def test_engine_that_does_not_count_processes_leaves_that_to_the_user(made_up: MadeUpEngine, engine: Engine) -> None:
    """It is no refusal: the run's own user has a limit of its own, which is the wall then."""
    made_up.info["PidsLimit"] = False
    recipe = settled_recipe(engine, "worker", "", "a" * 20)
    assert process_limit(recipe, 100) == 100 + SPARE_WITHOUT_GROUP
    said = report(engine, recipe, FOUND)
    assert (said["layers"]["processes"], list(said["missing"])) == ("rlimits", ["user namespace", "processes cgroup"])


# ---------------------------------------------------------------- an engine that goes away


def unclosed(deed: Callable[[], object]) -> list[str]:
    """Return what the garbage collector finds open when the deed is done."""
    found: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("always", ResourceWarning)
        warnings.showwarning = lambda message, *_, **__: found.append(str(message))
        deed()
        gc.collect()
    return found


def test_engine_that_is_not_there_leaves_no_socket_open(tmp_path: Path) -> None:
    """A launcher may ask again and again."""

    def ask() -> None:
        with pytest.raises(SandboxUnavailable, match="No engine answers"):
            Engine(f"unix://{tmp_path}/none.sock")

    gc.collect()
    assert unclosed(ask) == []


def test_engine_that_goes_away_leaves_no_socket_open(made_up: MadeUpEngine, engine: Engine) -> None:
    """Asked after its socket is gone."""

    def ask() -> None:
        with pytest.raises(SandboxError, match="did not answer"):
            engine.ping()

    engine.close()  # the connections that it keeps for later
    Path(made_up.address.removeprefix("unix://")).unlink()
    gc.collect()
    assert unclosed(ask) == []


# ---------------------------------------------------------------- doctor


def test_doctor_names_engine_image_and_trial(made_up: MadeUpEngine) -> None:
    """Three findings, all well."""
    report = {"missing": {"user namespace": ""}, "layers": {"runtime": "runc"}}
    found = list(examine(lambda: Engine(made_up.address), "worker", lambda: report))
    assert [(item.level, item.name) for item in found] == [
        (Level.OK, "container engine"),
        (Level.OK, "worker image"),
        (Level.OK, "docker backend"),
    ]


def test_doctor_stops_at_what_is_missing(made_up: MadeUpEngine, tmp_path: Path) -> None:
    """No engine, no image, walls that do not stand: each with what to do."""

    def refuse() -> dict[str, Any]:
        raise SandboxError("The walls do not stand.")

    *_, last = examine(lambda: Engine(f"unix://{tmp_path}/none.sock"), "worker", refuse)
    assert (last.level, last.name, "No such file" in last.message) == (Level.ERROR, "container engine", True)
    *_, last = examine(lambda: Engine(made_up.address), "worker", refuse)
    assert (last.level, last.name) == (Level.ERROR, "docker backend")
    made_up.image = None
    *_, last = examine(lambda: Engine(made_up.address), "worker", refuse)
    assert (last.level, last.name, "./build.sh" in last.mend) == (Level.ERROR, "worker image", True)
