"""Bounds that hold at every look: the values of confseq's own unit tests, and 20 looks by simulation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize
from scipy.stats import norm

from harness import samples
from harness.errors import HarnessError
from harness.stats import infer
from harness.stats.sequential import (
    bernoulli_bounds,
    best_rho,
    beta_binomial_log_mixture,
    normal_log_mixture,
    normal_mixture_bound,
)
from harness.values.samples import Sample

RUNS = 400


def canary(k, n, k_ref, n_ref, plan=20_000):
    return samples.canary(k=k, n=n, k_ref=k_ref, n_ref=n_ref, plan=plan)


def sequence(k, n, plan=1000):
    return samples.sequence(k=int(k), n=int(n), plan=plan)


def test_normal_mixture_is_that_of_confseq():
    assert best_rho(100, 0.05) == pytest.approx(12.60056, abs=1e-5)
    assert normal_log_mixture(10, 100, 100, 0.05) == pytest.approx(-0.6510052, abs=1e-5)
    assert normal_mixture_bound(100, 0.05, 100) == pytest.approx(30.35209, abs=1e-5)


def one_sided(total, variance, best, alpha):
    """Return confseq's one-sided normal mixture, which no verdict uses: two bounds at alpha take one of 2 alpha."""
    rho = best_rho(best, 2 * alpha)
    log = 0.5 * math.log(4 * rho / (variance + rho)) + total**2 / (2 * (variance + rho))
    return log + norm.logcdf(total / math.sqrt(variance + rho)) + math.log(alpha)


def test_our_parameter_gives_confseqs_one_sided_bound_and_ours_is_no_tighter():
    bound = optimize.brentq(one_sided, 0, 100, args=(100, 100, 0.05))

    assert bound == pytest.approx(27.66071, abs=1e-5)
    assert bound < normal_mixture_bound(100, 0.1, 100) * 1.001


def test_beta_binomial_mixture_is_that_of_confseq():
    assert beta_binomial_log_mixture(10, 100, 100, 0.2, 0.8) == pytest.approx(-0.6941012, abs=1e-5)


@pytest.mark.parametrize(
    ("k", "n", "plan", "expected"),
    [
        (700, 1000, 100, (0.651629, 0.745949)),
        (15, 50, 50, (0.129556, 0.511896)),
        (5, 50, 50, (0.013021, 0.269264)),
        (1, 50, 50, (0, 0.13489)),
    ],
)
def test_bernoulli_bounds_are_those_of_confseq(k, n, plan, expected):
    assert bernoulli_bounds(k, n, 0.05, plan) == pytest.approx(expected, abs=1e-5)
    assert infer(sequence(k, n, plan)).bounds(0.025) == pytest.approx(expected, abs=1e-5)


def looks(rng, rate, other, per):
    """Return whether a canary's bounds ever leave out the truth on either side within 20 looks."""
    k, k_ref = (rng.binomial(per, share, 20).cumsum() for share in (rate, other))
    n = per * np.arange(1, 21)
    bounds = np.array([infer(canary(*each, plan=10 * per)).bounds(0.05) for each in zip(k, n, k_ref, n, strict=True)])
    return (bounds[:, 0] > rate - other).any(), (bounds[:, 1] < rate - other).any()


@pytest.mark.parametrize(("rate", "per"), [(0.01, 2000), (0.014, 2000), (0.01, 100), (0.2, 50)])
def test_twenty_looks_at_a_canary_keep_the_level(rate, per):
    rng = np.random.default_rng(1)

    wrong = np.mean([looks(rng, rate, 0.01 if rate < 0.1 else 0.2, per) for _ in range(RUNS)], axis=0)

    assert max(wrong) <= 0.05


