"""Numbers that R gives on data made by a formula: survey's clustered proportion and pROC's ROC curves.

R 4.2.2, survey 4.1-1 and pROC 1.18.0, called as each test says.
"""

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import norm, t

from harness import samples
from harness.stats import columns, infer
from harness.stats.binomial import Binomial
from harness.stats.design_variance import mean_part, spread

ROWS = np.arange(200)
CLUSTER = ROWS // 5
HITS = ((CLUSTER % 4 > 0) | (ROWS % 5 == 0)) * 1
LABELS = (7 * ROWS % 20 < 6) * 1
NEW, OLD = np.sin(ROWS * 1.3) + 1.1 * LABELS, np.cos(ROWS * 2.1) + 0.8 * LABELS

# svyciprop(~y, svydesign(ids = ~g, weights = ~1, data = d), method = "beta", df = 39, level = .90 and .95)
VARIANCE = 0.00307692307692
BETA = {0.05: (0.6844363272, 0.8872597972), 0.025: (0.6618801398, 0.9001908850)}


def clustered():
    return pa.table({"y": HITS, "cluster.g": CLUSTER})


def ranked(score):
    return samples.rows.auc(pa.table({"id": ROWS, "y": LABELS, "score": score}))


def halves(score):
    return np.round(score * 2) / 2


def compared(new, old):
    seen = infer(ranked(new), ranked(old))
    delong = seen.interval.seen
    z, reach = seen.value / delong.se, norm.ppf(0.975) * delong.se
    return z, 2 * norm.sf(abs(z)), seen.value - reach, seen.value + reach


def variance(score):
    """Return the one variance behind the bounds of an AUC: value * (1 - value) over its effective number."""
    seen = infer(ranked(score))
    return seen.value, seen.value * (1 - seen.value) / seen.n_eff


def test_the_variance_of_a_clustered_share_is_that_of_survey():
    rows = clustered()

    share, part = mean_part(HITS.astype(float), np.ones(200))

    assert share == pytest.approx(0.8)
    assert spread([part], columns.clusters(rows)).variance == pytest.approx(VARIANCE, abs=1e-13)


@pytest.mark.parametrize("alpha", BETA)
def test_beta_bounds_on_surveys_effective_number_are_those_of_svyciprop(alpha):
    n = 0.8 * 0.2 / VARIANCE * (t.ppf(alpha, 199) / t.ppf(alpha, 39)) ** 2

    bounds = Binomial(k=0.8 * n, n=n).bounds(alpha)

    assert bounds == pytest.approx(BETA[alpha], abs=1e-9)


@pytest.mark.parametrize("alpha", BETA)
def test_shown_bounds_are_a_little_wider_than_those_of_svyciprop(alpha):
    lower, upper = BETA[alpha]

    shown = infer(samples.rows.proportion(clustered())).bounds(alpha)

    assert lower - 0.02 < shown[0] < lower
    assert upper < shown[1] < upper + 0.01


# roc(y, score, direction = "<"): auc, var
@pytest.mark.parametrize(
    ("score", "auc", "expected"),
    [
        (NEW, 0.844642857142857, 0.000836473833731355),
        (OLD, 0.789642857142857, 0.00120370956434437),
        (halves(NEW), 0.832023809523809, 0.000861406087858872),
        (halves(OLD), 0.795, 0.00106920580450202),
    ],
)
def test_an_auc_and_its_variance_are_those_of_proc(score, auc, expected):
    found = variance(score)

    assert found == pytest.approx((auc, expected), abs=1e-14)


# roc.test(new, old, method = "delong", paired = TRUE): statistic, p.value, conf.int
@pytest.mark.parametrize(
    ("new", "old", "expected"),
    [
        (NEW, OLD, (1.2438164810648, 0.213567113238322, -0.0316671416489192, 0.1416671416489193)),
        (halves(NEW), halves(OLD), (0.853442616324237, 0.393413897056961, -0.0480028013450916, 0.1220504203927107)),
    ],
)
def test_a_difference_of_aucs_is_that_of_proc(new, old, expected):
    found = compared(new, old)

    assert found == pytest.approx(expected, abs=1e-12)
