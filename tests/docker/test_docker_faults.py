"""The engine stops, dies, freezes or is full in the middle of a run: our own failure, in bounded time, and no hang."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from docker_bench import eventually, sdk
from manimatic.errors import SandboxError, SandboxUnavailable
from manimatic.jobs import Options, new_id
from manimatic.ports import RunRequest, RunResult
from manimatic.sandbox.docker.backend import DockerSandbox
from manimatic.sandbox.identity import take_identity
from manimatic.verdicts import Verdict
from private_engine import TINY, PrivateEngine, private_engine
from sandbox_bench import SMALL, Heard

pytestmark = pytest.mark.timeout(300)
SLEEPS = "import sys, time\nprint('here', file=sys.stderr, flush=True)\ntime.sleep(1000)\n"
ENDS = "raise ValueError('done')\n"
SMALL_DISK_MIB = 400
ANSWER_S = 5.0


@pytest.fixture(scope="module")
def private() -> Iterator[PrivateEngine]:
    """An engine of these tests' own."""
    with private_engine() as engine:
        yield engine


@pytest.fixture
def sandbox(private: PrivateEngine, tmp_path: Path) -> Iterator[DockerSandbox]:
    """The backend on it, which does not wait long for an answer; afterwards the engine has nothing of its."""
    private.signal(signal.SIGCONT)
    private.start()
    with take_identity(tmp_path / "identity") as identity:
        made = DockerSandbox(private.address, TINY, "", identity, timeout_s=ANSWER_S)
        made.describe()
        yield made
        made.clean_up(now=True)
        made.close()
    client = sdk(private.address)
    assert client.containers.list(all=True) == []
    client.close()


class Running:
    """A run in another thread."""

    def __init__(self, sandbox: DockerSandbox, folder: Path, code: str, timeout_s: float) -> None:
        self.heard = Heard()
        self.run_id = new_id()
        limits = SMALL.__class__(timeout_s=timeout_s, memory_bytes=SMALL.memory_bytes)
        self._request = RunRequest(run_id=self.run_id, code=code, options=Options(), limits=limits)
        self._sandbox = sandbox
        self._folder = folder

    def run(self) -> RunResult:
        """Run it."""
        return self._sandbox.run(self._request, self.heard, threading.Event(), self._folder)


@contextmanager
def running(
    sandbox: DockerSandbox, folder: Path, code: str = SLEEPS, timeout_s: float = 120
) -> Iterator[tuple[Running, Future[RunResult]]]:
    """Start a run, and wait until its scene has said something."""
    run = Running(sandbox, folder, code, timeout_s)
    with ThreadPoolExecutor(1) as pool:
        result = pool.submit(run.run)
        assert eventually(lambda: "here" in run.heard.text or result.done())
        yield run, result


def ended(result: Future[RunResult], within_s: float) -> RunResult:
    """Return how it ended, in time."""
    started = time.monotonic()
    found = result.result(timeout=60)
    assert time.monotonic() - started < within_s
    return found


def assert_works_again(sandbox: DockerSandbox, folder: Path) -> None:
    """A run right after it goes its way."""
    folder.mkdir()
    assert Running(sandbox, folder, ENDS, 60).run().verdict is Verdict.SCENE_ERROR


def test_killed_engine_gives_sandbox_error(private: PrivateEngine, sandbox: DockerSandbox, tmp_path: Path) -> None:
    """The stream breaks off; nobody knows how the worker would have ended."""
    with running(sandbox, tmp_path) as (_, result):
        private.signal(signal.SIGKILL)
        assert ended(result, 30).verdict is Verdict.SANDBOX_ERROR
    with pytest.raises(SandboxError):
        sandbox.describe()
    (tmp_path / "meanwhile").mkdir()
    assert Running(sandbox, tmp_path / "meanwhile", ENDS, 60).run().verdict is Verdict.SANDBOX_ERROR
    private.start()
    sandbox.describe()
    assert_works_again(sandbox, tmp_path / "again")


def test_engine_that_is_stopped_in_good_order_gives_sandbox_error(
    private: PrivateEngine, sandbox: DockerSandbox, tmp_path: Path
) -> None:
    """It ends its containers, which looks like a worker that was killed: never the scene's doing."""
    with running(sandbox, tmp_path) as (_, result):
        private.stop()
        assert ended(result, 60).verdict is Verdict.SANDBOX_ERROR
    private.start()
    assert_works_again(sandbox, tmp_path / "again")


def test_frozen_engine_gives_sandbox_error_soon_after_the_limit(
    private: PrivateEngine, sandbox: DockerSandbox, tmp_path: Path
) -> None:
    """Every question has its time; what could not be removed is removed later."""
    with running(sandbox, tmp_path, timeout_s=10) as (_, result):
        private.signal(signal.SIGSTOP)
        assert ended(result, 10 + 6 * ANSWER_S).verdict is Verdict.SANDBOX_ERROR
        private.signal(signal.SIGCONT)
    sandbox.clean_up(now=True)
    assert_works_again(sandbox, tmp_path / "again")


def test_container_that_somebody_removes_gives_sandbox_error(
    private: PrivateEngine, sandbox: DockerSandbox, tmp_path: Path
) -> None:
    """It vanishes in the middle of a run."""
    client = sdk(private.address)
    with running(sandbox, tmp_path) as (run, result):
        (container,) = client.containers.list(filters={"label": f"manimatic.run={run.run_id}"})
        container.remove(force=True)
        assert ended(result, 20).verdict is Verdict.SANDBOX_ERROR
    client.close()