def ramp(rng, first, last):
    """Return whether bounds of equal arms ever leave out 0 while the canary's part grows and rates change."""
    rates, parts = np.linspace(first, last, 20), np.linspace(0.01, 0.5, 20)
    n, n_ref = (4000 * parts).astype(int), (4000 * (1 - parts)).astype(int)
    k, k_ref = rng.binomial(n, rates), rng.binomial(n_ref, rates)
    seen = [[each[:look].tolist() for each in (k, n, k_ref, n_ref)] for look in range(1, 21)]
    apart = np.array([infer(canary(*counts)).bounds(0.05) for counts in seen])
    whole = np.array([infer(canary(*map(sum, counts))).bounds(0.05) for counts in seen])
    return [(bounds[:, 0] > 0).any() or (bounds[:, 1] < 0).any() for bounds in (apart, whole)]


@pytest.mark.parametrize(("first", "last"), [(0.02, 0.01), (0.05, 0.3)])
def test_stretches_of_time_keep_the_level_while_split_and_rates_change(first, last):
    rng = np.random.default_rng(3)

    apart, whole = np.mean([ramp(rng, first, last) for _ in range(60)], axis=0)

    assert apart <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / 60)
    assert whole > 0.2


def test_stretches_of_one_split_are_worth_what_they_are_together():
    apart = infer(canary([3, 9, 6], [200, 600, 400], [4, 12, 8], [300, 900, 600]))
    whole = infer(canary(18, 1200, 24, 1800))

    assert apart.bounds(0.05) == pytest.approx(whole.bounds(0.05), rel=1e-6)
    assert (apart.n, apart.notes) == (1200, ())
    assert "holds where the split between both did not change" in whole.notes[0]


def test_a_stretch_in_which_one_arm_saw_nothing_compares_nothing():
    seen = infer(canary([3, 9, 0], [200, 600, 0], [4, 12, 80], [300, 900, 600]))

    assert seen.bounds(0.05) == infer(canary([3, 9], [200, 600], [4, 12], [300, 900])).bounds(0.05)


def test_counts_of_some_stretches_and_some_wholes_are_refused():
    with pytest.raises(HarnessError, match="takes all counts by stretch of time, or none"):
        canary([1], [2], 1, 2)


@pytest.mark.parametrize("rate", [0.005, 0.3])
def test_twenty_looks_at_one_rate_keep_the_level(rate):
    rng = np.random.default_rng(2)
    wrong = np.zeros(2)
    for _ in range(RUNS // 2):
        k = rng.binomial(100, rate, 20).cumsum()
        bounds = np.array([infer(sequence(each, 100 * (i + 1))).bounds(0.05) for i, each in enumerate(k)])
        wrong += (bounds[:, 0] > rate).any(), (bounds[:, 1] < rate).any()

    assert max(wrong / (RUNS // 2)) <= 0.05


@given(k=st.integers(0, 50), k_ref=st.integers(0, 80), alpha=st.floats(1e-4, 0.45))
def test_bounds_are_ordered_and_p_values_agree(k, k_ref, alpha):
    for sample in (canary(k, 50, k_ref, 80), sequence(k, 50)):
        seen = infer(sample)
        lower, upper = seen.bounds(alpha)

        assert -1 <= lower <= seen.value <= upper <= 1
        if 0 < upper < 1:
            assert seen.interval.p_at_least(upper) == pytest.approx(alpha, rel=1e-3)


def test_no_harm_seen_is_not_certain():
    assert infer(canary(0, 500, 0, 500)).bounds(0.05)[1] > 0.005


@pytest.mark.parametrize("bad", [{"k": 3, "n": 2, "k_ref": 1, "n_ref": 2}, {"k": 1, "n": 2}, {"k": math.nan, "n": 2}])
def test_counts_that_count_nothing_are_refused(bad):
    with pytest.raises(HarnessError, match="takes"):
        infer(Sample(statistic="canary", counts=bad))


def test_a_plan_of_nothing_and_a_baseline_are_refused():
    with pytest.raises(HarnessError, match="'plan' must be above 0"):
        infer(sequence(1, 2, plan=0))
    with pytest.raises(HarnessError, match="is not compared with"):
        infer(canary(1, 2, 1, 2), canary(1, 2, 1, 2))
