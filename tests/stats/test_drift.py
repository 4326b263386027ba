"""Drift as an effect with bounds: against scipy, by enumeration of levels, at any size."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import binom, ks_2samp, ncx2, norm

from harness import samples
from harness.errors import HarnessError
from harness.stats import infer, n_needed
from harness.stats.cumulated import furthest
from harness.stats.sparse_bins import chance_alone
from harness.values.samples import Sample

RUNS = 2000
DRIFTS = ("psi", "js", "ks")
bins = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400)), min_size=2, max_size=12).filter(
    lambda found: all(sum(side) >= 240 for side in zip(*found, strict=True)) and sum(any(pair) for pair in found) > 1
)


def counts(statistic, reference, current):
    return getattr(samples, statistic)(reference=reference, current=current)


def shares(shift):
    return np.diff(norm.cdf(norm.ppf(np.linspace(0, 1, 11)) - shift))


def of(statistic, p, q):
    if statistic == "psi":
        return float((p - q) @ np.log(p / q))
    return float(jensenshannon(p, q, base=2)) if statistic == "js" else float(np.abs(np.cumsum(p - q)).max())


@pytest.mark.parametrize(("n", "m", "shift"), [(2000, 2000, 0.2), (20_000, 1000, 0.5), (1000, 20_000, 1.0)])
def test_psi_is_the_textbooks_on_average_and_scatters_as_its_bounds_say(n, m, shift):
    rng, p, q = np.random.default_rng(8), np.full(10, 0.1), shares(shift)
    drawn = [infer(counts("psi", rng.multinomial(n, p), rng.multinomial(m, q))) for _ in range(3000)]
    truth, scale = of("psi", p, q), np.median([seen.interval.scale for seen in drawn])
    values = np.array([seen.value for seen in drawn])

    assert truth == pytest.approx(values.mean(), abs=3 * values.std() / math.sqrt(3000))
    assert math.sqrt(2 * scale**2 * (9 + 2 * truth / scale)) == pytest.approx(values.std(), rel=0.06)


def test_psi_of_equal_shares_is_none_less_what_noise_adds():
    seen = infer(counts("psi", [300, 300, 400], [300, 300, 400]))

    assert (seen.value, seen.interval.scale) == (0.0, pytest.approx(1.03 * 2 / 1000))


def test_psi_bounds_are_where_the_noncentral_chi_square_says():
    seen = infer(counts("psi", [400, 300, 300], [300, 300, 400]))
    lower, upper = seen.bounds(0.05)
    worth = 1 / seen.interval.scale
    distance = seen.value * worth + 2  # what noise alone adds on 2 degrees of freedom

    assert (ncx2.sf(distance, 2, lower * worth), ncx2.cdf(distance, 2, upper * worth)) == pytest.approx((0.05, 0.05))


def test_js_is_scipys_distance_but_for_noise():
    reference, current = np.array([40_000, 30_000, 30_000]) * 100, np.array([30_000, 30_000, 40_000]) * 100

    assert jensenshannon(reference, current, base=2) == pytest.approx(
        infer(counts("js", reference, current)).value, rel=1e-4
    )


def test_ks_is_scipys():
    reference, current = [30, 20, 50], [10, 30, 60]
    expected = ks_2samp(np.repeat(np.arange(3), reference), np.repeat(np.arange(3), current)).statistic

    assert expected == pytest.approx(infer(counts("ks", reference, current)).value)


@pytest.mark.parametrize(("n", "m", "p", "q"), [(1000, 100, 0.11, 0.01), (300, 300, 0.5, 0.4), (100, 1000, 0.01, 0.03)])
def test_a_ks_at_the_threshold_passes_no_more_often_than_its_level_says(n, m, p, q):
    passes = 0.0
    for k in np.flatnonzero(binom.pmf(np.arange(n + 1), n, p) > 1e-9):
        hits = np.flatnonzero(binom.pmf(np.arange(m + 1), m, q) > 1e-9)
        upper = np.array([furthest(np.array([k, n - k]), np.array([hit, m - hit]), 0.05) for hit in hits])
        passes += binom.pmf(k, n, p) * binom.pmf(hits[upper < abs(p - q)], m, q).sum()

    assert passes < 0.055


def test_the_upper_bound_of_a_ks_is_that_of_the_gap_where_there_is_one_point():
    sample = Sample(statistic="gap", counts={"k": 40, "n": 100, "k_ref": 60, "n_ref": 200})

    assert furthest(np.array([60, 140]), np.array([40, 60]), 0.05) == pytest.approx(infer(sample).bounds(0.05)[1])


@pytest.mark.parametrize("statistic", DRIFTS)
@given(found=bins, alpha=st.sampled_from([1e-4, 0.025, 0.3]))
def test_bounds_are_ordered_and_p_values_agree(statistic, found, alpha):
    seen = infer(counts(statistic, *zip(*found, strict=True)))
    lower, upper = seen.bounds(alpha)

    assert 0 <= lower <= seen.value <= upper < math.inf
    if 0 < lower and upper < 1 and lower < seen.value:
        assert seen.interval.p_at_most(lower) == pytest.approx(alpha, rel=1e-2)
        assert seen.interval.p_at_least(upper) == pytest.approx(alpha, rel=1e-2)


@given(found=bins)
def test_psi_does_not_depend_on_the_names_of_bins(found):
    one, other = zip(*found, strict=True)
    turned = infer(counts("psi", one[::-1], other[::-1]))

    assert infer(counts("psi", one, other)).bounds(0.05) == pytest.approx(turned.bounds(0.05))


def test_bins_are_ordered_by_number_for_ks():
    plain = [5, 10, 20, 5, 10, 20, 5, 10, 20, 5, 50, 3]
    sample = counts("ks", plain, plain[::-1])
    turned = replace(sample, counts=dict(reversed(sample.counts.items())))

    assert infer(sample).value == infer(turned).value


@pytest.mark.parametrize("statistic", DRIFTS)
@pytest.mark.parametrize(("n", "m"), [(500, 500), (20_000, 1000), (5000, 5000), (1000, 50_000)])
@pytest.mark.parametrize("shift", [0.1, 0.316, 0.5])
def test_bounds_keep_their_level(statistic, n, m, shift):
    rng = np.random.default_rng(1)
    p, q = np.full(10, 0.1), shares(shift)
    truth, wrong = of(statistic, p, q), np.zeros(2)

    for reference, current in zip(rng.multinomial(n, p, RUNS), rng.multinomial(m, q, RUNS), strict=True):
        interval = infer(counts(statistic, reference, current)).interval
        wrong += interval.p_at_most(truth) < 0.05, interval.p_at_least(truth) < 0.05

    assert max(wrong / RUNS) <= 0.06 + 2 * math.sqrt(0.06 * 0.94 / RUNS)


def test_more_current_rows_decide_until_the_reference_is_too_small():
    near = infer(counts("psi", np.full(10, 100), np.full(10, 40)))
    large = infer(counts("psi", np.full(10, 100_000), np.full(10, 40)))

    assert n_needed(near, 0.1, 0.09) is None
    assert n_needed(large, 0.1, 0.02) < n_needed(large, 0.1, 0.05)


def test_the_asked_n_passes_a_harmless_drift():
    rng = np.random.default_rng(2)
    p, q = np.full(10, 0.1), shares(0.15)
    start = infer(counts("psi", rng.multinomial(50_000, p), rng.multinomial(200, q)))
    n = n_needed(start, 0.1, of("psi", p, q))

    passed = [
        infer(counts("psi", rng.multinomial(50_000, p), rng.multinomial(n, q))).bounds(0.05)[1] < 0.1
        for _ in range(400)
    ]

    assert np.mean(passed) > 0.92


@pytest.mark.parametrize("found", [{}, {"reference.0": 5, "current.0": 5}, {"reference.0": 5, "reference.1": 5}])
def test_counts_without_two_bins_on_both_sides_are_refused(found):
    with pytest.raises(HarnessError, match="takes counts reference.<bin> and current.<bin> of 2 bins or more"):
        infer(Sample(statistic="psi", counts=found))


@pytest.mark.parametrize("bad", [-1, 0.5, math.nan, math.inf])
def test_counts_that_are_not_whole_are_refused(bad):
    with pytest.raises(HarnessError, match=r"whole and 0 or more; found current.1"):
        infer(Sample(statistic="psi", counts={"reference.0": 5, "reference.1": 5, "current.0": 5, "current.1": bad}))


def test_drifts_are_not_compared_with_a_baseline():
    sample = counts("psi", [5, 5], [4, 6])

    with pytest.raises(HarnessError, match="already compares current with reference"):
        infer(sample, sample)


@pytest.mark.parametrize("statistic", DRIFTS)
def test_bounds_are_wider_by_what_the_counts_may_be_off(statistic):
    sample = counts(statistic, [400, 300, 300], [300, 300, 400])
    alone = infer(sample)

    off = infer(replace(sample, counts={**sample.counts, "within": 0.05}))

    lower, upper = alone.bounds(0.05)
    assert (lower - 0.05, upper + 0.05) == pytest.approx(off.bounds(0.05))
    assert alone.value == off.value
    assert alone.interval.p_at_most(0.01) == pytest.approx(off.interval.p_at_most(0.01 - 0.05), abs=1e-6)


@pytest.mark.parametrize(("statistic", "needed"), [("psi", 200), ("js", 400)])
def test_so_few_rows_that_noise_is_no_chi_square_are_refused(statistic, needed):
    few, enough = [60, 39], [60, 40]

    assert infer(counts(statistic, enough, enough)).value == 0
    with pytest.raises(HarnessError, match="of 2 bins needs 100 rows or more on each side; found 100 .* and 99 now"):
        infer(counts(statistic, enough, few))
    with pytest.raises(HarnessError, match=f"of 20 bins needs {needed} rows or more"):
        infer(counts(statistic, [needed // 20 - 1] * 20, [needed] * 20))


def tilted(shares, by):
    moved = shares * np.exp(np.linspace(-by, by, len(shares)))
    return shares / shares.sum(), moved / moved.sum()


SPARSE = tilted(np.r_[np.ones(10), np.full(40, 1e-3)], -0.5)
NEW = np.r_[np.ones(4), 4e-5] / 4.00004, np.r_[np.ones(4), 0.2] / 4.2


@pytest.mark.parametrize(
    ("statistic", "n", "shares"),
    [
        ("psi", 5000, SPARSE),
        ("psi", 50_000, SPARSE),
        ("js", 5000, SPARSE),
        ("psi", 5000, NEW),
        ("psi", 5000, NEW[::-1]),
    ],
)
def test_bins_of_few_rows_keep_the_level(statistic, n, shares):
    rng, (p, q) = np.random.default_rng(9), shares
    truth, wrong = of(statistic, p, q), np.zeros(2)

    for reference, current in zip(rng.multinomial(n, p, 300), rng.multinomial(5000, q, 300), strict=True):
        lower, upper = infer(counts(statistic, reference, current)).bounds(0.05)
        wrong += lower > truth, upper < truth

    assert max(wrong / 300) <= 0.06 + 2 * math.sqrt(0.06 * 0.94 / 300)


@pytest.mark.parametrize(("n", "m"), [(5000, 1000), (1000, 5000)])
def test_js_of_sparse_bins_keeps_its_level_where_sizes_differ(n, m):
    rng, (p, q) = np.random.default_rng(10), tilted(np.r_[np.ones(5), np.full(20, 5e-3)], 0.3)
    truth, wrong = of("js", p, q), np.zeros(2)

    for reference, current in zip(rng.multinomial(n, p, 300), rng.multinomial(m, q, 300), strict=True):
        lower, upper = infer(counts("js", reference, current)).bounds(0.05)
        wrong += lower > truth, upper < truth

    assert max(wrong / 300) <= 0.06 + 2 * math.sqrt(0.06 * 0.94 / 300)


def test_a_category_that_the_reference_never_shows_leaves_the_index_open_above():
    seen = infer(counts("psi", [1250, 1250, 1250, 1250, 0], [1190, 1190, 1190, 1190, 240]))

    assert seen.bounds(0.05)[1] - seen.value > 0.4


def test_what_chance_adds_to_a_bin_of_one_row_is_the_mean_over_both_sides():
    added = chance_alone(np.array([1.0, 999.0]), np.array([0.0, 3000.0]), lambda was, now, n, m: was + 2 * now, 0.75)

    assert (0.25 * 1 + 0.75 * 2, 0) == (pytest.approx(added[0]), added[1])
