"""The composition root: the only place that names adapters.

Each `build_…` takes settings and returns one role, wired. Adapters are imported inside, so that a role loads only what
it uses: the api neither a model's SDK nor Manim, the launcher no database.
"""

from __future__ import annotations

import dataclasses
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from manimatic import host
from manimatic.errors import SettingsError
from manimatic.ports import (
    Checker,
    CodeGenerator,
    JobStore,
    KeyStore,
    Limits,
    Sandbox,
    Signer,
    Storage,
    Wakeup,
    WebhookStore,
)
from manimatic.settings import Settings
from manimatic.storage_choice import build_local_storage
from manimatic.storage_choice import build_signer as build_signer
from manimatic.storage_choice import build_storage as build_storage

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

    from manimatic.codegen.generator import ModelGenerator
    from manimatic.error_tracking import Tracker
    from manimatic.pipeline import Folders, Pipeline
    from manimatic.runner import Runner
    from manimatic.sandbox.cgroup import Groups
    from manimatic.sandbox.docker.backend import DockerSandbox
    from manimatic.sandbox.identity import LauncherIdentity
    from manimatic.sandbox.launcher_server import LauncherServer, SupervisedSandbox
    from manimatic.service import JobService
    from manimatic.store import Stores
    from manimatic.webhooks.sender import WebhookSender

MIB = 1024 * 1024
MALLOC_ARENAS = "2"
"""Each run and each request has threads of its own. By default the C library gives them up to eight heaps a core, each
of which keeps the most that it ever held: a megabyte each in a launcher."""


def limits_of(settings: Settings) -> Limits:
    """Return what one run may use."""
    return Limits(
        timeout_s=settings.timeout_s,
        memory_bytes=settings.memory_mb * MIB,
        cpu_cores=settings.cpu_cores,
        max_processes=settings.max_processes,
        max_files=settings.max_files,
        max_log_bytes=settings.max_log_kb * 1024,
        max_artefact_bytes=settings.max_artefact_mb * MIB,
        disk_bytes=settings.disk_mb * MIB,
    )


def prepare_data_dir(settings: Settings) -> None:
    """Make the data folder, private to this user. Raises SettingsError."""
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = settings.data_dir / f".probe-{secrets.token_hex(4)}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise SettingsError(
            f"The data folder {settings.data_dir} cannot be written: {error.strerror}.",
            hint="Free some space, mend its permissions, or name another in MANIMATIC_DATA_DIR.",
        ) from error


def build_store(settings: Settings) -> JobStore:
    """Open the job database, bringing its schema up to date. Raises StoreError, SettingsError."""
    return build_stores(settings).jobs


def build_stores(settings: Settings) -> Stores:
    """Open the database with all that is kept in it. Raises StoreError, SettingsError."""
    from manimatic.store import open_stores

    prepare_data_dir(settings)
    return open_stores(settings.resolved_database_url)


def build_store_to_serve(settings: Settings) -> Stores:
    """Open the database of a service that is to start.

    Raises:
        StoreError: The database cannot be used.
        SettingsError: A setting is bad, or the API is to ask for keys and there is none.
    """
    from manimatic.checkup import refuse_without_keys

    stores = build_stores(settings)
    if settings.keys_required:
        refuse_without_keys(settings, stores.keys.all_keys(), time.time())
    return stores


def build_log(settings: Settings, part: str) -> FilteringBoundLogger:
    """Return the operator's log for a part of the service."""
    from manimatic.logs import make_log

    return make_log(settings, part=part)


def build_tracker(settings: Settings, part: str) -> Tracker:
    """Return what is told of bugs. Raises SettingsError."""
    from manimatic.error_tracking import Tracker

    return Tracker(settings.sentry_dsn, part)


def build_wakeup(settings: Settings, warn: Callable[[str], None] = lambda line: None) -> Wakeup:
    """Return the wake-up between processes: of this machine, and through a broker where there is one.

    Raises:
        SettingsError: There is to be a broker and its address is missing or no use.
    """
    from manimatic.wakeup import PollingWakeup

    local = PollingWakeup(settings.data_dir)
    if settings.dispatch == "embedded":
        return local
    from manimatic.wakeup.broker import CeleryWakeup, make_sender

    return CeleryWakeup(make_sender(settings.broker_url, settings.job_timeout_s), local, warn)


def run_celery_worker(settings: Settings, launcher: Path) -> int:
    """Run a Celery worker whose processes each take one job at a time; return its exit status."""
    import manimatic.pipeline
    import manimatic.runner
    import manimatic.store  # noqa: F401  loaded once, before the processes are forked
    from manimatic.wakeup.broker import make_receiver
    from manimatic.wakeup.worker import work

    def prepare() -> Callable[[threading.Event], bool]:
        log, tracker = build_log(settings, "dispatcher"), build_tracker(settings, "dispatcher")
        store, sandbox = build_store(settings), build_launcher_sandbox(launcher)
        runner = build_runner(
            settings, store, sandbox, part="celery", warn=log.warning, tell=log.info, tell_bug=tracker.tell
        )
        threading.Thread(target=runner.keep_reporting, args=(threading.Event(),), daemon=True).start()
        return runner.run_next

    return work(make_receiver(settings.broker_url, settings.job_timeout_s), prepare, settings.concurrency)


