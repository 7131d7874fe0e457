"""The backends that are attacked: adding one is one entry of `BACKENDS`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from docker import errors  # type: ignore[import-untyped]
from docker_bench import made, sdk
from harness.docker import WORKER
from manimatic.errors import SandboxUnavailable
from manimatic.sandbox.bubblewrap import BubblewrapSandbox
from manimatic.sandbox.cgroup import NoGroups, choose
from manimatic.sandbox.docker.engine import Engine
from manimatic.sandbox.identity import take_identity
from manimatic.sandbox.keeper_command import _filters
from manimatic.sandbox.landlock import LandlockSandbox
from manimatic.sandbox.launcher_server import SupervisedSandbox
from manimatic.sandbox.runtime import GuestRuntime

from attacks.place import HOST_PROC
from attacks.watcher import Find

Left = Callable[[str], list[str]]
Opened = Callable[[Path, GuestRuntime], AbstractContextManager[SupervisedSandbox]]


def _no_reason() -> str | None:
    return None


def _nothing_more(run_id: str) -> list[str]:
    return []


def _session_has_them(run_id: str) -> Find | None:
    return None


@dataclass(frozen=True, kw_only=True)
class Backend:
    """How to make a sandbox for a session, and as whom.

    Attributes:
        name: As the table shows it; the part before the dash is its family.
        opened: Gives the sandbox, whose files lie in the session's folder.
        plain_user: The session gives up root before.
        in_a_container: The session is where user namespaces are refused, as in an ordinary container.
        lacks: Says why this machine cannot have it.
        left: Names what of a run is left in places of the backend's own, by the run's id.
        processes: Finds the processes of a run, where another's children they are.
        pooled: Each run gets a worker that has waited for it.
        keeps: Files below a covered folder that the session needs all the same.
    """

    name: str
    opened: Opened
    plain_user: bool = False
    in_a_container: bool = False
    lacks: Callable[[], str | None] = _no_reason
    left: Left = _nothing_more
    keeps: Callable[[], tuple[Path, ...]] = tuple
    processes: Callable[[str], Find | None] = _session_has_them
    pooled: bool = False


@contextmanager
def _bubblewrap(folder: Path, runtime: GuestRuntime) -> Iterator[SupervisedSandbox]:
    with take_identity(folder / "identity") as identity:
        sandbox = BubblewrapSandbox(choose(), identity, folder)
        vars(sandbox)["_runtime"] = runtime
        yield sandbox


@contextmanager
def _landlock(folder: Path, runtime: GuestRuntime) -> Iterator[SupervisedSandbox]:
    """Without groups, which a container cannot make: the weakest form."""
    _filters("seccomp", "landlock", "landlock_shared_user")
    with take_identity(folder / "identity") as identity:
        sandbox = LandlockSandbox(NoGroups(("none here",)), identity, folder)
        vars(sandbox)["_runtime"] = runtime
        yield sandbox


def _docker(runtime: str) -> Opened:
    return lambda folder, _: contextmanager(made)(_engine(), WORKER, runtime)


def _engine() -> str:
    return os.environ.get("DOCKER_HOST", "")


def _engine_socket() -> tuple[Path, ...]:
    return (Path(_engine().removeprefix("unix://")),)


def _containers_of(run_id: str) -> list[str]:
    engine = Engine(_engine())
    try:
        return [f"container {one['Id'][:12]} is left" for one in engine.labelled(f"manimatic.run={run_id}")]
    finally:
        engine.close()


def _processes_in(run_id: str) -> Find:
    """Ask the engine for a container's processes, and look them up in the /proc that the session began with."""

    def find() -> list[Path]:
        client = sdk(_engine())
        try:
            found = client.containers.list(filters={"label": f"manimatic.run={run_id}"})
            tops = [one.top(ps_args="-eo pid")["Processes"] for one in found]
        except errors.APIError:  # it is not there yet, or not any more
            return []
        finally:
            client.close()
        return [Path(f"/proc/self/fd/{os.environ[HOST_PROC]}", row[0]) for rows in tops for row in rows]

    return find


def _no_engine(runtime: str) -> Callable[[], str | None]:
    def lack() -> str | None:
        if not _engine().startswith("unix:///"):
            return "needs an engine: DOCKER_HOST=unix:///… (script/engine run -- script/attack gives one)"
        engine = Engine(_engine())
        try:
            engine.image(WORKER)
            return (
                None if not runtime or runtime in engine.info()["Runtimes"] else f"the engine has no runtime {runtime}"
            )
        except SandboxUnavailable as error:
            return error.message
        finally:
            engine.close()

    return lack


def _root_only() -> str | None:
    return None if os.geteuid() == 0 else "needs root"


BACKENDS = {
    one.name: one
    for one in (
        Backend(name="bubblewrap-root", opened=_bubblewrap, lacks=_root_only),
        Backend(name="bubblewrap-user", opened=_bubblewrap, plain_user=True),
        Backend(name="landlock-root", opened=_landlock, in_a_container=True, lacks=_root_only),
        Backend(name="landlock-user", opened=_landlock, in_a_container=True, plain_user=True),
        Backend(
            name="docker",
            opened=_docker(""),
            lacks=_no_engine(""),
            left=_containers_of,
            keeps=_engine_socket,
            processes=_processes_in,
        ),
        Backend(
            name="docker-gvisor",
            opened=_docker("runsc"),
            lacks=_no_engine("runsc"),
            left=_containers_of,
            keeps=_engine_socket,
        ),
    )
}
