"""What the compose files and the pages about containers say is so."""

from __future__ import annotations

import json
import re

import pytest
from manimatic.api.problems import http_kinds
from manimatic.settings import describe
from source_tree import ROOT, text_of

COMPOSE = text_of(ROOT / "docker-compose.yml")
PRODUCTION = text_of(ROOT / "docker-compose.production.yml")
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


@pytest.mark.parametrize(
    "name", ["backend/Dockerfile.backend", "worker/Dockerfile.worker", "deploy/Dockerfile.servers"]
)
def test_dockerfiles_start_from_the_slim_image_and_pin_by_hash(name: str) -> None:
    """No other base, no package without its hash, no secret but a mounted one."""
    text = text_of(ROOT / name)
    assert set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) == {"debian:bookworm-slim"}
    assert all("--require-hashes" in line for line in re.findall(r"pip.*? install (.*?)\n", text))
    assert not re.search(r"^ARG|^ADD|^COPY.*(?:\.env|secret|pip\.conf|/etc/apt)", text, re.MULTILINE)
    assert re.findall(r"^USER (\S+)", text, re.MULTILINE)[-1].split(":")[0] not in {"0", "root"}


def test_production_passes_every_setting_of_the_api_on() -> None:
    """What docker-compose.yml gives its api stands in the production file too; the other parts are taken from there."""
    first = set(re.findall(r"^ {6}(\w+): ", service_in(COMPOSE, "manimatic-backend"), re.MULTILINE))
    there = set(re.findall(r"^ {6}(\w+): ", service_in(PRODUCTION, "manimatic-backend"), re.MULTILINE))
    assert first - there <= {"SENTRY_DSN", "SENTRY_DSN_FILE"}
    for name in ("SENTRY_DSN_FILE", "MANIMATIC_DATABASE_URL_FILE", "MANIMATIC_DISPATCH", "MANIMATIC_BROKER_URL_FILE"):
        assert re.search(rf"^  {name}: ", PRODUCTION, re.MULTILINE), name
    for part in ("dispatcher", "launcher"):
        assert f"extends: {{file: docker-compose.yml, service: {part}}}" in service_in(PRODUCTION, part)


def test_the_proxy_says_what_the_api_would() -> None:
    """Every error that nginx makes itself has the code and the hint that the reference gives for its status."""
    said = re.findall(r"return (\d+) '(\{.*\})';", text_of(ROOT / "deploy/nginx.conf"))
    kinds = http_kinds()
    assert len(said) == 7
    for status, text in said:
        problem, kind = json.loads(text.replace("\\'", "'")), kinds[int(status)]
        assert (problem["status"], problem["code"], problem["hint"]) == (int(status), kind.code, kind.hint)


def service_in(compose: str, name: str) -> str:
    """Return a service's part of a compose file."""
    return compose.partition(f"\n  {name}:\n")[2].partition("\n\n")[0]
