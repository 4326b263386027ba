"""What must hold of every statistic there is: order and merging change nothing, more says more, NaN passes nothing."""

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.judging.judge import judge
from harness.stats import infer
from harness.values.measurements import Measurement
from harness.values.requirements import Requirement
from harness.values.samples import Sample
from harness.values.statistics import STATISTICS

COUNTED = {
    "proportion": {"k": 12, "n": 20},
    "gap": {"k": 12, "n": 20, "k_ref": 25, "n_ref": 40},
    "ratio": {"k": 12, "n": 20, "k_ref": 25, "n_ref": 40},
    "odds": {
        f"{rate}.{name}": n
        for rate in ("tpr", "fpr")
        for name, n in zip(("k", "n", "k_ref", "n_ref"), (12, 20, 25, 40), strict=True)
    },
    "psi": {"reference.a": 50, "reference.b": 50, "current.a": 60, "current.b": 40},
    "js": {"reference.a": 50, "reference.b": 50, "current.a": 60, "current.b": 40},
    "ks": {"reference.1": 50, "reference.2": 50, "current.1": 60, "current.2": 40},
    "judge_correction": {"k": 80, "n": 100, "tp": 38, "positives": 40, "tn": 36, "negatives": 40},
    "canary": {"k": 12, "n": 200, "k_ref": 15, "n_ref": 200},
    "sequence": {"k": 12, "n": 20},
    "exact": {"value": 3},
    "point": {"value": 3},
}
OF_ROWS = tuple(
    name for name in STATISTICS if name not in ("odds", "psi", "js", "ks", "canary", "sequence", "exact", "point")
)
RISING = ("proportion", "gap", "ratio", "judge_correction", "canary", "sequence")  # with every hit
NARROWING = tuple(name for name in COUNTED if name not in ("exact", "point"))
SCORED = ("y", "score")
READ = {
    **{"proportion": ("y",), "mean": ("y",), "worst": ("y",), "judge_mean": ("y",)},
    **{"gap": ("y", "reference"), "ratio": ("y", "reference")},
}
LIMITS = ({"at_least": -1e9}, {"at_most": 1e9})  # what any number meets


def table(seed=0):
    """Return rows that every statistic of rows takes: 500 of each, 60 of them labelled by people."""
    rng = np.random.default_rng(seed)
    y = np.r_[np.ones(60), np.zeros(60), rng.integers(0, 2, 380)]
    return {
        "id": np.arange(500),
        "y": y,
        "score": np.clip(0.5 * y + 0.5 * rng.random(500), 0, 1),
        "reference": rng.integers(0, 2, 500) * 1.0,
        "group": np.arange(500) % 4,
        "time": np.arange(500.0),
    }


def rows(statistic, columns):
    """Return a sample of the columns, changed where a statistic asks for decisions or for labels of some rows."""
    named = dict(columns)
    if statistic in ("f1", "balanced_accuracy"):
        named["score"] = np.where(np.isfinite(named["score"]), named["score"] > 0.5, named["score"])
    if statistic == "judge_correction":
        named["y"] = pa.array([each if number < 120 else None for number, each in enumerate(named["y"].tolist())])
    return Sample(statistic=statistic, rows=pa.table(named))


def counts(statistic, **changes):
    return Sample(statistic=statistic, counts={**COUNTED[statistic], **changes})


def outcomes(sample):
    measured = Measurement(metric="m", sample=sample)
    return {judge(Requirement(metric="m", **limit), measured).outcome for limit in LIMITS}


def test_every_statistic_is_covered():
    assert set(STATISTICS) == {*COUNTED, *OF_ROWS}


@pytest.mark.parametrize("statistic", OF_ROWS)
@given(seed=st.integers(0, 4))
def test_neither_the_order_of_rows_nor_how_they_were_joined_matters(statistic, seed):
    plain = rows(statistic, table(seed))
    order = np.random.default_rng(seed).permutation(500)
    parts = [plain.rows.take(order[start : start + 125]) for start in range(0, 500, 125)]
    joined = Sample(statistic=statistic, rows=pa.concat_tables(parts))

    expected, found = infer(plain), infer(joined)

    assert expected.value == pytest.approx(found.value, rel=1e-9)
    assert expected.bounds(0.05) == pytest.approx(found.bounds(0.05), rel=1e-9)


@pytest.mark.parametrize(("statistic", "name"), [(each, name) for each in OF_ROWS for name in READ.get(each, SCORED)])
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_no_number_never_passes(statistic, name, bad):
    columns = table()
    unlabelled = statistic == "judge_correction" and name == "y" and math.isnan(bad)  # as pandas writes what is missing

    found = outcomes(rows(statistic, columns | {name: np.r_[bad, columns[name][1:]]}))

    assert found == ({"pass"} if unlabelled else {"error"})


@pytest.mark.parametrize(("statistic", "name"), [(each, name) for each in COUNTED for name in COUNTED[each]])
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, -1])
def test_a_count_that_counts_nothing_never_passes(statistic, name, bad):
    if statistic in ("exact", "point") and bad == -1:
        bad = math.nan

    assert outcomes(counts(statistic, **{name: bad})) == {"error"}


@pytest.mark.parametrize("statistic", RISING)
@given(k=st.integers(1, 18), alpha=st.sampled_from([0.001, 0.025, 0.3]))
def test_no_bound_falls_with_a_hit_more(statistic, k, alpha):
    fewer, more = (infer(counts(statistic, k=hits)).bounds(alpha) for hits in (k, k + 1))

    assert fewer[0] <= more[0] + 1e-9
    assert fewer[1] <= more[1] + 1e-9


@pytest.mark.parametrize("statistic", NARROWING)
@given(times=st.integers(2, 30))
def test_more_counts_of_the_same_shares_narrow_the_bounds(statistic, times):
    many = Sample(statistic=statistic, counts={name: count * times for name, count in COUNTED[statistic].items()})

    few, narrow = (infer(sample).bounds(0.05) for sample in (counts(statistic), many))

    assert narrow[1] - narrow[0] < few[1] - few[0]
