"""The features are what a payment's history says, and the book's own table agrees."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from fraud_target.features import FEATURES, WINDOW_DAYS, add_features, write_features
from fraud_target.files import write_parquet
from hypothesis import given, settings
from hypothesis import strategies as st

MONDAY = datetime(2026, 3, 2)
ROWS = st.lists(
    st.tuples(st.integers(0, 60 * 24), st.integers(0, 2), st.integers(0, 2), st.integers(0, 99_999), st.booleans()),
    min_size=1,
    max_size=40,
)
BOOK = (
    "TX_AMOUNT",
    "TX_DURING_WEEKEND",
    "TX_DURING_NIGHT",
    *(f"CUSTOMER_ID_{what}_{days}DAY_WINDOW" for days in (1, 7, 30) for what in ("NB_TX", "AVG_AMOUNT")),
    *(f"TERMINAL_ID_{what}_{days}DAY_WINDOW" for days in (1, 7, 30) for what in ("NB_TX", "RISK")),
)


def _payments(rows: list[tuple[int, int, int, int, bool]]) -> pa.Table:
    hours, customers, terminals, cents, frauds = zip(*sorted(rows), strict=True)
    return pa.table(
        {
            "tx_time": pa.array([MONDAY + timedelta(hours=hour) for hour in hours], pa.timestamp("us")),
            "customer_id": customers,
            "terminal_id": terminals,
            "amount": [amount / 100 for amount in cents],
            "is_fraud": [int(fraud) for fraud in frauds],
        }
    )


@settings(max_examples=60, deadline=None)
@given(rows=ROWS)
def test_windows_hold_what_a_plain_loop_finds(rows: list[tuple[int, int, int, int, bool]]) -> None:
    table = _payments(rows).to_pandas()
    found = add_features(_payments(rows)).to_pandas()

    for at, now in table.iterrows():
        until = table.loc[:at]
        for days in WINDOW_DAYS:
            own = until[
                (until["customer_id"] == now["customer_id"])
                & (until["tx_time"] > now["tx_time"] - timedelta(days=days))
            ]
            known = table[
                (table["terminal_id"] == now["terminal_id"])
                & (table["tx_time"] <= now["tx_time"] - timedelta(days=7))
                & (table["tx_time"] > now["tx_time"] - timedelta(days=7 + days))
            ]
            assert found[f"customer_count_{days}d"][at] == len(own)
            assert found[f"customer_mean_amount_{days}d"][at] == pytest.approx(own["amount"].mean())
            assert found[f"terminal_count_{days}d"][at] == len(known)
            assert found[f"terminal_risk_{days}d"][at] == (known["is_fraud"].mean() if len(known) else 0)


@pytest.mark.parametrize(
    ("hours", "weekend", "night"), [(0, 0, 1), (6, 0, 1), (7, 0, 0), (5 * 24 - 1, 0, 0), (5 * 24, 1, 1), (7 * 24, 0, 1)]
)
def test_night_ends_at_seven_and_the_weekend_on_monday(hours: int, weekend: int, night: int) -> None:
    found = add_features(_payments([(hours, 0, 0, 100, False)])).to_pylist()[0]

    assert (found["is_weekend"], found["is_night"]) == (weekend, night)


def test_every_feature_is_a_double(payments: Callable[..., pa.Table]) -> None:
    schema = add_features(payments(days=2)).schema

    assert {schema.field(name).type for name in FEATURES} == {pa.float64()}


def test_chunks_give_what_the_whole_gives(payments: Callable[..., pa.Table], tmp_path: Path) -> None:
    table = payments(days=45)
    write_parquet(table, tmp_path / "transactions.parquet")
    written = write_features(tmp_path / "transactions.parquet", tmp_path / "features.parquet", chunk_days=3)

    whole = add_features(table).filter(pc.field("tx_time") >= pa.scalar(datetime(2026, 3, 24)))

    assert pq.read_table(tmp_path / "features.parquet") == whole
    assert written == len(whole)


def test_too_short_a_history_is_refused(payments: Callable[..., pa.Table], tmp_path: Path) -> None:
    write_parquet(payments(days=37), tmp_path / "transactions.parquet")

    with pytest.raises(ValueError, match="features look back 37 days, found 37 days; simulate more days"):
        write_features(tmp_path / "transactions.parquet", tmp_path / "features.parquet")


def test_a_table_without_payments_is_refused(payments: Callable[..., pa.Table], tmp_path: Path) -> None:
    write_parquet(payments(days=1).slice(0, 0), tmp_path / "transactions.parquet")

    with pytest.raises(ValueError, match=r"transactions\.parquet holds no payments; simulate more customers or days"):
        write_features(tmp_path / "transactions.parquet", tmp_path / "features.parquet")


@pytest.mark.shared
def test_features_of_the_books_raw_table_equal_its_transformed_table(
    handbook_payments: pa.Table, handbook: Path
) -> None:
    book = pd.read_parquet(handbook / "transformed_2018-06-01_2018-08-14.parquet")
    found = add_features(_in_the_books_order(handbook_payments, book)).to_pandas()
    found = found.set_index("transaction_id").loc[book["TRANSACTION_ID"]]

    for ours, theirs in zip(FEATURES, BOOK, strict=True):  # the book's table is stored to four decimals
        np.testing.assert_allclose(found[ours], book[theirs], rtol=1e-6, atol=5e-5, err_msg=ours)


def _in_the_books_order(payments: pa.Table, book: pd.DataFrame) -> pa.Table:
    """Return the payments with those of one customer in one second (12 rows) in the order the book counted them."""
    counted = dict(zip(book["TRANSACTION_ID"], book["CUSTOMER_ID_NB_TX_30DAY_WINDOW"], strict=True))
    place = pa.array([counted.get(number, 0) for number in payments["transaction_id"].to_pylist()])
    keys = [("tx_time", "ascending"), ("customer_id", "ascending"), ("place", "ascending")]
    return payments.append_column("place", place).sort_by(keys).drop_columns("place")
