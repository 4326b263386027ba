import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import multinomial
from statsmodels.stats.proportion import proportion_confint

from harness import samples
from harness.errors import HarnessError
from harness.stats import estimate, infer, n_needed
from harness.stats.binomial import Binomial
from harness.stats.discordant import Discordant, Moved
from harness.values.samples import Sample


def counts(k, n):
    return samples.proportion(k=k, n=n)


def rows(**columns):
    return samples.rows.proportion(pa.table(columns))


def clustered(y, **clusters):
    return rows(y=y, **{f"cluster.{name}": codes for name, codes in clusters.items()})


def pairs(new, old, **clusters):
    ids = np.arange(len(new))
    named = {f"cluster.{name}": codes for name, codes in clusters.items()}
    return rows(id=ids, y=new, **named), rows(id=ids, y=old, **named)


@given(y=st.lists(st.integers(0, 1), min_size=1, max_size=200))
def test_counts_and_rows_agree(y):
    assert estimate(counts(sum(y), len(y))) == estimate(rows(y=y))


@given(y=st.lists(st.booleans(), min_size=4, max_size=60), seed=st.integers(0, 99))
def test_row_order_does_not_matter(y, seed):
    order = np.random.default_rng(seed).permutation(len(y))
    groups = np.arange(len(y)) % 3

    first = infer(clustered(np.array(y), a=groups)).bounds(0.05)
    second = infer(clustered(np.array(y)[order], a=groups[order])).bounds(0.05)

    assert first == pytest.approx(second)


@given(
    y=st.lists(st.integers(0, 1), min_size=4, max_size=80),
    groups=st.integers(2, 12),
    alpha=st.floats(0.001, 0.45),
)
def test_bounds_are_ordered_around_the_value_and_clusters_never_narrow_them(y, groups, alpha):
    seen = infer(clustered(y, a=np.arange(len(y)) % groups))
    lower, upper = seen.bounds(alpha)
    alone = infer(rows(y=y)).bounds(alpha)

    assert 0 <= lower <= seen.value <= upper <= 1
    assert lower <= alone[0] + 1e-9
    assert alone[1] <= upper + 1e-9
    assert seen.n_eff <= seen.n


@given(k=st.integers(0, 30), times=st.integers(2, 50))
def test_more_rows_at_the_same_share_narrow_the_bounds(k, times):
    few, many = infer(counts(k, 30)).bounds(0.05), infer(counts(k * times, 30 * times)).bounds(0.05)

    assert many[1] - many[0] < few[1] - few[0]


def test_rows_each_in_their_own_cluster_are_independent():
    y = [1, 0, 1, 1, 0]

    assert infer(clustered(y, a=list("vwxyz"))) == infer(rows(y=y))


def test_identical_rows_of_a_cluster_count_once():
    y = np.repeat(np.random.default_rng(0).integers(0, 2, 100), 20)

    seen = infer(clustered(y, a=np.repeat(np.arange(100), 20)))

    assert seen.n_eff == pytest.approx(99)
    assert (seen.n, seen.clusters, seen.hits) == (2000, 100, y.sum())


def test_effective_n_is_what_the_design_variance_says():
    y, g = np.array([1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 0, 0.0]), np.repeat(np.arange(4), 3)
    totals = np.bincount(g, y - 0.5)
    variance = 4 / 3 * (totals**2).sum() / 12**2

    seen = infer(clustered(y, a=g))

    assert seen.n_eff == pytest.approx(0.25 / variance)


def test_clusters_that_all_agree_are_worth_no_more_than_independent_rows():
    seen = infer(clustered([0, 1, 1, 1] * 25, a=np.repeat(np.arange(25), 4)))

    assert seen.n_eff == pytest.approx(99)
    assert seen.interval.df == pytest.approx(24)


def test_hits_without_a_miss_are_worth_one_observation_a_cluster():
    seen = infer(clustered(np.ones(300), a=np.repeat(np.arange(30), 10)))

    assert seen.n_eff == pytest.approx(30)
    assert seen.bounds(0.05) == pytest.approx((0.05 ** (1 / 30), 1))


def test_uneven_clusters_without_a_miss_are_worth_less_than_their_number():
    seen = infer(clustered(np.ones(110), a=np.r_[np.zeros(100, int), np.arange(1, 11)]))

    assert seen.n_eff == pytest.approx(110**2 / (100**2 + 10))


def test_even_weights_change_little_and_uneven_weights_cost_rows():
    y = np.random.default_rng(1).integers(0, 2, 400)

    even, uneven = (
        infer(rows(y=y, weight=np.full(400, 7.0))),
        infer(rows(y=y, weight=np.r_[np.full(200, 9.0), np.ones(200)])),
    )

    assert even.n_eff == pytest.approx(399)
    assert uneven.n_eff < 300


def test_two_clusterings_are_never_narrower_than_the_worse_one():
    rng = np.random.default_rng(2)
    a, b = rng.integers(0, 20, 400), rng.integers(0, 40, 400)
    y = (rng.normal(size=20)[a] + rng.normal(size=40)[b] + rng.normal(size=400) > 0) * 1

    both, first, second = infer(clustered(y, a=a, b=b)), infer(clustered(y, a=a)), infer(clustered(y, b=b))

    assert both.n_eff < min(first.n_eff, second.n_eff)
    assert both.clusters == 20


def test_a_single_cluster_is_refused():
    with pytest.raises(HarnessError, match=r"'cluster.a' holds a single cluster of 3 rows.*collect from more"):
        infer(clustered([1, 0, 1], a=["x", "x", "x"]))


