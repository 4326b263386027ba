"""Gaps and ratios of two groups' rates: against published tables, exact enumeration, and in clusters."""

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from harness import samples
from harness.errors import HarnessError
from harness.stats import infer, n_needed
from harness.stats.design_variance import correlate, mean_part
from harness.stats.groups import gap_bounds, ratio_bounds
from harness.values.samples import Sample

# ProPublica's COMPAS table: false positives of Black and of white defendants who did not reoffend
BLACK, WHITE = (805, 1795), (349, 1488)
# and false negatives of those who did
BLACK_MISSED, WHITE_MISSED = (532, 1901), (461, 966)


def counts(statistic, group, reference):
    k, n = group
    k_ref, n_ref = reference
    return getattr(samples, statistic)(k=k, n=n, k_ref=k_ref, n_ref=n_ref)


def rows(statistic, y, reference, **columns):
    table = pa.table({"id": np.arange(len(y)), "y": y, "reference": reference, **columns})
    return getattr(samples.rows, statistic)(table)


def combined(combine, group, reference, method="wilson"):
    sides = [value for k, n in (group, reference) for value in (k / n, proportion_confint(k, n, 0.05, method))]
    return combine(*sides)


@pytest.mark.parametrize(
    ("group", "rate"), [(BLACK, 0.4485), (WHITE, 0.2345), (BLACK_MISSED, 0.2799), (WHITE_MISSED, 0.4772)]
)
def test_rates_are_those_of_propublicas_table(group, rate):
    k, n = group

    assert infer(samples.proportion(k=k, n=n)).value == pytest.approx(rate, abs=5e-5)


@pytest.mark.parametrize(
    ("compare", "method", "expected"),
    [
        ("diff", "newcomb", (0.18205, 0.24502)),
        ("diff", "score", (0.18251, 0.24462)),
        ("ratio", "score", (0.47046, 0.58054)),
    ],
)
def test_our_bounds_hold_those_that_statsmodels_gives_for_the_table(compare, method, expected):
    pair, statistic = ((BLACK, WHITE), "gap") if compare == "diff" else ((WHITE, BLACK), "ratio")
    theirs = confint_proportions_2indep(*pair[0], *pair[1], method=method, compare=compare)

    ours = infer(counts(statistic, *pair)).bounds(0.025)

    assert theirs == pytest.approx(expected, abs=6e-6)
    assert ours[0] < theirs[0]
    assert theirs[1] < ours[1]


def test_gap_of_wilson_bounds_is_newcombes():
    assert combined(gap_bounds, BLACK, WHITE) == pytest.approx((0.18205, 0.24502), abs=5e-6)


def test_ratio_of_wilson_bounds_is_the_score_interval():
    assert combined(ratio_bounds, WHITE, BLACK) == pytest.approx((0.47046, 0.58054), abs=2e-4)


def test_gap_and_ratio_are_a_little_wider_than_those_of_wilson():
    gap, ratio = infer(counts("gap", BLACK, WHITE)), infer(counts("ratio", WHITE, BLACK))

    assert (gap.value, ratio.value) == pytest.approx((0.2139, 0.5230), abs=5e-5)
    assert gap.bounds(0.025) == pytest.approx((0.18205, 0.24502), abs=1e-3)
    assert ratio.bounds(0.025) == pytest.approx((0.47046, 0.58054), abs=2e-3)
    assert gap.bounds(0.025)[0] < 0.18205
    assert ratio.bounds(0.025)[1] > 0.58054


def errors(statistic, sizes, rates, truth, alpha=0.05):
    """Enumerate all counts of both groups and add up those whose bounds leave the truth out."""
    n, n_ref = sizes
    chance = np.outer(*(binom.pmf(np.arange(size + 1), size, rate) for size, rate in zip(sizes, rates, strict=True)))
    wrong = np.zeros(2)
    for k, k_ref in np.argwhere(chance > 1e-7):
        if statistic == "gap" or k_ref:
            lower, upper = infer(counts(statistic, (int(k), n), (int(k_ref), n_ref))).bounds(alpha)
            wrong += chance[k, k_ref] * np.array([lower > truth, upper < truth])
    return wrong


