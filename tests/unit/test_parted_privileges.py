"""Each process of the service gets the secrets that it needs, and no others."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from manimatic import bootstrap
from manimatic.cli import serve
from manimatic.service_users import ServiceUsers
from manimatic.settings import Settings, describe

SECRETS = {item["name"]: f"s3cr3t-{number}" for number, item in enumerate(describe()) if item["secret"]}
DATABASE = "sqlite:////nowhere/s3cr3t"
COUNTERS = "redis://nowhere/s3cr3t"
TRACKER = "https://s3cr3t@nowhere/1"
BROKER = "redis://nowhere/s3cr3t-messages"
ADDRESSES = {
    "MANIMATIC_DATABASE_URL": DATABASE,
    "MANIMATIC_RATE_LIMIT_URL": COUNTERS,
    "MANIMATIC_BROKER_URL": BROKER,
    "SENTRY_DSN": TRACKER,
}
READS = ("MANIMATIC_S3_READ_KEY_ID", "MANIMATIC_S3_READ_SECRET_KEY")
ENVIRON = {**SECRETS, **ADDRESSES, "PATH": "/usr/bin", "AWS_SECRET_ACCESS_KEY": "s3cr3t-other"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with every secret set."""
    return Settings.from_env({**ENVIRON, "MANIMATIC_DATA_DIR": str(tmp_path)})


@pytest.fixture(params=[None, ServiceUsers()], ids=["one user", "users"])
def users(request: pytest.FixtureRequest) -> ServiceUsers | None:
    """Whether the parts are users of their own."""
    found: ServiceUsers | None = request.param
    return found


def parts_of(
    settings: Settings, users: ServiceUsers | None, monkeypatch: pytest.MonkeyPatch
) -> dict[str, dict[str, str]]:
    """Return the environment of each process."""
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    with socket.socket() as listener:
        parts = serve._parts(settings, listener, Path("/nowhere/launcher.sock"), users)
    return {part.name: dict(part.environ) for part in parts}


def test_launcher_gets_no_secret(
    settings: Settings, users: ServiceUsers | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What starts workers holds nothing that a worker could steal."""
    assert "s3cr3t" not in str(bootstrap.launcher_environ(settings, ENVIRON))
    assert "s3cr3t" not in str(parts_of(settings, users, monkeypatch)["launcher"])


def test_every_part_keeps_few_heaps(
    settings: Settings, users: ServiceUsers | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a process of many short threads grows for hundreds of runs."""
    assert all(int(environ["MALLOC_ARENA_MAX"]) <= 4 for environ in parts_of(settings, users, monkeypatch).values())


def test_api_gets_addresses_and_the_key_that_reads_videos_and_no_other_secret(
    settings: Settings, users: ServiceUsers | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What listens to the network can neither ask the model nor store."""
    environ = parts_of(settings, users, monkeypatch)["api"]
    assert {name: environ.pop(name) for name in ADDRESSES} == ADDRESSES
    assert {name: environ.pop(name) for name in READS} == {name: SECRETS[name] for name in READS}
    assert "s3cr3t" not in str(environ)


def test_dispatcher_gets_all_settings_and_nothing_else(
    settings: Settings, users: ServiceUsers | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The keys are where they are used; other variables of the user's are not passed on."""
    environ = parts_of(settings, users, monkeypatch)["dispatcher"]
    assert (SECRETS | ADDRESSES).items() <= environ.items()
    assert "AWS_SECRET_ACCESS_KEY" not in environ
