"""Databases of every released schema, on both databases: their jobs are there after an upgrade, and go on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import manimatic.store
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from harness.postgres import Postgres
from manimatic.errors import StoreError
from manimatic.jobs import JobState, NewJob, Quality
from manimatic.store import SqlJobStore, open_store
from manimatic.store.dialects import make_engine, parse_url
from manimatic.store.schema import HEAD, metadata

RELEASED = Path(__file__).with_name("released")
STEPS = ScriptDirectory(str(Path(manimatic.store.__path__[0]) / "migrations"))
REVISIONS = sorted(step.revision for step in STEPS.walk_revisions())
COMPLETE, FAILED, RUNNING, QUEUED = (f"{state:2<25}a" for state in ("complete", "failed", "running", "queued"))
NOW = 1_000_100.0
OPEN = """
import sys
from manimatic.jobs import NewJob
from manimatic.store import open_store
import alembic.config, alembic.runtime.environment, alembic.script
print("ready", flush=True)
sys.stdin.readline()
print(open_store(sys.argv[1]).submit(NewJob(prompt="x"), max_queued=99).id)
"""


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the address of a database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/jobs.sqlite3"
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = server.make()
    yield server.url(name)
    server.drop(name)


def make_as_of(url: str, revision: str) -> None:
    """Make a database as the release with this newest step left it, with that release's rows in it."""
    engine = make_engine(parse_url(url))

    def steps(current: Any, _context: object) -> Any:
        return STEPS._upgrade_revs(revision, current)

    with engine.execution_options(writes=True).begin() as connection:
        with EnvironmentContext(Config(), STEPS, fn=steps) as environment:
            environment.configure(connection=connection)
            environment.run_migrations()
        text = (RELEASED / f"{revision}.sql").read_text().split("\n", 1)[1]
        for statement in text.split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement.replace("%", "%%"))
        if engine.dialect.name == "postgresql":  # rows with numbers of their own do not move the sequence
            connection.exec_driver_sql("SELECT setval(pg_get_serial_sequence('jobs', 'seq'), max(seq)) FROM jobs")
    engine.dispose()


@pytest.fixture(params=REVISIONS)
def old(request: pytest.FixtureRequest, url: str) -> Iterator[SqlJobStore]:
    """Open a database that an older release made."""
    make_as_of(url, request.param)
    store = open_store(url, clock=lambda: NOW)
    yield store
    store.close()


def test_every_revision_has_rows_to_try_it_with() -> None:
    """A new step comes with rows of its own."""
    assert [path.stem for path in sorted(RELEASED.glob("*.sql"))] == REVISIONS
    assert REVISIONS[-1] == HEAD


def test_jobs_of_a_release_are_read_as_they_were(old: SqlJobStore) -> None:
    """What a job, its attempts and its events held is there."""
    job = old.get(COMPLETE)
    assert (job.prompt, job.metadata) == ("a circle – “круг”", {"a": [1, {"b": None}]})
    assert (job.options.quality, job.options.fps, job.options.seed) == (Quality.LOW, 24, 7)
    assert job.video is not None
    assert (job.video.url, job.video.expires_at) == ("http://x/v.mp4", 2_000_000.0)
    assert [event.kind for event in old.events(COMPLETE)] == ["state", "end"]
    assert [(item.number, item.figures) for item in old.attempts(COMPLETE)] == [(1, {"wall_s": 2.5})]
    failure = old.get(FAILED).failure
    assert failure is not None
    assert (failure.code, failure.line) == ("scene_error", 3)
    assert [job.id for job in old.list_jobs(limit=9).jobs] == [QUEUED, RUNNING, FAILED, COMPLETE]


def test_jobs_of_a_release_go_on(old: SqlJobStore) -> None:
    """What waited is claimed, what a dead dispatcher held is settled, and new jobs get the next numbers."""
    assert [(job.id, job.state) for job in old.reap(max_tries=3)] == [(RUNNING, JobState.CANCELLED)]
    claim = old.claim("new", lease_s=30, max_tries=3)
    assert claim is not None
    assert claim.job.id == QUEUED
    old.advance(claim, JobState.GENERATING)
    new = old.submit(NewJob(prompt="x"), max_queued=9)
    assert [job.id for job in old.list_jobs(limit=1).jobs] == [new.id]
    assert [job.id for job in old.drop_ended(older_than_s=50)] == [FAILED]


@pytest.mark.parametrize("revision", [None, *REVISIONS])
def test_processes_that_upgrade_together_all_succeed(url: str, revision: str | None) -> None:
    """One does the steps, the others wait for it; on an empty database too."""
    if revision:
        make_as_of(url, revision)
    children = [
        subprocess.Popen([sys.executable, "-c", OPEN, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    made = {child.communicate(timeout=60)[0].strip() for child in children}
    assert [child.returncode for child in children] == [0, 0]
    store = open_store(url)
    assert made <= {job.id for job in store.list_jobs(limit=9).jobs}
    store.close()


def test_steps_make_the_tables_that_the_code_expects(url: str) -> None:
    """`migrations` and `schema` say the same, and HEAD is the newest step."""
    open_store(url).close()
    engine = make_engine(parse_url(url))
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()
    assert STEPS.get_heads() == [HEAD]


def test_step_that_fails_leaves_the_database_as_it_was(url: str) -> None:
    """All steps are one transaction: a release whose step breaks off in the middle can be put back."""
    make_as_of(url, REVISIONS[0])
    engine = make_engine(parse_url(url))
    with engine.execution_options(writes=True).begin() as connection:
        connection.exec_driver_sql("ALTER TABLE jobs ADD COLUMN partial_reason TEXT")  # the last thing that 0002 does
    with pytest.raises(StoreError):
        open_store(url)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one() == REVISIONS[0]
        assert connection.exec_driver_sql("SELECT count(*) FROM jobs").scalar_one() == 4
        with pytest.raises(Exception, match="fixes"):
            connection.exec_driver_sql("SELECT fixes FROM attempts")
    engine.dispose()


def test_database_of_a_newer_release_is_refused(url: str) -> None:
    """Going back to an older release does not damage it."""
    open_store(url).close()
    engine = make_engine(parse_url(url))
    with engine.execution_options(writes=True).begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    with pytest.raises(StoreError, match=r"newer release.*9999"):
        open_store(url)