@pytest.mark.parametrize(("sizes", "rate"), [((15, 60), 0.3), ((40, 40), 0.1), ((60, 30), 0.8)])
def test_bounds_keep_their_level_by_enumeration(sizes, rate):
    assert max(errors("ratio", sizes, (0.8 * rate, rate), 0.8)) <= 0.05
    assert max(errors("gap", sizes, (rate - 0.05, rate), -0.05)) <= 0.05


@given(
    group=st.tuples(st.integers(0, 30), st.just(30)),
    reference=st.tuples(st.integers(1, 50), st.just(50)),
    alpha=st.floats(1e-6, 0.45),
)
def test_bounds_are_ordered_and_p_values_agree(group, reference, alpha):
    for statistic in ("gap", "ratio"):
        seen = infer(counts(statistic, group, reference))
        lower, upper = seen.bounds(alpha)

        assert lower <= seen.value <= upper
        if lower > -1 and 0 < group[0] < 30 and reference[0] < 50 and math.isfinite(upper):
            assert seen.interval.p_at_most(lower) == pytest.approx(alpha, rel=1e-3, abs=1e-9)
            assert seen.interval.p_at_least(upper) == pytest.approx(alpha, rel=1e-3, abs=1e-9)


@given(seed=st.integers(0, 50))
def test_rows_agree_with_counts_in_any_order(seed):
    rng = np.random.default_rng(seed)
    y, inside = rng.integers(0, 2, 60), np.r_[np.ones(40), np.zeros(20)]
    order = rng.permutation(60)
    of = [(int(y[inside == side].sum()), int((inside == side).sum())) for side in (0, 1)]

    for statistic in ("gap", "ratio"):
        expected = infer(counts(statistic, *of)).bounds(0.05)

        assert expected == pytest.approx(infer(rows(statistic, y, inside)).bounds(0.05))
        assert expected == pytest.approx(infer(rows(statistic, y[order], inside[order])).bounds(0.05))


def test_clusters_widen_the_gap_to_their_number():
    rng = np.random.default_rng(0)
    y, inside, each = rng.integers(0, 2, 100), np.arange(100) % 2, np.repeat(np.arange(100), 5)
    often = rows("gap", y[each], inside[each], **{"cluster.user": each})

    alone, known = infer(rows("gap", y, inside)), infer(often)

    assert known.clusters == 50
    assert np.ptp(known.bounds(0.05)) == pytest.approx(np.ptp(alone.bounds(0.05)), rel=0.03)


@pytest.mark.parametrize("statistic", ["gap", "ratio"])
def test_a_baselines_gap_is_subtracted_on_the_same_rows(statistic):
    rng = np.random.default_rng(1)
    inside = np.arange(400) % 2
    new, old = rng.integers(0, 2, 400), rng.integers(0, 2, 400)
    one, other = rows(statistic, new, inside), rows(statistic, old, inside)

    seen, mirrored = infer(one, other), infer(other, one)

    assert seen.value == pytest.approx(infer(one).value - infer(other).value)
    assert seen.bounds(0.05) == pytest.approx(tuple(-bound for bound in reversed(mirrored.bounds(0.05))))


@pytest.mark.parametrize("share", [0.03, 0.08, 0.1, 0.15])
@pytest.mark.parametrize("statistic", ["gap", "ratio"])
def test_a_candidate_that_loses_a_few_of_a_groups_rows_passes_no_more_often_than_it_may(statistic, share):
    inside, old = np.r_[np.zeros(40), np.ones(400)], np.ones(440)

    def lower(lost: int) -> float:
        new = np.r_[np.zeros(lost), np.ones(440 - lost)]
        return infer(rows(statistic, new, inside), rows(statistic, old, inside)).bounds(0.05)[0]

    passed = sum(binom.pmf(lost, 40, share) for lost in range(12) if lower(lost) > -share)

    assert passed <= 0.05


