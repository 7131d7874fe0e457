"""What is particular to a store on a PostgreSQL server: its failures, its clock, many processes, and its restarts."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import psycopg
import pytest
from harness.postgres import Postgres, postgres_server
from harness.servers import free_port
from manimatic.errors import LeaseLost, QueueFull, SettingsError, StoreError
from manimatic.jobs import JobState, NewJob
from manimatic.settings import Settings
from manimatic.store import SqlJobStore, open_store

SECRET = "s3cret-w0rd"
CLAIM_ALL = """
import os, sys
from manimatic.store import open_store
store = open_store(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
while claim := store.claim(f"process-{os.getpid()}", lease_s=60, max_tries=1):
    print(claim.job.id)
"""
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


@pytest.fixture
def store(postgres_url: str) -> Iterator[SqlJobStore]:
    """Give an empty store with the server's own clock."""
    opened = open_store(postgres_url)
    yield opened
    opened.close()


def submit(store: SqlJobStore) -> str:
    """Queue a job."""
    return store.submit(NewJob(prompt="a circle"), max_queued=10**6).id


# ---------------------------------------------------------------- many at once


def test_four_processes_get_each_of_100_jobs_once(store: SqlJobStore, postgres_url: str) -> None:
    """No job is lost, none is given out twice."""
    for _ in range(100):
        submit(store)
    command = [sys.executable, "-c", CLAIM_ALL, postgres_url]
    children = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    claimed = [line for child in children for line in child.communicate(timeout=60)[0].split()]
    assert [child.returncode for child in children] == [0] * 4
    assert len(claimed) == 100
    assert len(set(claimed)) == 100


def test_claim_passes_over_a_row_that_another_transaction_holds(store: SqlJobStore, postgres_url: str) -> None:
    """A claimer does not wait behind another's open transaction; it takes the next job."""
    first, second = submit(store), submit(store)
    with psycopg.connect(postgres_url) as other:
        other.execute("SELECT 1 FROM jobs WHERE id = %s FOR UPDATE", [first])
        started = time.monotonic()
        claim = store.claim("one", lease_s=30, max_tries=3)
        assert claim is not None
        assert claim.job.id == second
        assert store.claim("two", lease_s=30, max_tries=3) is None
        assert time.monotonic() - started < 5
    assert store.claim("two", lease_s=30, max_tries=3) is not None


def test_more_threads_than_connections_wait_for_one_another(store: SqlJobStore) -> None:
    """A hundred threads share sixteen connections, and each is served."""
    errors: list[BaseException] = []

    def use() -> None:
        try:
            submit(store)
            store.depth()
        except BaseException as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=use) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert store.depth().queued == 100


def test_queue_is_bounded_exactly_under_many_submitters(store: SqlJobStore) -> None:
    """Counting and inserting are one step, whoever else submits."""
    taken: list[str] = []

    def use() -> None:
        with contextlib.suppress(QueueFull):
            taken.append(store.submit(NewJob(prompt="x"), max_queued=7).id)

    threads = [threading.Thread(target=use) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(taken), store.depth().queued) == (7, 7)


def test_store_that_was_opened_before_a_fork_is_refused_in_the_child(postgres_url: str) -> None:
    """Two processes on one connection would mix up their answers."""
    assert subprocess.run([sys.executable, "-c", FORK, postgres_url], check=False, timeout=60).returncode == 42


# ---------------------------------------------------------------- one clock


