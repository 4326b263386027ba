"""Card precision equals the Fraud Detection Handbook's definition, written out plainly here."""

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from harness_quality import classifier

from harness import HarnessError, UsageError
from harness.testing import measure

START = datetime(2026, 3, 1)


def payments(n: int = 3_000, days: int = 12, cards: int = 120) -> pd.DataFrame:
    chance = np.random.default_rng(3)
    label = (chance.random(n) < 0.05).astype(int)
    return pd.DataFrame(
        {
            "id": np.arange(n),
            "label": label,
            "score": np.clip(0.4 * label + 0.6 * chance.random(n), 0, 1),
            "time": [START + timedelta(minutes=int(m)) for m in chance.integers(0, days * 24 * 60, n)],
            "customer": chance.integers(0, cards, n),
        }
    )


def by_the_book(frame: pd.DataFrame, k: int) -> float:
    """Return the handbook's card_precision_top_k with compromised cards removed, day by day."""
    found: list[int] = []
    precisions = []
    for _, day in frame.groupby(frame["time"].dt.date):
        open_cards = day[~day["customer"].isin(found)]
        top = open_cards.groupby("customer")[["score", "label"]].max().sort_values("score", ascending=False).head(k)
        caught = list(top.index[top["label"] == 1])
        found += caught
        precisions.append(len(caught) / k)
    return float(np.mean(precisions))


def card_precision(frame: Any, **params: Any) -> tuple[float, float, str]:
    found = {each.metric: each for each in measure(classifier, frame, card="customer", **params)}["card_precision"]
    return found.sample.counts["value"], found.sample.counts["n"], found.unit


@pytest.mark.parametrize("k", [1, 5, 40, 200])
def test_card_precision_is_the_books(k: int) -> None:
    frame = payments()

    value, n, unit = card_precision(frame, k=k)

    assert by_the_book(frame, k) == pytest.approx(value, abs=1e-12)
    assert (n, unit) == (12, "days")


def test_a_card_found_out_is_not_checked_again() -> None:
    frame = {
        "id": [1, 2, 3],
        "label": [1, 1, 0],
        "score": [0.9, 0.9, 0.1],
        "time": [START, START + timedelta(days=1), START + timedelta(days=1)],
        "customer": ["a", "a", "b"],
    }

    assert card_precision(frame, k=1)[0] == pytest.approx(0.5)


def test_a_card_checked_in_vain_may_be_found_later() -> None:
    frame = {
        "id": [1, 2],
        "label": [0, 1],
        "score": [0.9, 0.9],
        "time": [date(2026, 3, 1), date(2026, 3, 2)],
        "customer": ["a", "a"],
    }

    assert card_precision(frame, k=1)[0] == pytest.approx(0.5)


def test_the_order_of_rows_does_not_matter() -> None:
    frame = payments().assign(score=lambda rows: rows["score"].round(1))

    assert card_precision(frame, k=10) == card_precision(frame.sample(frac=1, random_state=1), k=10)


def test_cards_need_a_time() -> None:
    with pytest.raises(UsageError, match="declares no 'time' column; add `time: COLUMN`"):
        card_precision(payments().rename(columns={"time": "moment"}))


def test_a_time_that_is_no_time_is_named() -> None:
    frame = payments().assign(time=lambda rows: rows["time"].astype(str))

    with pytest.raises(HarnessError, match=r"time 'time' must be a timestamp or a date; found (large_)?string"):
        card_precision(frame)


def test_rows_without_a_card_are_counted() -> None:
    frame = payments()
    frame["customer"] = frame["customer"].astype("Int64")
    frame.loc[:2, "customer"] = pd.NA

    with pytest.raises(HarnessError, match="3 rows have no card in 'customer'"):
        card_precision(frame)


def test_cards_cannot_be_weighted() -> None:
    with pytest.raises(UsageError, match="cannot take weights; found `weight: weight`"):
        card_precision(payments().assign(weight=2.0))


def test_k_is_at_least_1() -> None:
    with pytest.raises(UsageError, match=r"'k': Input should be greater than or equal to 1; found 0"):
        card_precision(payments(), k=0)
