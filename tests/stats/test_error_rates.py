"""How often a bound errs, by seeded simulation through the public functions.

Nominal 5 % for each bound; 6 % is allowed to approximate methods, and two standard errors to the simulation.
"""

import math

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import norm

from harness.stats import infer
from harness.values.samples import Sample

RUNS = 1000
ALLOWED = 0.06 + 2 * math.sqrt(0.06 * 0.94 / RUNS)


def rows(statistic, **columns):
    return Sample(statistic=statistic, rows=pa.table(columns))


def errors(truth, draw):
    """Return how often the lower bound lies above the truth, and the upper one below it."""
    bounds = np.array([infer(*draw()).bounds(0.05) for _ in range(RUNS)])
    return (bounds[:, 0] > truth).mean(), (bounds[:, 1] < truth).mean()


def errors_by_p(truth, draw, alpha=0.05):
    """Return the same by p-values, which need no search where a bound is found by one: at most alpha beyond a bound."""
    seen = [infer(*draw()).interval for _ in range(RUNS)]
    p = np.array([(each.p_at_most(truth), each.p_at_least(truth)) for each in seen])
    return (p[:, 0] <= alpha).mean(), (p[:, 1] <= alpha).mean()


def hits(rng, truth, icc, sizes):
    """Return outcomes whose clusters differ as a beta-binomial does."""
    shape = (1 - icc) / icc
    shares = rng.beta(truth * shape, (1 - truth) * shape, len(sizes))
    groups = np.repeat(np.arange(len(sizes)), sizes)
    return (rng.random(len(groups)) < shares[groups]) * 1, groups


def uneven(count, middle, sigma):
    return np.maximum(1, middle * np.exp(sigma * norm.ppf((np.arange(count) + 0.5) / count))).astype(int)


SIZES = {
    "20 of 5": np.full(20, 5),
    "20 of 50": np.full(20, 50),
    "243 of 5": np.full(243, 5),
    "50 uneven": uneven(50, 20, 1.3),
    "243 uneven": uneven(243, 2, 1.3),
}


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize(("truth", "icc"), [(0.85, 0.3), (0.75, 0.1), (0.95, 0.3), (0.99, 0.3)])
def test_clustered_proportion_keeps_its_level(sizes, truth, icc):
    rng = np.random.default_rng(1)

    def draw():
        y, groups = hits(rng, truth, icc, SIZES[sizes])
        return [rows("proportion", y=y, **{"cluster.user": groups})]

    assert max(errors(truth, draw)) <= ALLOWED


def test_clusters_taken_for_independent_rows_do_not_keep_the_level():
    rng = np.random.default_rng(1)

    def draw():
        return [rows("proportion", y=hits(rng, 0.85, 0.3, SIZES["20 of 50"])[0])]

    assert max(errors(0.85, draw)) > 0.2


def crossed(rng, size, shape, share, within):
    groups = [rng.integers(0, count, size) for count in shape]
    effects = sum(rng.normal(0, math.sqrt(within), count)[g] for count, g in zip(shape, groups, strict=True))
    noise = rng.normal(0, math.sqrt(1 - 2 * within), size)
    return (norm.ppf(share) + effects + noise > 0) * 1, groups


@pytest.mark.parametrize(("shape", "size"), [((20, 20), 400), ((20, 200), 600), ((200, 150), 600)])
def test_two_way_clusters_keep_the_level_where_either_alone_does_not(shape, size):
    rng = np.random.default_rng(2)

    def draw():
        y, (first, second) = crossed(rng, size, shape, 0.85, 0.3)
        return [rows("proportion", y=y, **{"cluster.terminal": first, "cluster.customer": second})]

    assert max(errors(0.85, draw)) <= ALLOWED


def test_customer_clusters_alone_do_not_keep_the_level_when_terminals_cluster_too():
    rng = np.random.default_rng(2)

    def draw():
        y, (_, customer) = crossed(rng, 600, (20, 200), 0.85, 0.3)
        return [rows("proportion", y=y, **{"cluster.customer": customer})]

    assert max(errors(0.85, draw)) > 0.12


@pytest.mark.parametrize("grouped", [False, True])
def test_paired_proportions_keep_the_level(grouped):
    rng = np.random.default_rng(3)
    groups = np.repeat(np.arange(30), 10)

    def draw():
        shared = rng.normal(size=300)
        sides = [(shared + rng.normal(0, 0.7, 30)[groups] * grouped + rng.normal(0, 0.5, 300) > -1) * 1 for _ in "ab"]
        named = {"cluster.user": groups} if grouped else {}
        return [rows("proportion", id=np.arange(300), y=y, **named) for y in sides]

    assert max(errors(0.0, draw)) <= ALLOWED


