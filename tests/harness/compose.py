"""The compose files, brought up on the tests' engine under a project name of their own."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support import require

from harness.docker import docker, engine_environ, said
from harness.service import Client

UP_S = 180
DOWN_S = 100


def compose_command() -> list[str]:
    """Return the command of whichever compose is here, the old one or the engine's plugin."""
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    require(
        docker("compose", "version").returncode == 0, "neither docker-compose nor the plugin `compose` is installed"
    )
    return ["docker", "compose"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """The services of one compose file."""

    file: Path
    name: str
    port: int
    secrets: Path
    settings: Path
    """An `.env` of its own, instead of the checkout's."""

    def run(self, *words: str, timeout_s: float = 110) -> subprocess.CompletedProcess[str]:
        """Run a compose command."""
        command = [*compose_command(), "--file", str(self.file), "--env-file", str(self.settings), *words]
        return subprocess.run(
            command,
            env=self.environ,
            cwd=self.file.parent,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    @property
    def environ(self) -> dict[str, str]:
        """Return the environment of a compose command; the engine's socket is the tests' own."""
        address = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
        return engine_environ() | {
            "COMPOSE_PROJECT_NAME": self.name,
            "DOCKER_SOCKET": address.removeprefix("unix://"),
            "MANIMATIC_PORT": str(self.port),
            "SECRETS_DIR": str(self.secrets),
            "PRODUCTION_SECRETS_DIR": str(self.secrets),
        }

    @property
    def client(self) -> Client:
        """Return a client of the api."""
        return Client(port=self.port)

    def containers(self) -> dict[str, dict[str, Any]]:
        """Return what the engine says of each service's container."""
        label = f"label=com.docker.compose.project={self.name}"
        ids = said("ps", "-aq", "--filter", label).split()
        found = json.loads(said("inspect", *ids)) if ids else []
        return {item["Config"]["Labels"]["com.docker.compose.service"]: item for item in found}

    def log(self) -> str:
        """Return what all services have said."""
        return self.run("logs", "--no-color").stdout[-6000:]


def project_of(file: Path, folder: Path) -> Project:
    """Return a project that is not up, with its settings and secrets in the folder."""
    (folder / "secrets").mkdir(exist_ok=True)
    (folder / "settings").touch()
    return Project(
        file=file,
        name=f"manimatictest{secrets.token_hex(4)}",
        port=free_port(),
        secrets=folder / "secrets",
        settings=folder / "settings",
    )


@contextmanager
def composed(file: Path, folder: Path) -> Iterator[Project]:
    """Bring a compose file's services up, and take everything of them away again."""
    project = project_of(file, folder)
    try:
        up = project.run("up", "-d", timeout_s=UP_S)
        assert up.returncode == 0, up.stderr
        yield project
    finally:
        down = project.run("down", "--volumes", "--timeout", "20", timeout_s=DOWN_S)
        assert down.returncode == 0, down.stderr


def free_port() -> int:
    """Return a port of the loopback interface that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port
