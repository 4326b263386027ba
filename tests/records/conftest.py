"""Ledgers in SQLite and, among the heavy tests, in PostgreSQL."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support.databases import FOUND, postgres_cluster


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a cluster's first database."""
    if not FOUND:
        pytest.skip("no PostgreSQL here; install postgresql")
    with postgres_cluster() as url:
        yield url.replace("postgresql:", "postgresql+psycopg:")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.heavy)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a ledger that nobody has written to."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'deep' / 'ledger.db'}"
    cluster, name = sa.make_url(request.getfixturevalue("postgres")), f"ledger_{uuid.uuid4().hex}"
    with sa.create_engine(cluster, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    return cluster.set(database=name).render_as_string(hide_password=False)
