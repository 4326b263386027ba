"""A check is measured on test rows as a run would measure it."""

import pandas as pd
import pyarrow as pa
import pytest

from harness import Check, Dataset, HarnessError, Measurement, Sample, Target, UsageError, check, samples
from harness.testing import FakeTarget, measure


@check("fake.rate")
def rate(data: Dataset, *, column: str) -> list[Measurement]:
    """Measure a column's rate."""
    rows = data.observations(y=column)
    return [Measurement(metric="rate", sample=samples.rows.proportion(rows))]


@check("fake.blind")
def blind(data: Dataset) -> list[Measurement]:
    """Measure without clusters."""
    return [Measurement(metric="rate", sample=samples.proportion(k=1, n=2))]


@check("fake.scored")
def scored(target: Target, data: Dataset, reference: Dataset) -> list[Measurement]:
    """Measure who was scored, and how many rows there are to compare with."""
    counts = {"value": float(reference.size)}
    evidence = {"revision": target.identity().revision, "score": data.column("score")}
    return [Measurement(metric="size", sample=Sample(statistic="exact", counts=counts), evidence=evidence)]


@check("fake.broken")
def broken(data: Dataset) -> list[Measurement]:
    """Divide by zero."""
    return [1 / 0]  # type: ignore[list-item]


def only(found: list[Measurement]) -> Measurement:
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("table", [dict, pa.table, pd.DataFrame])
def test_rows_come_from_any_table(table: type) -> None:
    rows = table({"id": [1, 2, 3], "ok": [1, 0, 1]})

    found = only(measure(rate, rows, column="ok"))

    assert found.sample.rows is not None
    assert found.sample.rows.to_pydict() == {"id": [1, 2, 3], "y": [1.0, 0.0, 1.0]}
    assert (found.check, found.step, found.target) == ("fake.rate", "fake.rate", "candidate")


def test_target_gives_roles_to_the_rows_and_says_who_it_is() -> None:
    target = FakeTarget(score="p", revision="v7")

    found = only(measure(scored, {"id": [1], "p": [0.5]}, target=target, reference={"id": [1, 2]}))

    assert found.evidence == {"revision": "v7", "score": "p"}
    assert found.sample.counts == {"value": 2.0}


def test_rows_of_the_target_are_the_data() -> None:
    target = FakeTarget(rows={"id": [1], "p": [0.5]}, score="p", datasets={"old": {"id": [1, 2, 3]}})

    found = only(measure(scored, target=target, reference="old"))

    assert found.sample.counts == {"value": 3.0}


def test_unknown_parameter_is_refused() -> None:
    with pytest.raises(UsageError, match=r"check 'fake.rate' has no parameter 'colum'; did you mean 'column'\?"):
        measure(rate, {"id": [1]}, colum="ok")


def test_bad_roles_are_refused_before_measuring() -> None:
    with pytest.raises(HarnessError, match="2 rows carry 1 different values of id 'id'"):
        measure(broken, {"id": [1, 1]})


def test_ignored_clusters_are_refused() -> None:
    with pytest.raises(HarnessError, match=r"return rows with a column 'cluster\.shop'"):
        measure(blind, {"id": [1, 2], "shop": ["a", "b"]}, target=FakeTarget(cluster="shop"))


def test_missing_rows_are_refused() -> None:
    with pytest.raises(UsageError, match=r"check 'fake.rate' needs a dataset for 'data'"):
        measure(rate, column="ok")


def test_a_checks_own_exception_is_raised_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError):
        measure(broken, {"id": [1, 2]})


def test_unknown_dataset_is_refused() -> None:
    with pytest.raises(UsageError, match="FakeTarget has no dataset 'dat'; did you mean 'data'"):
        FakeTarget(rows={"id": [1]}).dataset("dat")


def test_fake_target_is_a_target() -> None:
    assert isinstance(FakeTarget(), Target)
    assert isinstance(rate, Check)
