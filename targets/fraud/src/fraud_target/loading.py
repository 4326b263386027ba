"""Fills a store from the offline table: every payment and fraud that a window may still reach."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from redis import Redis

from fraud_target.features import HISTORY_DAYS
from fraud_target.files import read_between
from fraud_target.online import SEEN, SPENT
from fraud_target.rows import FRAUDS, SEEING, SPENDING, Rows, fill, instant_of
from fraud_target.rows import LOADED as ROWS_LOADED
from fraud_target.store import LOADED, customer_key, frauds_key, terminal_key
from fraud_target.stores import rows_at

HISTORY = timedelta(days=HISTORY_DAYS)
COLUMNS = ("transaction_id", "tx_time", "customer_id", "terminal_id", "amount", "is_fraud")
KEYS_AT_ONCE = 2_000
Events = Iterator[tuple[int, list[bytes]]]
KEYS = {SPENDING: customer_key, SEEING: terminal_key, FRAUDS: frauds_key}


def load(transactions: Path, until: datetime, url: str) -> int:
    """Put the payments made before an instant into a store; return how many."""
    return load_payments(read_between(transactions, until - HISTORY, until), until, url)


def load_payments(payments: pa.Table, until: datetime, url: str) -> int:
    """Put the payments of a table that were made before an instant into a store; return how many."""
    tx_time = pc.field("tx_time")
    lately = payments.filter((tx_time >= pa.scalar(until - HISTORY)) & (tx_time < pa.scalar(until)))
    if not len(lately):
        raise ValueError(f"history has no payment in the {HISTORY.days} days before {until}; name an earlier table")
    histories = {
        SPENDING: _payments_by_customer(lately),
        SEEING: _payments_by_terminal(lately),
        FRAUDS: _payments_by_terminal(lately.filter(pc.field("is_fraud") == 1)),
    }
    rows = rows_at(url)
    if rows is None:
        _fill_valkey(url, histories, until)
    else:
        _fill_rows(rows, histories, until)
    return len(lately)


def _fill_valkey(url: str, histories: Mapping[str, Events], until: datetime) -> None:
    with Redis.from_url(url) as store:
        store.delete(LOADED)
        for table, events in histories.items():
            for chunk in _chunks(events):
                pipeline = store.pipeline(transaction=False)
                for owner, members in chunk.items():
                    pipeline.zadd(KEYS[table](owner), {member: instant_of(member) for member in members})
                pipeline.execute()
        store.set(LOADED, until.isoformat())


def _fill_rows(rows: Rows, histories: Mapping[str, Events], until: datetime) -> None:
    fill(rows, ROWS_LOADED, {0: []})
    for table, events in histories.items():
        for chunk in _chunks(events):
            fill(rows, table, chunk)
    fill(rows, ROWS_LOADED, {0: [until.isoformat().encode()]})


def _chunks(events: Events) -> Iterator[dict[int, list[bytes]]]:
    """Yield many keys at a time, for one round trip."""
    while chunk := dict(islice(events, KEYS_AT_ONCE)):
        yield chunk


def _payments_by_customer(payments: pa.Table) -> Events:
    """Yield each customer's payments."""
    cents = np.rint(payments["amount"].to_numpy() * 100).astype(np.int64)
    seconds, ids = _seconds(payments), payments["transaction_id"].to_numpy()
    for owner, rows in _by_owner(payments["customer_id"].to_numpy()):
        packed = zip(seconds[rows].tolist(), cents[rows].tolist(), ids[rows].tolist(), strict=True)
        yield owner, [SPENT.pack(*event) for event in packed]


def _payments_by_terminal(payments: pa.Table) -> Events:
    """Yield each terminal's payments."""
    seconds, ids = _seconds(payments), payments["transaction_id"].to_numpy()
    for owner, rows in _by_owner(payments["terminal_id"].to_numpy()):
        packed = zip(seconds[rows].tolist(), ids[rows].tolist(), strict=True)
        yield owner, [SEEN.pack(*event) for event in packed]


def _seconds(payments: pa.Table) -> NDArray[np.int64]:
    seconds: NDArray[np.int64] = payments["tx_time"].cast(pa.timestamp("s"), safe=False).cast(pa.int64()).to_numpy()
    return seconds


def _by_owner(owners: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Yield each owner with the numbers of its rows, in time order."""
    order = np.argsort(owners, kind="stable")
    starts = np.flatnonzero(np.diff(owners[order], prepend=-1))
    for rows in np.split(order, starts[1:]) if len(order) else ():
        yield int(owners[rows[0]]), rows
