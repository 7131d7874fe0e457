"""Bring a database's tables up to date."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, inspect, text

from manimatic.errors import StoreError
from manimatic.store.dialects import upgrade_lock
from manimatic.store.schema import HEAD


def upgrade(engine: Engine, place: str) -> None:
    """Run the steps that the database has not had, in one transaction, while every other process waits.

    Raises:
        StoreError: A newer release of Manimatic has used the database.
    """
    with upgrade_lock(engine) as connection:
        connection.execution_options(writes=True)
        with connection.begin():
            found = _revision(connection)
            if found != HEAD:
                _run_steps(connection, found, place)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _run_steps(connection: Connection, found: str | None, place: str) -> None:
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    steps = ScriptDirectory(str(Path(__file__).with_name("migrations")))
    if found not in {None} | {step.revision for step in steps.walk_revisions()}:
        raise StoreError(
            f"{place} was made by a newer release of Manimatic (its revision is {found}).",
            hint="Install that release again, or use another database.",
        )

    def missing(current: Any, _context: object) -> Sequence[Any]:
        return steps._upgrade_revs("head", current)

    with EnvironmentContext(Config(), steps, fn=missing) as environment:
        environment.configure(connection=connection)
        environment.run_migrations()
