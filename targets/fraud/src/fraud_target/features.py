"""The book's features: what a payment, its customer and its terminal looked like when it was made."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from fraud_target.files import parquet_writer, read_between, time_range

Column = NDArray[np.int64] | NDArray[np.float64] | NDArray[np.bool_]

DAY_SECONDS = 86_400
WINDOW_DAYS = (1, 7, 30)
LABEL_DELAY_DAYS = 7
HISTORY_DAYS = LABEL_DELAY_DAYS + max(WINDOW_DAYS)
LAST_NIGHT_HOUR = 6
FIRST_WEEKEND_DAY = 5

FEATURES = (
    "amount",
    "is_weekend",
    "is_night",
    *(f"customer_{what}_{days}d" for days in WINDOW_DAYS for what in ("count", "mean_amount")),
    *(f"terminal_{what}_{days}d" for days in WINDOW_DAYS for what in ("count", "risk")),
)


def add_features(payments: pa.Table) -> pa.Table:
    """Return time-ordered payments with the features appended; every feature is a double."""
    seconds = payments["tx_time"].cast(pa.timestamp("s"), safe=False).cast(pa.int64()).to_numpy()
    columns = _clock(seconds) | _customer_windows(payments, seconds) | _terminal_windows(payments, seconds)
    for name, values in columns.items():
        payments = payments.append_column(name, pa.array(values.astype(np.float64)))
    return payments


def write_features(transactions: Path, features: Path, *, chunk_days: int = 28) -> int:
    """Write the payments that have a whole history behind them, with features; hold one chunk in memory."""
    written = 0
    with parquet_writer(features) as append:
        for begin, end in _chunks(*time_range(transactions, "simulate"), chunk_days):
            history = read_between(transactions, begin - timedelta(days=HISTORY_DAYS), end)
            chunk = add_features(history).filter(pc.field("tx_time") >= pa.scalar(begin))
            append(chunk)
            written += len(chunk)
    return written


def _chunks(opens: datetime, closes: datetime, chunk_days: int) -> Iterator[tuple[datetime, datetime]]:
    """Yield the stretches of time that have a whole history before them."""
    begin = opens + timedelta(days=HISTORY_DAYS)
    if begin >= closes:
        found = (closes - opens).days
        raise ValueError(f"features look back {HISTORY_DAYS} days, found {found} days; simulate more days")
    yield from pairwise([*_steps(begin, closes, timedelta(days=chunk_days)), closes])


def _steps(begin: datetime, end: datetime, step: timedelta) -> Iterator[datetime]:
    """Yield instants from begin to before end."""
    while begin < end:
        yield begin
        begin += step


def _clock(seconds: NDArray[np.int64]) -> dict[str, Column]:
    """Return what the clock and the calendar say; day 0 of the epoch was a Thursday."""
    weekday = (seconds // DAY_SECONDS + 3) % 7
    hour = seconds % DAY_SECONDS // 3600
    return {"is_weekend": weekday >= FIRST_WEEKEND_DAY, "is_night": hour <= LAST_NIGHT_HOUR}


def _customer_windows(payments: pa.Table, seconds: NDArray[np.int64]) -> dict[str, Column]:
    """Return count and mean amount of each customer's payments up to and with this one."""
    history = History(payments["customer_id"], seconds)
    cents = np.rint(payments["amount"].to_numpy() * 100).astype(np.int64)
    columns: dict[str, Column] = {}
    for days in WINDOW_DAYS:
        begin, end = history.since(days), history.until_now()
        count = end - begin
        mean = history.total(cents, begin, end) / (100 * count)
        columns |= {f"customer_count_{days}d": count, f"customer_mean_amount_{days}d": mean}
    return history.restore(columns)


def _terminal_windows(payments: pa.Table, seconds: NDArray[np.int64]) -> dict[str, Column]:
    """Return count and share of fraud of each terminal's payments in windows that end when labels are known."""
    history = History(payments["terminal_id"], seconds)
    fraud = payments["is_fraud"].to_numpy().astype(np.int64)
    end = history.since(LABEL_DELAY_DAYS)
    columns: dict[str, Column] = {}
    for days in WINDOW_DAYS:
        begin = history.since(LABEL_DELAY_DAYS + days)
        count = end - begin
        risk = history.total(fraud, begin, end) / np.maximum(count, 1)
        columns |= {f"terminal_count_{days}d": count, f"terminal_risk_{days}d": risk}
    return history.restore(columns)


class History:
    """Payments sorted by owner and time, so that any window is a stretch of rows found by bisection."""

    def __init__(self, owner: pa.ChunkedArray, seconds: NDArray[np.int64]) -> None:
        code = owner.combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
        elapsed = seconds - seconds.min()
        span = elapsed.max() + (HISTORY_DAYS + 1) * DAY_SECONDS
        position = code * span + elapsed
        self.order: NDArray[np.int64] = np.argsort(position, kind="stable")
        self.position: NDArray[np.int64] = position[self.order]

    def since(self, days: int) -> NDArray[np.int64]:
        """Return, row by row, how many rows lie at or before the instant that many days back."""
        return np.searchsorted(self.position, self.position - days * DAY_SECONDS, side="right")

    def until_now(self) -> NDArray[np.int64]:
        """Return, row by row, how many rows lie up to and with itself."""
        return np.arange(1, len(self.position) + 1)

    def total(self, values: NDArray[np.int64], begin: NDArray[np.int64], end: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the sum of the values in each stretch of rows."""
        running = np.zeros(len(values) + 1, np.int64)
        np.cumsum(values[self.order], out=running[1:])
        return running[end] - running[begin]

    def restore(self, columns: dict[str, Column]) -> dict[str, Column]:
        """Return the columns in the order the payments came in."""
        back = np.argsort(self.order, kind="stable")
        return {name: values[back] for name, values in columns.items()}
