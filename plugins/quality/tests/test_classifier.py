"""What `quality.classifier` measures, against scikit-learn and against definitions written out here."""

from typing import Any

import numpy as np
import pytest
from harness_quality import classifier
from numpy.typing import NDArray
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    confusion_matrix,
    log_loss,
    precision_score,
    recall_score,
)

from harness import HarnessError, Measurement, UsageError
from harness.stats import estimate, infer
from harness.testing import measure

ROWS = 2_000
OF_DECISIONS = (
    *("recall", "precision", "f1", "accuracy", "specificity", "balanced_accuracy"),
    *("true_positives", "false_positives", "true_negatives", "false_negatives"),
)
Columns = dict[str, NDArray[Any]]


def rows(n: int = ROWS) -> Columns:
    """Return scores with many ties, decisions at 0.5 and amounts."""
    chance = np.random.default_rng(7)
    label = (chance.random(n) < 0.1).astype(np.int8)
    score = np.round(np.clip(0.35 * label + 0.6 * chance.random(n), 0, 1), 2)
    decision = (score >= 0.5).astype(np.int8)
    return {
        "id": np.arange(n),
        "label": label,
        "score": score,
        "decision": decision,
        "amount": chance.gamma(2, 30, n),
    }


def measured(columns: Columns, **params: Any) -> dict[str, Measurement]:
    return {found.metric: found for found in measure(classifier, columns, **params)}


def failures(columns: Columns, **params: Any) -> dict[str, str]:
    return {name: found.failure for name, found in measured(columns, **params).items() if found.failure}


def shares(found: Measurement) -> tuple[int, int]:
    y = found.sample.rows["y"].to_pylist() if found.sample.rows is not None else []
    return int(sum(y)), len(y)


def test_recall_is_the_share_of_positives_decided_1() -> None:
    given = rows()

    found = measured(given)["recall"]

    k, n = shares(found)
    assert recall_score(given["label"], given["decision"]) == pytest.approx(k / n)
    assert int(given["label"].sum()) == n
    assert (
        found.sample.statistic,
        found.unit,
        found.event,
        found.better,
    ) == ("proportion", "positives", "caught", "higher")


def test_unit_names_the_positives() -> None:
    assert measured(rows(), unit="frauds")["recall"].unit == "frauds"


def test_precision_is_the_share_of_alerts_labelled_1() -> None:
    given = rows()

    found = measured(given)["precision"]

    k, n = shares(found)
    assert precision_score(given["label"], given["decision"]) == pytest.approx(k / n)
    assert (found.sample.statistic, found.unit, found.event) == ("proportion", "alerts", "right")


def test_roc_auc_keeps_every_row_with_label_and_score() -> None:
    given = rows()

    found = measured(given)["roc_auc"].sample

    assert found.rows is not None
    assert found.statistic == "auc"
    assert given["label"].tolist() == found.rows["y"].to_pylist()
    assert given["score"].tolist() == found.rows["score"].to_pylist()


@pytest.mark.parametrize("weighted", [False, True])
def test_scores_are_judged_on_every_row_with_its_weight(weighted: bool) -> None:
    given = rows()
    weight = np.random.default_rng(1).gamma(2, 1, ROWS)

    found = measured({**given, "weight": weight} if weighted else given)

    for metric in ("average_precision", "brier", "calibration"):
        table = found[metric].sample.rows
        assert table is not None
        assert given["label"].tolist() == table["y"].to_pylist()
        assert given["score"].tolist() == table["score"].to_pylist()
        assert weighted == ("weight" in table.column_names)


def test_f1_is_judged_on_labels_and_decisions_of_every_row() -> None:
    given = rows()

    table = measured(given)["f1"].sample.rows

    assert table is not None
    assert given["label"].tolist() == table["y"].to_pylist()
    assert given["decision"].tolist() == table["score"].to_pylist()