def build_generator(settings: Settings) -> CodeGenerator:
    """Return the model that is configured, else the offline composer. Raises SettingsError where its key is missing."""
    if settings.provider_kind != "offline":
        return build_model(settings)
    from manimatic.codegen.offline import OfflineComposer

    return OfflineComposer()


def build_model(settings: Settings) -> ModelGenerator:
    """Return the model of the provider that is chosen. Raises SettingsError."""
    from manimatic.codegen.generator import ModelGenerator
    from manimatic.codegen.vendors import VENDORS

    return ModelGenerator(
        VENDORS[settings.provider_kind],
        api_key=settings.provider_key,
        model=settings.resolved_model or "",
        base_url=settings.model_base_url,
        timeout_s=settings.model_timeout_s,
        max_tokens=settings.max_tokens,
        max_cost_usd=settings.max_cost_usd,
    )


def build_checker() -> Checker:
    """Return the checker; its process starts with the first source."""
    from manimatic.checking.process import CheckerProcess

    return CheckerProcess()


def build_service(settings: Settings, store: JobStore, storage: Storage) -> JobService:
    """Return the use cases of the API and the command line."""
    from manimatic.service import JobService

    return JobService(
        store=store,
        wakeup=build_wakeup(settings),
        storage=storage,
        max_queued=settings.max_queued,
        held_folder=settings.data_dir / "held",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiParts:
    """What the api works with: it writes jobs, and reads videos that lie on its own machine."""

    store: JobStore
    keys: KeyStore
    webhooks: WebhookStore
    service: JobService
    storage: Storage
    signer: Signer | None


def build_api(settings: Settings) -> ApiParts:
    """Return the api's parts; of all keys they need one that reads stored videos. Raises SettingsError, StoreError."""
    stores, storage = build_store_to_serve(settings), build_local_storage(settings)
    service = build_service(settings, stores.jobs, storage)
    return ApiParts(
        store=stores.jobs,
        keys=stores.keys,
        webhooks=stores.webhooks,
        service=service,
        storage=storage,
        signer=build_signer(settings),
    )


def api_server_options(listener: int | str) -> list[str]:
    """Return gunicorn's arguments for the api, which listens on an open socket's number or on `host:port`."""
    bind = f"fd://{listener}" if isinstance(listener, int) else listener
    return ["--config", "python:manimatic.api.gunicorn_conf", "--bind", bind, "manimatic.api:serve_app()"]


def build_runner(
    settings: Settings,
    store: JobStore,
    sandbox: Sandbox,
    *,
    copies: Path | None = None,
    part: str = "dispatcher",
    warn: Callable[[str], None] = lambda line: None,
    tell: Callable[..., None] = lambda event, **facts: None,
    tell_bug: Callable[..., None] = lambda error, **ids: None,
) -> Runner:
    """Return the loop of a dispatcher; with `copies`, every video is left in that folder too.

    With Celery its parts are processes of their own: `celery` runs jobs, `upkeep` does the rest.
    """
    from manimatic.pipeline import Folders
    from manimatic.runner import Pace, Runner

    storage, generator = _with_copies(build_storage(settings), copies), build_generator(settings)
    folders = Folders(work=settings.data_dir / "work", held=settings.data_dir / "held")
    pipeline = _pipeline(settings, store, generator, sandbox, storage, folders, warn, tell_bug)
    return Runner(
        name=f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}",
        store=store,
        pipeline=pipeline,
        storage=storage,
        wakeup=build_wakeup(settings, warn),
        work_folder=folders.work,
        held_folder=folders.held,
        jobs_kept_s=settings.job_retention_d * 86_400,
        job_timeout_s=settings.job_timeout_s,
        concurrency=0 if part == "upkeep" else settings.concurrency,
        pace=Pace(lease_s=settings.lease_s, heartbeat_s=settings.lease_s / 3),
        role="celery" if part == "celery" else "dispatcher",
        facts=dict if part == "celery" else lambda: _dispatcher_facts(settings, generator, storage, sandbox),
        warn=warn,
        tell=tell,
        tell_bug=tell_bug,
    )


def build_webhooks(settings: Settings, store: WebhookStore, warn: Callable[[str], None]) -> WebhookSender:
    """Return what tells webhooks of jobs."""
    from manimatic.webhooks.guard import Guard
    from manimatic.webhooks.sender import WebhookSender

    allowed = frozenset(filter(None, settings.webhook_addresses.split(",")))
    return WebhookSender(store, Guard(allowed), warn=warn)


def _with_copies(storage: Storage, copies: Path | None) -> Storage:
    if copies is None:
        return storage
    from manimatic.storage.copying import CopyingStorage

    return CopyingStorage(storage, copies)


