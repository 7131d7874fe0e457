"""nginx with the production settings, in front of an api on this machine."""

from __future__ import annotations

import http.client
import os
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from source_tree import ROOT

from harness import servers
from harness.processes import until
from harness.service import Client


@dataclass(frozen=True, slots=True, kw_only=True)
class SecureClient(Client):
    """A client that speaks TLS and trusts one certificate alone."""

    certificate: Path

    def connect(self) -> http.client.HTTPConnection:
        """Open a connection."""
        trust = ssl.create_default_context(cafile=str(self.certificate))
        return http.client.HTTPSConnection("localhost", self.port, timeout=60, context=trust)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A running proxy."""

    https: SecureClient
    http: Client
    log: Path


@contextmanager
def proxy_to(api: int) -> Iterator[Proxy]:
    """Run nginx as docker-compose.production.yml does, but for where things lie."""
    program = servers.needed("nginx", "nginx-light", "/usr/sbin")
    with servers.server_folder("nginx") as folder:
        environ = {**os.environ, "PRODUCTION_SECRETS_DIR": str(folder / "secrets")}
        subprocess.run([ROOT / "deploy/make-secrets"], env=environ, check=True, capture_output=True)
        certificate = folder / "secrets/proxy/tls.crt"
        secure = SecureClient(port=servers.free_port(), certificate=certificate)
        plain = Client(port=servers.free_port())
        moved = {  # in this order, since the folder itself may lie in /tmp
            " /tmp/": f" {folder}/",
            "/run/secrets/": f"{certificate.parent}/",
            "/run/acme": f"{folder}/secrets/acme",
            "/etc/nginx/problem.conf": f"{ROOT}/deploy/problem.conf",
            "manimatic-backend:5000": f"127.0.0.1:{api}",
            "listen 8443": f"listen 127.0.0.1:{secure.port}",
            "listen 8080": f"listen 127.0.0.1:{plain.port}",
            "/dev/stdout": f"{folder}/access.log",
        }
        (folder / "nginx.conf").write_text(_replaced((ROOT / "deploy/nginx.conf").read_text(), moved))
        subprocess.run(["chown", "-R", "--reference", folder, folder], check=True)
        command = [program, "-e", "stderr", "-c", folder / "nginx.conf", "-g", "daemon off;"]
        process = subprocess.Popen(servers.tied(command), stdin=subprocess.DEVNULL)
        try:
            until(lambda: process.poll() is not None or _answers(plain), "nginx")
            assert process.poll() is None
            yield Proxy(https=secure, http=plain, log=folder / "access.log")
        finally:
            servers.end(process)


def _replaced(text: str, words: dict[str, str]) -> str:
    for old, new in words.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


def _answers(client: Client) -> bool:
    try:
        return client.ask("GET", "/proxy").status == 204
    except OSError:
        return False