def test_every_metric_carries_its_statistic_and_better_side() -> None:
    found = measured(rows(), amount="amount")

    assert {"brier", "calibration", "log_loss", "false_positives", "false_negatives"} == {
        name for name, each in found.items() if each.better == "lower"
    }
    for name in ("f1", "average_precision", "brier", "calibration"):
        assert name == found[name].sample.statistic
    assert found["value_recall"].sample.statistic == "value_rate"


def test_scores_that_are_no_probabilities_have_no_brier_and_no_calibration() -> None:
    given = rows()

    found = failures({**given, "score": given["score"] * 1000}, amount="amount")

    assert {"brier", "calibration", "log_loss", "card_precision"} == set(found)
    assert "has scores that are no probabilities, as some lie outside 0 to 1 to measure 'brier' by" in found["brier"]


def test_value_recall_weighs_positives_by_amount() -> None:
    given = rows()
    fraud = given["label"] == 1
    caught = fraud & (given["decision"] == 1)

    table = measured(given, amount="amount")["value_recall"].sample.rows

    assert table is not None
    y, amount = table["y"].to_numpy(), table["score"].to_numpy()
    assert given["amount"][caught].sum() / given["amount"][fraud].sum() == pytest.approx(y @ amount / amount.sum())


def test_the_most_an_amount_can_be_is_declared_by_the_suite() -> None:
    found = measured(rows(), amount="amount", most=5000)["value_recall"]

    assert found.sample.counts == {"high": 5000.0}


def test_the_most_of_an_amount_that_is_not_named_is_refused() -> None:
    with pytest.raises(UsageError, match="no `amount` is named; add `amount: COLUMN`"):
        measured(rows(), most=5000)


def test_a_point_metric_without_its_parameter_is_not_measured() -> None:
    found = failures(rows())

    assert {"value_recall", "card_precision"} == set(found)
    assert "has no amount to measure 'value_recall' by; add `with: {amount: COLUMN}`" in found["value_recall"]


def test_decisions_alone_give_no_ranking() -> None:
    given = {name: column for name, column in rows().items() if name != "score"}

    found = failures(given, amount="amount")

    assert {"roc_auc", "average_precision", "brier", "calibration", "log_loss", "card_precision"} == set(found)
    assert "has no score to measure 'roc_auc' by; add `score: COLUMN`" in found["roc_auc"]


def test_a_score_alone_gives_no_recall() -> None:
    given = {name: column for name, column in rows().items() if name != "decision"}

    found = failures(given)

    assert {*OF_DECISIONS, "value_recall", "card_precision"} == set(found)
    assert "has no decision to measure 'recall' by; add `decision: COLUMN`" in found["recall"]


def test_labels_may_be_true_and_false() -> None:
    given = rows()

    found = measured({**given, "label": given["label"].astype(bool), "decision": given["decision"].astype(float)})

    assert shares(measured(given)["recall"]) == shares(found["recall"])


def test_clusters_travel_with_every_row_sample() -> None:
    given = rows() | {"cluster": np.arange(ROWS) % 50}

    found = measured(given)

    for metric in ("recall", "precision", "roc_auc"):
        table = found[metric].sample.rows
        assert table is not None
        assert "cluster.cluster" in table.column_names


def test_no_alerts_leave_recall_at_0_and_precision_without_rows() -> None:
    given = rows()

    found = measured({**given, "decision": np.zeros(ROWS, dtype=np.int8)})

    assert (0, int(given["label"].sum())) == shares(found["recall"])
    assert shares(found["precision"]) == (0, 0)


def test_neither_score_nor_decision_is_an_error_that_names_both() -> None:
    given = rows()

    with pytest.raises(UsageError, match=r"neither a decision nor a score .* `decision: COLUMN`.*`operating_point`"):
        measured({"id": given["id"], "label": given["label"]})


