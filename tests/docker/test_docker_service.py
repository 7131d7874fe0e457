"""The backend behind a launcher of its own, as a service and the command line have it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from docker_bench import ROOMY, TEST_TIMEOUT_S, containers_of, eventually
from manimatic.bootstrap import build_launcher_sandbox
from manimatic.jobs import Options, Quality, new_id
from manimatic.ports import RunRequest
from manimatic.sandbox.docker.engine import Engine
from manimatic.sandbox.launcher_process import launcher_process
from manimatic.verdicts import Verdict
from sandbox_bench import Heard
from zoo import ZOO

pytestmark = pytest.mark.timeout(TEST_TIMEOUT_S)
SLEEPS = "import time\nprint('here', flush=True)\ntime.sleep(1000)\n"


@pytest.fixture
def environ(engine_address: str, worker_image: str, tmp_path: Path) -> dict[str, str]:
    """What a launcher is told."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "MANIMATIC_SANDBOX": "docker",
        "MANIMATIC_DOCKER_HOST": engine_address,
        "MANIMATIC_WORKER_IMAGE": worker_image,
    }


def test_scene_renders_through_a_launcher(environ: dict[str, str], tmp_path: Path) -> None:
    """The whole way: request, container, parts, video, report."""
    (tmp_path / "out").mkdir()
    with launcher_process(tmp_path / "socket", environ):
        sandbox = build_launcher_sandbox(tmp_path / "socket")
        assert sandbox.describe()["backend"] == "docker"
        code = (ZOO / "ok_square.py").read_text()
        request = RunRequest(run_id=new_id(), code=code, options=Options(quality=Quality.LOW), limits=ROOMY)
        result = sandbox.run(request, Heard(), threading.Event(), tmp_path / "out")
    assert (result.verdict, result.isolation["backend"]) == (Verdict.OK, "docker")
    assert result.video is not None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_launcher_that_ends_leaves_nothing_that_lasts(
    environ: dict[str, str], engine: Engine, tmp_path: Path, number: signal.Signals
) -> None:
    """Told to stop it removes its run's container itself; killed, the next one does."""
    (tmp_path / "out").mkdir()
    request = RunRequest(run_id=new_id(), code=SLEEPS, options=Options(), limits=ROOMY)
    heard, cancel = Heard(), threading.Event()
    with launcher_process(tmp_path / "socket", environ) as process, ThreadPoolExecutor(1) as pool:
        sandbox = build_launcher_sandbox(tmp_path / "socket")
        running = pool.submit(sandbox.run, request, heard, cancel, tmp_path / "out")
        assert eventually(lambda: "here" in heard.text or running.done(), 180)
        process.send_signal(number)
        assert running.result(timeout=60).verdict is Verdict.SANDBOX_ERROR
        process.wait(timeout=20)
    if number is signal.SIGKILL:
        with launcher_process(tmp_path / "socket", environ):
            build_launcher_sandbox(tmp_path / "socket").describe()
    assert containers_of(engine, request.run_id) == []


def test_doctor_looks_over_the_engine(environ: dict[str, str], tmp_path: Path) -> None:
    """And says nothing of bubblewrap, which is not asked for."""
    argv = [sys.executable, "-m", "manimatic.cli", "doctor"]
    told = environ | {"MANIMATIC_DATA_DIR": str(tmp_path / "data"), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(argv, env=told, capture_output=True, text=True, check=False, timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "a trial container's walls stand" in done.stdout
    assert "bubblewrap" not in done.stdout
