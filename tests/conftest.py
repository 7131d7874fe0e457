"""What holds for every test: a clean environment before it, and nothing left behind after it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from harness import servers

if TYPE_CHECKING:
    from harness.postgres import Postgres
    from harness.redis import Redis

OURS = ("MANIMATIC_", "GEMINI_", "OPENAI_", "ANTHROPIC_", "CLOUDINARY_", "PG")
LEAVE_S = 2.0
"""How long a thread or a child that is on its way out may take."""

for _name in [name for name in os.environ if name.startswith(OURS)]:
    del os.environ[_name]  # also for fixtures of wider scope and for what is imported


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the containers run the whole zoo."""
    parser.addoption(
        "--whole-zoo", action="store_true", help="run every scene of the zoo in containers, not one of each kind"
    )


@pytest.fixture(autouse=True)
def _leaves_nothing_behind() -> Iterator[None]:
    """Fail a test after which a thread, a child process, a variable or another current folder remains.

    Servers that tests share live on until the session ends.
    """
    before = (_environment(), Path.cwd())
    threads, children = set(threading.enumerate()), _children()
    yield
    assert (_environment(), Path.cwd()) == before, "the environment or the current folder has changed"
    _until(lambda: not _new_threads(threads) and not _children() - children)
    assert not _new_threads(threads), "threads are left"
    assert not _children() - children, "child processes are left"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Give a PostgreSQL server of the tests' own, started when it is first asked for."""
    from harness.postgres import postgres_server

    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def redis() -> Iterator[Redis]:
    """Give a Redis server of the tests' own, started when it is first asked for."""
    from harness.redis import redis_server

    with redis_server() as server:
        yield server


def _environment() -> dict[str, str]:
    """Return the environment without pytest's own note of which test runs."""
    return {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}


def _new_threads(before: set[threading.Thread]) -> set[threading.Thread]:
    """Return the threads that are no daemons and were not there; a library's daemons end with the process."""
    return {thread for thread in threading.enumerate() if not thread.daemon} - before


def _children() -> set[int]:
    """Return the ids of this process's children, those that have ended and were not waited for too."""
    tasks = Path("/proc/self/task").iterdir()
    return {int(child) for task in tasks for child in _read(task / "children").split()} - servers.KEPT


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # a thread that has just ended
        return ""


def _until(condition: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + LEAVE_S
    while not condition() and time.monotonic() < give_up_at:
        time.sleep(0.01)