def test_labels_other_than_0_and_1_are_named() -> None:
    given = rows()
    words = np.where(given["label"] == 1, "fraud", "ok")

    with pytest.raises(HarnessError, match=r"label 'label' must hold 0 and 1; found 'fraud', 'ok'; name a 0/1 column"):
        measured({**given, "label": words})


def test_a_score_taken_for_a_decision_is_named() -> None:
    given = rows()

    with pytest.raises(HarnessError, match=r"decision 'decision' must hold 0 and 1; found 0\.0, 0\.01, .* more; name"):
        measured({**given, "decision": given["score"]})


BOTH = ("precision", "f1", "roc_auc", "average_precision", "card_precision", "balanced_accuracy")
ONE_CLASS = {
    0: {*BOTH, "recall", "value_recall"},
    1: {*BOTH, "specificity"},
}


@pytest.mark.parametrize("label", ONE_CLASS)
def test_labels_of_one_class_refuse_only_what_says_nothing_of_them(label: int) -> None:
    found = failures({**rows(), "label": np.full(ROWS, label, dtype=np.int8)}, amount="amount", clip=0.001)

    assert ONE_CLASS[label] == set(found)
    assert f"no row has label {1 - label} in 'label', so precision says nothing of the model" in found["precision"]


@pytest.mark.parametrize(("bad", "count"), [(np.nan, 1), (-1.0, 1)])
def test_an_amount_that_is_missing_or_negative_is_an_error(bad: float, count: int) -> None:
    given = rows()
    first = int(np.flatnonzero(given["label"] == 1)[0])
    given["amount"][first] = bad

    with pytest.raises(HarnessError, match=rf"amount 'amount': {count} of \d+ positives have a missing, negative"):
        measured(given, amount="amount")


def test_amounts_of_nothing_are_an_error() -> None:
    with pytest.raises(HarnessError, match=r"amount 'amount' is 0 for all \d+ positives"):
        measured({**rows(), "amount": np.zeros(ROWS)}, amount="amount")


def test_an_amount_needs_decisions() -> None:
    given = {name: column for name, column in rows().items() if name != "decision"}

    with pytest.raises(UsageError, match="declares no 'decision' column; add `decision: COLUMN`"):
        measured(given, amount="amount")


def test_an_unknown_amount_column_is_named() -> None:
    with pytest.raises(UsageError, match="no column 'amonut'; did you mean 'amount'"):
        measured(rows(), amount="amonut")


@pytest.mark.parametrize("weighted", [False, True])
def test_metrics_of_both_classes_are_scikit_learns(weighted: bool) -> None:
    given = rows()
    given["score"] = np.clip(given["score"], 0.01, 0.99)
    weight = np.random.default_rng(1).gamma(2, 1, ROWS) if weighted else None
    label, decision = given["label"], given["decision"]
    tn, fp, fn, tp = confusion_matrix(label, decision, sample_weight=weight).ravel()

    found = measured({**given, "weight": weight} if weight is not None else given)

    expected = {
        "accuracy": accuracy_score(label, decision, sample_weight=weight),
        "balanced_accuracy": balanced_accuracy_score(label, decision, sample_weight=weight),
        "specificity": tn / (tn + fp),
        "log_loss": log_loss(label, given["score"], sample_weight=weight),
        "true_positives": tp,
        "false_positives": fp,
        "true_negatives": tn,
        "false_negatives": fn,
    }
    assert expected == pytest.approx({name: estimate(found[name].sample).value for name in expected})


def test_log_loss_has_limits_where_probabilities_are_clipped() -> None:
    given = {**rows(), "score": rows()["label"] * 1.0}
    given["score"][:3] = 1 - given["label"][:3]

    without, clipped = measured(given)["log_loss"], measured(given, clip=0.01)["log_loss"]

    assert "3 rows have the label that their score holds impossible" in without.failure
    expected = log_loss(given["label"], np.clip(given["score"], 0.01, 0.99))
    assert expected == pytest.approx(estimate(clipped.sample).value)
    assert () == infer(clipped.sample).notes
