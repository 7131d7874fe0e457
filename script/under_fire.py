"""A running `manimatic serve` that is done harm to, and what has to hold of it all the same.

Shared by script/chaos.py, script/faults.py and script/soak.py.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Set
from pathlib import Path

from manimatic.bootstrap import build_service, build_storage, build_store
from manimatic.errors import StoreError
from manimatic.jobs import FINAL_STATES, Job, JobState
from manimatic.ports import JobStore
from manimatic.sandbox.cgroup import launcher_of
from manimatic.sandbox.docker.container import LAUNCHER
from manimatic.sandbox.docker.engine import Engine
from manimatic.sandbox.identity import identity_folder, take_identity
from manimatic.service import new_job
from manimatic.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
END_S = 600.0
"""Runs have a small weight: on a busy machine one takes minutes."""
ROLES = {
    "api": b"gunicorn",
    "dispatcher": b"manimatic.dispatcher\0--launcher",  # not the one that only looks at the database
    "launcher": b"manimatic.launcher",
    "bwrap": b"bwrap",
    "worker": b"worker_entrypoint",
}
SLICE_S = 0.001
ORDER = ("queued", "generating", "checking", "rendering", "part", "uploading", *sorted(FINAL_STATES))
CIRCLE = "Create a simple circle animation"
SCENE = """from manim import *
import numpy as np


class Small(Scene):
    def construct(self):
        {body}


def unused():
{lines}
"""
NOISE = """dots = np.random.default_rng(1).integers(0, 255, (480, 854, 3), dtype=np.uint8)
        self.play(ImageMobject(dots).scale_to_fit_width(14).animate.rotate(0.3), run_time=0.2)"""


def asked_for(stage: str) -> dict[str, str]:
    """Return a job whose stage of this name lasts long enough to be caught in it."""
    if stage in {"generating", "part"}:
        return {"prompt": CIRCLE}
    lines = "    print([number for number in range(10)])\n" * (4000 if stage == "checking" else 1)
    return {"code": SCENE.format(body=NOISE if stage == "uploading" else "self.wait(0.1)", lines=lines)}


class Service:
    """`manimatic serve` on a data folder of its own, started again where it was killed whole."""

    def __init__(self, data: Path, settings: Mapping[str, str] = {}, *, python: Path | None = None) -> None:
        self.data = data
        self._environ = {"MANIMATIC_DATA_DIR": str(data), "MANIMATIC_LEASE_S": "3", "MANIMATIC_PORT": "0", **settings}
        self._python = python or Path(os.environ.get("SERVICE_PYTHON", sys.executable))
        data.parent.chmod(0o755)  # the service's own users pass through it
        self._log = data.parent / f"{data.name}.log"
        self.settings = Settings.from_env(self._environ)
        self.store: JobStore = build_store(self.settings)
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        environ = {**self._environ, "PATH": os.environ["PATH"], "HOME": str(self.data.parent)}
        with self._log.open("ab") as log:
            command = [str(self._python), "-m", "manimatic.cli", "serve"]
            return subprocess.Popen(command, env=environ, stdout=log, stderr=log, cwd=self.data.parent)

    def pid_of(self, role: str) -> int | None:
        """Return the process of a role: the first that was started, or None."""
        if role == "serve":
            return self.process.pid
        return next((pid for pid in descendants(self.process.pid) if ROLES[role] in command_line(pid)), None)

    def await_role(self, role: str) -> int:
        """Wait until there is a process of this role, and return it."""
        give_up_at = time.monotonic() + END_S
        while time.monotonic() < give_up_at:
            if pid := self.pid_of(role):
                return pid
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise TimeoutError(f"no {role}: {self.log()[-2000:]}")

    def kill(self, role: str) -> bool:
        """Kill -9 the process of a role, and tell whether there was one; what was killed whole is started again."""
        pid = self.pid_of(role)
        if pid is None:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        return True

    def restart_if_dead(self) -> None:
        """Start the keeper again where it was killed; a service manager would."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=0.5)
            self.process = self._start()

    def submit(self, **asked: object) -> Job:
        """Queue a job as the API would."""
        given = {"quality": "l", **asked}
        use_cases = build_service(self.settings, self.store, build_storage(self.settings))
        return use_cases.submit(new_job(**given))  # type: ignore[arg-type]

    def wait_for_end(self, job_id: str, within_s: float = END_S) -> Job:
        """Return the job when it is final, or as it stands when that takes too long."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            with contextlib.suppress(StoreError):
                if (job := self.store.get(job_id)).is_final:
                    return job
            time.sleep(0.05)
        return self.store.get(job_id)

    def log(self) -> str:
        """Return what the service's processes have said."""
        return self._log.read_text()

    def stop(self) -> None:
        """Stop it in good order."""
        self.process.terminate()
        self.process.wait(timeout=60)


