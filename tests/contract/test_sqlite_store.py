"""What is particular to a store in a SQLite file: its failures, its upgrades, and many processes on one file."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from manimatic.errors import SettingsError, StoreError
from manimatic.jobs import NewJob
from manimatic.ports import JobStore
from manimatic.store import open_store
from sqlalchemy import Engine, event

NOBODY = 65534


def fill(path: Path, jobs: int = 1, prompt: str = "a circle") -> None:
    """Make a database with some queued jobs."""
    store = open_store(f"sqlite:///{path}")
    for _ in range(jobs):
        store.submit(NewJob(prompt=prompt), max_queued=10**6)
    store.close()


def start(program: str, *arguments: object) -> subprocess.Popen[str]:
    """Start a Python program of its own."""
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def outputs(children: list[subprocess.Popen[str]]) -> list[str]:
    """Let the programs go on together, and return what they print; each has to end well."""
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    printed = [child.communicate(timeout=60)[0] for child in children]
    assert [child.returncode for child in children] == [0] * len(children)
    return printed


# ---------------------------------------------------------------- many processes

CLAIM_ALL = """
import os, sys
from manimatic.store import open_store
store = open_store(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
while claim := store.claim(f"process-{os.getpid()}", lease_s=60, max_tries=1):
    print(claim.job.id)
"""


def test_eight_processes_get_each_of_200_jobs_once(tmp_path: Path) -> None:
    """No job is lost, none is given out twice."""
    path = tmp_path / "jobs.sqlite3"
    fill(path, 200)
    printed = outputs([start(CLAIM_ALL, f"sqlite:///{path}") for _ in range(8)])
    claimed = [line for text in printed for line in text.split()]
    assert len(claimed) == 200
    assert len(set(claimed)) == 200


FORK = """
import os, sys
from manimatic.errors import StoreError
from manimatic.store import open_store
store = open_store(sys.argv[1])
if child := os.fork():
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
try:
    store.ping()
except StoreError as error:
    assert "forked" in str(error), error
    os._exit(42)
"""


def test_store_that_was_opened_before_a_fork_is_refused_in_the_child(tmp_path: Path) -> None:
    """SQLite's locks do not survive a fork; using it there could damage the file."""
    child = start(FORK, f"sqlite:///{tmp_path}/jobs.sqlite3")
    child.communicate(timeout=30)
    assert child.returncode == 42


KILLED = """
import sys
from manimatic.store import open_store
store = open_store(sys.argv[1])
claim = store.claim("victim", lease_s=60, max_tries=3)
print("ready", flush=True)
while True:
    store.add_event(claim, "log", {"text": "x" * 1000})
"""


def test_process_killed_while_it_writes_leaves_whole_events(tmp_path: Path) -> None:
    """SIGKILL in the middle of writing costs at most the transaction that was open."""
    path = tmp_path / "jobs.sqlite3"
    fill(path)
    child = start(KILLED, f"sqlite:///{path}")
    assert child.stdout is not None
    child.stdout.readline()
    store = open_store(f"sqlite:///{path}")
    job = store.list_jobs(limit=1).jobs[0]
    while len(store.events(job.id)) < 50:
        pass
    child.kill()
    child.communicate()
    numbers = [each.number for each in store.events(job.id)]
    assert numbers == list(range(1, len(numbers) + 1))
    store.request_cancel(job.id)
    store.close()
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


# ---------------------------------------------------------------- opening and upgrading


def test_opening_again_keeps_the_jobs(tmp_path: Path) -> None:
    """An upgrade of what is up to date changes nothing."""
    path = tmp_path / "jobs.sqlite3"
    fill(path)
    fill(path)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM jobs").fetchone() == (2,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://host/db", "sqlite", "oracle://x:secret@y/z"])
def test_address_that_is_no_use_is_a_settings_error(url: str) -> None:
    """It names the variable and hides the password."""
    with pytest.raises(SettingsError, match="MANIMATIC_DATABASE_URL") as caught:
        open_store(url)
    assert "secret" not in str(caught.value)


def test_in_memory_store_is_its_own(tmp_path: Path) -> None:
    """Two of them share nothing."""
    one, two = open_store("sqlite://"), open_store("sqlite://")
    one.submit(NewJob(prompt="x"), max_queued=1)
    assert two.depth().queued == 0
    one.close()
    two.close()


# ---------------------------------------------------------------- failures in plain words


