"""Bounds keep room for clusters that nobody drew, by simulation and by what they may not exceed."""

import math
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, binom

from harness import samples
from harness.judging.judge import judge
from harness.stats import infer, n_needed
from harness.values.measurements import Measurement
from harness.values.requirements import Requirement

RUNS = 400
ALLOWED = 0.06 + 2 * math.sqrt(0.06 * 0.94 / RUNS)


def clustered(y, code, statistic="proportion", **columns):
    return getattr(samples.rows, statistic)(pa.table({"y": y, "cluster.terminal": code, **columns}))


def alike(groups, size, misses):
    """Return clusters of that many rows, in which some of the first ones miss once."""
    y = np.ones(groups * size)
    y[: misses * size : size] = 0
    return clustered(y, np.repeat(np.arange(groups), size))


def clopper_pearson(k, n, alpha):
    return float(beta.ppf(alpha, k, n - k + 1))


@pytest.mark.parametrize("alpha", [0.05, 0.025, 0.05 / 30])
def test_a_bound_leaves_room_for_as_many_broken_clusters_as_may_not_have_been_drawn(alpha):
    share = 297 / 300

    lower = infer(alike(30, 10, 3)).bounds(alpha)[0]

    unseen = 1 - (2 * alpha) ** (1 / 30)
    assert binom.pmf(0, 30, unseen) / 2 == pytest.approx(alpha)  # and half of what is seen lies above its truth
    assert lower < share * (1 - unseen)
    assert clopper_pearson(30 * share, 30, alpha) <= lower + 1e-9


@given(misses=st.integers(0, 30), alpha=st.floats(1e-4, 0.4))
def test_room_is_never_more_than_clusters_counted_as_single_rows_leave(misses, alpha):
    lower, upper = infer(alike(30, 10, misses)).bounds(alpha)

    k = 30 * (1 - misses / 300)
    assert lower >= clopper_pearson(k, 30, alpha) - 1e-9
    assert upper <= (1 - clopper_pearson(30 - k, 30, alpha) if misses else 1) + 1e-9


@given(misses=st.integers(1, 40), alpha=st.floats(1e-4, 0.2))
def test_a_smaller_level_never_narrows_the_bounds(misses, alpha):
    seen = infer(alike(40, 5, misses))

    wide, narrow = seen.bounds(alpha), seen.bounds(1.5 * alpha)

    assert wide[0] <= narrow[0] + 1e-12
    assert narrow[1] <= wide[1] + 1e-12


@pytest.mark.parametrize(("rate", "least"), [(0.98, 1.2), (0.9, 1.05)])
def test_where_clusters_seldom_miss_an_interval_grows(rate, least):
    assert width_with_unseen(60, 20, rate) > least


def test_where_clusters_miss_often_no_bound_grows():
    assert width_with_unseen(200, 20, 0.7) == pytest.approx(1.0, abs=0.02)


def width_with_unseen(groups, size, rate):
    """Return how many times as wide an interval is as without clusters that nobody drew."""
    rng, code = np.random.default_rng(0), np.repeat(np.arange(groups), size)
    seen = infer(clustered((rng.random(len(code)) < rate) * 1, code))
    bare = replace(seen.interval, unseen=False).bounds(0.025)
    return np.ptp(seen.bounds(0.025)) / np.ptp(bare)


def test_clusters_of_one_row_each_need_no_room():
    y, code = np.r_[np.zeros(3), np.ones(97)], np.arange(100)

    assert infer(samples.proportion(k=97, n=100)).bounds(0.05) == infer(clustered(y, code)).bounds(0.05)


