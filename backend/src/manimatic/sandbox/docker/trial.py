"""Let a container try its walls before the first run: an engine may promise a limit that its kernel does not hold."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from manimatic.errors import SandboxError, SandboxUnavailable
from manimatic.ports import Limits
from manimatic.sandbox.docker.container import Recipe, confinement
from manimatic.sandbox.docker.engine import Engine
from manimatic.sandbox.docker.guest import DockerGuest
from manimatic.sandbox.supervised import SPARE_WITHOUT_GROUP

TRIAL = Limits(timeout_s=20.0, memory_bytes=192 * 1024**2, max_processes=24, disk_bytes=16 * 1024**2)
PATIENCE_S = 60.0
"""A trial takes a second, or some where the machine is busy."""
TRIES = 3
"""A container that ends in its trial of memory, of which nobody says why, is tried again: an engine may lose that."""
_END_S = 20.0
"""How long an engine may take to see that a container has ended whose streams are closed."""
_PAUSE_S = 0.02
_MAX_SAID_BYTES = 1 << 16
_MEMORY_TRIED = 2
"""Times the limit that the trial asks for."""
MakeContainer = Callable[[Recipe, str, Limits, list[str]], AbstractContextManager[DockerGuest]]


def settled_recipe(engine: Engine, image: str, runtime: str, launcher: str) -> Recipe:
    """Look at engine and image once, and fix what all containers are made of.

    Raises:
        SandboxUnavailable: The engine lacks the runtime, a memory limit or the image, or the image asks for more.
        SandboxError: The engine does not answer.
    """
    info, found = engine.info(), engine.image(image)
    if runtime and runtime not in (info.get("Runtimes") or {}):
        known = ", ".join(sorted(info.get("Runtimes") or {}))
        raise SandboxUnavailable(
            f"The engine has no runtime {runtime}; it has {known}.",
            hint="Add it to the engine's configuration, or name another in MANIMATIC_DOCKER_RUNTIME.",
        )
    if not info.get("MemoryLimit"):
        raise SandboxUnavailable(
            "The engine cannot limit memory.", hint="Its kernel needs the memory controller: cgroup_enable=memory."
        )
    if (found.get("Config") or {}).get("Volumes"):
        raise SandboxUnavailable(f"The image {image} declares volumes: they would be a disk without a limit.")
    return Recipe(
        image=str(found["Id"]),
        launcher=launcher,
        runtime=runtime,
        own_filter=_needs_own_filter(info, runtime),
        counts_processes=bool(info.get("PidsLimit")),
    )


def _needs_own_filter(info: Mapping[str, Any], runtime: str) -> bool:
    """Tell whether the engine's filter cannot be counted on: other runtimes than runc may leave it out."""
    has_seccomp = any("seccomp" in option for option in info.get("SecurityOptions") or ())
    return not has_seccomp or (runtime or str(info.get("DefaultRuntime", ""))) != "runc"


def examined(make: MakeContainer, recipe: Recipe, run_id: str) -> Mapping[str, Any]:
    """Run a container that tries its walls, and return what it found.

    Raises:
        SandboxUnavailable: A wall that Manimatic insists on does not stand, or memory's was not seen to hold.
        SandboxError: It could not be run, or said nothing.
    """
    for _ in range(TRIES):
        found = _tried(make, recipe, run_id)
        if "memory" in found:
            break
    insist(found)
    return found


