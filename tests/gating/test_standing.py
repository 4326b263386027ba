"""A fail stays until new rows pass, and a gate names what was decided last."""

from dataclasses import replace
from datetime import timedelta

import pytest

from harness.values.decisions import GateDecision
from harness.values.outcomes import Outcome
from harness.values.requirements import Bound, BoundKind
from harness.values.runs import Run
from harness.values.verdicts import Estimate, Look, Verdict
from tests.support.decisions import CANDIDATE, GATE, MEASURED, MUST, NOW, decided, run, verdict


def at_look(outcome: Outcome, number: int, at_least: float = 0.7, **changes: object) -> Verdict:
    """Return what a look came to."""
    look = Look(number=number, evidence=tuple("abcdef"[:number]))
    asked = replace(MUST, at_least=at_least)
    return replace(verdict(outcome), look=look, requirement=asked, **changes)  # type: ignore[arg-type]


def day(number: int, *verdicts: Verdict, **changes: object) -> Run:
    """Return the run of some day."""
    return run(*verdicts, age=timedelta(days=10 - number), **changes)


def after(*verdicts: Verdict) -> GateDecision:
    """Return what a gate decides after a run a day, the first on the 22nd of April."""
    return decided(GATE, *(day(number, each) for number, each in enumerate(verdicts, start=1)))


def test_a_fail_stays_while_later_looks_cannot_tell_and_the_gate_names_it() -> None:
    decision = after(at_look("inconclusive", 1), at_look("fail", 2), at_look("inconclusive", 3))

    message = "card: recall: failed on 2026-04-23 at look 2; look 3 cannot tell: because inconclusive"
    assert ("fail", (f"fail: {message}",)) == (decision.outcome, decision.reasons)


def test_a_fail_ends_with_rows_that_pass_and_does_not_come_back() -> None:
    passed = after(at_look("fail", 1), at_look("pass", 2))
    unsure = after(at_look("fail", 1), at_look("pass", 2), at_look("inconclusive", 3))

    assert ("pass", "inconclusive") == (passed.outcome, unsure.outcome)
    assert "recall: passed on 2026-04-23 at look 2; look 3 cannot tell: because inconclusive" in unsure.reasons[0]


@pytest.mark.parametrize(("asked", "outcome"), [(0.6, "inconclusive"), (0.7, "fail"), (0.8, "fail")])
def test_a_fail_stays_for_thresholds_at_least_as_strict(asked: float, outcome: str) -> None:
    assert outcome == after(at_look("fail", 1), at_look("inconclusive", 2, asked)).outcome


def test_a_pass_of_a_laxer_threshold_ends_no_fail_of_a_stricter_one() -> None:
    lax = after(at_look("fail", 1), at_look("pass", 2, 0.6), at_look("inconclusive", 3))
    strict = after(at_look("fail", 1), at_look("pass", 2, 0.8), at_look("inconclusive", 3))

    assert ("fail", "inconclusive") == (lax.outcome, strict.outcome)


def test_a_fail_that_was_too_much_luck_among_all_musts_of_its_time_does_not_stay() -> None:
    near = Estimate(value=0.6, lower=0.5, upper=0.69, level=0.95, n=100, n_eff=100, method="m", p_fail=0.04)
    failed = at_look("fail", 1, estimate=near)
    other = replace(at_look("pass", 1, estimate=replace(near, p_fail=0.9)), metric="precision")
    later = at_look("inconclusive", 2)

    alone, among = (decided(GATE, day(1, *first), day(2, later)).outcome for first in ([failed], [failed, other]))

    assert ("fail", "inconclusive") == (alone, among)


def test_a_look_that_stands_failed_on_the_day_it_was_taken() -> None:
    stands = replace(Look(number=1, evidence=("a",), waiting=9), taken=NOW - timedelta(days=20))

    decision = after(replace(at_look("fail", 1), look=stands), at_look("inconclusive", 2))

    assert "failed on 2026-04-11 at look 1; look 2 cannot tell" in decision.reasons[0]


def test_a_fail_is_remembered_when_looks_are_spent() -> None:
    spent = replace(at_look("inconclusive", 3), look=Look(number=3, planned=2, spent=True))

    decision = after(at_look("fail", 2), spent)

    assert "fail: card: recall: failed on 2026-04-22 at look 2; none is left" in decision.reasons[0]


def test_a_pass_that_was_withdrawn_says_so_itself() -> None:
    withdrawn = replace(at_look("inconclusive", 1), look=Look(number=1, evidence=("a",), waiting=9, withdrawn=True))

    decision = after(at_look("pass", 1), withdrawn)

    assert ("inconclusive: card: recall: because inconclusive",) == decision.reasons


def test_a_fail_stays_where_suite_and_step_are_called_otherwise_later() -> None:
    measured = replace(MEASURED, asked="sha256:7")
    failed = day(1, replace(at_look("fail", 1), step="old"), suite="old", measurements=(replace(measured, step="old"),))
    unsure = at_look("inconclusive", 2)

    same, other = (
        decided(GATE, failed, day(2, unsure, measurements=(replace(measured, asked=asked),))).outcome
        for asked in ("sha256:7", "sha256:8")
    )

    assert ("fail", "inconclusive") == (same, other)


def test_an_error_stays_an_error() -> None:
    assert "error" == after(at_look("fail", 1), verdict("error")).outcome


def test_a_fail_against_another_champion_was_another_question() -> None:
    champions = [replace(CANDIDATE, digest="sha256:" + letter * 64) for letter in "bc"]
    failed, unsure = (
        replace(verdict(outcome, versus="champion"), look=Look(number=number))
        for number, outcome in enumerate(("fail", "inconclusive"), start=1)
    )

    same, other = (
        decided(
            GATE,
            day(1, failed, baselines={"champion": champions[0]}),
            day(2, unsure, baselines={"champion": champion}),
        )
        for champion in champions
    )

    assert ("fail", "inconclusive") == (same.outcome, other.outcome)


@pytest.mark.parametrize(
    ("kind", "strict", "lax"),
    [("at_least", 0.8, 0.7), ("at_most", 0.1, 0.2), ("lose_at_most", 0.01, 0.02), ("gain_at_least", 0.02, 0.01)],
)
def test_what_meets_a_stricter_bound_meets_a_laxer_one(kind: BoundKind, strict: float, lax: float) -> None:
    hard, easy = Bound(kind=kind, value=strict), Bound(kind=kind, value=lax)

    assert (True, False, True) == (hard.implies(easy), easy.implies(hard), hard.implies(hard))
    assert not hard.implies(replace(easy, kind="at_least" if kind != "at_least" else "at_most"))
