"""What every feature store keeps: the offline numbers, payments once, whole histories only, and an answer in time."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from fraud_target.embedded import valkey
from fraud_target.features import FEATURES, add_features
from fraud_target.loading import load_payments
from fraud_target.online import features_of
from fraud_target.payments import Chargeback, Payment
from fraud_target.store import FeatureStore, StoreDown
from fraud_target.stores import store_at

FIELDS = ("transaction_id", "tx_time", "customer_id", "terminal_id", "amount")
KINDS = ["valkey", "hopsworks", *(["feast"] if find_spec("feast") else [])]  # Feast: test_feast.py, its own environment
Using = Callable[[Callable[[FeatureStore], Awaitable[object]]], object]


@dataclass(frozen=True, kw_only=True)
class Place:
    """A store of one kind: its URL, and how it goes down."""

    url: str
    fail: Callable[[], object]

    def using(self, work: Callable[[FeatureStore], Awaitable[object]]) -> object:
        """Do something with a store that is opened for it."""

        async def use() -> object:
            store = store_at(self.url)
            try:
                return await work(store)
            finally:
                await store.close()

        return asyncio.run(use())


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """Give an empty store of each kind."""
    with ExitStack() as stack:
        if request.param == "hopsworks":
            yield _hopsworks(tmp_path, monkeypatch)
            return
        running = stack.enter_context(ExitStack())
        url = running.enter_context(valkey(tmp_path / "valkey"))
        yield Place(url=url if request.param == "valkey" else _feast(tmp_path, url), fail=running.close)


def _hopsworks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.syspath_prepend(str(Path(__file__).with_name("standins")))
    import hopsworks  # type: ignore[import-not-found]

    project = hopsworks.login(project=str(tmp_path))
    return Place(url=f"hopsworks:{tmp_path}", fail=lambda: setattr(project, "down", True))


def _feast(tmp_path: Path, url: str) -> str:
    online = f"online_store: {{type: redis, connection_string: '{url.removeprefix('redis://')}'}}"
    others = ["project: fraud", "registry: registry.db", "provider: local", "entity_key_serialization_version: 3"]
    (tmp_path / "feature_store.yaml").write_text("\n".join([*others, online]))
    return f"feast:{tmp_path}"


@pytest.fixture
def table(payments: Callable[..., pa.Table]) -> pa.Table:
    """Return payments of 48 days at few terminals, so that windows overlap."""
    return payments(customers=25, terminals=150, days=48)


def _payment(row: dict[str, object]) -> Payment:
    return Payment.model_validate({name: row[name] for name in FIELDS})


def _last(table: pa.Table, **back: float) -> tuple[object, list[dict[str, object]]]:
    """Return an instant some time before the end, and the payments since with their offline features."""
    until = pc.max(table["tx_time"]).as_py().replace(hour=0, minute=0, second=0) - timedelta(**back)
    return until, add_features(table).filter(pc.field("tx_time") >= pa.scalar(until)).to_pylist()


def test_online_features_equal_offline_ones(place: Place, table: pa.Table) -> None:
    until, later = _last(table, days=8)
    load_payments(table, until, place.url)

    async def replay(store: FeatureStore) -> list[list[float]]:
        found = []
        for row in later:
            payment = _payment(row)
            found.append(features_of(payment, (await store.take([payment]))[0]))
            if row["is_fraud"]:
                known = {name: row[name] for name in ("transaction_id", "tx_time", "terminal_id")}
                await store.report(Chargeback.model_validate(known))
        return found

    assert [[row[name] for name in FEATURES] for row in later] == place.using(replay)
    assert any(row["terminal_risk_30d"] > 0 for row in later)  # type: ignore[operator]


def test_a_batch_equals_its_payments_one_by_one(place: Place, table: pa.Table) -> None:
    until, later = _last(table, hours=10)
    load_payments(table, until, place.url)
    sent = [_payment(row) for row in later]

    together = place.using(lambda store: store.take(sent))

    offline = [[row[name] for name in FEATURES] for row in later]
    assert offline == [features_of(*pair) for pair in zip(sent, together, strict=True)]  # type: ignore[call-overload]


def test_a_payment_sent_twice_counts_once(place: Place, table: pa.Table) -> None:
    until, later = _last(table, hours=10)
    load_payments(table, until, place.url)
    payment = _payment(later[0])

    async def twice(store: FeatureStore) -> list[list[float]]:
        return [features_of(payment, (await store.take([payment]))[0]) for _ in range(2)]

    first, second = place.using(twice)  # type: ignore[misc]
    assert first == second


def test_payments_in_one_second_all_count(place: Place, table: pa.Table) -> None:
    until, later = _last(table, hours=10)
    load_payments(table, until, place.url)
    payment = _payment(later[0])
    crowd = [payment.model_copy(update={"transaction_id": 10**9 + n}) for n in range(20)]

    async def one_by_one(store: FeatureStore) -> list[float]:
        return [features_of(each, (await store.take([each]))[0])[3] for each in crowd]

    counts = place.using(one_by_one)
    assert [counts[0] + n for n in range(20)] == counts  # type: ignore[index]


def test_a_store_opened_again_remembers(place: Place, table: pa.Table) -> None:
    until, later = _last(table, hours=10)
    load_payments(table, until, place.url)
    payment = _payment(later[0])

    before, after = (place.using(lambda store: store.take([payment])) for _ in range(2))

    assert features_of(payment, before[0]) == features_of(payment, after[0])  # type: ignore[index]


def test_a_store_without_a_whole_history_scores_nothing(place: Place, table: pa.Table) -> None:
    payment = _payment(table.to_pylist()[0])

    with pytest.raises(StoreDown, match="no whole history"):
        place.using(lambda store: store.take([payment]))
    assert place.using(lambda store: store.ready()) is False


def test_a_store_that_is_down_says_so(place: Place, table: pa.Table) -> None:
    until, later = _last(table, hours=10)
    load_payments(table, until, place.url)

    async def fails(store: FeatureStore) -> bool:
        await store.take([_payment(later[0])])
        place.fail()
        with pytest.raises(StoreDown, match="does not answer"):
            await store.take([_payment(later[0])])
        return await store.ready()

    assert place.using(fails) is False