def test_paired_shares_of_uneven_value_keep_the_level():
    rng = np.random.default_rng(13)
    cuts = norm.isf([0.77, 0.8])

    def draw():
        shared, value = rng.normal(0, math.sqrt(0.8), 200), rng.lognormal(3, 1.5, 200)
        sides = [(shared + rng.normal(0, math.sqrt(0.2), 200) > cut) * 1 for cut in cuts]
        return [rows("value_rate", id=np.arange(200), y=y, score=value) for y in sides]

    assert max(errors_by_p(-0.03, draw)) <= ALLOWED


MEANS = {
    "uniform": (lambda rng: rng.random(50), 0.5),
    "mostly perfect": (lambda rng: rng.beta(0.9, 0.1, 50), 0.9),
    "perfect or poor": (lambda rng: np.where(rng.random(50) < 0.1, rng.random(50) / 2, 1), 0.925),
    "normal": (lambda rng: rng.normal(3, 1, 50), 3.0),
    "exponential": (lambda rng: 2 + rng.exponential(1, 50), 3.0),
    "exponential, more rows": (lambda rng: 2 + rng.exponential(1, 200), 3.0),
    "lognormal": (lambda rng: np.exp(rng.normal(0, 0.5, 50)), math.exp(0.125)),
}


@pytest.mark.parametrize("kind", MEANS)
def test_mean_keeps_its_level(kind):
    rng = np.random.default_rng(4)
    values, truth = MEANS[kind]

    assert max(errors_by_p(truth, lambda: [rows("mean", y=values(rng))])) <= ALLOWED


def test_mean_within_limits_covers_as_stated_where_the_limits_are_often_met():
    rng = np.random.default_rng(5)

    low, high = errors_by_p(0.5, lambda: [rows("mean", y=rng.beta(0.5, 0.5, 300))], alpha=0.025)

    assert 0.94 <= 1 - low - high <= 0.96 + 2 * math.sqrt(0.96 * 0.04 / RUNS)


def test_mean_without_limits_keeps_the_t_interval_and_adds_no_more_than_a_tenth_to_it():
    rng = np.random.default_rng(5)
    seen = [infer(rows("mean", y=rng.normal(3, 1, 300))) for _ in range(1000)]

    bent = np.array([each.interval.one.one.bounds(0.025) for each in seen])
    covered = ((bent[:, 0] <= 3) & (bent[:, 1] >= 3)).mean()
    widths = [np.ptp(each.bounds(0.025)) / np.ptp(plain) for each, plain in zip(seen[:100], bent[:100], strict=True)]
    assert covered == pytest.approx(0.95, abs=2 * math.sqrt(0.95 * 0.05 / 1000))
    assert 0.999 <= np.median(widths) <= 1.1


@pytest.mark.parametrize("positives", [20, 50, 200])
@pytest.mark.parametrize("auc", [0.7, 0.9, 0.98])
def test_auc_keeps_its_level(positives, auc):
    rng = np.random.default_rng(6)
    y = np.r_[np.ones(positives), np.zeros(1000)]

    def draw():
        return [rows("auc", y=y, score=rng.normal(size=len(y)) + math.sqrt(2) * norm.ppf(auc) * y)]

    assert max(errors(auc, draw)) <= ALLOWED


@pytest.mark.parametrize("apart", [0.0, 0.2])
def test_paired_auc_keeps_its_level(apart):
    rng = np.random.default_rng(7)
    y = np.r_[np.ones(200), np.zeros(1000)]
    truth = norm.cdf((1.7 + apart) / math.sqrt(2)) - norm.cdf(1.7 / math.sqrt(2))

    def draw():
        shared = rng.normal(0, math.sqrt(0.8), len(y))
        return [
            rows("auc", id=np.arange(len(y)), y=y, score=shared + rng.normal(0, math.sqrt(0.2), len(y)) + mean * y)
            for mean in (1.7 + apart, 1.7)
        ]

    assert max(errors(truth, draw)) <= ALLOWED


@pytest.mark.parametrize("classes", ["both in a cluster", "one in a cluster"])
def test_clustered_auc_keeps_its_level_where_plain_delong_does_not(classes):
    rng = np.random.default_rng(8)
    groups = np.repeat(np.arange(100), 20)

    def draw(named):
        member = np.repeat(np.arange(100) < 40, 20) if classes == "one in a cluster" else rng.random(2000) < 0.4
        noise = rng.normal(0, math.sqrt(0.4), 100)[groups] + rng.normal(0, math.sqrt(0.6), 2000)
        return [rows("auc", y=member * 1, score=noise + math.sqrt(2) * norm.ppf(0.8) * member, **named)]

    assert max(errors(0.8, lambda: draw({"cluster.card": groups}))) <= ALLOWED
    assert max(errors(0.8, lambda: draw({}))) > 0.075