class Frozen:
    """Holds the dispatcher (SIGSTOP) in a stage that may last a millisecond only.

    It is let go for a millisecond at a time, and the stage is read from the database's file in between; where it got
    through the stage in one go, `catch` says so, and another job has to be tried.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._dispatcher = service.await_role("dispatcher")
        self._database = sqlite3.connect(service.data / "manimatic.sqlite3", timeout=30)

    def close(self) -> None:
        """Let the dispatcher go on, if it lives."""
        self._database.close()
        self.go_on()

    def go_on(self) -> None:
        """Let the dispatcher go on."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._dispatcher, signal.SIGCONT)

    def hold(self) -> None:
        """Stop the dispatcher where it is."""
        os.kill(self._dispatcher, signal.SIGSTOP)
        while _state_of(self._dispatcher) not in "Tt":
            time.sleep(0.001)

    def catch(self, job_id: str, stage: str, role: str = "dispatcher") -> bool:
        """Hold the dispatcher when the job is in the stage and this process is there; False where it has left it.

        The row says `rendering` a moment before the launcher is asked: held there, no worker would ever come.
        """
        give_up_at = time.monotonic() + END_S
        while time.monotonic() < give_up_at:
            self.hold()
            state, progress = self._look(job_id)
            if (state == stage or (stage == "part" and progress != "{}")) and self._service.pid_of(role):
                return True
            if ORDER.index(state) > ORDER.index(stage):
                return False
            self.go_on()
            time.sleep(SLICE_S)
        return False

    def _look(self, job_id: str) -> tuple[str, str]:
        query = "SELECT state, progress FROM jobs WHERE id = ?"
        state, progress = self._database.execute(query, (job_id,)).fetchone()
        return state, progress


def trouble_with(service: Service, job: Job, allowed: Set[str] = frozenset()) -> str:
    """Return what is wrong with an ended job, or nothing; the harm explains failures of the allowed codes."""
    events = service.store.events(job.id)
    ends = [event for event in events if event.kind == "end"]
    numbers = [event.number for event in events]
    if not job.is_final:
        return f"still {job.state}"
    code = job.failure.code if job.failure else ""
    if job.state is not JobState.COMPLETE and code not in allowed:
        return f"ended as {job.state}: {job.failure}"
    if len(ends) != 1 or numbers != list(range(1, len(numbers) + 1)):
        return f"{len(ends)} end events, numbers {numbers}"
    return ""


def stray_videos(service: Service) -> str:
    """Return which videos belong to no job, and which jobs have none; one that is only kept has no name yet."""
    videos = {path.name for path in (service.data / "videos").glob("*")}
    named = {job.video.name for job in all_jobs(service.store) if job.video and job.video.name}
    return f"videos without a job: {videos - named}; jobs without one: {named - videos}" if videos != named else ""


def all_jobs(store: JobStore) -> Iterator[Job]:
    """Yield every job."""
    cursor = None
    while True:
        page = store.list_jobs(limit=100, cursor=cursor)
        yield from page.jobs
        cursor = page.next_cursor
        if cursor is None:
            return


def leftovers(service: Service) -> list[str]:
    """Return what is left of runs when nothing runs any more: folders, kept videos, groups, processes of slots."""
    waiting = {Path(job.held_video).name for job in all_jobs(service.store) if job.held_video}
    held = [path for path in (service.data / "held").glob("*") if path.name not in waiting]
    found = [f"folder {path}" for path in (service.data / "work").glob("*")] + [f"video {path}" for path in held]
    found += [f"group {path}" for path in groups()]
    return found + [f"process {pid}" for pid in lost_workers()]


def containers(address: str) -> list[str]:
    """Return the workers' containers that an engine has."""
    engine = Engine(address)
    try:
        return [str(one["Id"])[:12] for one in engine.labelled(LAUNCHER)]
    finally:
        engine.close()


def groups() -> list[Path]:
    """Return the resource groups of launchers that do not live."""
    found = [Path(place, name) for place, names, _ in os.walk("/sys/fs/cgroup") for name in names]
    mine = [path for path in found if path.name.startswith("manimatic-")]
    with take_identity(identity_folder()) as identity:
        return [path for path in mine if not identity.is_alive(launcher_of(path.name) or "")]


def lost_workers() -> list[int]:
    """Return workers that nobody is the parent of any more."""
    return [pid for pid in all_pids() if ROLES["worker"] in command_line(pid) and parent_of(pid) == 1]


def all_pids() -> list[int]:
    """Return the ids of all processes."""
    return [int(path.name) for path in Path("/proc").glob("[0-9]*")]


def descendants(pid: int) -> list[int]:
    """Return the ids of all processes below this one."""
    children: dict[int, list[int]] = {}
    for other in all_pids():
        children.setdefault(parent_of(other), []).append(other)
    found, waiting = [], [pid]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def parent_of(pid: int) -> int:
    """Return a process's parent, 0 where it is gone."""
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return 0


def command_line(pid: int) -> bytes:
    """Return a process's arguments."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def _state_of(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return "T"