@pytest.mark.parametrize("statistic", ["proportion", "gap", "f1"])
def test_a_verdict_on_clusters_says_that_larger_ones_nobody_drew_are_not_covered(statistic):
    y, code = np.tile([1, 1, 0, 1], 25), np.repeat(np.arange(20), 5)
    more = {"gap": {"reference": np.arange(100) // 5 % 2}, "f1": {"score": y}}.get(statistic, {})
    measured = Measurement(metric="m", sample=clustered(y, code, statistic, **more))

    notes = judge(Requirement(metric="m", at_least=-1.0 if statistic == "gap" else 0.1), measured).notes

    drawn, largest = (10, "10 %") if statistic == "gap" else (20, "5 %")
    assert len(notes) == 1
    assert f"groups like the {drawn} that were drawn, the largest of which makes up {largest};" in notes[0]
    assert notes[0].endswith("a larger kind that was never drawn is not covered")


def test_a_verdict_on_rows_that_stand_alone_takes_no_clusters_for_granted():
    measured = Measurement(metric="m", sample=samples.rows.proportion(pa.table({"y": [1, 0, 1]})))

    assert () == judge(Requirement(metric="m", at_least=0.1), measured).notes


def misses_at(truth, draw, alpha=0.05):
    """Return how often the lower bound reaches the truth, and how often the upper one falls below it."""
    bounds = np.array([infer(draw()).bounds(alpha) for _ in range(RUNS)])
    return (bounds[:, 0] >= truth).mean(), (bounds[:, 1] < truth).mean()


@pytest.mark.parametrize(
    ("groups", "size", "broken", "rest"),
    [(30, 10, 0.04, 0.99), (30, 10, 0.05, 0.95), (60, 10, 0.04, 0.99), (60, 20, 0.04, 0.9), (60, 50, 0.05, 0.8)],
)
def test_a_few_broken_clusters_rarely_pass_unseen(groups, size, broken, rest):
    rng, code = np.random.default_rng(0), np.repeat(np.arange(groups), size)

    def draw():
        share = np.where(rng.random(groups) < broken, 0.2, rest)
        return clustered((rng.random(len(code)) < share[code]) * 1, code)

    assert max(misses_at(rest - broken * (rest - 0.2), draw)) <= ALLOWED


@pytest.mark.parametrize("sizes", [np.r_[np.full(5, 200), np.ones(300, int)], np.full(3, 100)])
def test_a_few_giants_or_three_clusters_rarely_pass_by_luck(sizes):
    rng, code = np.random.default_rng(1), np.repeat(np.arange(len(sizes)), sizes)

    def draw():
        share = rng.beta(2.1, 0.7 / 3, len(sizes))
        return clustered((rng.random(len(code)) < share[code]) * 1, code)

    assert max(misses_at(0.9, draw)) <= ALLOWED


@pytest.mark.parametrize(("statistic", "truth"), [("gap", -0.0425), ("ratio", 0.9075 / 0.95)])
def test_broken_clusters_of_a_group_rarely_pass_unseen(statistic, truth):
    rng, code = np.random.default_rng(2), np.repeat(np.arange(60), 10)
    inside = (code >= 30) * 1

    def draw():
        share = np.where((rng.random(60) < 0.05) & (np.arange(60) < 30), 0.1, 0.95)
        return clustered((rng.random(600) < share[code]) * 1, code, statistic, reference=inside)

    assert max(misses_at(truth, draw)) <= ALLOWED


def test_a_plan_asks_for_the_clusters_that_the_room_takes():
    seen = infer(alike(30, 10, 3))
    bare = infer(samples.proportion(k=297, n=300))

    needed = n_needed(seen, 0.95, 0.99)

    assert n_needed(bare, 0.95, 0.99) < needed < 10 * n_needed(bare, 0.95, 0.99)
    assert 0.99 * (1 - 0.05 ** (1 / (needed / 10))) < 0.04


@pytest.mark.parametrize(("groups", "size", "misses"), [(30, 10, 3), (200, 5, 50)])
def test_at_the_planned_rows_a_good_candidate_passes(groups, size, misses):
    needed = n_needed(infer(alike(groups, size, misses)), 0.9, 0.96)
    rng, code = np.random.default_rng(3), np.arange(needed) // size

    passed = np.mean(
        [infer(clustered((rng.random(needed) < 0.96) * 1, code)).bounds(0.05)[0] >= 0.9 for _ in range(300)]
    )

    assert passed >= 0.91


@pytest.mark.parametrize(("groups", "size", "broken"), [(30, 20, 0.05), (60, 20, 0.03)])
def test_clusters_that_a_candidate_breaks_rarely_pass_unseen_against_a_champion(groups, size, broken):
    rng, code = np.random.default_rng(4), np.repeat(np.arange(groups), size)
    ids = np.arange(len(code))

    def sides():
        old = rng.random(len(code)) < 0.9
        lost = (rng.random(groups) < broken)[code] & (rng.random(len(code)) < 0.8)
        new = (old & ~lost) ^ (rng.random(len(code)) < 0.01)
        return [clustered(y * 1, code, id=ids) for y in (new, old)]

    worse = 0.9 * (1 - 0.8 * broken)
    truth = worse * 0.99 + (1 - worse) * 0.01 - 0.9
    bounds = np.array([infer(*sides()).bounds(0.05) for _ in range(RUNS)])
    assert (bounds[:, 0] >= truth).mean() <= ALLOWED
    assert (bounds[:, 1] < truth).mean() <= ALLOWED
