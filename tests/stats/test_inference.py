import math
import subprocess
import sys
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import samples
from harness.errors import HarnessError
from harness.stats import COMPUTED, Inference, best, estimate, exactly, infer, p_fail
from harness.stats.binomial import Binomial
from harness.values.samples import Sample
from harness.values.statistics import STATISTICS


def rows(statistic, **columns):
    return Sample(statistic=statistic, rows=pa.table(columns))


def test_statistics_are_a_closed_list():
    assert tuple(STATISTICS) == (
        "proportion",
        "mean",
        "auc",
        "average_precision",
        "f1",
        "balanced_accuracy",
        "brier",
        "calibration",
        "value_rate",
        "gap",
        "ratio",
        "odds",
        "worst",
        "psi",
        "js",
        "ks",
        "judge_correction",
        "judge_mean",
        "exceedance",
        "canary",
        "sequence",
        "exact",
        "point",
    )


def test_looks_are_none_exactly_where_nothing_is_estimated():
    found = {name: (each.interval, each.looks) for name, each in STATISTICS.items() if each.interval != "estimated"}

    assert {"exact": ("exact", "none"), "point": ("unknown", "none")} == found
    assert {"exact", "point"} == {name for name, each in STATISTICS.items() if each.looks == "none"}


@pytest.mark.parametrize("statistic", ["proportion", "auc"])
@pytest.mark.parametrize(("better", "value"), [("higher", 1.0), ("lower", 0.0)])
def test_the_best_sample_is_as_large_and_its_value_at_the_good_end(statistic, better, value):
    found = infer(best(rows(statistic, y=[0, 1, 0, 1, 1], score=[0.4, 0.3, 0.2, 0.7, 0.1]), better))

    assert (value, 5) == (found.value, found.n)


def test_the_best_counts_are_all_hits_or_none():
    sample = samples.proportion(k=3, n=7)

    found = [best(sample, better).counts for better in ("higher", "lower")]

    assert [{"k": 7, "n": 7}, {"k": 0, "n": 7}] == found


def test_every_statistic_is_described_and_computed():
    assert tuple(STATISTICS) == tuple(COMPUTED)


def test_an_unknown_statistic_is_refused_with_the_nearest():
    with pytest.raises(HarnessError, match="no statistic 'porportion'; did you mean 'proportion'"):
        infer(Sample(statistic="porportion"))


def test_an_estimate_carries_both_one_sided_bounds_and_their_level():
    message = estimate(samples.proportion(k=171, n=214))

    assert (message.value, message.level, message.n, message.hits) == (171 / 214, 0.95, 214, 171)
    assert (round(message.lower, 4), round(message.upper, 4)) == (0.7487, 0.8431)


@given(k=st.integers(0, 50), threshold=st.floats(0.02, 0.98), better=st.sampled_from(["higher", "lower"]))
def test_p_fail_is_below_alpha_exactly_when_the_good_side_misses(k, threshold, better):
    seen = infer(samples.proportion(k=k, n=50))
    lower, upper = seen.bounds(0.05)

    misses = upper < threshold if better == "higher" else lower > threshold

    assert misses == (p_fail(seen, threshold, better) < 0.05)


def test_exact_is_its_value_and_point_claims_nothing():
    whole, point = (estimate(build(value=3, n=9)) for build in (samples.exact, samples.point))

    assert (whole.lower, whole.value, whole.upper, whole.n) == (3, 3, 3, 9)
    assert (point.lower, point.value, point.upper) == (-math.inf, 3, math.inf)


def test_exact_and_point_differ_by_their_values():
    new, old = (samples.exact(value=value) for value in (5, 3))

    assert infer(new, old).bounds(0.05) == (2, 2)
    assert infer(samples.point(value=5), samples.point(value=3)).value == 2