def test_container_that_somebody_kills_gives_sandbox_error(
    private: PrivateEngine, sandbox: DockerSandbox, tmp_path: Path
) -> None:
    """A signal to its first process comes from outside: no scene can send one."""
    client = sdk(private.address)
    with running(sandbox, tmp_path) as (run, result):
        (container,) = client.containers.list(filters={"label": f"manimatic.run={run.run_id}"})
        container.kill()
        assert ended(result, 20).verdict is Verdict.SANDBOX_ERROR
    client.close()


def test_container_that_somebody_pauses_ends_at_its_limit(
    private: PrivateEngine, sandbox: DockerSandbox, tmp_path: Path
) -> None:
    """A frozen container cannot freeze its slot."""
    client = sdk(private.address)
    with running(sandbox, tmp_path, timeout_s=10) as (run, result):
        (container,) = client.containers.list(filters={"label": f"manimatic.run={run.run_id}"})
        container.pause()
        assert ended(result, 10 + 6 * ANSWER_S).verdict in {Verdict.TIMEOUT, Verdict.SANDBOX_ERROR}
    client.close()


def test_image_that_goes_away_gives_sandbox_error(
    private: PrivateEngine, sandbox: DockerSandbox, tmp_path: Path
) -> None:
    """The launcher runs the image that it found at its start, or nothing: no other is pulled or taken by name."""
    client = sdk(private.address)
    client.images.remove(TINY, force=True)
    try:
        result = Running(sandbox, tmp_path, ENDS, 60).run()
    finally:
        private.load_tiny_image()
        client.close()
    assert (result.verdict, "image" in result.message) == (Verdict.SANDBOX_ERROR, True)


def test_image_of_the_same_name_that_is_another_is_not_run(
    private: PrivateEngine, sandbox: DockerSandbox, tmp_path: Path
) -> None:
    """The tag has moved; the launcher goes on with the image that it looked over."""
    client = sdk(private.address)
    before = sandbox.describe()["layers"]["image"]
    private.load_tiny_image()
    assert client.images.get(TINY).id != before
    with running(sandbox, tmp_path, timeout_s=3) as (run, result):
        (container,) = client.containers.list(filters={"label": f"manimatic.run={run.run_id}"})
        assert container.image.id == before
        assert ended(result, 30).verdict is Verdict.TIMEOUT
    client.close()


def test_engine_without_the_image_is_refused_with_a_hint(private: PrivateEngine, tmp_path: Path) -> None:
    """Nothing is pulled."""
    private.start()
    with take_identity(tmp_path / "identity") as identity:
        sandbox = DockerSandbox(private.address, "no-such-image:latest", "", identity)
        with pytest.raises(SandboxUnavailable, match="no image no-such-image:latest") as raised:
            sandbox.describe()
    assert "./build.sh" in raised.value.hint


def test_image_with_volumes_is_refused(private: PrivateEngine, tmp_path: Path) -> None:
    """They would be a disk of the host's, without a limit."""
    private.start()
    client = sdk(private.address)
    client.api.import_image_from_data(b"\0" * 1024, repository="with-volume", tag="latest", changes=["VOLUME /disk"])
    with take_identity(tmp_path / "identity") as identity:
        sandbox = DockerSandbox(private.address, "with-volume:latest", "", identity)
        with pytest.raises(SandboxUnavailable, match="volumes"):
            sandbox.describe()
    client.images.remove("with-volume:latest")
    client.close()


def test_runtime_that_the_engine_lacks_is_refused(private: PrivateEngine, tmp_path: Path) -> None:
    """The message names those that it has."""
    private.start()
    with take_identity(tmp_path / "identity") as identity:
        sandbox = DockerSandbox(private.address, TINY, "kata", identity)
        with pytest.raises(SandboxUnavailable, match=r"no runtime kata; it has .*runsc"):
            sandbox.describe()


def test_engine_whose_disk_is_full_gives_sandbox_error(tmp_path: Path) -> None:
    """A container cannot be made; once there is room again it can."""
    with private_engine(size=f"{SMALL_DISK_MIB}m") as engine, take_identity(tmp_path / "identity") as identity:
        sandbox = DockerSandbox(engine.address, TINY, "", identity, timeout_s=ANSWER_S)
        sandbox.describe()
        (tmp_path / "full").mkdir()
        with filled(engine.data / "filler"):
            result = Running(sandbox, tmp_path / "full", ENDS, 60).run()
        assert result.verdict is Verdict.SANDBOX_ERROR
        sandbox.clean_up(now=True)
        assert_works_again(sandbox, tmp_path / "again")


@contextmanager
def filled(path: Path) -> Iterator[None]:
    """Keep a file that leaves nothing free: what the engine gives back meanwhile is taken as well."""
    stop = threading.Event()

    def keep_filling() -> None:
        while not stop.wait(0.005):
            fill(path)

    fill(path)
    filler = threading.Thread(target=keep_filling)
    filler.start()
    try:
        yield
    finally:
        stop.set()
        filler.join()
        path.unlink()


def fill(path: Path) -> None:
    """Write until nothing more fits; the disk is small, and no other is ever to be filled."""
    size = os.statvfs(path.parent)
    assert size.f_blocks * size.f_frsize <= SMALL_DISK_MIB << 20
    with path.open("ab", buffering=0) as stream, suppress(OSError):
        while stream.write(bytes(1 << 20)):
            pass
