"""Runs in the landlock backend from a process of its own, which may become a plain user first.

``python landlock_runs.py FOLDER UID`` reads one JSON object a line (`code`, `limits`) and answers each with the run's
outcome. UID 0 stays who it is.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from manimatic.sandbox.cgroup import NoGroups
from manimatic.sandbox.identity import take_identity
from manimatic.sandbox.keeper_command import _filters
from manimatic.sandbox.landlock import LandlockSandbox
from manimatic.sandbox.runtime import install_runtime, runtime_root
from readable_copy import sources
from sandbox_bench import SMALL, Bench

PLAIN_UID = 61190 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
"""In no distribution's range of users, and none of ours; test processes that run at once have one each."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the host knows of a run."""

    verdict: str
    message: str
    line: int | None
    scene: str | None
    parts: int
    has_video: bool
    text: str
    run_id: str
    isolation: dict[str, Any]


class Runner:
    """Speaks with such a process."""

    def __init__(self, process: subprocess.Popen[str], folder: Path, uid: int) -> None:
        self.process = process
        self.folder = folder
        self.uid = uid

    def run(self, code: str, **limits: float) -> Outcome:
        """Run the source to its verdict."""
        self.start(code, **limits)
        return self.outcome()

    def start(self, code: str, **limits: float) -> None:
        """Start a run without waiting for it."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"code": code, "limits": limits}) + "\n")
        self.process.stdin.flush()

    def outcome(self) -> Outcome:
        """Wait for the run's end."""
        assert self.process.stdout is not None
        return Outcome(**json.loads(self.process.stdout.readline()))


@contextmanager
def runner(uid: int) -> Iterator[Runner]:
    """Start such a process."""
    with tempfile.TemporaryDirectory(prefix="manimatic-test-") as name, sources(for_everyone=bool(uid)) as found:
        folder = Path(name)
        os.chown(folder, uid or os.getuid(), uid or os.getgid())
        folder.chmod(0o755)
        argv = [sys.executable, found.path(__file__), name, str(uid)]
        environ = {"PATH": "/usr/bin:/bin", "PYTHONPATH": found.search_path(), "SECRET_OF_THE_LAUNCHER": "x" * 20}
        with subprocess.Popen(
            argv, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/"
        ) as process:
            try:
                yield Runner(process, folder, uid)
            finally:
                process.kill()


def main(folder: Path, uid: int) -> None:
    """Serve."""
    runtime = install_runtime(runtime_root())
    _filters("seccomp", "landlock", "landlock_shared_user")  # loads modules of a Python that others may not read
    if uid:
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
    with take_identity(folder / "identity") as identity:
        sandbox = LandlockSandbox(NoGroups(("none here",)), identity, folder)
        vars(sandbox)["_runtime"] = runtime
        for line in sys.stdin:
            sys.stdout.write(json.dumps(_run(sandbox, json.loads(line))) + "\n")
            sys.stdout.flush()


def _run(sandbox: LandlockSandbox, wanted: dict[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(dir=sandbox._runtime_folder) as place:
        bench = Bench(sandbox, Path(place))
        result = bench.run(wanted["code"], limits=dataclasses.replace(SMALL, **wanted["limits"]))
        return {
            "verdict": result.verdict.value,
            "message": result.message,
            "line": result.line,
            "scene": result.scene,
            "parts": sum(item.kind == "part" for item in result.artefacts),
            "has_video": result.video is not None,
            "text": bench.heard.text,
            "run_id": bench.run_id,
            "isolation": dict(result.isolation),
        }


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