@pytest.mark.parametrize("counts", [{}, {"value": math.nan}, {"value": math.inf}, {"value": 1, "n": 0}])
def test_exact_without_a_value_of_something_is_refused(counts):
    with pytest.raises(HarnessError, match="statistic 'exact' takes"):
        infer(Sample(statistic="exact", counts=counts))


@pytest.mark.parametrize("statistic", ["exact", "point"])
def test_a_statistic_that_ignores_clusters_is_refused_with_them(statistic):
    sample = Sample(statistic=statistic, counts={"value": 1}, rows=pa.table({"y": [1], "cluster.card": [1]}))

    with pytest.raises(HarnessError, match=rf"{statistic!r} cannot take clusters; found cluster.card"):
        infer(sample)


def test_a_claim_about_exactly_these_rows_has_no_width():
    seen = exactly(samples.proportion(k=8, n=10))

    assert seen.bounds(0.05) == (0.8, 0.8)
    assert (seen.n, seen.hits, p_fail(seen, 0.9, "higher"), p_fail(seen, 0.8, "higher")) == (10, 8, 0, 1)


def test_two_statistics_are_not_compared():
    with pytest.raises(HarnessError, match="one statistic on both sides; found 'exact' and 'point'"):
        infer(samples.exact(value=1), samples.point(value=1))


@pytest.mark.parametrize("statistic", ["proportion", "mean", "auc"])
@pytest.mark.parametrize("bad", [math.nan, None])
def test_missing_outcomes_never_yield_an_estimate(statistic, bad):
    y = pa.array([1.0, 0.0, 1.0, 0.0, bad])

    with pytest.raises(HarnessError, match="'y' has 1 of 5 values missing, NaN or infinite"):
        estimate(rows(statistic, y=y, score=[1.0, 2, 3, 4, 5]))


def test_nan_from_a_statistic_never_yields_bounds():
    broken = Inference(value=math.nan, n=3, n_eff=3, method="none", interval=Binomial(k=1, n=3))

    with pytest.raises(HarnessError, match="found NaN"):
        broken.bounds(0.05)


@pytest.mark.parametrize("statistic", ["proportion", "mean", "auc"])
def test_zero_rows_are_refused(statistic):
    with pytest.raises(HarnessError, match="zero rows that count here"):
        infer(rows(statistic, y=np.zeros(0), score=np.zeros(0)))


@pytest.mark.parametrize("statistic", ["mean", "auc"])
def test_no_rows_are_refused(statistic):
    with pytest.raises(HarnessError, match="found no rows; pass rows"):
        infer(Sample(statistic=statistic, counts={"k": 1, "n": 2}))


@pytest.mark.parametrize(("statistic", "missing"), [("proportion", "y"), ("mean", "y"), ("auc", "score")])
def test_a_missing_column_is_named(statistic, missing):
    columns = {name: [1.0, 0.0, 1.0, 0.0] for name in ("y", "score") if name != missing}

    with pytest.raises(HarnessError, match=f"no column '{missing}' in the rows"):
        infer(rows(statistic, **columns))


def test_text_and_times_are_not_numbers():
    for y in (["yes", "no"], pa.array([0, 1], pa.timestamp("s"))):
        with pytest.raises(HarnessError, match="'y' must hold numbers; found"):
            infer(rows("mean", y=y))


def test_booleans_decimals_and_chunks_are_numbers():
    halves = pa.chunked_array([pa.array([True, False]), pa.array([True])])

    assert infer(rows("proportion", y=halves)).hits == 2
    assert infer(rows("mean", y=[Decimal("1.00"), Decimal("2.00"), Decimal("3.00")])).value == 2


@pytest.mark.parametrize("weight", [[1.0, -1.0], [0.0, 0.0]])
def test_weights_below_zero_or_all_zero_are_refused(weight):
    with pytest.raises(HarnessError, match="'weight' must be 0 or more and not all 0"):
        infer(rows("proportion", y=[1, 0], weight=weight))


