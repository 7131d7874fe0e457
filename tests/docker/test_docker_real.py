"""The docker backend in the real engine: what a container is, how bytes pass, who cleans up."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from docker_bench import ROOMY, TEST_TIMEOUT_S, containers_of, eventually
from manimatic.errors import JobCancelled, SandboxUnavailable
from manimatic.jobs import Options, Quality, new_id
from manimatic.ports import Limits, RunRequest, RunResult
from manimatic.sandbox.docker.backend import DockerSandbox
from manimatic.sandbox.docker.container import FIRST_UID, GRACE_S, SLOTS, Recipe, config
from manimatic.sandbox.docker.engine import Engine
from manimatic.sandbox.docker.reaper import reap
from manimatic.sandbox.docker.stream import AttachedStreams
from manimatic.sandbox.identity import take_identity
from manimatic.verdicts import Verdict
from pipe_guest import Sink
from sandbox_bench import SMALL, Bench, Heard
from zoo import ZOO

pytestmark = pytest.mark.timeout(TEST_TIMEOUT_S)
SLEEPS = "import time\nprint('here', flush=True)\ntime.sleep(1000)\n"
MIB = 1 << 20


@contextmanager
def program(engine: Engine, image: str, source: str, limits: Limits = SMALL) -> Iterator[tuple[str, AttachedStreams]]:
    """Run some Python in a container that is like a run's, but for its program."""
    wanted = config(Recipe(image=image, launcher="a" * 20), new_id(), limits, FIRST_UID + SLOTS + 1, [])
    wanted["Entrypoint"] = ["/usr/bin/python3", "-I", "-S", "-c", source]
    container, _ = engine.create(f"manimatic-test-{new_id()}", wanted)
    streams = AttachedStreams(engine.attach(container))
    try:
        engine.start(container)
        yield container, streams
    finally:
        streams.cut()
        engine.kill(container)
        engine.remove(container)
        streams.close()