def _pipeline(
    settings: Settings,
    store: JobStore,
    generator: CodeGenerator,
    sandbox: Sandbox,
    storage: Storage,
    folders: Folders,
    warn: Callable[[str], None],
    tell_bug: Callable[..., None],
) -> Pipeline:
    from manimatic.attempts import budget_of
    from manimatic.checks import policy_of
    from manimatic.pipeline import Pipeline

    return Pipeline(
        store=store,
        generator=generator,
        checker=build_checker(),
        sandbox=sandbox,
        storage=storage,
        budget=budget_of(settings, limits_of(settings)),
        folders=folders,
        policy=policy_of(settings),
        warn=warn,
        tell_bug=tell_bug,
    )


def _dispatcher_facts(
    settings: Settings, generator: CodeGenerator, storage: Storage, sandbox: Sandbox
) -> Mapping[str, Any]:
    """Return what a dispatcher reports of itself; a launcher that does not answer is a fact too."""
    from manimatic.errors import ManimaticError

    try:
        launcher: Mapping[str, Any] = {"state": "ready", "isolation": dict(sandbox.describe())}
    except ManimaticError as error:
        launcher = {"state": error.code, "message": error.message}
    return {
        "generator": generator.name,
        "model": settings.resolved_model,
        "storage": storage.name,
        "concurrency": settings.concurrency,
        "launcher": launcher,
        "host": {"name": socket.gethostname(), **host.resources(settings.data_dir)},
    }


def build_launcher_sandbox(socket_path: Path) -> Sandbox:
    """Return the sandbox behind a launcher."""
    from manimatic.sandbox.launcher_client import LauncherSandbox

    return LauncherSandbox(socket_path)


@contextmanager
def run_launcher(settings: Settings, environ: Mapping[str, str]) -> Iterator[Sandbox]:
    """Run a launcher as a child process and return the sandbox behind it."""
    from manimatic.sandbox.launcher_process import launcher_process

    socket_path = launcher_socket_path()
    once = dataclasses.replace(settings, pool_size=0)  # nobody comes after this one
    with launcher_process(socket_path, launcher_environ(once, environ)):
        yield build_launcher_sandbox(socket_path)


def launcher_socket_path(*, is_shared: bool = False) -> Path:
    """Return where the launcher that this process starts is to listen; `is_shared` where another user asks there."""
    from manimatic.sandbox.identity import identity_folder, launcher_socket

    return launcher_socket(identity_folder(), is_shared=is_shared)


def launcher_environ(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """Return a launcher's whole environment: its limits, and nothing secret."""
    kept = {
        name: environ[name] for name in ("PATH", "HOME", "LANG", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR") if name in environ
    }
    return kept | {"MALLOC_ARENA_MAX": MALLOC_ARENAS} | settings.to_environ(secrets=False)


def install_guest_runtime() -> None:
    """Copy what a sandbox may see to its place, if it is not there yet. Raises SandboxUnavailable."""
    from manimatic.sandbox.runtime import install_runtime, runtime_root

    install_runtime(runtime_root())


@contextmanager
def build_launcher(
    environ: Mapping[str, str], socket_path: Path, *, client: int | None = None, quiet: bool = False
) -> Iterator[LauncherServer]:
    """Return the launcher's server for the dispatcher of this uid; what dead launchers left is removed first."""
    from manimatic.sandbox.cgroup import choose
    from manimatic.sandbox.identity import identity_folder, take_identity
    from manimatic.sandbox.launcher_server import LauncherServer

    settings = Settings.from_env(environ)
    with take_identity(identity_folder()) as identity:
        groups = choose()
        for group in groups.leftovers(identity.is_alive):
            group.kill()
            group.remove()
        sandbox = build_sandbox(settings, groups, identity)
        log = build_log(settings, "launcher")
        tell = log.debug if quiet else log.info
        yield LauncherServer(
            sandbox, limits_of(settings), socket_path, client=client, tell=tell, pool_size=settings.pool_size
        )


def build_sandbox(settings: Settings, groups: Groups, identity: LauncherIdentity) -> SupervisedSandbox:
    """Return the sandbox that is set; `auto` takes the strongest of this machine's own when it is first asked."""
    if settings.sandbox == "docker":
        return build_docker_sandbox(settings, identity)
    from manimatic.sandbox.bubblewrap import BubblewrapSandbox
    from manimatic.sandbox.choice import FirstAvailable
    from manimatic.sandbox.landlock import LandlockSandbox
    from manimatic.sandbox.runtime import runtime_root

    kinds: dict[str, Callable[[], SupervisedSandbox]] = {
        "bubblewrap": lambda: BubblewrapSandbox(groups, identity, runtime_root()),
        "landlock": lambda: LandlockSandbox(groups, identity, runtime_root()),
    }
    if settings.sandbox in kinds:
        return kinds[settings.sandbox]()
    return FirstAvailable([(name, make()) for name, make in kinds.items()])


def build_docker_sandbox(settings: Settings, identity: LauncherIdentity) -> DockerSandbox:
    """Return the sandbox that asks a container engine."""
    from manimatic.sandbox.docker.backend import DockerSandbox

    return DockerSandbox(settings.docker_host, settings.worker_image, settings.docker_runtime, identity)
