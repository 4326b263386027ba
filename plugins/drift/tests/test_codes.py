"""Numbers that name things are categories once a suite says so, and what is new among them is told."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from harness_drift import columns

from harness import Measurement, UsageError, open_table, save_profile
from harness.testing import dataset, measure

Found = Mapping[tuple[str, str], Measurement]
CODES = {"mcc": 2 * np.random.default_rng(1).integers(0, 300, 5000)}
NEW_CODES = {"mcc": CODES["mcc"] + 1}


def drift(reference: Any, current: Any, **params: Any) -> Found:
    found = measure(columns, current, reference=reference, **params)
    return {(each.metric, each.labels["column"]): each for each in found}


@pytest.mark.parametrize("saved", [False, True])
def test_codes_are_categories_once_they_are_named(tmp_path: Path, saved: bool) -> None:
    reference = dataset(CODES, "reference")
    if saved:
        save_profile(reference.profile(), tmp_path / "past.profile")
        reference = open_table("past.profile", tmp_path, datetime(2026, 1, 1, tzinfo=UTC))

    found = drift(reference, NEW_CODES, categories=["mcc"])

    assert {"k": 5000.0, "n": 5000.0} == dict(found["new_categories", "mcc"].sample.counts)
    assert ("ks", "mcc") not in found


def test_categories_of_numbers_are_those_of_their_text() -> None:
    def coded(kind: type) -> Found:
        past, now = ({"c": side["mcc"].astype(kind)} for side in (CODES, {"mcc": CODES["mcc"][:900] + 4}))
        return drift(past, now, categories=["c"])

    numbers, texts = coded(int), coded(str)

    assert texts.keys() == numbers.keys()
    for key, found in texts.items():
        assert dict(found.sample.counts) == pytest.approx(dict(numbers[key].sample.counts))


def test_new_numbers_between_the_old_are_told() -> None:
    found = drift(CODES, NEW_CODES)

    assert "100 % of the rows hold a mcc that the reference never had" in found["psi", "mcc"].evidence["note"]
    assert "name it: `with: {categories: [mcc]}`" in found["new_categories", "mcc"].failure


@pytest.mark.parametrize("values", [[0.5, 1.5], [1, 2]])
def test_other_numbers_carry_no_note(values: list[float]) -> None:
    found = drift({"v": [*values, values[0]] * 200}, {"v": values * 200})

    assert all("note" not in each.evidence for each in found.values())


def test_only_columns_that_are_compared_are_categories() -> None:
    with pytest.raises(UsageError, match="`categories` names 'mmc', which is none of the columns compared: mcc"):
        drift(CODES, NEW_CODES, categories=["mmc"])