@pytest.mark.parametrize("found", [{}, {"k": 3}, {"k": 4, "n": 3}, {"k": -1, "n": 3}, {"k": 0, "n": 0}])
@pytest.mark.parametrize("other", [{}, {"k": math.nan}, {"n": math.inf}, {"k": 0.5}])
def test_counts_that_count_nothing_are_refused(found, other):
    with pytest.raises(HarnessError, match="takes counts k of n, whole"):
        infer(Sample(statistic="proportion", counts={**found, **other}))


@pytest.mark.parametrize("bad", [0.5, 2, -1])
def test_outcomes_other_than_zero_and_one_are_refused(bad):
    with pytest.raises(HarnessError, match=r"'y' must hold 0 or 1; found .* in 1 of 3 rows"):
        infer(rows(y=[1, 0, bad]))


def agresti():
    """Return approval ratings: 794 approve twice, 150 at first only, 86 later only, 570 never."""
    new, old = (np.repeat(side, [794, 150, 86, 570]) for side in ([1, 0, 1, 0], [1, 1, 0, 0]))
    return pairs(new, old)


def test_difference_is_a_little_wider_than_bonett_and_price_on_the_agresti_table():
    seen = infer(*agresti())

    lower, upper = seen.bounds(0.025)

    assert seen.value == pytest.approx((86 - 150) / 1600)
    assert -0.0587 - 0.002 < lower < -0.0587
    assert -0.0212 < upper < -0.0212 + 0.002


@pytest.mark.parametrize(("n", "lost"), [(20, 0), (100, 3), (2000, 1)])
def test_where_nothing_is_gained_a_loss_is_bounded_as_clopper_and_pearson_do(n, lost):
    new = np.r_[np.zeros(lost), np.ones(n - lost)]

    lower = infer(*pairs(new, np.ones(n))).bounds(0.05)[0]

    assert lower == pytest.approx(-proportion_confint(lost, n, 0.1, "beta")[1])


def moved(gained, lost, n):
    return Discordant(**{side: Moved(shares=(Binomial(k=k, n=n),)) for side, k in (("gained", gained), ("lost", lost))})


def errors(n, gained, lost, alpha):
    """Enumerate all counts and add up those whose bounds leave the truth out, weighted by their chance."""
    interval = {}
    for won in range(n + 1):
        for missed in range(n + 1 - won):
            interval[won, missed] = moved(won, missed, n).bounds(alpha)
    cells = np.array(list(interval))
    chance = multinomial.pmf(np.c_[cells, n - cells.sum(axis=1)], n, [gained, lost, 1 - gained - lost])
    lower, upper = np.array(list(interval.values())).T
    return max(chance[lower >= gained - lost].sum(), chance[upper < gained - lost].sum())


@pytest.mark.parametrize("n", [5, 20, 45])
@pytest.mark.parametrize("alpha", [0.05, 0.025, 0.05 / 30])
def test_difference_keeps_its_level_in_every_enumerated_cell(n, alpha):
    cells = [(gained, lost) for gained in (0.001, 0.02, 0.1, 0.3) for lost in (0.005, 0.02, 0.06, 0.15, 0.4, 0.6)]

    worst = max(errors(n, *cell, alpha) for cell in cells)

    assert worst <= alpha


def test_a_plan_for_an_equal_model_passes_at_the_rows_it_asks_for():
    new, old = np.r_[np.zeros(3), np.ones(97)], np.r_[np.ones(97), np.zeros(3)]
    needed = n_needed(infer(*pairs(new, old)), -0.02, 0.0)
    rng = np.random.default_rng(0)

    counts = rng.multinomial(needed, [0.03, 0.03, 0.94], 400)

    passed = [moved(*each[:2], needed).bounds(0.05)[0] >= -0.02 for each in counts.tolist()]
    assert 0.935 <= np.mean(passed) <= 0.985


def test_difference_does_not_depend_on_the_order_of_the_baseline():
    new, old = pairs([1, 1, 0, 1, 0], [1, 0, 0, 0, 1])
    shuffled = samples.rows.proportion(old.rows.take([3, 1, 4, 0, 2]))

    assert infer(new, old) == infer(new, shuffled)


@given(y=st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=2, max_size=80))
def test_difference_is_ordered_and_mirrored(y):
    new, old = pairs(*(np.array(side) for side in zip(*y, strict=True)))

    seen = infer(new, old)
    lower, upper = seen.bounds(0.05)

    assert -1 <= lower <= seen.value <= upper <= 1
    assert infer(old, new).bounds(0.05) == pytest.approx((-upper, -lower))


def test_models_that_never_differ_are_not_certain_to_be_equal():
    lower, upper = infer(*pairs(np.ones(100), np.ones(100))).bounds(0.05)

    assert lower < -0.01
    assert upper > 0.01


def test_models_that_never_differ_in_clusters_count_the_clusters():
    seen = infer(*pairs(np.ones(1000), np.ones(1000), a=np.repeat(np.arange(25), 40)))

    assert seen.n_eff == pytest.approx(25)


def test_difference_in_clusters_is_wider():
    rng = np.random.default_rng(3)
    g = np.repeat(np.arange(40), 10)
    new = (rng.normal(size=40)[g] + rng.normal(size=400) * 0.3 > 0) * 1
    old = (rng.normal(size=40)[g] + rng.normal(size=400) * 0.3 > 0) * 1

    alone, grouped = infer(*pairs(new, old)), infer(*pairs(new, old, a=g))

    assert grouped.n_eff < alone.n_eff / 3
    assert np.ptp(grouped.bounds(0.05)) > 1.5 * np.ptp(alone.bounds(0.05))
