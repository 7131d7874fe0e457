"""Databases on the tests' own PostgreSQL server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from harness.postgres import Postgres
from manimatic.store import open_store


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
