"""Reads features out of a store, payment by payment, so that they can be compared with the offline table."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from fraud_target.features import FEATURES
from fraud_target.files import parquet_writer
from fraud_target.online import features_of
from fraud_target.payments import MOST_PAYMENTS, Chargeback, Payment
from fraud_target.store import FeatureStore

SENT = ("transaction_id", "tx_time", "customer_id", "terminal_id", "amount")
KNOWN = ("transaction_id", "tx_time", "terminal_id")
Row = dict[str, object]


async def replay(payments: Path, store: FeatureStore, out: Path) -> int:
    """Send payments to a store in their order, their frauds after them, and write the features it gave."""
    written = 0
    try:
        with parquet_writer(out) as append:
            for rows in _batches(payments):
                append(await _features(rows, store))
                written += len(rows)
    finally:
        await store.close()
    return written


async def _features(rows: Sequence[Row], store: FeatureStore) -> pa.Table:
    asked = [Payment.model_validate({name: row[name] for name in SENT}) for row in rows]
    histories = await store.take(asked)
    for row in rows:
        if row["is_fraud"]:
            await store.report(Chargeback.model_validate({name: row[name] for name in KNOWN}))
    found = [features_of(*pair) for pair in zip(asked, histories, strict=True)]
    ids = {"transaction_id": [row["transaction_id"] for row in rows]}
    return pa.table(ids | dict(zip(FEATURES, map(list, zip(*found, strict=True)), strict=True)))


def _batches(payments: Path) -> Iterator[Sequence[Row]]:
    for batch in pq.ParquetFile(payments).iter_batches(MOST_PAYMENTS, columns=[*SENT, "is_fraud"]):
        yield batch.to_pylist()
