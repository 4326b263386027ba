"""A Valkey server remembers when it is restarted; one that is away or hangs is given up; see also test_contract."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from socket import socket

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from fraud_target.embedded import free_port, valkey
from fraud_target.loading import load_payments
from fraud_target.online import features_of
from fraud_target.payments import Payment
from fraud_target.store import StoreDown, ValkeyStore
from fraud_target.stores import store_at

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


def test_a_store_that_hangs_is_given_up(payments: Callable[..., pa.Table]) -> None:
    payment = _payment(payments().to_pylist()[0])

    with socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        with pytest.raises(StoreDown, match="does not answer within 1 s"):
            _using(f"redis://127.0.0.1:{deaf.getsockname()[1]}", lambda store: store.take([payment]))


def test_a_store_of_no_known_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="'mongo://x' is none of redis://"):
        store_at("mongo://x")


def test_a_store_whose_library_is_missing_names_it(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="needs 'feast', which is not installed"):
        store_at(f"feast:{tmp_path}")
