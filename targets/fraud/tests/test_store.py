"""Online features are the offline ones, from a real Valkey server; what is down or half loaded says so."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from fraud_target.embedded import free_port, valkey
from fraud_target.features import FEATURES, add_features
from fraud_target.loading import load_payments
from fraud_target.online import features_of
from fraud_target.payments import Chargeback, Payment
from fraud_target.store import StoreDown, ValkeyStore

FIELDS = ("transaction_id", "tx_time", "customer_id", "terminal_id", "amount")


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """Give a Valkey server of its own."""
    with valkey(tmp_path) as found:
        yield found


def _using(url: str, work: Callable[[ValkeyStore], Awaitable[object]]) -> object:
    async def use() -> object:
        store = ValkeyStore(url)
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(use())


def _payment(row: dict[str, object]) -> Payment:
    return Payment.model_validate({name: row[name] for name in FIELDS})


def test_online_features_equal_offline_ones(url: str, payments: Callable[..., pa.Table]) -> None:
    table = payments(customers=60, terminals=300, days=48)
    until = pc.max(table["tx_time"]).as_py().replace(hour=0, minute=0, second=0) - timedelta(days=9)
    load_payments(table, until, url)
    later = add_features(table).filter(pc.field("tx_time") >= pa.scalar(until)).to_pylist()

    async def replay(store: ValkeyStore) -> list[list[float]]:
        found = []
        for row in later:
            payment = _payment(row)
            found.append(features_of(payment, (await store.take([payment]))[0]))
            if row["is_fraud"]:
                known = {name: row[name] for name in ("transaction_id", "tx_time", "terminal_id")}
                await store.report(Chargeback.model_validate(known))
        return found

    assert [[row[name] for name in FEATURES] for row in later] == _using(url, replay)
    assert sum(row["terminal_risk_30d"] > 0 for row in later) > 5


def test_a_payment_sent_twice_counts_once(url: str, payments: Callable[..., pa.Table]) -> None:
    table = payments(customers=20, terminals=200)
    until = pc.max(table["tx_time"]).as_py() - timedelta(hours=12)
    load_payments(table, until, url)
    payment = _payment(table.filter(pc.field("tx_time") >= pa.scalar(until)).to_pylist()[0])

    async def twice(store: ValkeyStore) -> list[list[float]]:
        return [features_of(payment, (await store.take([payment]))[0]) for _ in range(2)]

    first, second = _using(url, twice)  # type: ignore[misc]
    assert first == second


def test_a_batch_equals_its_payments_one_by_one(tmp_path: Path, url: str, payments: Callable[..., pa.Table]) -> None:
    table = payments(customers=10, terminals=100)
    until = pc.max(table["tx_time"]).as_py() - timedelta(hours=24)
    sent = [_payment(row) for row in table.filter(pc.field("tx_time") >= pa.scalar(until)).to_pylist()]
    load_payments(table, until, url)
    together = _using(url, lambda store: store.take(sent))

    with valkey(tmp_path / "other") as other:
        load_payments(table, until, other)

        async def one_by_one(store: ValkeyStore) -> list[object]:
            return [(await store.take([payment]))[0] for payment in sent]

        assert together == _using(other, one_by_one)


def test_a_store_without_a_whole_history_is_down(url: str, payments: Callable[..., pa.Table]) -> None:
    payment = _payment(payments().to_pylist()[0])

    with pytest.raises(StoreDown, match="no whole history"):
        _using(url, lambda store: store.take([payment]))
    assert _using(url, lambda store: store.ready()) is False


def test_a_store_that_is_not_there_is_down(payments: Callable[..., pa.Table]) -> None:
    payment = _payment(payments().to_pylist()[0])
    nowhere = f"redis://127.0.0.1:{free_port()}"

    with pytest.raises(StoreDown, match="does not answer"):
        _using(nowhere, lambda store: store.take([payment]))
    assert _using(nowhere, lambda store: store.ready()) is False


def test_a_restarted_store_remembers(tmp_path: Path, payments: Callable[..., pa.Table]) -> None:
    table = payments()
    until = pc.max(table["tx_time"]).as_py() - timedelta(hours=1)
    payment = _payment(table.filter(pc.field("tx_time") >= pa.scalar(until)).to_pylist()[0])
    with valkey(tmp_path) as url:
        load_payments(table, until, url)
        before = _using(url, lambda store: store.take([payment]))

    with valkey(tmp_path) as url:
        after = _using(url, lambda store: store.take([payment]))

    assert features_of(payment, before[0]) == features_of(payment, after[0])  # type: ignore[index]


def test_a_table_that_starts_too_late_is_refused(url: str, payments: Callable[..., pa.Table]) -> None:
    table = payments()

    with pytest.raises(ValueError, match="no payment in the 37 days before"):
        load_payments(table, pc.min(table["tx_time"]).as_py(), url)