@pytest.mark.parametrize("codes", [["a", None, "b"], [1.0, math.nan, 2.0]])
def test_rows_without_a_cluster_are_refused(codes):
    with pytest.raises(HarnessError, match=r"'cluster.card' is missing in 1 of 3 rows"):
        infer(rows("proportion", y=[1, 0, 1], **{"cluster.card": codes}))


def test_clusters_may_be_numbers_text_or_categories():
    y, codes = [1, 0, 1, 1], ["a", "a", "b", "b"]
    kinds = [pa.array(codes), pa.array(codes).dictionary_encode(), pa.array([7, 7, 9, 9])]

    bounds = [infer(rows("proportion", y=y, **{"cluster.card": kind})).bounds(0.05) for kind in kinds]

    assert bounds[0] == bounds[1] == bounds[2]


def paired(ids, others):
    sides = (rows("proportion", id=side, y=np.ones(len(side))) for side in (ids, others))
    return infer(*sides)


def test_ids_without_a_partner_are_counted_and_three_are_shown():
    with pytest.raises(HarnessError, match="found 4 of 6 ids without a partner in the baseline: 3, 4, 5; measure both"):
        paired([1, 2, 3, 4, 5, 6], [1, 2])
    with pytest.raises(HarnessError, match="found 1 of 3 ids without a partner in the candidate: 9"):
        paired([1, 2], [1, 2, 9])


def test_duplicate_and_missing_ids_are_refused():
    with pytest.raises(HarnessError, match="found 1 duplicate and 0 missing ids in the candidate"):
        paired([1, 1, 2], [1, 2])
    with pytest.raises(HarnessError, match="0 duplicate and 1 missing ids in the baseline"):
        paired([1, 2], [1, None])


def test_ids_of_other_types_are_matched_where_they_can_be():
    assert paired(np.array([1, 2], np.int32), np.array([2, 1], np.int64)).value == 0
    with pytest.raises(HarnessError, match="ids are int64 for the candidate and string for the baseline; use one type"):
        paired([1, 2], ["a", "b"])


def test_counts_cannot_be_paired():
    with pytest.raises(HarnessError, match="found no rows"):
        infer(*[samples.proportion(k=1, n=2)] * 2)


def test_importing_the_host_loads_no_scipy():
    code = "import sys, harness, harness.values.runs; raise SystemExit('scipy' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("statistic", "column", "other"),
    [("brier", "y", [0, 1, 1, 0]), ("value_rate", "score", [0.5, 1.0, 1.0, 0.5])],
)
def test_a_baseline_of_another_truth_is_refused(statistic, column, other):
    rows = {"id": range(4), "y": [0, 1, 0, 1], "score": [0.5, 1.0, 0.5, 1.0]}
    sides = [Sample(statistic=statistic, rows=pa.table(each)) for each in (rows, {**rows, column: other})]

    with pytest.raises(HarnessError, match=f"needs the same '{column}' for the same id; found 2 of 4 rows"):
        infer(*sides)


def test_clusters_of_one_side_only_are_refused():
    plain = pa.table({"id": range(4), "y": [0, 1, 0, 1]})
    grouped = plain.append_column("cluster.card", pa.array([1, 1, 2, 2]))
    sides = [samples.rows.proportion(each) for each in (plain, grouped)]

    with pytest.raises(HarnessError, match="found none for the candidate and cluster.card for the baseline"):
        infer(*sides)


def test_rows_that_a_judge_alone_saw_are_no_whole_population():
    rows = pa.table({"y": pa.array([1.0] * 30 + [None] * 70), "score": np.ones(100)})

    with pytest.raises(HarnessError, match="people checked only some of these rows"):
        exactly(samples.rows.judge_correction(rows))


def test_requests_without_a_time_have_no_order():
    rows = pa.table({"time": [math.nan, *range(399)], "y": [0] * 400, "score": [1.0] * 400})

    with pytest.raises(HarnessError, match="column 'time' has 1 of 400 values missing"):
        infer(samples.rows.exceedance(rows))
