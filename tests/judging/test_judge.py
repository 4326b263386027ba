import math
import re
import time
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from harness import samples
from harness.judging.judge import judge, judge_requirements, read_together
from harness.judging.wording import explain, group_verdicts
from harness.values.keys import Labels
from harness.values.measurements import CrossCheck, Measurement
from harness.values.requirements import Requirement
from harness.values.samples import Sample
from harness.values.verdicts import Verdict

AT_LEAST = Requirement(metric="recall", at_least=0.75, plan_for=0.80)


def counted(k: int, n: int, **changes: object) -> Measurement:
    sample = samples.proportion(k=k, n=n)
    return replace(Measurement(metric="recall", sample=sample, unit="frauds", event="caught"), **changes)  # type: ignore[arg-type]


def stepped(requirement: Requirement, *measurements: Measurement, **failures: str) -> Verdict:
    (verdict,) = judge_requirements([requirement], measurements, "step", "check", failures)
    return verdict


@pytest.mark.parametrize(("k", "outcome"), [(190, "pass"), (171, "inconclusive"), (160, "inconclusive"), (140, "fail")])
def test_a_verdict_rests_on_the_bound_and_not_on_the_value(k: int, outcome: str) -> None:
    assert outcome == judge(AT_LEAST, counted(k, 214)).outcome


@pytest.mark.parametrize("scores", [[0.9] * 200, [0.1] * 200])
@pytest.mark.parametrize("scope", ["population", "these"])
def test_a_judge_whose_errors_nobody_measured_decides_no_must(scores: list[float], scope: str) -> None:
    sample = samples.rows.judge_mean(pa.table({"id": range(200), "y": scores}))
    measurement = Measurement(metric="faithfulness", sample=sample)
    must = Requirement(metric="faithfulness", at_least=0.5, scope=scope)  # type: ignore[arg-type]

    verdict = judge(must, measurement)
    should = judge(replace(must, severity="should"), measurement)

    assert "inconclusive" == verdict.outcome
    assert verdict.reason.startswith("not proven")
    assert should.outcome == ("pass" if scores[0] > 0.5 else "fail")


