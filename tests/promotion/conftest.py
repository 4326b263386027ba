"""A project that promotes."""

from pathlib import Path

import pytest

from conftest import Command
from tests.support.promotions import Shop, open_shop

collect_ignore = ["kept"]  # a suite of a first release, which is read and not run


@pytest.fixture
def shop(project: Path, harness: Command) -> Shop:
    return open_shop(project, harness)