def _tried(make: MakeContainer, recipe: Recipe, run_id: str) -> Mapping[str, Any]:
    """Let one container try; `memory` is only in what it found where it is known how that came out."""
    spare = 0 if recipe.counts_processes else SPARE_WITHOUT_GROUP
    tried = {"processes": TRIAL.max_processes + spare + 8, "memory_bytes": _MEMORY_TRIED * TRIAL.memory_bytes}
    argv = ["probe", confinement(recipe, TRIAL), json.dumps(tried)]
    with make(recipe, run_id, TRIAL, argv) as guest, _for_a_while(guest):
        guest.start()
        said = guest.stdout.read(_MAX_SAID_BYTES)
        complaint = guest.stderr.read(_MAX_SAID_BYTES)
        status = _end_of(guest)
        killed = guest.sample().memory_kills > 0
        found: dict[str, Any] = {"counts_in_files": guest.counts_in_files, "tried": tried}
    for line in said.splitlines():
        found |= _parsed(line)
    if "deeds" not in found:
        last = complaint.decode(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
        raise SandboxError(f"The trial container failed (status {status}): {last[0]}")
    if killed:
        found.setdefault("memory", "refused")
    return found


def _end_of(guest: DockerGuest) -> int | None:
    """Wait for the guest's end: the engine hears of it after the streams have closed, and of a kill no earlier."""
    give_up_at = time.monotonic() + _END_S
    while (status := guest.poll()) is None and time.monotonic() < give_up_at:
        time.sleep(_PAUSE_S)
    return status


@contextmanager
def _for_a_while(guest: DockerGuest) -> Iterator[None]:
    """Hang up on a guest that does not come to its end."""
    timer = threading.Timer(PATIENCE_S, guest.hang_up)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(line)
    except ValueError as error:
        raise SandboxError("The trial container said something else than it should.") from error
    return found


def insist(found: Mapping[str, Any]) -> None:
    """Refuse where a wall let something through.

    Raises:
        SandboxUnavailable: The message names every wall that does not stand.
    """
    status = found["process"]
    wrong = {
        "files: the root is not read-only": not found["root_is_read_only"],
        **{f"files: a run can {deed}": outcome == "done" for deed, outcome in found["deeds"].items()},
        **{f"files: a run cannot {deed}": outcome != "done" for deed, outcome in found["own"].items()},
        f"files: its disk has {found['disk_bytes']} bytes": found["disk_bytes"] > 2 * TRIAL.disk_bytes,
        f"network: it has {', '.join(found['interfaces'])}": not set(found["interfaces"]) <= {"lo"},
        "rights: it is root": "0" in {status["uid"], status["gid"]},
        "rights: it has capabilities": any(int(status.get(name, "0"), 16) for name in ("CapEff", "CapPrm", "CapBnd")),
        "rights: it can gain new ones": status.get("NoNewPrivs", "1") != "1",
        "memory: the limit does not hold": found.get("memory") != "refused",
        "processes: the limit does not hold": found.get("processes", 0) >= found["tried"]["processes"],
    }
    if failed := sorted(name for name, is_wrong in wrong.items() if is_wrong):
        raise SandboxUnavailable(
            f"The container's walls do not stand: {'; '.join(failed)}.",
            hint="Run `docker info` and look at its warnings; a limit that the kernel cannot hold is dropped silently.",
        )


def report(engine: Engine, recipe: Recipe, found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the isolation report of runs that are made like the trial."""
    info = engine.info()
    runtime = recipe.runtime or str(info.get("DefaultRuntime", "runc"))
    group = f"cgroup v{info.get('CgroupVersion', '1')} of the engine"
    layers = {
        "user": "a uid of its own for each run",
        "namespaces": "pid, mount, network, ipc, uts, cgroup",
        "network": "none",
        "files": "read-only image, sized tmpfs, nothing of the host",
        "seccomp": "allow-list, loaded by the worker" if recipe.own_filter else "allow-list",
        "rights": "no capabilities, no new privileges",
        "memory": group,
        "cpu": group,
        "processes": _holds_processes(recipe, group),
        "runtime": runtime,
        "image": recipe.image,
    }
    return {"backend": "docker", "layers": layers, "missing": dict(_missing(info, recipe, found))}


def _holds_processes(recipe: Recipe, group: str) -> str:
    if not recipe.counts_processes:
        return "rlimits"
    return f"{group}, rlimits" if recipe.own_filter else group


def _missing(info: Mapping[str, Any], recipe: Recipe, found: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Name what is not to be had, and what that means."""
    options = " ".join(info.get("SecurityOptions") or ())
    lacks = {
        "user namespace": (
            "userns" not in options and "rootless" not in options and not recipe.own_filter,
            "a hole in the kernel is met with the run's own unprivileged uid on the host",
        ),
        "swap limit": (not info.get("SwapLimit"), "the kernel does not count swap, so it is not limited"),
        "cpu quota": (not info.get("CpuCfsQuota"), "the engine's kernel does not limit CPU time"),
        "processes cgroup": (not info.get("PidsLimit"), "the limit is the run's own user's, which only the run hears"),
        "Landlock": (
            not str(found["layers"].get("landlock", "")).startswith("ABI"),
            "the mounts are the only file wall, and the list of mounts may name folders of the engine's",
        ),
        "limits seen from outside": (
            recipe.own_filter,
            "the runtime's own kernel refuses processes and disk, which only the run itself hears",
        ),
        "first process": (
            recipe.own_filter,
            "a run may end its own container, which then counts as a crash",
        ),
        "counters in files": (
            not found["counts_in_files"],
            "the engine's statistics are asked instead: they do not count refused forks, nor files apart from memory",
        ),
    }
    return [(name, why) for name, (is_missing, why) in lacks.items() if is_missing]
