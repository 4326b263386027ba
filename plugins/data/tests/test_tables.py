"""Tables are compared row by row, and what repeats or was seen before is counted."""

import math
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from harness_data import duplicates, overlap, parity, references, volume

from harness import HarnessError, UsageError
from harness.testing import dataset, measure

ONLINE = {"id": [1, 2, 3, 4, 5], "x": [1.0, 2.0, math.nan, None, 5.0], "c": ["a", "b", "c", "d", "e"]}
OFFLINE = {"id": [2, 3, 4, 5, 6], "x": [2.005, math.nan, None, 5.5, 6.0], "c": ["b", "c", "D", "e", "f"]}


def counted(found: list[Any]) -> dict[tuple[str, str], float]:
    return {(each.metric, "/".join(each.labels.values())): each.sample.counts["value"] for each in found}


@pytest.mark.parametrize(("tolerance", "mismatches"), [(0.0, 2), (0.01, 1), (1.0, 0)])
def test_rows_of_one_id_are_compared_within_the_tolerance(tolerance: float, mismatches: int) -> None:
    found = measure(parity, ONLINE, reference=OFFLINE, columns={"x": tolerance, "c": 0.0})

    assert counted(found) == {
        ("unmatched", "reference"): 1,
        ("unmatched", "data"): 1,
        ("mismatches", "x"): mismatches,
        ("mismatches", "c"): 1,
    }


def test_rows_that_repeat_are_counted_once_less_than_they_occur() -> None:
    found = measure(duplicates, {"a": [1, 1, 1, 2, None, None], "b": [1, 1, 1, 1, 3, 3]}, columns=["a", "b"])

    assert counted(found) == {("duplicates", "a, b"): 3}


def test_rows_seen_in_training_are_counted() -> None:
    training = {"a": [1, 1, 2, None]}

    found = measure(overlap, {"a": [1, 2, 2, 3, None]}, reference=training, columns=["a"])

    assert counted(found) == {("overlap", "a"): 4}


def test_keys_that_the_other_table_lacks_are_orphans_and_missing_keys_are_none() -> None:
    payments = {"customer": [1, 2, 9, None]}

    found = measure(references, payments, reference={"customer_id": [1, 2, 2]}, keys={"customer": "customer_id"})

    assert counted(found) == {("orphans", "customer"): 1}
    assert {each.sample.counts["n"] for each in found} == {4}


@pytest.mark.parametrize(
    ("own", "orphans"),
    [
        ({"a": [1, 2], "b": ["x", "y"]}, 0),
        ({"a": [1, 2], "b": ["y", "x"]}, 2),
        ({"a": [1, 2], "b": ["x", "x"]}, 1),
        ({"a": [1, 2], "b": ["x", None]}, 0),
        ({"a": [None, 3], "b": ["z", "x"]}, 1),
    ],
)
def test_keys_are_held_together(own: dict[str, Any], orphans: int) -> None:
    known = {"k": [1, 2, 1], "name": ["x", "y", "x"]}

    found = measure(references, own, reference=known, keys={"a": "k", "b": "name"})

    assert counted(found) == {("orphans", "a, b"): orphans}


KINDS: list[tuple[Any, dict[str, Any]]] = [
    (references, {"keys": {"k": "k"}}),
    (overlap, {"columns": ["k"]}),
    (parity, {"id": "k", "columns": {"v": 0.0}}),
    (parity, {"id": "v", "columns": {"k": 0.0}}),
]


@pytest.mark.parametrize(("check", "params"), KINDS)
def test_columns_of_different_kinds_are_not_compared(check: Any, params: dict[str, Any]) -> None:
    with pytest.raises(HarnessError, match="of different kinds"):
        measure(check, {"k": ["01"], "v": [1]}, reference={"k": [1], "v": [1]}, **params)


@pytest.mark.parametrize(("check", "params"), KINDS[:3])
def test_keys_that_are_doubles_beyond_whole_numbers_are_refused(check: Any, params: dict[str, Any]) -> None:
    with pytest.raises(HarnessError, match="key from 2.53 up"):
        measure(check, {"k": [2**53 + 1], "v": [1]}, reference={"k": [2.0**53], "v": [1]}, **params)


@pytest.mark.parametrize(
    ("kind", "own", "other", "mismatches"),
    [
        ("uint8", 1, 2, 0),
        ("uint64", 1, 2**64 - 1, 1),
        ("int8", -128, 127, 1),
        ("int64", -(2**63), 2**63 - 1, 1),
        ("int64", 2**53, 2**53 + 2, 1),
    ],
)
def test_whole_numbers_of_any_width_are_a_tolerance_apart(kind: str, own: int, other: int, mismatches: int) -> None:
    sides = [{"id": [1], "v": pa.array([value], getattr(pa, kind)())} for value in (own, other)]

    found = measure(parity, sides[0], reference=sides[1], columns={"v": 1.0})

    assert mismatches == counted(found)["mismatches", "v"]


@pytest.mark.parametrize("empty", ["data", "reference"])
def test_rows_without_a_key_overlap_with_nothing_and_say_so(empty: str) -> None:
    sides = {
        name: {"k": pa.array([None, None] if name == empty else [1, 2], pa.int64())} for name in ("data", "reference")
    }

    with pytest.raises(HarnessError, match=f"no row of '{empty}' has a value in k"):
        measure(overlap, sides["data"], reference=sides["reference"], columns=["k"])


def test_a_key_that_no_row_has_holds_no_reference() -> None:
    payments = {"customer": pa.array([None, None], pa.int64()), "card": ["a", "b"]}
    known = {"customer_id": [1], "number": ["a"]}

    with pytest.raises(HarnessError, match="no row of 'data' has a value in customer, card, so no reference was held"):
        measure(references, payments, reference=known, keys={"customer": "customer_id", "card": "number"})


def test_volume_is_the_number_of_rows() -> None:
    assert counted(measure(volume, ONLINE)) == {("rows", ""): 5}


@pytest.mark.parametrize(
    ("reference", "columns", "words"),
    [
        (OFFLINE, {"c": 0.5}, "column 'c' is VARCHAR and has no distance; give it a tolerance of 0"),
        (OFFLINE, {"y": 0.0}, "has no column 'y'; there is c, id, x"),
        ({**OFFLINE, "id": [7, 8, 9, 10, 11]}, {"c": 0.0}, "no 'id' of 'data' is in 'reference'"),
        (OFFLINE, {"x": -1.0}, "should be greater than or equal to 0"),
    ],
)
def test_what_cannot_be_compared_is_refused(reference: Any, columns: dict[str, float], words: str) -> None:
    with pytest.raises((HarnessError, UsageError), match=words):
        measure(parity, ONLINE, reference=reference, columns=columns)


def test_a_repeated_id_is_refused() -> None:
    twice = {"k": [1, 1], "x": [1.0, 2.0]}

    with pytest.raises(HarnessError, match="2 rows carry 1 different values of 'k'"):
        measure(parity, twice, reference={"k": [1], "x": [1.0]}, columns={"x": 0.0}, id="k")


def test_the_volume_of_a_saved_profile_is_refused() -> None:
    profile = replace(dataset(ONLINE), uri="today.profile")

    with pytest.raises(UsageError, match="'today.profile' is a saved profile; name the table itself"):
        list(measure(volume, profile))