def test_bounds_of_many_rows_differences_of_ratios_are_those_of_a_bootstrap():
    rng = np.random.default_rng(3)
    inside, at = (np.arange(3000) % 3 > 0) * 1, rng.random(3000)
    new, old = ((at < rate) * 1 for rate in (np.where(inside, 0.6, 0.3), np.where(inside, 0.5, 0.4)))

    def ratio(y: np.ndarray) -> float:
        return y[inside == 0].mean() / y[inside == 1].mean()

    drawn = []
    for _ in range(2000):
        again = rng.integers(0, 3000, 3000)
        one, other, among = new[again], old[again], inside[again]
        rates = [side[among == 0].mean() / side[among == 1].mean() for side in (one, other)]
        drawn.append(rates[0] - rates[1])

    seen = infer(rows("ratio", new, inside), rows("ratio", old, inside))

    assert seen.value == pytest.approx(ratio(new) - ratio(old))
    assert seen.bounds(0.05) == pytest.approx(tuple(np.quantile(drawn, [0.05, 0.95])), abs=0.01)


def test_more_rows_are_asked_for_the_closer_the_truth_lies():
    seen = infer(counts("ratio", (40, 100), (45, 100)))

    assert n_needed(seen, 0.8, 0.95) < n_needed(seen, 0.8, 0.85)


def test_a_ratio_to_nothing_is_refused():
    with pytest.raises(HarnessError, match="needs a hit in the reference group; found 0 of 50; use 'gap'"):
        infer(counts("ratio", (3, 50), (0, 50)))


def test_a_reference_column_without_both_groups_is_refused():
    with pytest.raises(
        HarnessError, match="'reference' must hold 1 in the reference group and 0 in the other; found 1"
    ):
        infer(rows("gap", [1, 0], [1, 1]))


def test_counts_of_nothing_are_refused():
    with pytest.raises(HarnessError, match="takes counts k of n, whole"):
        infer(Sample(statistic="gap", counts={"k": 1, "n": 2}))


@pytest.mark.parametrize("statistic", ["gap", "ratio"])
def test_clusters_that_move_both_groups_apart_widen_bounds_and_those_that_move_them_alike_narrow_them(statistic):
    rng = np.random.default_rng(5)
    swing, cluster, reference = rng.choice([-0.2, 0.2], 60), np.repeat(np.arange(60), 20), np.tile([0, 1], 600)
    draws = rng.random(1200)

    def width(sign, shared=True):
        rate = 0.5 + np.where(reference == 1, sign, 1) * swing[cluster]
        codes = cluster if shared else 2 * cluster + reference
        table = pa.table({"y": (draws < rate) * 1, "reference": reference, "cluster.c": codes})
        lower, upper = infer(getattr(samples.rows, statistic)(table)).bounds(0.05)
        return upper - lower

    assert width(-1) > 1.2 * width(-1, shared=False)
    assert width(1) < 0.9 * width(1, shared=False)


@pytest.mark.parametrize(("clusters", "subtracted"), [(3, None), (12, 1 / 3), (103, 0.1)])
def test_what_clusters_move_alike_counts_but_for_one_standard_error(clusters, subtracted):
    chance = np.random.default_rng(1).normal(size=(3, clusters))
    one, other = (mean_part(chance[0] + each, np.ones(clusters))[1] for each in chance[1:])
    alike = np.corrcoef(one.values, other.values)[0, 1]

    found = correlate(one, other, {"c": np.arange(clusters)})

    assert found == pytest.approx(0.0 if subtracted is None else max(0.0, np.tanh(np.arctanh(alike) - subtracted)))
    assert found < max(alike, 0.01)


def test_what_clusters_move_apart_counts_in_full():
    moved = np.random.default_rng(1).normal(size=50)
    one, other = (mean_part(sign * moved, np.ones(50))[1] for sign in (1, -1))

    assert correlate(one, other, {"c": np.arange(50)}) == pytest.approx(-1)
