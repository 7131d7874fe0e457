"""A full disk and a clock that jumps, in every stage: every job still ends, once, and the next one is made.

    .venv/bin/python script/faults.py [disk] [runtime] [clock]

disk     The data folder is a small file system that is filled to the last byte while the dispatcher is held in a stage,
         stays full for longer than a lease, and is freed again.
runtime  The folder of the guest runtime is full when the service starts, and is not full later.
clock    The wall clock of the service (not of the machine: every Python of it starts with another) is set back or ahead
         by an hour while the dispatcher is held in a stage; with the dispatcher killed in the same moment, too.

It needs root, for mounts in a mount namespace of its own, which end with it.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Set
from functools import partial
from pathlib import Path

from manimatic.errors import StorageError, StoreError
from manimatic.jobs import Job
from manimatic.sandbox.runtime import runtime_root
from under_fire import ROOT, Frozen, Service, asked_for, leftovers, stray_videos, trouble_with

STAGES = ("queued", "generating", "checking", "rendering", "part", "uploading")
DISK_MIB = 96
"""A service does not start with less than 64 MiB."""
FULL_S = 8.0
"""More than two leases of three seconds."""
HOUR_S = 3600
MAX_MISSES = 20
OWN_FAILURES = frozenset({"storage_error", "store_error", "sandbox_error", "worker_lost", "internal_error"})
"""What a job may end with when the disk is full; the scene is not to blame."""
SHIFTED = """import time
_real, _file = time.time, {clock!r}


def _shifted():
    with open(_file) as stream:
        return _real() + float(stream.read() or 0)


time.time = _shifted
"""


def main(wanted: list[str]) -> int:
    """Do what is wanted, all where nothing is named; print what happened."""
    if os.environ.pop("FAULTS_NAMESPACE", "") != "own":
        command = ["unshare", "--mount", "--propagation", "private", sys.executable, *sys.argv]
        return subprocess.run(command, env={**os.environ, "FAULTS_NAMESPACE": "own"}, check=False).returncode
    kinds = {"disk": full_disk, "runtime": full_runtime, "clock": jumping_clock}
    trouble = False
    for name in wanted or kinds:
        with tempfile.TemporaryDirectory(prefix="manimatic-faults-") as folder:
            for line, is_bad in kinds[name](Path(folder)):
                print(f"{name:8} {line}", flush=True)
                trouble = trouble or is_bad
    return 1 if trouble else 0


Told = Iterator[tuple[str, bool]]
"""A line, and whether it tells of trouble."""


# ---------------------------------------------------------------- disks


@contextlib.contextmanager
def mounted(folder: Path, size_kib: int) -> Iterator[None]:
    """Have a small file system there."""
    folder.mkdir(exist_ok=True)
    options = f"size={size_kib}k,mode=755"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(folder: Path) -> Path:
    """Take every byte that is left, and return the file that has it."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as stream, contextlib.suppress(OSError):
        while stream.write(b"\0" * 65536) == 65536:
            continue
    with ballast.open("ab", buffering=0) as stream, contextlib.suppress(OSError):
        while stream.write(b"\0"):
            continue
    return ballast


def full_disk(folder: Path) -> Told:
    """Fill the data folder in each stage."""
    data = folder / "data"
    with mounted(data, DISK_MIB * 1024):
        service = Service(data)
        try:
            for stage in STAGES:
                yield judged(service, f"full at {stage}", *in_stage(service, stage, partial(fill_for_a_while, data)))
                wait_until_free(data)
            yield submitted_when_full(service)
            yield judged(service, "afterwards", service.wait_for_end(service.submit(**asked_for("rendering")).id), "")
        finally:
            service.stop()
        left = leftovers(service)
        yield f"left: {left or 'nothing'}", bool(left)


def fill_for_a_while(data: Path) -> str:
    """Have the disk full from now on, for longer than a lease."""
    threading.Timer(FULL_S, fill(data).unlink).start()
    return ""


def wait_until_free(data: Path) -> None:
    """Return when the disk has room again."""
    while (data / "ballast").exists():
        time.sleep(0.1)


def submitted_when_full(service: Service) -> tuple[str, bool]:
    """Submit while nothing can be written: it is refused, and nothing is half there."""
    before = service.store.depth()
    ballast = fill(service.data)
    try:
        job = service.submit(**asked_for("rendering"))
    except (StoreError, StorageError) as error:
        return f"submitting to a full disk is refused: {error.code}", service.store.depth() != before
    finally:
        ballast.unlink()
    return judged(service, "submitted to a full disk", service.wait_for_end(job.id), "")


