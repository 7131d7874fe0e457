"""Puts together what looks over this machine and this configuration, for `manimatic doctor` and before serving."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from manimatic import bootstrap
from manimatic.findings import Finding
from manimatic.settings import Settings

if TYPE_CHECKING:
    from manimatic.sandbox.docker.engine import Engine


def examine(settings: Settings, *, quick: bool = False) -> list[Finding]:
    """Look over this machine and this configuration; a quick look takes well under half a second."""
    from manimatic import checkup

    parts = checkup.Parts(
        prepare=lambda: bootstrap.prepare_data_dir(settings),
        storage=lambda: bootstrap.build_storage(settings),
        store=lambda: bootstrap.build_store(settings),
        model=lambda: bootstrap.build_model(settings).check(),
        broker=lambda: _ask_broker(settings),
    )
    of_sandbox = _examine_engine if settings.sandbox == "docker" else _examine_machine
    return [*checkup.examine(settings, parts, quick=quick), *of_sandbox(settings, quick)]


def _ask_broker(settings: Settings) -> str | None:
    """Say how much waits at the broker; None where there is none. Raises BrokerError, SettingsError."""
    if settings.dispatch == "embedded":
        return None
    from manimatic.wakeup.broker import make_sender, waiting_messages

    return f"Redis answers; {waiting_messages(make_sender(settings.broker_url, settings.job_timeout_s))} messages wait"


def _examine_machine(settings: Settings, quick: bool) -> list[Finding]:
    from manimatic.sandbox.cgroup import choose
    from manimatic.sandbox.examine import Places
    from manimatic.sandbox.examine import examine as examine_sandbox
    from manimatic.sandbox.identity import identity_folder
    from manimatic.sandbox.runtime import missing_parts, runtime_root

    places = Places(
        slots=identity_folder() / "slots",
        groups=lambda: choose().describe(),
        runtime_missing=lambda: missing_parts(runtime_root()),
        try_landlock=None if settings.sandbox == "bubblewrap" else _try_landlock,
        needs_bubblewrap=settings.sandbox != "landlock",
    )
    return examine_sandbox(places, quick=quick)


def _examine_engine(settings: Settings, quick: bool) -> list[Finding]:
    from manimatic.sandbox.docker.engine import Engine
    from manimatic.sandbox.docker.examine import examine as examine_docker
    from manimatic.sandbox.identity import identity_folder, take_identity

    def connect() -> Engine:
        return Engine(settings.docker_host)

    def attempt() -> Mapping[str, Any]:
        with take_identity(identity_folder()) as identity:
            sandbox = bootstrap.build_docker_sandbox(settings, identity)
            try:
                return sandbox.describe()
            finally:
                sandbox.close()

    found = list(examine_docker(connect, settings.worker_image, None if quick else attempt))
    return found if quick else [*found, *_examine_age_of_engine(connect)]


def _examine_age_of_engine(connect: Callable[[], Engine]) -> list[Finding]:
    """Look up the engine, what it starts containers with, and the kernel that they share."""
    from manimatic.errors import SandboxError
    from manimatic.sandbox.machine import THIS_MACHINE
    from manimatic.sandbox.patch_levels import examine_engine

    try:
        engine = connect()
        try:
            said = engine.version()
        finally:
            engine.close()
    except SandboxError:
        said = {}
    return list(examine_engine(THIS_MACHINE, said))


def _try_landlock() -> Mapping[str, Any]:
    """Return the report of the backend without namespaces. Raises SandboxUnavailable."""
    from manimatic.sandbox.cgroup import choose
    from manimatic.sandbox.identity import identity_folder, take_identity

    with take_identity(identity_folder()) as identity:
        return bootstrap.build_sandbox(Settings(sandbox="landlock"), choose(), identity).describe()
