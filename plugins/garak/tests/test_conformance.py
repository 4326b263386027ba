"""The plugin `garak` keeps what every plugin must keep."""

from harness.testing import conformance


def test_conformance() -> None:
    conformance("garak")
