"""What a feature alone knows of the label."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from harness_data import leakage_check

from harness import HarnessError, UsageError
from harness.testing import measure

ROWS = 6_000
CHANCE = np.random.default_rng(3)
LABEL = (CHANCE.random(ROWS) < 0.3).astype(int)


def rows(**features: Any) -> pa.Table:
    return pa.table({"id": np.arange(ROWS), "label": LABEL, **features})


def estimated(**features: Any) -> dict[str, float]:
    from sklearn.metrics import roc_auc_score

    found = [(each.labels["column"], each.sample.rows) for each in measure(leakage_check, rows(**features))]
    return {name: roc_auc_score(judged["y"], judged["score"]) for name, judged in found}


def test_a_feature_that_only_frauds_have_tells_all() -> None:
    assert 1.0 == estimated(charged_back=pa.array(["x"] * ROWS, mask=LABEL == 0))["charged_back"]


def test_a_feature_that_is_high_at_both_ends_is_found_too() -> None:
    noise = CHANCE.normal(0, 0.1, ROWS)

    found = estimated(both_ends=np.where(LABEL == 1, np.sign(noise) * 3, 0) + noise)

    assert found["both_ends"] > 0.99


def test_as_many_values_as_rows_seem_to_know_nothing() -> None:
    found = estimated(
        serial=[f"n{i}" for i in range(ROWS)], noise=CHANCE.random(ROWS), empty=pa.nulls(ROWS, pa.int64())
    )

    assert all(abs(auc - 0.5) < 0.04 for auc in found.values())


def test_a_weak_feature_is_as_good_as_its_own_auc() -> None:
    from sklearn.metrics import roc_auc_score

    weak = LABEL + CHANCE.normal(0, 1, ROWS)

    assert abs(estimated(weak=weak)["weak"] - roc_auc_score(LABEL, weak)) < 0.03


def test_only_so_many_rows_are_read_and_always_the_same() -> None:
    first, second = (measure(leakage_check, rows(x=LABEL), rows=500)[0].sample.rows for _ in range(2))

    assert 250 == first.num_rows
    assert first == second


def test_a_label_of_more_than_two_kinds_is_refused() -> None:
    with pytest.raises(HarnessError, match="label 'label' must hold 0 and 1"):
        measure(leakage_check, pa.table({"id": range(300), "label": [0, 1, 2] * 100, "x": range(300)}))


def test_a_column_that_is_not_there_is_refused() -> None:
    with pytest.raises(UsageError, match="has no column 'y'; there is id, label, x"):
        measure(leakage_check, rows(x=LABEL), columns=["y"])


def test_a_column_without_bins_is_an_error_beside_the_others() -> None:
    found = measure(leakage_check, rows(noise=CHANCE.random(ROWS), lists=[[1.0]] * ROWS))

    failures = {each.labels["column"]: each.failure for each in found}
    assert "" == failures["noise"]
    assert "column 'lists' is DOUBLE[], of which no bins can be made" in failures["lists"]


def test_whole_numbers_and_times_of_any_size_are_features() -> None:
    huge = 2**60 + LABEL * 2**20
    clock = pa.array(LABEL * 3_600_000_000, pa.time64("us"))

    assert {"huge": 1.0, "clock": 1.0} == estimated(huge=huge, clock=clock)