def full_runtime(folder: Path) -> Told:
    """Start with no room for the guest runtime; later there is room."""
    place = runtime_root()
    with mounted(place, 1024):
        service = Service(folder / "data")
        try:
            job = service.wait_for_end(service.submit(**asked_for("rendering")).id)
            code = job.failure.code if job.failure else job.state.value
            yield f"without room: {code}", code not in {"sandbox_unavailable", "sandbox_error"}
            left = [path.name for path in place.iterdir() if path.name != ".lock"]
            yield f"left of the attempt: {left or 'nothing'}", bool(left)
            subprocess.run(["umount", "--lazy", place], check=True)
            subprocess.run(["mount", "--bind", place, place], check=True)  # for the end of the block
            yield judged(service, "with room", service.wait_for_end(service.submit(**asked_for("rendering")).id), "")
        finally:
            service.stop()


# ---------------------------------------------------------------- clocks


def jumping_clock(folder: Path) -> Told:
    """Set the service's clock back and ahead in each stage."""
    clock = folder / "clock"
    clock.write_text("+0")
    service = Service(folder / "data", python=python_with_clock(folder, clock))
    try:
        for stage in STAGES:
            for jump_s, victim in ((-HOUR_S, ""), (-HOUR_S, "dispatcher"), (HOUR_S, "")):
                clock.write_text("+0")
                time.sleep(0.5)
                job, trouble = in_stage(service, stage, partial(set_clock, service, clock, jump_s, victim))
                what = f"{'back' if jump_s < 0 else 'ahead'} at {stage}{', dispatcher killed' if victim else ''}"
                yield judged(service, what, job, trouble, frozenset())
    finally:
        clock.write_text("+0")
        service.stop()
    left = leftovers(service)
    yield f"left: {left or 'nothing'}", bool(left)


def set_clock(service: Service, clock: Path, jump_s: int, victim: str) -> str:
    """Set the clock, and kill a process in the same moment."""
    clock.write_text(f"{jump_s:+d}")
    return "" if not victim or service.kill(victim) else f"there was no {victim}"


def python_with_clock(folder: Path, clock: Path) -> Path:
    """Make an environment whose every Python adds the file's seconds to its wall clock; no other clock changes."""
    venv, own = folder / "venv", Path(sys.prefix)
    site = venv / Path(sysconfig.get_path("purelib")).relative_to(own)
    site.mkdir(parents=True)
    (venv / "bin").mkdir()
    (venv / "bin" / "python").symlink_to(Path(sys.executable).resolve())
    (venv / "pyvenv.cfg").write_text((own / "pyvenv.cfg").read_text())
    sources = [ROOT / "backend/src", ROOT / "worker/src"]
    (site / "seen.pth").write_text("".join(f"{path}\n" for path in (sysconfig.get_path("purelib"), *sources)))
    (site / "clock.pth").write_text("import shifted_clock\n")
    (site / "shifted_clock.py").write_text(SHIFTED.format(clock=str(clock)))
    return venv / "bin" / "python"


# ---------------------------------------------------------------- both


def in_stage(service: Service, stage: str, harm: Callable[[], str]) -> tuple[Job, str]:
    """Do harm while the dispatcher is held in the stage; return the ended job, and what went wrong before."""
    for _ in range(MAX_MISSES):
        frozen = Frozen(service)
        try:
            if stage == "queued":
                frozen.hold()
            job = service.submit(**asked_for(stage))
            caught = frozen.catch(job.id, stage)
            trouble = harm() if caught else ""
        finally:
            frozen.close()
        if caught:
            return service.wait_for_end(job.id), trouble
        service.store.request_cancel(job.id)
        service.wait_for_end(job.id)
    return job, f"the dispatcher was never caught in stage {stage}"


def judged(service: Service, what: str, job: Job, trouble: str, allowed: Set[str] = OWN_FAILURES) -> tuple[str, bool]:
    """Say how a job ended and whether that is well."""
    trouble = trouble or trouble_with(service, job, allowed) or stray_videos(service)
    code = job.failure.code if job.failure else ""
    return f"{what:45} -> {job.state} {code} tries {job.tries} {trouble}", bool(trouble)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
