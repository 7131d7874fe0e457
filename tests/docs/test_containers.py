"""What the compose files and the pages about containers say is so."""

from __future__ import annotations

import re

import pytest
from manimatic.settings import describe
from source_tree import ROOT, text_of

COMPOSE = text_of(ROOT / "docker-compose.yml")
FIXED = {
    "MANIMATIC_DATA_DIR": "the image sets it",
    "MANIMATIC_DOCKER_HOST": "the socket is mounted where it looks; DOCKER_SOCKET names it on the host",
    "MANIMATIC_DATABASE_URL": "one machine needs no database server",
    "MANIMATIC_DISPATCH": "one machine needs no broker",
    "MANIMATIC_BROKER_URL": "one machine needs no broker",
}
"""Settings that compose does not pass on, and why."""


@pytest.mark.parametrize("name", [item["name"] for item in describe() if item["name"] not in FIXED])
def test_compose_passes_every_setting_on(name: str) -> None:
    """What stands in .env reaches the service that reads it, or is set by the file itself."""
    assert re.search(rf"^ +{name}: ", COMPOSE, re.MULTILINE), name


def test_secrets_may_come_as_files() -> None:
    """Every secret that is passed on may be named by its file as well."""
    secret = [item["name"] for item in describe() if item["secret"] and item["name"] not in FIXED]
    assert [name for name in secret if f" {name}_FILE: " not in COMPOSE] == []


def test_nothing_tells_to_open_the_socket_to_everyone() -> None:
    """`chmod 666` is named only to say that it is not to be done."""
    for path in [*ROOT.glob("*.sh"), *ROOT.glob("*.yml"), *(ROOT / "script").iterdir()]:
        assert not path.is_file() or "chmod 666" not in text_of(path), path
    page = text_of(ROOT / "docs/howto/troubleshooting.md")
    assert "do not open it to everyone with `chmod 666`" in " ".join(page.split())


@pytest.mark.parametrize("name", ["backend/Dockerfile.backend", "worker/Dockerfile.worker"])
def test_dockerfiles_start_from_the_slim_image_and_pin_by_hash(name: str) -> None:
    """No other base, no package without its hash, no secret but a mounted one."""
    text = text_of(ROOT / name)
    assert set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) == {"debian:bookworm-slim"}
    assert all("--require-hashes" in line for line in re.findall(r"pip.*? install (.*?)\n", text))
    assert not re.search(r"^ARG|^ADD|^COPY.*(?:\.env|secret|pip\.conf|/etc/apt)", text, re.MULTILINE)
    assert re.findall(r"^USER (\S+)", text, re.MULTILINE)[-1].split(":")[0] not in {"0", "root"}