def assert_plain(caught: pytest.ExceptionInfo[StoreError], path: Path, hint: str) -> None:
    """The message names the file, the hint helps, and no driver's traceback follows."""
    assert str(path) in caught.value.message
    assert hint in caught.value.hint
    assert "sqlalchemy" not in str(caught.value).lower()
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.fixture
def plain_user_folder() -> Iterator[Path]:
    """Give a folder that is reached without being root, and drop root for the test."""
    with tempfile.TemporaryDirectory(prefix="manimatic-test-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


@pytest.fixture
def as_plain_user() -> Iterator[None]:
    """Lay root's rights aside; root may write what is read-only."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    yield
    if root:
        os.seteuid(0)


def test_read_only_folder_is_named_with_what_to_do(plain_user_folder: Path, as_plain_user: None) -> None:
    """A new database cannot be made there."""
    if os.geteuid() != NOBODY:
        plain_user_folder.chmod(0o555)
    with pytest.raises(StoreError) as caught:
        open_store(f"sqlite:///{plain_user_folder}/jobs.sqlite3")
    assert_plain(caught, plain_user_folder / "jobs.sqlite3", "writable")


def test_read_only_file_is_named_with_what_to_do(plain_user_folder: Path, request: pytest.FixtureRequest) -> None:
    """The database is there and can only be read."""
    path = plain_user_folder / "jobs.sqlite3"
    fill(path)
    path.with_name("jobs.sqlite3.lock").chmod(0o666)
    path.chmod(0o444)
    request.getfixturevalue("as_plain_user")
    with pytest.raises(StoreError) as caught:
        open_store(f"sqlite:///{path}")
    assert_plain(caught, path, "writable")


def test_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    """MANIMATIC_DATA_DIR points at the wrong thing."""
    (tmp_path / "data").touch()
    with pytest.raises(StoreError, match=str(tmp_path / "data")):
        open_store(f"sqlite:///{tmp_path}/data/jobs.sqlite3")


def test_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    """It is left as it is."""
    path = tmp_path / "jobs.sqlite3"
    path.write_text("Dear diary, " * 1000)
    with pytest.raises(StoreError) as caught:
        open_store(f"sqlite:///{path}")
    assert_plain(caught, path, "backup")
    assert path.read_text().startswith("Dear diary")


def test_damaged_file_is_named(tmp_path: Path) -> None:
    """The header is good and the pages behind it are not."""
    path = tmp_path / "jobs.sqlite3"
    fill(path, 50, prompt="x" * 5000)
    store = open_store(f"sqlite:///{path}")
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))
    with pytest.raises(StoreError) as caught:
        store.list_jobs(limit=50)
    assert_plain(caught, path, "backup")
    store.close()


def test_file_locked_by_another_process_is_named(tmp_path: Path) -> None:
    """The wait is limited; readers go on."""
    path = tmp_path / "jobs.sqlite3"
    store = open_store(f"sqlite:///{path}?timeout=0.1")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError) as caught:
        store.submit(NewJob(prompt="x"), max_queued=1)
    assert_plain(caught, path, "Try again")
    assert store.depth().queued == 0
    other.execute("ROLLBACK")
    store.submit(NewJob(prompt="x"), max_queued=1)
    other.close()
    store.close()


@pytest.fixture
def small_disk() -> Iterator[None]:
    """Let SQLite find its disk full at 400 KB."""

    def limit(driver: Any, _record: object) -> None:
        driver.execute("PRAGMA max_page_count = 100")

    event.listen(Engine, "connect", limit)
    yield
    event.remove(Engine, "connect", limit)


def test_full_disk_is_named_and_costs_only_what_did_not_fit(tmp_path: Path, small_disk: None) -> None:
    """The jobs before it are there, the prompt is not in the message, and small things still work."""
    path = tmp_path / "jobs.sqlite3"
    store = open_store(f"sqlite:///{path}")
    store.submit(NewJob(prompt="small"), max_queued=9)
    with pytest.raises(StoreError) as caught:
        store.submit(NewJob(prompt="secret " * 10**5), max_queued=9)
    assert_plain(caught, path, "Free some space")
    assert "secret" not in str(caught.value)
    assert [job.prompt for job in store.list_jobs(limit=9).jobs] == ["small"]
    store.close()


def test_store_in_memory_is_closed_under_threads_that_use_it_without_a_crash() -> None:
    """They find it closed, or empty; the one connection is not pulled away in the middle of a statement."""
    for _ in range(30):
        store = open_store("sqlite://")
        stop = threading.Event()
        threads = [threading.Thread(target=use, args=(store, stop)) for _ in range(4)]
        for thread in threads:
            thread.start()
        store.close()
        stop.set()
        for thread in threads:
            thread.join()
        store.close()


def use(store: JobStore, stop: threading.Event) -> None:
    """Ask the store until told to stop."""
    while not stop.is_set():
        with contextlib.suppress(StoreError):
            store.depth()
