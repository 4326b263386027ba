"""The target keeps what every plugin must."""

from harness.testing import conformance


def test_conformance() -> None:
    conformance("handbook")
