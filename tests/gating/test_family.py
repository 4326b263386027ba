from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import samples
from harness.gating.decide import WORST_FIRST
from harness.gating.family import correct_failures
from harness.gating.gates import Gate
from harness.judging.judge import judge
from harness.values.measurements import Measurement
from harness.values.outcomes import Outcome
from harness.values.requirements import Requirement
from harness.values.verdicts import Verdict
from tests.support.decisions import GATE, decided, run, verdict

ASKED = Requirement(metric="recall", at_least=0.75)


def judged(k: int, n: int = 214, **asked: object) -> Verdict:
    sample = samples.proportion(k=k, n=n)
    return judge(replace(ASKED, **asked), Measurement(metric="recall", sample=sample, unit="frauds"))  # type: ignore[arg-type]


def test_one_must_that_fails_alone_fails() -> None:
    assert ["fail"] == [v.outcome for v in correct_failures([judged(146)])]


def test_a_must_that_fails_alone_but_not_among_all_is_inconclusive_and_says_why() -> None:
    verdicts = correct_failures([judged(146), *[judged(180)] * 11])

    assert ("inconclusive", "pass") == (verdicts[0].outcome, verdicts[1].outcome)
    assert "judged alone it would fail, but among 12 requirements one may miss by this little by chance" in (
        verdicts[0].reason
    )


def test_a_clear_failure_fails_among_any_number() -> None:
    assert "fail" == correct_failures([judged(100), *[judged(180)] * 99])[0].outcome


def test_what_has_no_sampling_error_fails_among_any_number_and_does_not_soften_others() -> None:
    certain = judged(146, scope="these")

    verdicts = correct_failures([judged(146), *[certain] * 11])

    assert ["fail"] * 12 == [v.outcome for v in verdicts]


def test_exact_values_that_pass_do_not_soften_a_failure() -> None:
    certain = judged(200, scope="these")

    verdicts = correct_failures([judged(146), *[certain] * 11])

    assert ["fail", *["pass"] * 11] == [v.outcome for v in verdicts]


def test_a_must_that_fails_alone_at_an_alpha_of_its_own_fails() -> None:
    lenient = judged(150, alpha=0.2, looks=1)

    assert lenient.estimate is not None
    assert (lenient.estimate.p_fail or 0) > 0.05
    assert ["fail"] == [v.outcome for v in correct_failures([lenient])]


def test_a_p_value_counts_as_a_share_of_the_alpha_it_is_judged_at() -> None:
    strict, usual = judged(144, alpha=0.01, looks=1), judged(144, alpha=0.05, looks=1)

    softened, kept = (correct_failures([each, judged(180)])[0].outcome for each in (strict, usual))

    assert ("fail", "fail") == (strict.outcome, usual.outcome)
    assert ("inconclusive", "fail") == (softened, kept)


def test_an_error_stays_an_error_and_a_failure_without_a_p_value_stays_one() -> None:
    kept = [verdict("error"), verdict("fail")]

    assert ["error", "fail"] == [v.outcome for v in correct_failures([*kept, judged(146)])][:2]


def test_a_failure_exactly_at_the_level_of_its_own_verdict_stays_one() -> None:
    found = judged(146)
    assert found.estimate is not None
    at_level = replace(found, estimate=replace(found.estimate, p_fail=0.25, level=0.75))

    assert ["fail"] == [v.outcome for v in correct_failures([at_level])]


def test_a_gate_counts_the_musts_of_all_its_suites_together() -> None:
    gate = Gate(suites=["card", "other"])
    runs = [run(judged(146)), run(*[judged(180)] * 11, suite="other")]

    assert ("fail", "inconclusive") == (decided(GATE, *runs).outcome, decided(gate, *runs).outcome)


def test_should_does_not_count_among_the_musts() -> None:
    softened = [judged(180, severity="should")] * 11

    assert "fail" == decided(GATE, run(judged(146), *softened)).outcome


def test_twelve_musts_exactly_at_the_threshold_rarely_fail_a_gate() -> None:
    chance = np.random.default_rng(3)
    outcomes = [
        decided(GATE, run(*(judged(int(k), looks=1) for k in chance.binomial(214, 0.75, 12)))).outcome
        for _ in range(400)
    ]

    assert outcomes.count("fail") / 400 <= 0.05 + 2 * (0.05 * 0.95 / 400) ** 0.5


OUTCOMES: list[Outcome] = ["pass", "inconclusive", "fail", "error"]


@pytest.mark.parametrize(("better", "worse"), [(a, b) for a, b in product(OUTCOMES, OUTCOMES) if a != b])
@given(others=st.lists(st.sampled_from(OUTCOMES), max_size=4))
def test_a_worse_verdict_never_improves_the_decision(better: Outcome, worse: Outcome, others: list[Outcome]) -> None:
    if OUTCOMES.index(worse) < OUTCOMES.index(better):
        better, worse = worse, better
    rest = [verdict(outcome) for outcome in others]

    good, bad = (decided(GATE, run(verdict(outcome), *rest)).outcome for outcome in (better, worse))

    assert WORST_FIRST.index(bad) <= WORST_FIRST.index(good)


@given(st.lists(st.integers(100, 214), min_size=1, max_size=8), st.integers(0, 7), st.integers(1, 40))
def test_fewer_hits_never_turn_a_decision_into_a_pass(hits: list[int], which: int, fewer: int) -> None:
    at = which % len(hits)
    lower = [k - fewer if index == at else k for index, k in enumerate(hits)]

    before, after = (decided(GATE, run(*map(judged, ks))).outcome for ks in (hits, lower))

    assert not (after == "pass" and before != "pass")


@given(st.lists(st.sampled_from(OUTCOMES), max_size=5))
def test_nothing_but_all_musts_passing_passes(outcomes: list[Outcome]) -> None:
    passed = decided(GATE, run(*map(verdict, outcomes))).outcome == "pass"

    assert passed == (bool(outcomes) and set(outcomes) == {"pass"})
