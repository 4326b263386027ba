import pytest

from harness.plugins.reports import Report
from harness.values.outcomes import Outcome
from tests.support.decisions import GATE, decided, run, verdict


def test_a_report_comes_to_what_the_gate_decided() -> None:
    failed = run(verdict("fail"))
    decision = decided(GATE, run(verdict("pass")))

    assert "pass" == Report(runs=[failed], decision=decision).outcome


@pytest.mark.parametrize(
    ("outcomes", "expected"), [(("pass", "inconclusive"), "inconclusive"), (("pass",), "pass"), ((), "error")]
)
def test_without_a_gate_a_report_comes_to_the_worst_run(outcomes: tuple[Outcome, ...], expected: Outcome) -> None:
    assert expected == Report(runs=[run(verdict(outcome)) for outcome in outcomes]).outcome