@contextmanager
def running(sandbox: DockerSandbox, folder: Path, code: str = SLEEPS, limits: Limits = ROOMY) -> Iterator[RunRequest]:
    """Start a run, wait until its scene has said something, and cancel it in the end."""
    request = RunRequest(run_id=new_id(), code=code, options=Options(quality=Quality.LOW), limits=limits)
    heard, cancel = Heard(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        result = pool.submit(sandbox.run, request, heard, cancel, folder)
        try:
            assert eventually(lambda: "here" in heard.text or result.done(), 180)
            yield request
        finally:
            cancel.set()
            with pytest.raises(JobCancelled):
                result.result(timeout=60)


# ---------------------------------------------------------------- what a container is


def test_container_has_labels_limits_and_nothing_of_the_host(
    docker_sandbox: DockerSandbox, engine: Engine, tmp_path: Path
) -> None:
    """As the engine itself says while the run goes on."""
    with running(docker_sandbox, tmp_path) as request:
        (listed,) = containers_of(engine, request.run_id)
        found = engine.inspect(listed["Id"])
    host, labels = found["HostConfig"], found["Config"]["Labels"]
    assert labels["manimatic.lifetime_s"] == str(int(ROOMY.timeout_s) + GRACE_S)
    assert len(labels["manimatic.launcher"]) == 20
    assert found["Mounts"] == []
    assert (host["Binds"], host["NetworkMode"], host["ReadonlyRootfs"]) == (None, "none", True)
    assert (host["Memory"], host["MemorySwap"]) == (SMALL.memory_bytes, SMALL.memory_bytes)
    assert (host["PidsLimit"], host["CapDrop"], host["Privileged"]) == (SMALL.max_processes, ["ALL"], False)
    uid = int(found["Config"]["User"].partition(":")[0])
    assert FIRST_UID <= uid < FIRST_UID + SLOTS
    assert found["Name"] == f"/manimatic-{uid}"
    assert containers_of(engine, request.run_id) == []


def test_container_sees_nothing_of_the_host(engine: Engine, worker_image: str) -> None:
    """Of what the engine mounts by itself only the host's name is left, and that is made up."""
    source = "print(open('/proc/self/mountinfo').read())\nprint(open('/proc/net/dev').read())\n"
    source += "import os\nprint(os.listdir('/sys'), sorted(os.environ))\n"
    with program(engine, worker_image, source) as (_, streams):
        said = streams.stdout.read().decode()
    disks = [line.split()[4] for line in said.splitlines() if " - ext4 " in line or " - xfs " in line]
    assert set(disks) <= {"/etc/hostname"}
    assert "eth0" not in said
    assert "\n[] [" in said
    assert "PROXY" not in said.upper()


def test_report_names_layers_and_losses(docker_sandbox: DockerSandbox) -> None:
    """What is in force, the pinned image among it, and what is not to be had."""
    report = docker_sandbox.describe()
    assert report["backend"] == "docker"
    assert report["layers"]["image"].startswith("sha256:")
    assert report["layers"]["network"] == "none"
    assert set(report["missing"]) <= {"user namespace", "swap limit", "cpu quota", "Landlock", "counters in files"}
    assert report["layers"]["processes"].startswith("cgroup")


@pytest.mark.parametrize("cores", [0.25, 0.5])
def test_cpu_share_is_kept(docker_sandbox: DockerSandbox, tmp_path: Path, cores: float) -> None:
    """Busy threads get no more than their quota."""
    code = (
        "import threading, time\nend = time.monotonic() + 6\n"
        "def spin():\n    while time.monotonic() < end:\n        sum(range(10000))\n"
        "for _ in range(4):\n    threading.Thread(target=spin).start()\n"
        "before = time.process_time()\ntime.sleep(5)\nprint('used', time.process_time() - before)\nraise ValueError\n"
    )
    bench = Bench(docker_sandbox, tmp_path)
    bench.run(code, limits=dataclasses.replace(ROOMY, cpu_cores=cores))
    used_s = float(bench.heard.text.partition("used ")[2].split()[0])
    assert used_s < 5.5 * cores * 1.1


# ---------------------------------------------------------------- how bytes pass


def test_stdin_is_closed_alone(engine: Engine, worker_image: str) -> None:
    """The program reads to the end, and can still answer."""
    source = "import sys\ndata = sys.stdin.buffer.read()\nsys.stdout.write(str(len(data)))\nsys.stderr.write('also')\n"
    with program(engine, worker_image, source) as (container, streams):
        streams.stdin.write(bytes(3 * MIB))
        streams.stdin.close()
        assert streams.stdout.read() == str(3 * MIB).encode()
        assert streams.stderr.read() == b"also"
        assert streams.failure is None
        assert eventually(lambda: not engine.inspect(container)["State"]["Running"])


DELIVERS = """
import struct
from manim import *
class Delivers(Scene):
    def construct(self):
        with open(101, "wb", closefd=False) as out:
            def say(body):
                out.write(struct.pack(">cI", b"J", len(body)) + body)
            say(b'{"type": "begin", "kind": "part"}')
            for number in range(PIECES):
                out.write(struct.pack(">cI", b"A", 200_000) + bytes([number % 256]) * 200_000)
            say(b'{"type": "end"}')
        raise ValueError("delivered")
"""


def test_large_artefact_arrives_whole(docker_sandbox: DockerSandbox, tmp_path: Path) -> None:
    """Three hundred MiB, every byte of them."""
    pieces = 320 * MIB // 200_000 + 1
    bench = Bench(docker_sandbox, tmp_path)
    result = bench.run(
        DELIVERS.replace("PIECES", str(pieces)), limits=dataclasses.replace(ROOMY, max_artefact_bytes=400 * MIB)
    )
    assert result.verdict is Verdict.SCENE_ERROR, (result.message, bench.heard.text)
    (part,) = result.artefacts
    assert part.bytes == pieces * 200_000
    with part.path.open("rb") as stream:
        for number in range(pieces):
            assert stream.read(200_000) == bytes([number % 256]) * 200_000


HELD_UP = """
import select, struct
from manim import *
class HeldUp(Scene):
    def construct(self):
        sent, is_held_up, piece = 0, False, bytes(4000)
        with open(101, "wb", buffering=0, closefd=False) as out:
            def say(kind, body):
                out.write(struct.pack(">cI", kind, len(body)) + body)
            say(b"J", b'{"type": "begin", "kind": "part"}')
            while sent < MOST and not is_held_up:
                say(b"A", piece)
                sent += len(piece)
                is_held_up = not select.select([], [out], [], PATIENCE_S)[1]
            say(b"J", b'{"type": "end"}')
        print("held up after" if is_held_up else "sent all", sent)
        raise ValueError
"""
"""Each write is small enough to be taken whole by a pipe that takes anything."""
HOLD_S, PATIENCE_S = 12.0, 4.0
"""How long the sink takes nothing, and for how long the scene finds no room before it counts itself held up."""


class HoldingSink(Sink):
    """Takes a MiB, nothing for a while, then all the rest, and keeps none of it."""

    def __init__(self) -> None:
        super().__init__()
        self.taken = 0
        self.held_at = 0

    def begin(self, kind: str) -> None:
        """Take no notice."""

    def end(self) -> None:
        """Take no notice."""

    def chunk(self, data: bytes) -> None:
        """Count, and hold once."""
        self.taken += len(data)
        if not self.held_at and self.taken >= MIB:
            self.held_at = self.taken
            time.sleep(HOLD_S)


def test_who_takes_nothing_holds_up_the_worker(docker_sandbox: DockerSandbox) -> None:
    """What the worker has sent and nobody has taken lies on the way: in pipes and the engine's buffers, a few MiB."""
    sink, heard, most = HoldingSink(), Heard(), 64 * MIB
    limits = dataclasses.replace(ROOMY, max_artefact_bytes=2 * most)
    code = HELD_UP.replace("MOST", str(most)).replace("PATIENCE_S", str(PATIENCE_S))
    request = RunRequest(run_id=new_id(), code=code, options=Options(quality=Quality.LOW), limits=limits)
    result = docker_sandbox.supervise(request, heard, threading.Event(), sink)
    assert result.verdict is Verdict.SCENE_ERROR, (result.message, heard.text)
    assert "held up after " in heard.text
    sent = int(heard.text.partition("held up after ")[2].split()[0])
    assert sent == sink.taken
    assert 0 < sent - sink.held_at < 8 * MIB


def test_many_runs_lose_no_byte_of_what_is_printed(engine: Engine, worker_image: str) -> None:
    """Also where the program ends right after."""
    source = "import sys\nsys.stdout.write('o' * 70000)\nsys.stderr.write('e' * 70000)\n"
    for _ in range(10):
        with program(engine, worker_image, source) as (_, streams), ThreadPoolExecutor(1) as pool:
            printed = pool.submit(streams.stderr.read)
            assert len(streams.stdout.read()) == 70000
            assert len(printed.result(timeout=30)) == 70000


# ---------------------------------------------------------------- side by side, and what is left


def test_four_at_once_do_not_meet(docker_sandbox: DockerSandbox, engine: Engine, tmp_path: Path) -> None:
    """One eats memory, one forks, one fills its disk; each has its own verdict, and the good one is good."""
    wanted = {
        "ok_square": Verdict.OK,
        "hostile_memory": Verdict.MEMORY_LIMIT,
        "hostile_fork_bomb": Verdict.PROCESS_LIMIT,
        "hostile_disk": Verdict.DISK_LIMIT,
    }
    benches = {}
    for name in wanted:
        (tmp_path / name).mkdir()
        benches[name] = Bench(docker_sandbox, tmp_path / name)
    with ThreadPoolExecutor(4) as pool:
        results = dict(zip(wanted, pool.map(lambda name: _run(benches[name], name), wanted), strict=True))
    assert {name: result.verdict for name, result in results.items()} == wanted
    for bench in benches.values():
        assert containers_of(engine, bench.run_id) == []


def _run(bench: Bench, name: str) -> RunResult:
    return bench.run((ZOO / f"{name}.py").read_text(), limits=ROOMY)


def test_runs_leave_neither_container_nor_descriptor_nor_thread(
    docker_sandbox: DockerSandbox, engine: Engine, tmp_path: Path
) -> None:
    """Ended well, ended badly, cancelled."""
    (tmp_path / "first").mkdir()
    Bench(docker_sandbox, tmp_path / "first").run("raise ValueError")
    descriptors, threads = open_descriptors(), threading.active_count()
    for number in range(4):
        (tmp_path / str(number)).mkdir()
        Bench(docker_sandbox, tmp_path / str(number)).run(
            "raise ValueError" if number % 2 else "import os\nos._exit(3)"
        )
    (tmp_path / "cancelled").mkdir()
    with running(docker_sandbox, tmp_path / "cancelled"):
        pass
    assert eventually(lambda: threading.active_count() <= threads, 5)
    assert open_descriptors() <= descriptors + 1  # the SDK keeps a connection for later


def open_descriptors() -> int:
    """Count this process's descriptors."""
    return len(list(Path("/proc/self/fd").iterdir()))


def abandoned(engine: Engine, image: str, launcher: str) -> str:
    """Make a container as a launcher does that dies right after."""
    recipe = Recipe(image=engine.image(image)["Id"], launcher=launcher)
    wanted = config(recipe, new_id(), SMALL, FIRST_UID + SLOTS + 30, ["serve", "{}"])
    container, _ = engine.create(f"manimatic-test-{new_id()}", wanted)
    engine.start(container)
    return container


def ids(engine: Engine) -> set[str]:
    """List our containers."""
    return {one["Id"] for one in engine.labelled("manimatic.launcher")}


def test_reaper_takes_what_dead_launchers_left_and_nothing_else(
    engine: Engine, worker_image: str, tmp_path: Path
) -> None:
    """The living, and those of another root file system, keep theirs."""
    with take_identity(tmp_path) as identity, take_identity(tmp_path) as living:
        dead = abandoned(engine, worker_image, identity.id[:8] + "0" * 12)
        kept = {abandoned(engine, worker_image, living.id), abandoned(engine, worker_image, "z" * 20)}
        own = abandoned(engine, worker_image, identity.id)
        try:
            removed = reap(engine, identity, lambda run: False)
            assert {dead, own} <= set(removed)
            assert kept <= ids(engine)
            assert not {dead, own} & ids(engine)
        finally:
            for container in kept:
                engine.remove(container)


LAUNCHER = """
import sys, threading, tempfile
from pathlib import Path
from manimatic.jobs import Options
from manimatic.ports import Limits, RunRequest
from manimatic.sandbox.docker.backend import DockerSandbox
from manimatic.sandbox.identity import take_identity
class Heard:
    def progress(self, **_): pass
    def log(self, text): print(text, flush=True)
with take_identity(Path(sys.argv[1])) as identity, tempfile.TemporaryDirectory() as folder:
    sandbox = DockerSandbox(sys.argv[2], sys.argv[3], "", identity)
    request = RunRequest(run_id=sys.argv[4], code=sys.argv[5], options=Options(), limits=Limits())
    sandbox.run(request, Heard(), threading.Event(), Path(folder))
"""


def test_next_launcher_removes_the_run_of_one_that_was_killed(
    engine: Engine, engine_address: str, worker_image: str, tmp_path: Path
) -> None:
    """With the container of a run in full swing."""
    run_id = new_id()
    argv = [sys.executable, "-c", LAUNCHER, str(tmp_path), engine_address, worker_image, run_id, SLEEPS]
    environ = {"PATH": "/usr/bin:/bin", "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(argv, env=environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "here"
        process.send_signal(signal.SIGKILL)
    assert len(containers_of(engine, run_id)) == 1
    with take_identity(tmp_path) as identity:
        sandbox = DockerSandbox(engine_address, worker_image, "", identity)
        sandbox.describe()
        sandbox.close()
    assert containers_of(engine, run_id) == []


# ---------------------------------------------------------------- counters without files


class ThroughTheEngine(DockerSandbox):
    """The backend where no control group can be seen, as in a launcher's container."""

    def __init__(self, *args: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(*args)
        monkeypatch.setattr("manimatic.sandbox.docker.counters.find_group", lambda container: None)


@pytest.mark.parametrize(
    ("scene", "verdict"),
    [
        ("hostile_memory", "memory_limit"),
        ("hostile_memory_of_children", "memory_limit"),
        ("hostile_fork_bomb", "process_limit"),
        ("hostile_threads", "process_limit"),
        ("hostile_disk", "disk_limit"),
        ("hostile_inodes", "memory_limit"),
        ("ok_square", "ok"),
        ("fails_name", "scene_error"),
    ],
)
def test_verdicts_are_the_same_where_only_the_engine_counts(
    engine_address: str, worker_image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scene: str, verdict: str
) -> None:
    """Its statistics and its word of kills are enough; the report says that they know less."""
    with take_identity(tmp_path / "identity") as identity:
        sandbox = ThroughTheEngine(engine_address, worker_image, "", identity, monkeypatch=monkeypatch)
        assert "counters in files" in sandbox.describe()["missing"]
        (tmp_path / "run").mkdir()
        bench = Bench(sandbox, tmp_path / "run")
        result = bench.run((ZOO / f"{scene}.py").read_text(), limits=ROOMY)
        sandbox.close()
    assert result.verdict == verdict, (result.message, bench.heard.text[-500:])


@pytest.mark.parametrize(("scene", "verdict"), [("hostile_disk", "disk_limit"), ("fails_name", "scene_error")])
def test_full_disk_is_told_by_memory_where_its_first_process_cannot_be_seen(
    engine_address: str, worker_image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scene: str, verdict: str
) -> None:
    """As for a launcher that is a plain user, or in a container that is shown the control groups."""
    monkeypatch.setattr("manimatic.sandbox.docker.counters.first_process", lambda engine, container: None)
    with take_identity(tmp_path / "identity") as identity:
        sandbox = DockerSandbox(engine_address, worker_image, "", identity)
        assert "counters in files" not in sandbox.describe()["missing"]
        (tmp_path / "run").mkdir()
        result = Bench(sandbox, tmp_path / "run").run((ZOO / f"{scene}.py").read_text(), limits=ROOMY)
        sandbox.close()
    assert result.verdict == verdict, result.message


def test_no_engine_is_refused_with_a_hint(tmp_path: Path) -> None:
    """At once, and the hint does not open the socket to everyone."""
    with take_identity(tmp_path) as identity:
        sandbox = DockerSandbox(f"unix://{tmp_path}/no.sock", "manimatic-worker:latest", "", identity)
        with pytest.raises(SandboxUnavailable, match="No engine answers") as raised:
            sandbox.describe()
    assert "do not open the socket to everyone" in raised.value.hint