def test_leases_are_measured_by_the_servers_clock(store: SqlJobStore, postgres_url: str) -> None:
    """A machine whose own clock is an hour wrong neither takes live jobs nor holds dead ones."""
    submit(store)
    wrong = "import time; real = time.time; time.time = lambda: real() + 3600\n"
    program = wrong + (
        "import sys; from manimatic.store import open_store; store = open_store(sys.argv[1])\n"
        "claim = store.claim('wrong', lease_s=30, max_tries=3)\n"
        "print(claim.job.lease_until - real())\n"
        "print(len(store.reap(max_tries=3)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program, postgres_url], capture_output=True, text=True, check=True)
    left_s, reaped = done.stdout.split()
    assert 0 < float(left_s) < 31
    assert reaped == "0"
    assert store.reap(max_tries=3) == []
    assert store.list_jobs(limit=1).jobs[0].lease_until is not None


# ---------------------------------------------------------------- the server goes and comes back


@pytest.fixture
def own_server() -> Iterator[Postgres]:
    """Give a server that the test may stop."""
    with postgres_server() as server:
        yield server


def test_killed_server_costs_what_was_open_and_nothing_else(own_server: Postgres) -> None:
    """While it is away every call says so at once; when it is back the store goes on by itself."""
    store = open_store(own_server.url(own_server.make()))
    job_id = submit(store)
    claim = store.claim("one", lease_s=60, max_tries=3)
    assert claim is not None
    own_server.stop(signal.SIGQUIT)
    started = time.monotonic()
    for call in (store.ping, lambda: submit(store), lambda: store.heartbeat(claim, lease_s=60)):
        with pytest.raises(StoreError, match="cannot be reached") as caught:
            call()
        assert "PostgreSQL" in caught.value.hint
    assert time.monotonic() - started < 5
    own_server.start()
    assert store.heartbeat(claim, lease_s=60) is False
    assert store.advance(claim, JobState.GENERATING).id == job_id
    assert [event.number for event in store.events(job_id)] == [1, 2]
    store.close()


def test_claim_that_was_reaped_while_the_server_was_away_changes_nothing(own_server: Postgres) -> None:
    """The fence decides, also after the server's return."""
    url = own_server.url(own_server.make())
    store = open_store(url)
    submit(store)
    old = store.claim("old", lease_s=0.2, max_tries=3)
    assert old is not None
    own_server.stop(signal.SIGQUIT)
    own_server.start()
    time.sleep(0.2)
    assert len(store.reap(max_tries=3)) == 1
    new = store.claim("new", lease_s=30, max_tries=3)
    assert new is not None
    with pytest.raises(LeaseLost):
        store.advance(old, JobState.GENERATING)
    store.advance(new, JobState.GENERATING)
    store.close()


# ---------------------------------------------------------------- failures in plain words


def refused(url: str) -> StoreError:
    """Return why a store cannot be opened; no driver's traceback follows."""
    with pytest.raises(StoreError) as caught:
        open_store(url)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert "sqlalchemy" not in str(caught.value).lower()
    return caught.value


def test_right_password_opens_and_shows_nowhere(postgres: Postgres) -> None:
    """Neither the store's repr nor the settings' holds it."""
    name = postgres.make()
    url = postgres.url(name, password=postgres.password)
    store = open_store(url)
    submit(store)
    shown = repr(store) + repr(vars(store)) + repr(vars(store._database)) + repr(Settings(database_url=url))
    assert postgres.password not in shown
    store.close()
    postgres.drop(name)


def test_wrong_password_is_named_and_masked(postgres: Postgres) -> None:
    """The message tells it from a server that is away."""
    error = refused(postgres.url("postgres", password=SECRET))
    assert "the user or the password" in error.message
    assert "***" in error.message
    assert SECRET not in str(error) + error.hint


def test_password_among_the_parameters_is_masked(postgres: Postgres) -> None:
    """Libpq takes it there too."""
    address = postgres.url("postgres", password="x").replace(":x@", "@") + f"?password={SECRET}"
    error = refused(address)
    assert SECRET not in str(error) + error.hint


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://me:{SECRET}@host:{SECRET}/db",
        f"postgresql://me:p@{SECRET}@host/db",
        f"postgresql://me:p@ss/{SECRET}@host/db",
        f"postgres://me:{SECRET}@host/db",
        f"postgresql+nonsense://me:{SECRET}@host/db",
    ],
)
def test_address_that_cannot_be_read_is_not_quoted(address: str) -> None:
    """A password with characters that mean something lands anywhere in the parts."""
    with pytest.raises(SettingsError, match="MANIMATIC_DATABASE_URL") as caught:
        open_store(address)
    assert SECRET not in str(caught.value) + caught.value.hint
    assert caught.value.__cause__ is None or SECRET not in str(caught.value.__cause__)


def test_missing_database_is_named_with_what_to_do(postgres: Postgres) -> None:
    """It is made by whoever runs the server."""
    assert "createdb" in refused(postgres.url("nothing_here")).hint


def test_server_that_is_away_is_named_with_what_to_do() -> None:
    """Nobody listens there."""
    error = refused(f"postgresql://me:{SECRET}@127.0.0.1:{free_port()}/jobs")
    assert "cannot be reached" in error.message
    assert SECRET not in str(error)


def test_user_without_rights_is_told_so(postgres: Postgres) -> None:
    """Postgres 15 lets only the owner make tables."""
    name = postgres.make()
    postgres.run(f"CREATE ROLE {name} LOGIN")
    error = refused(postgres.url(name).replace("manimatic@", f"{name}@"))
    assert "rights" in error.message
    postgres.drop(name)
    postgres.run(f"DROP ROLE {name}")


def test_database_that_only_reads_is_named(postgres: Postgres, postgres_url: str) -> None:
    """A copy of the primary answers and takes nothing; readers go on."""
    store = open_store(postgres_url + "&options=-c%20default_transaction_read_only%3Don")
    assert store.depth().queued == 0
    with pytest.raises(StoreError, match="only lets itself be read"):
        submit(store)
    store.close()


def test_full_server_is_named(own_server: Postgres) -> None:
    """All connections are taken."""
    name = own_server.make()
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(psycopg.OperationalError):
            while True:
                stack.enter_context(psycopg.connect(own_server.url(name, password=own_server.password)))
        assert "max_connections" in refused(own_server.url(name, password=own_server.password)).hint


def test_lock_that_another_process_holds_is_named(postgres_url: str) -> None:
    """The wait is limited; readers go on."""
    store = open_store(postgres_url + "&options=-c%20lock_timeout%3D200")
    job_id = submit(store)
    with psycopg.connect(postgres_url) as other:
        other.execute("SELECT 1 FROM jobs WHERE id = %s FOR UPDATE", [job_id])
        with pytest.raises(StoreError, match="locked by another process"):
            store.request_cancel(job_id)
        assert store.get(job_id).state is JobState.QUEUED
    assert store.request_cancel(job_id).state is JobState.CANCELLED
    store.close()


def test_prompt_is_not_in_the_message_of_a_failure(store: SqlJobStore, postgres_url: str) -> None:
    """What users write does not belong in logs."""
    with psycopg.connect(postgres_url) as other:
        other.execute("ALTER TABLE jobs ADD CONSTRAINT short CHECK (length(prompt) < 10)")
    with pytest.raises(StoreError) as caught:
        store.submit(NewJob(prompt=f"very {SECRET} indeed"), max_queued=9)
    assert SECRET not in str(caught.value)
