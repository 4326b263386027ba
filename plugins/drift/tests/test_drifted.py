"""The share of drifted columns counts those whose own distances, computed here again, are greater than asked."""

from typing import Any

import numpy as np
import pytest
from harness_drift import columns
from scipy.spatial.distance import jensenshannon

from harness import Measurement, UsageError
from harness.testing import measure


def tables() -> tuple[dict[str, Any], dict[str, Any]]:
    chance, n = np.random.default_rng(4), 8_000
    reference = {name: chance.normal(0, 1, n) for name in ("still", "moved", "far")}
    current = {"still": chance.normal(0, 1, n), "moved": chance.normal(0.5, 1, n), "far": chance.normal(3, 1, n)}
    return (
        {**reference, "kind": chance.choice(["a", "b"], n, p=[0.5, 0.5])},
        {**current, "kind": chance.choice(["a", "b"], n, p=[0.9, 0.1])},
    )


def share(reference: Any, current: Any, **params: Any) -> Measurement:
    (found,) = (
        each for each in measure(columns, current, reference=reference, **params) if each.metric == "drifted_columns"
    )
    return found


@pytest.mark.parametrize("most", [0.0, 0.05, 0.2, 0.5, 100])
def test_columns_whose_index_is_greater_are_counted(most: float) -> None:
    reference, current = tables()
    expected = [name for name in ("still", "moved", "far") if index(reference[name], current[name]) > most]

    found = share(reference, current, drifted={"psi": most}, columns=["still", "moved", "far"])

    assert {"value": len(expected) / 3, "n": 3} == pytest.approx(dict(found.sample.counts))
    assert expected == [word.split()[0] for word in found.evidence["drifted"].split("), ") if word != "none"]
    assert ("exact", "lower", "columns") == (found.sample.statistic, found.better, found.unit)


def index(reference: Any, current: Any) -> float:
    """The population stability index over the reference's deciles."""
    edges = np.r_[-np.inf, np.quantile(reference, np.arange(0.1, 1, 0.1)), np.inf]
    one, other = ((np.histogram(side, edges)[0] + 0.5) / (len(side) + 5) for side in (reference, current))
    return float(((one - other) * np.log(one / other)).sum())


def test_any_of_several_distances_makes_a_column_drifted() -> None:
    reference, current = tables()
    shares = [[(side["kind"] == kind).mean() for kind in "ab"] for side in (reference, current)]
    distance = jensenshannon(*shares, base=2)

    below = share(reference, current, drifted={"psi": 100, "js": distance * 0.99}, columns=["kind"])
    above = share(reference, current, drifted={"psi": 100, "js": distance * 1.01}, columns=["kind"])

    assert [1, 0] == [each.sample.counts["value"] for each in (below, above)]


def test_a_column_that_cannot_be_compared_leaves_no_share() -> None:
    reference, current = tables()

    by_ks = share(reference, current, drifted={"ks": 0.1})
    lacking = share(reference, {**current, "new": current["far"]}, drifted={"psi": 0.1})

    assert "kind cannot be compared by ks, so nobody knows how many drifted" in by_ks.failure
    assert "new cannot be compared by psi" in lacking.failure


def test_it_is_measured_where_it_is_asked_for() -> None:
    reference, current = tables()

    assert "drifted_columns" not in {each.metric for each in measure(columns, current, reference=reference)}
    with pytest.raises(UsageError, match="drifted"):
        measure(columns, current, reference=reference, drifted={})
    with pytest.raises(UsageError, match="wasserstein"):
        measure(columns, current, reference=reference, drifted={"wasserstein": 1})
