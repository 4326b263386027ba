"""Bounds of means within limits: exact where the exact is known, as drawn where it is defined by draws, never short."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, norm

from harness import samples
from harness.errors import HarnessError
from harness.stats import infer, n_needed
from harness.stats.gaffke import Largest, gather_units
from harness.stats.searched import Wider

ALPHAS = (0.05 / 30, 0.025, 0.05)
shares = st.lists(st.floats(0, 1).map(lambda share: round(share, 4)), min_size=2, max_size=40)


def mean(y, **columns):
    return samples.rows.mean(pa.table({"y": y, **columns}))


def drawn_upper(y, alpha, draws=200_000):
    """Return the bound as Learned-Miller and Thomas define it: by sorted uniform draws."""
    uniform = np.sort(np.random.default_rng(0).random((draws, len(y))), axis=1)
    steps = np.diff(np.r_[np.sort(y), 1.0])
    return float(np.quantile(1 - uniform @ steps, 1 - alpha))


@pytest.mark.parametrize(("k", "n"), [(0, 20), (1, 50), (47, 50), (50, 50), (300, 1000)])
@pytest.mark.parametrize("alpha", ALPHAS)
def test_zeros_and_ones_are_clopper_pearson(k, n, alpha):
    y = np.r_[np.ones(k), np.zeros(n - k)]

    lower, upper = infer(mean(y)).bounds(alpha)

    assert lower == pytest.approx(beta.ppf(alpha, k, n - k + 1) if k else 0, abs=1e-7)
    assert upper == pytest.approx(beta.ppf(1 - alpha, k + 1, n - k) if k < n else 1, abs=1e-7)


@pytest.mark.parametrize("y", [[0.2, 0.9, 0.4], np.linspace(0.6, 0.95, 30), [0.0] * 5 + [0.9] * 25])
def test_bounds_are_those_of_the_definition_by_draws(y):
    y = np.asarray(y)

    lower, upper = infer(mean(y)).bounds(0.05)

    assert upper == pytest.approx(drawn_upper(y, 0.05), abs=0.002)
    assert lower == pytest.approx(1 - drawn_upper(1 - y, 0.05), abs=0.002)


@settings(max_examples=40)
@given(y=shares, alpha=st.floats(1e-6, 0.4))
def test_bounds_widen_as_alpha_falls_and_do_not_depend_on_the_order(y, alpha):
    seen = infer(mean(y))
    lower, upper = seen.bounds(alpha)
    least, most = seen.bounds(alpha / 3)

    assert 0 <= least <= lower + 1e-9 <= seen.value + 1e-9
    assert seen.value - 1e-9 <= upper - 1e-9 <= most <= 1
    assert infer(mean(y[::-1])).bounds(alpha) == pytest.approx((lower, upper), abs=1e-7)


@settings(max_examples=40)
@given(y=shares, worse=st.integers(0, 39))
def test_a_worse_row_never_raises_the_lower_bound(y, worse):
    lower = infer(mean(y)).bounds(0.05)[0]
    changed = [0.5 * each if place == worse % len(y) else each for place, each in enumerate(y)]

    assert infer(mean(changed)).bounds(0.05)[0] <= lower + 1e-7


def test_limits_move_and_scale_the_bounds():
    stars = np.random.default_rng(1).choice([1.0, 4.0, 5.0], 60, p=[0.1, 0.3, 0.6])
    scaled = infer(mean((stars - 1) / 4)).bounds(0.05)

    declared = infer(samples.rows.mean(pa.table({"y": stars}), limits=[1, 5])).bounds(0.05)

    assert declared == pytest.approx(tuple(1 + 4 * bound for bound in scaled), abs=1e-6)


def test_limits_that_a_value_exceeds_are_refused():
    with pytest.raises(HarnessError, match=r"lie within 1 and 5; found 7 and 0 more beyond; correct `limits`"):
        infer(samples.rows.mean(pa.table({"y": [1.0, 7.0, 5.0]}), limits=[1, 5]))


@pytest.mark.parametrize("limits", [[5, 1], [1], [0, np.inf], [np.nan, 1]])
def test_limits_that_are_none_are_refused(limits):
    with pytest.raises(HarnessError, match="limits are two numbers, the least and the greatest"):
        samples.rows.mean(pa.table({"y": [1.0, 2.0]}), limits=limits)


def test_a_mean_without_limits_says_what_it_takes_for_granted():
    notes = infer(mean(np.random.default_rng(2).normal(9, 1, 50))).notes

    assert [note.split(" far ")[0] for note in notes] == ["takes for granted that no rare value lies"]
    assert infer(mean([0.2, 0.9])).notes == ()


def test_clusters_of_one_size_count_as_their_means():
    rng = np.random.default_rng(3)
    y, codes = rng.random(200), np.repeat(np.arange(20), 10)

    clustered = infer(mean(y, **{"cluster.user": codes})).interval

    means = infer(mean(y.reshape(20, 10).mean(axis=1)))
    assert clustered.one.bounds(0.05) == pytest.approx(means.bounds(0.05), abs=1e-7)


def test_rows_clustered_in_two_ways_are_bounded_by_the_widest():
    rng = np.random.default_rng(4)
    ways = {f"cluster.{name}": rng.integers(0, 30, 400) for name in ("card", "terminal")}
    y = rng.random(400)

    both = infer(mean(y, **ways)).interval.one

    single = [infer(mean(y, **{name: codes})).interval.one.bounds(0.05) for name, codes in ways.items()]
    assert isinstance(both, Wider)
    assert both.bounds(0.05)[0] <= min(lower for lower, _ in single)
    assert both.bounds(0.05)[1] >= max(upper for _, upper in single)


@pytest.mark.parametrize("alike", [True, False])
def test_many_rows_in_bins_keep_their_bounds(alike, monkeypatch):
    rng = np.random.default_rng(5)
    y, weight = rng.beta(0.9, 0.1, 6000), np.ones(6000) if alike else rng.lognormal(0, 1, 6000)
    binned = gather_units(y, weight, None, (0.0, 1.0), Largest())
    monkeypatch.setattr("harness.stats.gaffke.MANY", 10_000)

    exact = gather_units(y, weight, None, (0.0, 1.0), Largest())

    width = np.ptp(exact.bounds(0.05))
    assert len(binned.totals) <= 2048 < len(exact.totals)
    assert binned.bounds(0.05) == pytest.approx(exact.bounds(0.05), abs=0.01 * width)


def test_a_share_of_value_leaves_room_for_a_row_worth_the_most_there_is():
    rows = pa.table({"y": np.ones(50), "score": np.full(50, 10.0)})

    lowers = [infer(samples.rows.value_rate(rows, most=most)).bounds(0.05)[0] for most in (10, None, 12, 100)]

    assert lowers[0] == pytest.approx(0.05 ** (1 / 50))
    assert lowers[1] == pytest.approx(lowers[0])
    assert lowers[3] < lowers[2] < lowers[0]


@pytest.mark.parametrize("slope", [0.2, 0.5, 0.8])
def test_a_share_of_value_leaves_room_for_what_lies_beyond_the_tail_on_average(slope):
    values = np.arange(1, 10_001) ** -slope  # of a power law that is seen at its quantiles

    notes = infer(samples.rows.value_rate(pa.table({"y": np.ones(10_000), "score": values}))).notes

    room = float(notes[0].split("more than ")[1].split(" times")[0])
    assert room == pytest.approx(1 / (1 - slope), rel=0.1)


@pytest.mark.parametrize("slope", [1.0, 1.5])
def test_a_tail_without_a_mean_lets_no_share_of_value_pass(slope):
    values = np.arange(1, 1001) ** -slope

    seen = infer(samples.rows.value_rate(pa.table({"y": np.ones(1000), "score": values})))

    assert seen.bounds(0.05)[0] < 0.2


@pytest.mark.parametrize(("slope", "rows", "proves"), [(0.1, 100, True), (0.4, 100, False), (0.4, 5000, True)])
def test_a_share_of_value_decides_a_must_once_its_tail_shows_a_variance(slope, rows, proves):
    values = np.arange(1, rows + 1) ** -slope

    seen = infer(samples.rows.value_rate(pa.table({"y": np.ones(rows), "score": values})))

    assert seen.proves == proves
    assert seen.least == (0 if proves else 4 * rows)


@pytest.mark.parametrize("slope", [0.8, 0.9])
def test_no_number_of_values_without_a_variance_decides_a_must_unless_the_most_is_declared(slope):
    rows = pa.table({"y": np.ones(1000), "score": np.arange(1, 1001) ** -slope})

    undeclared, declared = (infer(samples.rows.value_rate(rows, most=most)) for most in (None, 2))

    assert (undeclared.proves, undeclared.least) == (False, None)
    assert declared.proves


@pytest.mark.parametrize(
    ("slope", "n", "beyond"), [(0.2, 500, 1.8), (0.4, 1000, 1.6), (0.5, 1000, 2.2), (0.67, 200, 1.6)]
)
def test_whatever_lies_beyond_the_most_valuable_seen_may_be_lost_as_a_whole(slope, n, beyond):
    rng, wrong = np.random.default_rng(11), 0
    cut, truth = (beyond / n) ** -slope, 0.95 * (1 - (beyond / n) ** (1 - slope))
    for _ in range(400):
        value = rng.random(n) ** -slope
        hit = ((value < cut) & (rng.random(n) < 0.95)) * 1
        seen = infer(samples.rows.value_rate(pa.table({"y": hit, "score": value})))
        wrong += seen.proves and seen.interval.p_at_most(truth) < 0.05

    assert wrong / 400 <= 0.06


def test_a_value_beyond_the_most_is_refused():
    with pytest.raises(HarnessError, match="no row is said to be worth more than 5; found 10"):
        infer(samples.rows.value_rate(pa.table({"y": [1, 0], "score": [10.0, 2.0]}), most=5))


def test_a_share_of_value_says_what_it_takes_for_granted_unless_the_most_is_declared():
    rows = pa.table({"y": np.ones(50), "score": np.full(50, 10.0)})

    undeclared, declared = (infer(samples.rows.value_rate(rows, most=most)).notes for most in (None, 10))

    assert undeclared == ("takes for granted that no row is worth more than 1.00 times the most valuable one seen",)
    assert declared == ()


def test_as_many_rows_as_are_asked_for_pass_a_good_mean():
    rng = np.random.default_rng(6)
    stars = rng.choice([0.0, 0.75, 1.0], 200, p=[0.05, 0.3, 0.65])

    n = n_needed(infer(mean(stars)), 0.82, 0.875)

    passes = [infer(mean(rng.choice([0.0, 0.75, 1.0], n, p=[0.05, 0.3, 0.65]))) for _ in range(300)]
    assert np.mean([seen.interval.p_at_most(0.82) < 0.05 for seen in passes]) >= 0.9


def zeros_among_good(share):
    return lambda rng, n: np.where(rng.random(n) < share, 0.0, rng.uniform(0.85, 0.95, n))


def sharp(rng, n):
    chance = rng.beta(1, 199, n)
    return (chance - (rng.random(n) < chance)) ** 2


@pytest.mark.parametrize(
    ("draw", "n", "truth"),
    [
        (zeros_among_good(0.02), 50, 0.882),
        (zeros_among_good(0.02), 100, 0.882),
        (zeros_among_good(0.05), 30, 0.855),
        (sharp, 300, 199 / (200 * 200 * 201) * 200),
        (lambda rng, n: rng.choice([0, 0.25, 0.5, 0.75, 1], n, p=[0.03, 0.02, 0.05, 0.3, 0.6]), 30, 0.855),
    ],
)
def test_a_disaster_that_few_samples_show_is_reckoned_with(draw, n, truth):
    rng = np.random.default_rng(7)
    intervals = [infer(mean(draw(rng, n))).interval for _ in range(500)]

    chances = np.array([(interval.p_at_most(truth), interval.p_at_least(truth)) for interval in intervals])
    for alpha in ALPHAS:
        assert (chances < alpha).mean(axis=0).max() <= alpha + 2 * np.sqrt(alpha * (1 - alpha) / 500)


def test_a_few_rows_lost_under_tiny_noise_are_reckoned_with():
    rng, ids, wrong = np.random.default_rng(8), np.arange(100), 0
    for _ in range(600):
        old = rng.uniform(0.7, 0.9, 100)
        new = np.clip(old + rng.normal(0, 0.01, 100), 0, 1) - 0.6 * (rng.random(100) < 0.02)
        wrong += infer(mean(new, id=ids), mean(old, id=ids)).interval.p_at_most(-0.012) < 0.05

    assert wrong / 600 <= 0.05


@pytest.mark.parametrize(("cut", "sigma", "n"), [(2.0, 1.0, 60), (2.0, 1.5, 200)])
def test_great_values_that_are_missed_are_reckoned_with(cut, sigma, n):
    rng, wrong, beyond = np.random.default_rng(9), 0, norm.sf(cut - sigma)
    for _ in range(500):
        z = rng.normal(size=n)
        hit = (rng.random(n) < np.where(z > cut, 0.2, 0.9)) * 1
        rows = samples.rows.value_rate(pa.table({"y": hit, "score": np.exp(sigma * z)}))
        wrong += infer(rows).interval.p_at_most(0.9 - 0.7 * beyond) < 0.05

    assert wrong / 500 <= 0.06
