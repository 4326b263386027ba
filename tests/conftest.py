"""Fixtures for the tests of the host."""

from pathlib import Path

import pytest

from tests.support.gates import GATES


@pytest.fixture
def gated(project: Path, scores: Path) -> Path:
    (project / "ci").mkdir()
    (project / "ci" / "gates.yaml").write_text(GATES)
    return project
