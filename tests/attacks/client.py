"""The other end of `serve.py`: start a session on a backend and ask it for rows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from readable_copy import Sources, sources

from attacks import place
from attacks.backends import Backend
from attacks.cells import Cell
from attacks.host_cases import CASES
from attacks.registry import Row, load

HERE = Path(__file__).parent


class SessionLost(Exception):
    """The session's process ended."""


class Attacker:
    """Asks a session, whose backend reported `isolation`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._registry = load()
        self.isolation: Mapping[str, Any] = self._answer()

    def cell(self, row: str, *, crowd: bool = False) -> Cell:
        """Have a row judged; what needs no sandbox is tried here, by whoever asks. Raises SessionLost."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"row": row, "crowd": crowd}) + "\n")
        self._process.stdin.flush()
        found = self._answer()
        cell = Cell(**{**found, "details": tuple(found["details"])})
        wrong = _of_host(self._registry.rows[row])
        return replace(cell, outcome="FAILED", ok=False, details=(*cell.details, *wrong)) if wrong else cell

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SessionLost(f"the session ended with status {self._process.wait()}; why stands above")
        answer: dict[str, Any] = json.loads(line)
        return answer


def _of_host(row: Row) -> list[str]:
    try:
        if row.host:
            CASES[row.host]()
    except AssertionError as error:
        return [f"{row.host}: {error}"]
    return []


@contextmanager
def attacker(backend: Backend, number: int = 0) -> Iterator[Attacker]:
    """Start a session; `number` tells sessions apart that run at once."""
    uid = place.PLAIN_UID + number if backend.plain_user and os.geteuid() == 0 else 0
    with sources(for_everyone=bool(uid)) as found, _session(backend, uid, found) as process:
        try:
            yield Attacker(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def _session(backend: Backend, uid: int, found: Sources) -> Iterator[subprocess.Popen[str]]:
    """Start the process, with the /proc of this one."""
    script = found.path(HERE / "serve.py")
    argv = [sys.executable, script, backend.name, str(uid), "own" if place.can_part() else "shared"]
    argv += ["pooled"] if backend.pooled else []
    environ = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "PYTHONPATH": found.search_path()}
    environ |= {name: os.environ[name] for name in ("DOCKER_HOST",) if name in os.environ}
    proc = os.open("/proc", os.O_PATH | os.O_DIRECTORY)
    environ[place.HOST_PROC] = str(proc)
    with subprocess.Popen(
        place.command(argv),
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd="/",
        pass_fds=(proc,),
    ) as process:
        os.close(proc)
        yield process
