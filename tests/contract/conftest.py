"""Databases of every kind, among them those on the tests' own PostgreSQL server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from clocks import Clock
from harness.postgres import Postgres
from manimatic.store import Stores, open_store, open_stores


@pytest.fixture
def clock() -> Clock:
    """Give the stores' clock."""
    return Clock()


@pytest.fixture
def stores(database_url: str, clock: Clock) -> Iterator[Stores]:
    """Give an empty database of each kind."""
    opened = open_stores(database_url, clock=clock)
    yield opened
    opened.jobs.close()


@pytest.fixture(scope="session")
def postgres_template(postgres: Postgres) -> str:
    """Give the name of a database with all tables and nothing in them."""
    name = postgres.make()
    open_store(postgres.url(name)).close()
    return name


@pytest.fixture
def postgres_url(postgres: Postgres, postgres_template: str) -> Iterator[str]:
    """Give the address of such a database, which is gone after the test."""
    name = postgres.make(postgres_template)
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture(params=["sqlite-file", "sqlite-memory", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the address of an empty database of each kind, one after the other."""
    if request.param == "postgres":
        url: str = request.getfixturevalue("postgres_url")
        return url
    return "sqlite://" if request.param == "sqlite-memory" else f"sqlite:///{tmp_path}/jobs.sqlite3"
