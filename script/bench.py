"""Measure speed and memory, as ratios taken in one run: `script/bench [NAME…]`.

`script/bench check FOLDER` and `script/bench rehearse [FOLDER]` measure on a folder of scenes; `script/bench gallery`
rehearses all recipes in all frames. `script/bench render [FOLDER]` measures fastmanim against Manim, and `script/bench
parity` compares what both draw. `script/bench pool [JOBS]` measures from a job's claim to its video, with a worker that
waits and without.

Figures of a busy machine mean little by themselves; each is therefore printed beside what it is compared with, taken
in turns in the same run. Nothing here is a test: no figure fails the build.
"""

from __future__ import annotations

import ast
import importlib
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import bench_sandbox
from manimatic.checking.process import CheckerProcess
from manimatic.errors import SandboxUnavailable
from manimatic.jobs import Options, Quality, new_id
from manimatic.ports import CheckOptions, RunRequest
from manimatic.rehearsal import Rehearsal
from manimatic.sandbox.bubblewrap import BubblewrapSandbox
from manimatic.sandbox.cgroup import choose
from manimatic.sandbox.identity import identity_folder, take_identity
from manimatic.sandbox.runtime import runtime_root

ROOT = Path(__file__).resolve().parent.parent
MANIMATIC = ROOT / ".venv/bin/manimatic"
CIRCLE = "from manim import *\n\n\nclass A(Scene):\n    def construct(self):\n        self.play(Create(Circle()))\n"


WITH_ARGUMENTS = {
    "check": "bench_check",
    "rehearse": "rehearse_bench",
    "gallery": "gallery_check",
    "render": "render_bench",
    "parity": "parity_check",
    "pool": "pool_bench",
}
"""What takes arguments of its own, and the script that has it."""


def main(names: list[str]) -> int:
    """Run the measurements whose names begin with one of these, or all but those that take a folder of scenes.

    One that this machine lacks is named.
    """
    if names and names[0] in WITH_ARGUMENTS:
        return int(importlib.import_module(WITH_ARGUMENTS[names[0]]).main(names[1:]))
    for name, measure in MEASUREMENTS.items():
        if not names or name.startswith(tuple(names)):
            try:
                print(f"{name}: {measure()}", flush=True)
            except SandboxUnavailable as error:
                print(f"{name}: not to be had here: {error.message}", flush=True)
    return 0


def timed(action: Callable[[], object], times: int) -> str:
    """Return the least, the median and the greatest of some runs, in seconds."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        action()
        taken.append(time.perf_counter() - started)
    return f"{min(taken):.3f} / {statistics.median(taken):.3f} / {max(taken):.3f} s"


def prompt_to_file() -> str:
    """From enter to the file, against plain Manim on the same scene (no sandbox, no checks, no job)."""
    with tempfile.TemporaryDirectory() as folder:
        environ = {**os.environ, "MANIMATIC_DATA_DIR": f"{folder}/data"}
        ours = [ROOT / "script/run", "Create a simple circle animation", "-ql", "-o", f"{folder}/circle.mp4"]
        quiet = {"env": environ, "cwd": folder, "capture_output": True, "check": True}
        subprocess.run(ours, **quiet)  # type: ignore[call-overload]
        plain = [ROOT / ".venv/bin/manim", "render", "-ql", "--disable_caching", "circle.py"]
        mine = timed(lambda: subprocess.run(ours, **quiet), 5)  # type: ignore[call-overload]
        theirs = timed(lambda: subprocess.run(plain, **quiet), 5)  # type: ignore[call-overload]
    return f"script/run {mine}; manim render {theirs}"


def worker_run() -> str:
    """One run in the sandbox at the default CPU quota: until Manim is imported, and until the verdict."""
    ready, whole = [], []
    with take_identity(identity_folder()) as identity:
        sandbox = BubblewrapSandbox(choose(), identity, runtime_root())
        for _ in range(5):
            request = RunRequest(run_id=new_id(), code=CIRCLE, options=Options(quality=Quality.LOW))
            with tempfile.TemporaryDirectory() as folder:
                result = sandbox.run(request, _Silent(), threading.Event(), Path(folder))
            ready.append(result.figures["ready_s"])
            whole.append(result.figures["wall_s"])
    return f"ready {statistics.median(ready):.2f} s, verdict {statistics.median(whole):.2f} s"


def checker() -> str:
    """A scene of 200 lines in a checker that is warm, against parsing it only, here."""
    lines = [f"        c{n} = Circle(radius={n}).shift(UP * {n})\n        self.play(Create(c{n}))" for n in range(99)]
    code = "from manim import *\n\n\nclass A(Scene):\n    def construct(self):\n" + "\n".join(lines) + "\n"
    process = CheckerProcess()
    try:
        process.check(code, CheckOptions())
        ours = timed(lambda: process.check(code, CheckOptions()), 20)
    finally:
        process.close()
    return f"checked {ours}; parsed {timed(lambda: ast.parse(code), 20)}"


def api_memory() -> str:
    """Resident memory of the api's worker process after some requests."""
    with tempfile.TemporaryDirectory() as folder:
        environ = {"PATH": os.environ["PATH"], "HOME": folder, "MANIMATIC_DATA_DIR": folder, "MANIMATIC_PORT": "0"}
        with subprocess.Popen([MANIMATIC, "serve"], env=environ, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            address = process.stdout.readline().split()[-1]
            for _ in range(50):
                _get(f"{address}/health")
            figures = [_resident_mb(pid) for pid in _descendants(process.pid) if "gunicorn" in _command(pid)]
            process.terminate()
    return f"{max(figures):.0f} MB"


def cli_start() -> str:
    """`manimatic --help` against a bare Python."""
    ours = timed(lambda: subprocess.run([MANIMATIC, "--help"], capture_output=True, check=True), 7)
    bare = timed(lambda: subprocess.run([sys.executable, "-c", ""], check=True), 7)
    return f"manimatic --help {ours}; python {bare}"


class _Silent:
    def rehearsed(self, rehearsal: Rehearsal) -> None:
        """Take no notice."""

    def progress(self, *, animation: int, video_s: float, line: int | None, total: int | None = None) -> None:
        """Take no notice."""

    def log(self, text: str) -> None:
        """Take no notice."""


def _get(url: str) -> None:
    for _ in range(100):
        try:
            urllib.request.urlopen(url, timeout=5).read()
            return
        except OSError:
            time.sleep(0.1)


def _descendants(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [found for child in children for found in (int(child), *_descendants(int(child)))]


def _command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()


def _resident_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


MEASUREMENTS = {
    "prompt-to-file": prompt_to_file,
    "sandbox-bubblewrap": bench_sandbox.bubblewrap_start,
    "sandbox-landlock": bench_sandbox.landlock_start,
    "sandbox-docker": bench_sandbox.docker_start,
    "sandbox-gvisor": bench_sandbox.gvisor_start,
    "worker-run": worker_run,
    "checker": checker,
    "api-memory": api_memory,
    "cli-start": cli_start,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
