"""Balanced accuracy: the mean of two shares, with bounds that hold on few rows of a class, alone and compared."""

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import balanced_accuracy_score

from harness.errors import HarnessError
from harness.stats import estimate, infer
from harness.values.samples import Sample

WORLDS = [(40, 400, 0.9, 0.8), (20, 60, 0.5, 0.95), (300, 300, 0.97, 0.99)]


def sample(y: object, decision: object, **more: object) -> Sample:
    table = {
        "y": np.asarray(y, float),
        "score": np.asarray(decision, float),
        "id": np.arange(len(np.asarray(y))),
        **more,
    }
    return Sample(statistic="balanced_accuracy", rows=pa.table(table))


@pytest.mark.parametrize("weighted", [False, True])
def test_the_value_is_scikit_learns(weighted: bool) -> None:
    random = np.random.default_rng(3)
    y, decision = random.integers(0, 2, 200), random.integers(0, 2, 200)
    weight = random.gamma(2, 1, 200) if weighted else None

    found = infer(sample(y, decision, **({"weight": weight} if weight is not None else {}))).value

    assert balanced_accuracy_score(y, decision, sample_weight=weight) == pytest.approx(found)


@pytest.mark.parametrize(("positives", "negatives", "tpr", "tnr"), WORLDS)
def test_bounds_err_no_more_often_than_they_say(positives: int, negatives: int, tpr: float, tnr: float) -> None:
    random, y = np.random.default_rng(5), np.repeat([1.0, 0.0], [positives, negatives])
    truth, draws = (tpr + tnr) / 2, 400

    bounds = [
        infer(sample(y, np.where(random.random(len(y)) < np.where(y == 1, tpr, tnr), y, 1 - y))).bounds(0.05)
        for _ in range(draws)
    ]

    assert sum(lower > truth for lower, _ in bounds) <= 0.08 * draws
    assert sum(upper < truth for _, upper in bounds) <= 0.08 * draws


@pytest.mark.parametrize(("positives", "negatives", "tpr", "tnr"), WORLDS)
def test_bounds_of_a_difference_err_no_more_often_than_they_say(
    positives: int, negatives: int, tpr: float, tnr: float
) -> None:
    random, y = np.random.default_rng(6), np.repeat([1.0, 0.0], [positives, negatives])
    draws, found = 300, []
    for _ in range(draws):
        old = np.where(random.random(len(y)) < np.where(y == 1, tpr, tnr), y, 1 - y)
        new = np.where(random.random(len(y)) < 0.1, 1 - old, old)  # moves 0.1 of right ones to wrong, and back
        found.append(infer(sample(y, new), sample(y, old)).bounds(0.05))
    truth = sum(0.1 * (1 - 2 * share) / 2 for share in (tpr, tnr))

    assert sum(lower > truth for lower, _ in found) <= 0.08 * draws
    assert sum(upper < truth for _, upper in found) <= 0.08 * draws


def test_clusters_that_lose_right_decisions_of_both_classes_widen_the_difference() -> None:
    y, code, broken = np.tile([1.0, 0.0], 300), np.repeat(np.arange(30), 20), np.repeat(np.arange(30) < 3, 20)
    new = np.where(broken, 1 - y, y)
    one, other = (sample(y, decision, **{"cluster.user": code}) for decision in (new, y))
    apart = [sample(y, decision) for decision in (new, y)]

    together, alone = infer(one, other), infer(*apart)

    assert together.value == alone.value == pytest.approx(-0.1)
    assert np.ptp(together.bounds(0.05)) > 3 * np.ptp(alone.bounds(0.05))


def test_a_candidate_like_its_baseline_is_not_certain_to_be() -> None:
    y, decision = [1, 0, 1, 0] * 25, [1, 0, 0, 0] * 25

    found = infer(sample(y, decision), sample(y, decision)).bounds(0.05)

    assert found[0] < 0 < found[1]


def test_rows_of_one_class_and_decisions_that_are_none_are_refused() -> None:
    with pytest.raises(HarnessError, match="needs both classes; found 2 positives alone"):
        estimate(sample([1, 1], [1, 0]))
    with pytest.raises(HarnessError, match="takes decisions of 0 and 1 as 'score'; found 0.5"):
        estimate(sample([1, 0], [0.5, 0]))
