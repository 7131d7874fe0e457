"""`manimatic serve`: an api, a dispatcher and a launcher, watched and started again when they die."""

from __future__ import annotations

import dataclasses
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from manimatic import bootstrap
from manimatic.cli.doctor import stop_on_errors
from manimatic.cli.environment import read_settings
from manimatic.errors import SandboxUnavailable, SettingsError
from manimatic.lifetime import tied
from manimatic.service_users import UMASK, ServiceUsers, find_obstacle, hand_over
from manimatic.settings import Settings

WATCH_S = 0.2
STOP_S = 20.0
MAX_FALSE_STARTS = 5
"""Starts of one part in a row that lived less than `SHORT_LIFE_S`, after which the service gives up."""
SHORT_LIFE_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One process of the service."""

    name: str
    command: tuple[str, ...]
    environ: Mapping[str, str]
    fds: tuple[int, ...] = ()
    uid: int | None = None
    """Another user than this one; its group is the service's."""


def serve_all(host: str | None, port: int | None) -> int:
    """Serve until told to stop; return the exit code."""
    settings = _with_address(read_settings(), host, port)
    bootstrap.prepare_data_dir(settings)
    bootstrap.build_storage(settings)  # each part would stop at what these refuse, and be started again
    bootstrap.build_signer(settings)
    bootstrap.build_wakeup(settings)
    if code := stop_on_errors(settings):
        return code
    users, why_root = _users(settings)
    if users is None:
        bootstrap.build_store_to_serve(settings)
    elif code := _check_as(users, settings):
        return code
    with _bound(settings) as listener:
        if why_root:
            _say(f"the api and the dispatcher run as root: {why_root}")
        launcher_socket = bootstrap.launcher_socket_path(is_shared=users is not None)
        parts = _parts(settings, listener, launcher_socket, users)
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: stopping.set())
        address = listener.getsockname()
        print(f"Manimatic serves on http://{address[0]}:{address[1]}", flush=True)  # noqa: T201
        return Keeper(parts).run(stopping)


class Keeper:
    """Keeps the parts alive."""

    def __init__(self, parts: list[Part]) -> None:
        self._parts = parts
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._started_at: dict[str, float] = {}
        self._false_starts: Counter[str] = Counter()

    def run(self, stopping: threading.Event) -> int:
        """Start all parts, start again what dies, and stop all in the end."""
        try:
            while not stopping.is_set():
                for part in self._parts:
                    if not self._is_up(part) and not self._start(part):
                        _say(f"{part.name} does not stay up; giving up")
                        return SandboxUnavailable.exit_code
                stopping.wait(WATCH_S)
            return 0
        finally:
            self._stop()

    def _is_up(self, part: Part) -> bool:
        process = self._processes.get(part.name)
        if process is None:
            return False
        if process.poll() is None:
            return True
        _say(f"{part.name} ended with status {process.returncode}; starting it again")
        was_short = time.monotonic() - self._started_at[part.name] < SHORT_LIFE_S
        self._false_starts[part.name] = self._false_starts[part.name] + 1 if was_short else 0
        return False

    def _start(self, part: Part) -> bool:
        if self._false_starts[part.name] >= MAX_FALSE_STARTS:
            return False
        self._started_at[part.name] = time.monotonic()
        self._processes[part.name] = subprocess.Popen(
            tied(list(part.command)),
            env=dict(part.environ),
            pass_fds=part.fds,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the keeper, which stops the parts in order
            **_as_user(part.uid),
        )
        return True

    def _stop(self) -> None:
        """Stop in order: no new requests, then no new runs, then the launcher."""
        deadline = time.monotonic() + STOP_S
        for part in reversed(self._parts):
            process = self._processes.get(part.name)
            if process is None:
                continue
            process.terminate()
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _users(settings: Settings) -> tuple[ServiceUsers | None, str | None]:
    """Return who the parts are to be, with the data folder theirs; None where all are this user, with root's reason."""
    if os.geteuid() != 0:
        return None, None
    users = ServiceUsers()
    if why := find_obstacle(settings, users):
        return None, why
    hand_over(settings, users)
    return users, None


def _check_as(users: ServiceUsers, settings: Settings) -> int:
    """Have the database opened by its owner, so that root touches nothing in a folder that others may write."""
    environ = users.environ(bootstrap.launcher_environ(settings, os.environ) | settings.to_environ(secrets=True))
    command = [sys.executable, "-m", "manimatic.dispatcher", "--check"]
    return subprocess.run(command, env=environ, check=False, **_as_user(users.dispatcher)).returncode


def _as_user(uid: int | None) -> dict[str, Any]:
    """Return how to start a process as this user of the service."""
    if uid is None:
        return {}
    return {"user": uid, "group": ServiceUsers().group, "extra_groups": [], "umask": UMASK, "cwd": "/"}


def _parts(
    settings: Settings, listener: socket.socket, launcher_socket: Path, users: ServiceUsers | None
) -> list[Part]:
    public = bootstrap.launcher_environ(settings, os.environ)
    secret = public | settings.to_environ(secrets=True)
    shown = _api_environ(settings, public)
    client = ("--client", str(users.dispatcher)) if users else ()
    launcher = (sys.executable, "-m", "manimatic.launcher", "--socket", str(launcher_socket), *client)
    dispatches = "manimatic.dispatcher" if settings.dispatch == "embedded" else "manimatic.celery_app"
    dispatcher = (sys.executable, "-m", dispatches, "--launcher", str(launcher_socket))
    api = (sys.executable, "-m", "gunicorn", *bootstrap.api_server_options(listener.fileno()))
    parts = [
        Part(name="launcher", command=launcher, environ=public),
        Part(name="dispatcher", command=dispatcher, environ=secret),
        Part(name="api", command=api, environ=shown, fds=(listener.fileno(),)),
    ]
    return parts if users is None else [parts[0], *(_as_its_own(part, users) for part in parts[1:])]


def _as_its_own(part: Part, users: ServiceUsers) -> Part:
    uid = {"dispatcher": users.dispatcher, "api": users.api}[part.name]
    return dataclasses.replace(part, uid=uid, environ=users.environ(part.environ))


def _api_environ(settings: Settings, public: Mapping[str, str]) -> dict[str, str]:
    """Return the api's environment: its secrets are four addresses, and a key that reads videos and nothing else."""
    needed = {
        "MANIMATIC_DATABASE_URL": settings.database_url,
        "MANIMATIC_BROKER_URL": settings.broker_url,
        "MANIMATIC_RATE_LIMIT_URL": settings.rate_limit_url,
        "SENTRY_DSN": settings.sentry_dsn,
        "MANIMATIC_S3_READ_KEY_ID": settings.s3_read_key_id,
        "MANIMATIC_S3_READ_SECRET_KEY": settings.s3_read_secret_key,
    }
    return {**public, **{name: value for name, value in needed.items() if value}}


def _with_address(settings: Settings, host: str | None, port: int | None) -> Settings:
    """Return the settings with the command line's address, checked together again."""
    changes = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    changed = dataclasses.replace(settings, **changes)  # type: ignore[arg-type]
    return Settings.from_env({**changed.to_environ(secrets=True)})


def _bound(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise SettingsError(
            f"{settings.host}:{settings.port} cannot be listened on: {error.strerror}.",
            hint="Another service has the port; stop it, or choose another with --port.",
        ) from error
    listener.listen(128)
    return listener


def _say(line: str) -> None:
    print(f"serve: {line}", file=sys.stderr, flush=True)  # noqa: T201
