"""The plugin `guardrails` keeps what every plugin must keep."""

from harness.testing import conformance


def test_conformance() -> None:
    conformance("guardrails")