@pytest.mark.parametrize(
    ("n", "clusters", "outcome"), [(49, 49, "inconclusive"), (50, 50, "pass"), (100, 25, "inconclusive")]
)
def test_a_few_values_without_limits_decide_no_must(n: int, clusters: int, outcome: str) -> None:
    values = np.repeat(np.random.default_rng(1).normal(30, 1, clusters), n // clusters)
    rows = pa.table({"id": range(n), "y": values, "cluster.c": np.repeat(np.arange(clusters), n // clusters)})
    measured = Measurement(metric="score", sample=samples.rows.mean(rows), better="higher")
    found = judge(Requirement(metric="score", at_least=20.0), measured)

    assert outcome == found.outcome, found.reason
    assert ("declare `limits`" in found.reason) == (outcome != "pass")
    assert ("collect what is worth 50" in explain(found)) == (outcome != "pass")
    assert "pass" == judge(Requirement(metric="score", at_least=20.0, severity="should"), measured).outcome


@pytest.mark.parametrize(
    ("slope", "most", "reason"),
    [(0.1, None, ""), (0.4, None, r"collect what is worth [\d,]+"), (0.95, None, "however many are"), (0.95, 1.0, "")],
)
def test_a_share_of_value_whose_tail_may_have_no_variance_decides_no_must(slope, most, reason) -> None:
    values = np.arange(1, 2001 if slope > 0.9 else 101) ** -slope
    sample = samples.rows.value_rate(pa.table({"y": np.ones(values.size), "score": values}), most=most)
    must, measurement = Requirement(metric="m", at_least=0.4), Measurement(metric="m", sample=sample)

    found, should = judge(must, measurement), judge(replace(must, severity="should"), measurement)

    assert ("inconclusive" if reason else "pass") == found.outcome
    assert "not proven" not in should.reason
    assert re.search(reason, found.reason)
    assert ("declare the `most` that a row can be worth" in found.reason) == bool(reason)


def test_inconclusive_says_how_many_in_all_would_decide() -> None:
    verdict = judge(AT_LEAST, counted(171, 214))

    assert verdict.n_needed is not None
    assert 900 < verdict.n_needed < 960
    assert ((0.80, verdict.n_needed),) == verdict.plans


def test_without_a_plan_a_few_distances_are_told() -> None:
    verdict = judge(Requirement(metric="recall", at_least=0.75), counted(171, 214))

    assert verdict.n_needed is None
    assert verdict.plans


def test_a_plan_on_the_wrong_side_of_a_comparison_is_an_error() -> None:
    versus = Requirement(metric="recall", versus="champion", lose_at_most=0.01, plan_for=-0.02)

    lower, higher = (judge(versus, counted(171, 214, better=better)) for better in ("lower", "higher"))

    assert "plan_for -0.02 is not more than the -0.01 that is asked" in higher.reason
    assert "plan_for" not in lower.reason


def test_a_comparison_without_a_baseline_is_an_error_and_not_a_threshold() -> None:
    versus = Requirement(metric="recall", versus="champion", lose_at_most=0.01)

    verdict = judge(versus, counted(171, 214))

    assert ("error", True) == (
        verdict.outcome,
        "was measured, but not the 'champion' to compare it with" in verdict.reason,
    )


def test_each_look_is_judged_at_its_share_of_alpha() -> None:
    one, two = (judge(replace(AT_LEAST, looks=looks), counted(171, 214)) for looks in (1, 2))

    assert one.estimate is not None
    assert two.estimate is not None
    assert (0.95, 0.975) == (one.estimate.level, two.estimate.level)
    assert two.estimate.lower is not None
    assert math.isclose(binomtest(171, 214).proportion_ci(0.95, "exact").low, two.estimate.lower, rel_tol=1e-9)


@pytest.mark.parametrize(("asked", "k"), [({"at_most": 0}, 0), ({"at_least": 1}, 214)])
def test_a_bound_that_meets_the_threshold_from_the_wrong_side_is_no_failure(asked: dict[str, float], k: int) -> None:
    assert "inconclusive" == judge(Requirement(metric="recall", **asked), counted(k, 214)).outcome  # type: ignore[arg-type]


def test_scope_these_leaves_no_sampling_error() -> None:
    verdict = judge(replace(AT_LEAST, scope="these"), counted(171, 214))

    assert verdict.outcome == "pass"
    assert verdict.estimate is not None
    assert verdict.estimate.lower == verdict.estimate.value


def test_a_point_is_never_decided_on() -> None:
    point = Measurement(metric="recall", sample=samples.point(value=0.9))

    must, info = (judge(replace(AT_LEAST, severity=severity), point) for severity in ("must", "info"))

    assert ("error", "inconclusive") == (must.outcome, info.outcome)
    assert "no known interval" in must.reason
    assert info.estimate is not None
    assert (0.9, None) == (info.estimate.value, info.estimate.lower)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_no_number_never_passes(value: float) -> None:
    exact = Measurement(metric="recall", sample=samples.exact(value=value))

    assert "error" == judge(Requirement(metric="recall", at_least=-1e9), exact).outcome


@pytest.mark.parametrize("counts", [{"k": 0, "n": 0}, {}, {"k": 5, "n": 3}, {"k": math.nan, "n": 3}, {"k": -1, "n": 3}])
def test_counts_that_count_nothing_never_pass(counts: Labels) -> None:
    measurement = Measurement(metric="recall", sample=Sample(statistic="proportion", counts=counts))  # type: ignore[arg-type]

    assert "error" == judge(Requirement(metric="recall", at_least=0), measurement).outcome


def test_an_exact_value_at_the_threshold_passes() -> None:
    exact = Measurement(metric="violations", sample=samples.exact(value=0, n=10), better="lower")

    assert "pass" == judge(Requirement(metric="violations", at_most=0), exact).outcome


def test_a_metric_that_was_not_measured_is_an_error() -> None:
    verdict = stepped(AT_LEAST, counted(1, 2, metric="precision"))

    assert ("error", "the check did not measure 'recall'; it measured precision") == (verdict.outcome, verdict.reason)


def test_where_that_matches_nothing_is_an_error_that_lists_what_there_is() -> None:
    asked = replace(AT_LEAST, where={"channel": "fax"})

    verdict = stepped(asked, counted(1, 2, labels={"channel": "web"}), counted(1, 2))

    assert "error" == verdict.outcome
    assert "it was measured for channel: web, overall" in verdict.reason


def test_a_requirement_holds_for_every_measurement_of_its_metric() -> None:
    parts = [counted(190, 214), counted(100, 214, labels={"channel": "web"})]

    verdicts = judge_requirements([AT_LEAST], parts, "step", "check")

    assert [("recall", "pass"), ("recall[channel=web]", "fail")] == [(v.name, v.outcome) for v in verdicts]


def test_where_narrows_to_labels_or_to_overall() -> None:
    parts = [counted(190, 214), counted(100, 214, labels={"channel": "web"})]

    overall = judge_requirements([replace(AT_LEAST, where="overall")], parts, "step", "check")
    web = judge_requirements([replace(AT_LEAST, where={"channel": "web"})], parts, "step", "check")

    assert (["recall"], ["recall[channel=web]"]) == ([v.name for v in overall], [v.name for v in web])


def test_a_step_that_failed_is_an_error_with_its_reason() -> None:
    verdict = stepped(AT_LEAST, candidate="check 'x' raised KeyError: 'y'")

    assert ("error", "check 'x' raised KeyError: 'y'") == (verdict.outcome, verdict.reason)


def test_a_baseline_that_failed_is_an_error_only_of_what_compares_with_it() -> None:
    versus = Requirement(metric="recall", versus="champion", lose_at_most=0.1)

    verdicts = judge_requirements([AT_LEAST, versus], [counted(190, 214)], "step", "check", {"champion": "no alias"})

    assert [("pass", True), ("error", False)] == [(v.outcome, "champion" not in v.reason) for v in verdicts]


def test_a_baseline_that_could_not_be_measured_is_an_error_with_its_reason() -> None:
    versus = Requirement(metric="recall", versus="champion", lose_at_most=0.1)
    broken = counted(190, 214, target="champion", failure="column 'x' holds text")

    verdict = stepped(versus, counted(190, 214), broken)

    assert ("error", "column 'x' holds text") == (verdict.outcome, verdict.reason)


def scored(seed: int, noise: float, target: str) -> Measurement:
    chance = np.random.default_rng(0)
    y = (chance.random(600) < 0.3).astype(float)
    score = y + np.random.default_rng(seed).normal(0, noise, 600)
    rows = pa.table({"id": np.arange(600), "y": y, "score": score})
    return Measurement(metric="roc_auc", sample=samples.rows.auc(rows), target=target)


@pytest.mark.parametrize(("noise", "outcome"), [(0.5, "pass"), (3.0, "fail")])
def test_a_challenger_is_held_to_the_champion_on_the_same_rows(noise: float, outcome: str) -> None:
    versus = Requirement(metric="roc_auc", versus="champion", lose_at_most=0.05)

    verdict = stepped(versus, scored(1, noise, "candidate"), scored(2, 0.5, "champion"))

    assert outcome == verdict.outcome


def test_rows_without_a_partner_in_the_baseline_are_an_error() -> None:
    versus = Requirement(metric="roc_auc", versus="champion", lose_at_most=0.05)
    champion = scored(2, 0.5, "champion")
    fewer = replace(champion, sample=replace(champion.sample, rows=champion.sample.rows.slice(3)))

    verdict = stepped(versus, scored(1, 0.5, "candidate"), fewer)

    assert "error" == verdict.outcome
    assert "3" in verdict.reason


def test_lower_is_better_turns_a_loss_around() -> None:
    versus = Requirement(metric="latency", versus="champion", lose_at_most=5)

    assert (5, "lower") == versus.sought("lower")
    assert (-5, "higher") == versus.sought("higher")


@given(st.integers(1, 5000), st.floats(0, 1), st.floats(0, 1), st.sampled_from([1, 2, 5]))
def test_pass_and_fail_of_counts_agree_with_their_bounds(n: int, share: float, threshold: float, looks: int) -> None:
    verdict = judge(Requirement(metric="recall", at_least=threshold, looks=looks), counted(round(share * n), n))

    assert verdict.estimate is not None
    lower, value, upper = verdict.estimate.lower, verdict.estimate.value, verdict.estimate.upper
    assert lower is not None
    assert upper is not None
    assert 0 <= lower <= value <= upper <= 1
    assert (verdict.outcome == "pass") == (lower >= threshold)
    assert (verdict.outcome == "fail") == (upper < threshold)


def test_ten_thousand_counts_are_judged_in_seconds() -> None:
    """A guard against accidental slowness, in time of the CPU; the figure itself is measured in benchmarks/."""
    started = time.process_time()

    outcomes = {judge(AT_LEAST, counted(k, 1000)).outcome for k in range(1000)}

    assert {"pass", "fail", "inconclusive"} == outcomes
    assert time.process_time() - started < 60


def test_passes_that_found_the_same_are_one_entry_for_a_reader() -> None:
    asked = Requirement(metric="violations", at_most=0)
    found = [
        Measurement(
            metric="violations",
            sample=samples.exact(value=value, n=9),
            labels={"rule": rule},
        )
        for rule, value in (("type", 0), ("range", 3), ("null", 0), ("unique", 3))
    ]

    entries = group_verdicts(judge_requirements([asked], found, "step", "check"))

    assert [["type", "null"], ["range"], ["unique"]] == [[v.labels["rule"] for v in entry] for entry in entries]


def test_a_measurement_that_could_not_be_made_is_an_error_beside_the_others() -> None:
    broken = counted(0, 0, labels={"column": "x"}, failure="column 'x' holds text")

    verdicts = judge_requirements([AT_LEAST], [counted(205, 214), broken], "step", "check")

    assert ["pass", "error"] == [verdict.outcome for verdict in verdicts]
    assert "column 'x' holds text" == verdicts[1].reason


def both(other: int, *, said: str = "pass", then: str = "fail") -> Verdict:
    """Judge one measurement that reads itself beside the check `other`."""
    reading = CrossCheck(own=said, beside="other", then=then, says="so it is the labels")  # type: ignore[arg-type]
    own = counted(205, 214, check="own", step="own", readings=(reading,))
    verdicts = [
        *judge_requirements([AT_LEAST], [own], "own", "own"),
        *judge_requirements([AT_LEAST], [counted(other, 214, check="other", step="other")], "other", "other"),
    ]
    return read_together(verdicts, [own])[0]


def test_what_two_checks_mean_together_is_said_in_the_reason_and_noted() -> None:
    verdict = both(100)

    assert verdict.reason.endswith("; so it is the labels")
    assert ("so it is the labels",) == verdict.notes
    assert verdict == read_together([verdict], [])[0]


@pytest.mark.parametrize(("other", "said"), [(205, "pass"), (100, "fail")])
def test_nothing_is_read_into_other_outcomes(other: int, said: str) -> None:
    assert () == both(other, said=said).notes


@pytest.mark.parametrize(("then", "says"), [("pass", True), ("fail", False)])
def test_what_is_only_shown_does_not_count_beside_other_checks(then: str, says: bool) -> None:
    reading = CrossCheck(own="pass", beside="other", then=then, says="so it is the labels")  # type: ignore[arg-type]
    own = counted(205, 214, check="own", step="own", readings=(reading,))
    beside = [counted(k, 214, check="other", step="other", metric=metric) for metric, k in (("must", 205), ("info", 9))]
    asked = [replace(AT_LEAST, metric=each.metric, severity=each.metric) for each in beside]
    verdicts = judge_requirements([AT_LEAST], [own], "own", "own")
    others = judge_requirements(asked, beside, "other", "other")

    found = read_together([*verdicts, *others], [own])

    assert ["pass", "pass", "fail"] == [each.outcome for each in found]
    assert says == bool(found[0].notes)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_numbers_beyond_what_a_statistic_can_hold_are_an_error_of_that_verdict() -> None:
    rows = pa.table({"id": [1, 2, 3], "y": [1e308, 1e308, -1e308]})
    measured = Measurement(metric="m", sample=samples.rows.mean(rows))

    verdict = judge(Requirement(metric="m", at_least=0), measured)

    assert "error" == verdict.outcome
    assert "look for extreme values" in verdict.reason
