"""A PostgreSQL cluster that all tests of tables share."""

from collections.abc import Iterator

import pytest

from tests.support.databases import FOUND, postgres_cluster


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a database of its own."""
    if not FOUND:
        pytest.skip("no PostgreSQL here; install postgresql")
    with postgres_cluster() as url:
        yield url
