"""Look over what the service needs beside the sandbox: Python, the data folder, the port, storage, model, database."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from manimatic.errors import ManimaticError, SettingsError
from manimatic.findings import Finding, error, ok, warning
from manimatic.keys import ApiKey
from manimatic.ports import JobStore, Storage
from manimatic.service_users import ServiceUsers
from manimatic.service_users import examine as examine_users
from manimatic.settings import Settings

OLDEST_PYTHON = (3, 11)
MIN_FREE_BYTES = 64 * 1024**2
"""With less free space than this the API takes no jobs."""
LOW_FREE_BYTES = 2 * 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """How to try the parts; each call may raise ManimaticError."""

    prepare: Callable[[], None]
    storage: Callable[[], Storage]
    store: Callable[[], JobStore]
    model: Callable[[], str | None]
    """Ask the provider for its models, which costs nothing; return what is to be warned of."""
    broker: Callable[[], str | None] = lambda: None
    """Ask the broker, where there is one; return what it says."""


def refuse_without_keys(settings: Settings, keys: Sequence[ApiKey], now: float) -> None:
    """Raise SettingsError where the API is to ask for keys and no usable one has been made."""
    if not any(key.is_usable(now) for key in keys):
        raise SettingsError(
            f"The API listens on {settings.host} and asks for keys, but none has been made.",
            hint="Make one with `manimatic keys create`, or set MANIMATIC_ALLOW_NO_KEYS=on behind a proxy that "
            "authenticates.",
        )


def examine(settings: Settings, parts: Parts, *, quick: bool = False) -> list[Finding]:
    """Return the findings; a quick look leaves out what `serve` meets by itself and what asks other machines."""
    found = [_python(sys.version_info[:3]), _data_folder(settings, parts)]
    if quick:
        return found
    found += examine_users(settings, ServiceUsers(), os.geteuid())
    found += [_port(settings), _database(settings, parts), *_broker(parts)]
    return [*found, _storage(settings, parts), *_model(settings, parts)]


def _python(version: tuple[int, ...]) -> Finding:
    shown, oldest = ".".join(map(str, version)), ".".join(map(str, OLDEST_PYTHON))
    if version < OLDEST_PYTHON:
        return error(
            "python",
            f"Python {shown} is older than {oldest}.",
            f"apt-get install -y python{oldest} python{oldest}-venv",
        )
    return ok("python", shown)


def _data_folder(settings: Settings, parts: Parts) -> Finding:
    folder = settings.data_dir
    try:
        parts.prepare()
        free = shutil.disk_usage(folder).free
    except ManimaticError as failure:
        return error(
            "data folder", failure.message, f"mkdir -p {folder} && chown $(id -un) {folder} && chmod 700 {folder}"
        )
    except OSError as failure:
        return error("data folder", f"{folder}: {failure.strerror}.", f"ls -ld {folder}")
    shown = f"{folder}, {free / 1024**3:.1f} GiB free"
    look = f"du -xh {folder} | sort -h | tail   # remove what is not needed, or name another disk in MANIMATIC_DATA_DIR"
    if free < MIN_FREE_BYTES:
        return error("data folder", f"The disk is full: {shown}.", look)
    if free < LOW_FREE_BYTES:
        return warning("data folder", f"The disk is nearly full: {shown}.", look)
    return ok("data folder", shown)


def _port(settings: Settings) -> Finding:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((settings.host, settings.port))
        except OSError as failure:
            return warning(
                "port",
                f"{settings.host}:{settings.port}: {failure.strerror}. It may be Manimatic itself.",
                f"ss -ltnp 'sport = :{settings.port}'   # who has it; or: manimatic serve --port {settings.port + 1}",
            )
    return ok("port", f"{settings.host}:{settings.port} is free")


def _database(settings: Settings, parts: Parts) -> Finding:
    kind = "PostgreSQL" if settings.resolved_database_url.startswith("postgresql") else "SQLite"
    try:
        parts.store().ping()
    except ManimaticError as failure:
        return error("database", failure.message, failure.hint)
    return ok("database", f"{kind} opens")


def _broker(parts: Parts) -> Iterator[Finding]:
    try:
        said = parts.broker()
    except ManimaticError as failure:
        yield error("broker", failure.message, failure.hint)
    else:
        if said is not None:
            yield ok("broker", said)


def _storage(settings: Settings, parts: Parts) -> Finding:
    try:
        parts.storage().ping()
    except ManimaticError as failure:
        return error("storage", f"{settings.storage_kind}: {failure.message}", failure.hint)
    return ok("storage", f"{settings.storage_kind} takes videos")


def _model(settings: Settings, parts: Parts) -> Iterator[Finding]:
    kind = settings.provider_kind
    if kind == "offline":
        yield _offline(settings)
    elif settings.provider_key or kind == "openai-compatible":
        yield _asked_model(settings, parts)
    else:
        name = f"{kind.upper()}_API_KEY"
        mend = f"{name}=…   # in .env, or {name}_FILE"
        yield error("model", f"MANIMATIC_PROVIDER={kind}, but {name} is not set.", mend)


def _asked_model(settings: Settings, parts: Parts) -> Finding:
    """Say which model is configured, and whether the provider knows it; the key is never shown."""
    place = f" at {_without_password(settings.model_base_url)}" if settings.model_base_url else ""
    key = "a key is set" if settings.provider_key else "no key is set"
    chosen = f"{settings.resolved_model} of {settings.provider_kind}{place}; {key}"
    try:
        trouble = parts.model()
    except ManimaticError as failure:
        return error("model", f"{chosen}. {failure.message}", failure.hint)
    if trouble is None:
        return ok("model", f"{chosen}; the provider lists it")
    mend = "manimatic settings   # look at MANIMATIC_PROVIDER, MANIMATIC_MODEL, MANIMATIC_MODEL_BASE_URL and the key"
    return warning("model", f"{chosen}. {trouble}", mend)


def _offline(settings: Settings) -> Finding:
    """Say why the offline composer answers; a key that nothing uses is most likely meant to be used."""
    others = {"openai": settings.openai_api_key, "anthropic": settings.anthropic_api_key}
    for name, key in others.items():
        if key and settings.provider == "auto":
            unused = f"{name.upper()}_API_KEY is set, but MANIMATIC_PROVIDER is not: the offline composer answers."
            return warning("model", unused, f"MANIMATIC_PROVIDER={name} and MANIMATIC_MODEL=…   # in .env")
    if settings.provider == "auto":
        return ok("model", "no GEMINI_API_KEY is set; the offline composer answers")
    return ok("model", "the offline composer answers, as MANIMATIC_PROVIDER says")


def _without_password(address: str) -> str:
    parts = urlsplit(address)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
