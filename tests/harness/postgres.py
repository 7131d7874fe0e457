"""A PostgreSQL server of the tests' own, from Debian's package, with a database for each test."""

from __future__ import annotations

import secrets
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from harness import servers
from harness.processes import until

USER = "manimatic"
# No test survives a power failure; without syncs a database is made in some 20 ms.
OPTIONS = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "60",
    "shared_buffers": "16MB",
    "autovacuum": "off",
    "listen_addresses": "127.0.0.1",
}


@dataclass(slots=True)
class Postgres:
    """A running server."""

    programs: Path
    folder: Path
    port: int
    password: str
    process: subprocess.Popen[bytes] | None = None
    templates: dict[str, str] = field(default_factory=dict)

    def start(self) -> None:
        """Start the server, also after it was killed."""
        settings = [f"-c{name}={value}" for name, value in OPTIONS.items()]
        command = [self.programs / "postgres", "-D", self.folder / "data", "-k", self.folder, *settings]
        with (self.folder / "server.log").open("ab") as log:
            arguments = servers.tied([*command, f"-cport={self.port}"])
            self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        servers.KEPT.add(self.process.pid)
        until(self._answers, "a PostgreSQL server that answers")

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """Stop the server: at once with SIGINT, as a crash does with SIGQUIT."""
        assert self.process is not None
        servers.end(self.process, number)
        servers.KEPT.discard(self.process.pid)
        self.process = None

    def url(self, database: str, *, password: str | None = None) -> str:
        """Return the address of a database, over TCP with a password where one is given, else over the socket."""
        if password is None:
            return f"postgresql://{USER}@/{database}?host={self.folder}&port={self.port}"
        return f"postgresql://{USER}:{password}@127.0.0.1:{self.port}/{database}"

    def make(self, template: str = "template0") -> str:
        """Make a database and return its name."""
        name = f"t{secrets.token_hex(6)}"
        self.run(f'CREATE DATABASE {name} TEMPLATE "{template}"')
        return name

    def drop(self, database: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self.run(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")

    def run(self, statement: str, database: str = "postgres") -> None:
        """Run a statement outside of a transaction."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement)

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "server.log").read_text()
        try:
            psycopg.connect(self.url("postgres")).close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def postgres_server() -> Iterator[Postgres]:
    """Run a server whose one user has a password over TCP and needs none over its socket."""
    folders = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)
    programs = Path(servers.needed("initdb", "postgresql", *folders)).resolve().parent
    with servers.server_folder("postgres") as folder:
        password = secrets.token_urlsafe(12)
        (folder / "password").write_text(password)
        (folder / "password").chmod(0o644)
        command = [programs / "initdb", "-D", folder / "data", "-U", USER, "-E", "UTF8", "--locale=C", "--no-sync"]
        command += [f"--pwfile={folder / 'password'}", "--auth-local=trust", "--auth-host=scram-sha-256"]
        subprocess.run([*servers.own_user(), *command], check=True, stdout=subprocess.DEVNULL, cwd="/")
        server = Postgres(programs, folder, servers.free_port(), password)
        server.start()
        try:
            yield server
        finally:
            if server.process is not None:
                server.stop()
