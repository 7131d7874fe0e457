"""A Redis server of the tests' own, from Debian's package."""

from __future__ import annotations

import secrets
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis

from harness import servers
from harness.processes import until


@dataclass(slots=True)
class Redis:
    """A running server, which keeps nothing on disk."""

    program: str
    folder: Path
    port: int
    password: str
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address that Manimatic is told."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start the server, also after it was killed."""
        settings = ["--bind", "127.0.0.1", "--port", str(self.port), "--requirepass", self.password, "--save", ""]
        command = [self.program, *settings, "--dir", str(self.folder), "--maxmemory-policy", "noeviction"]
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(servers.tied(command), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        servers.KEPT.add(self.process.pid)
        until(self._answers, "a Redis server that answers")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Stop the server, with SIGKILL as a crash does."""
        assert self.process is not None
        servers.end(self.process, number)
        servers.KEPT.discard(self.process.pid)
        self.process = None

    @contextmanager
    def client(self) -> Iterator[redis.Redis]:
        """Give a connection, to look at what lies there and to remove it."""
        with redis.Redis(port=self.port, password=self.password, socket_timeout=5) as client:
            yield client

    def messages(self) -> int:
        """Return how many messages wait."""
        with self.client() as client:
            return int(client.llen("manimatic"))  # type: ignore[arg-type]

    def left(self) -> set[bytes]:
        """Return the names of everything that lies there but the queue's own registration."""
        with self.client() as client:
            return {name for name in client.scan_iter() if not name.startswith(b"_kombu.binding")}

    def flush(self) -> None:
        """Remove everything."""
        with self.client() as client:
            client.flushall()

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "server.log").read_text()
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


@contextmanager
def redis_server() -> Iterator[Redis]:
    """Run a server on a port of the loopback interface, with a password."""
    program = servers.needed("redis-server", "redis-server")
    with servers.server_folder("redis") as folder:
        server = Redis(program, folder, servers.free_port(), secrets.token_urlsafe(12))
        server.start()
        try:
            yield server
        finally:
            if server.process is not None:
                server.stop()
