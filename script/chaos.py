"""Kill -9 of any process at any stage: every job still ends, once, and nothing of the dead run is left.

    .venv/bin/python script/chaos.py [ROUNDS]

Each round submits a job to a running `manimatic serve`, waits for a stage, kills one process of the service (or of the
sandbox, or the whole service), starts the service again where it was killed whole, and waits for the job's end. It
checks that the job is complete (or `crashed` where the worker itself was the victim: from outside that looks like a
scene that killed itself), with exactly one end event and one stored video, and that no worker process, no
resource group and no work folder of an earlier round is left. Takes about ten seconds a round.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from manimatic.bootstrap import build_service, build_storage, build_store
from manimatic.errors import StoreError
from manimatic.jobs import Job, JobState
from manimatic.ports import JobStore
from manimatic.sandbox.cgroup import launcher_of
from manimatic.sandbox.identity import identity_folder, take_identity
from manimatic.service import new_job
from manimatic.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
VICTIMS = ("serve", "api", "dispatcher", "launcher", "bwrap", "worker")
STAGES = ("queued", "generating", "checking", "rendering", "part", "uploading")
END_S = 120.0
PATTERNS = {
    "api": b"gunicorn",
    "dispatcher": b"manimatic.dispatcher",
    "launcher": b"manimatic.launcher",
    "bwrap": b"bwrap",
    "worker": b"worker_entrypoint",
}


def main(rounds: int) -> int:
    """Run the rounds and print what happened."""
    seed = int(os.environ.get("CHAOS_SEED", time.time()))
    chance = random.Random(seed)
    print(f"seed {seed}, {rounds} rounds")
    ends: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="manimatic-chaos-") as folder:
        environ = {"MANIMATIC_DATA_DIR": folder, "MANIMATIC_LEASE_S": "3", "MANIMATIC_PORT": "0", "HOME": folder}
        settings = Settings.from_env(environ)
        store = build_store(settings)
        service = Service({**environ, "PATH": os.environ["PATH"]})
        try:
            for number in range(1, rounds + 1):
                stage, victim = chance.choice(STAGES), chance.choice(VICTIMS)
                started = time.monotonic()
                job = one_round(store, settings, service, stage, victim, chance)
                trouble = check(store, settings, job, victim)
                ends[job.state] += 1
                took = time.monotonic() - started
                what = f"{number:3} kill {victim:10} at {stage:10} -> {job.state}"
                print(f"{what} tries {job.tries} {took:5.1f} s {trouble}", flush=True)
                if trouble:
                    return 1
        finally:
            service.stop()
        left = leftovers(store, settings)
    print(dict(ends), left or "nothing left")
    return 1 if left else 0


class Service:
    """`manimatic serve`, started again when it was killed."""

    def __init__(self, environ: dict[str, str]) -> None:
        self._environ = environ
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        command = [str(ROOT / ".venv/bin/manimatic"), "serve"]
        log = (Path(self._environ["MANIMATIC_DATA_DIR"]) / "serve.log").open("ab")
        return subprocess.Popen(command, env=self._environ, stdout=log, stderr=log, cwd=self._environ["HOME"])

    def kill(self) -> None:
        """Kill the keeper; the kernel ends its parts."""
        self.process.kill()
        self.process.wait()
        self.process = self._start()

    def stop(self) -> None:
        """Stop it in good order."""
        self.process.terminate()
        self.process.wait(timeout=60)


def one_round(
    store: JobStore, settings: Settings, service: Service, stage: str, victim: str, chance: random.Random
) -> Job:
    """Submit, kill, and wait for the end."""
    use_cases = build_service(settings, store, build_storage(settings))
    job = use_cases.submit(new_job(prompt="Create a simple circle animation", quality="l"))
    wait_for_stage(store, job.id, stage)
    time.sleep(chance.random() * 0.3)
    if victim == "serve":
        service.kill()
    else:
        for pid in descendants(service.process.pid):
            if PATTERNS[victim] in command_line(pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                break
    return wait_for_end(store, job.id)


def wait_for_stage(store: JobStore, job_id: str, stage: str) -> None:
    """Return when the job has reached the stage (or is past it)."""
    wanted = {"part": "progress"}.get(stage, stage)
    deadline = time.monotonic() + END_S
    while time.monotonic() < deadline:
        seen = {event.kind for event in store.events(job_id)} | {
            event.data.get("state") for event in store.events(job_id) if event.kind == "state"
        }
        if wanted in seen or wanted == "queued" or "end" in seen:
            return
        time.sleep(0.01)


def wait_for_end(store: JobStore, job_id: str) -> Job:
    """Return the job when it is final, or as it stands when that takes too long."""
    deadline = time.monotonic() + END_S
    while time.monotonic() < deadline:
        with contextlib.suppress(StoreError):
            if (job := store.get(job_id)).is_final:
                return job
        time.sleep(0.05)
    return store.get(job_id)


def check(store: JobStore, settings: Settings, job: Job, victim: str) -> str:
    """Return what is wrong with an ended job, or nothing."""
    ends = [event for event in store.events(job.id) if event.kind == "end"]
    numbers = [event.number for event in store.events(job.id)]
    videos = {path.name for path in (settings.data_dir / "videos").glob("*.mp4")}
    named = {found.video.name for found in all_jobs(store) if found.video}
    crashed = victim == "worker" and job.failure is not None and job.failure.code == "crashed"
    if job.state is not JobState.COMPLETE and not crashed:
        return f"ended as {job.state}: {job.failure}"
    if len(ends) != 1 or numbers != list(range(1, len(numbers) + 1)):
        return f"{len(ends)} end events, numbers {numbers}"
    if videos != named:
        return f"videos without a job: {videos - named}; jobs without a video: {named - videos}"
    return ""


def all_jobs(store: JobStore) -> Iterator[Job]:
    """Yield every job."""
    cursor = None
    while True:
        page = store.list_jobs(limit=100, cursor=cursor)
        yield from page.jobs
        cursor = page.next_cursor
        if cursor is None:
            return


def leftovers(store: JobStore, settings: Settings) -> list[str]:
    """Return what is left after the service has stopped."""
    found = [f"folder {path}" for path in (settings.data_dir / "work").glob("*")]
    found += [f"group {path}" for path in Path("/sys/fs/cgroup").glob("**/manimatic-*") if not is_in_use(path.name)]
    for pid in (int(path.name) for path in Path("/proc").glob("[0-9]*")):
        if PATTERNS["worker"] in command_line(pid):
            found.append(f"process {pid}")
    return found


def is_in_use(group: str) -> bool:
    """Tell whether a launcher that lives (another service's, perhaps) has this group."""
    with take_identity(identity_folder()) as identity:
        return identity.is_alive(launcher_of(group) or "")


def descendants(pid: int) -> list[int]:
    """Return the ids of all processes below this one."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            text = path.read_text()
            parent = int(text.rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(path.parent.name))
    found, waiting = [], [pid]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def command_line(pid: int) -> bytes:
    """Return a process's arguments."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 50))
