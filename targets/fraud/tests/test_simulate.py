"""The simulator follows the published process and repeats itself byte for byte."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from fraud_target.files import parquet_writer
from fraud_target.population import populate
from fraud_target.process import Process
from fraud_target.simulate import (
    CUSTOMER_HIT,
    LARGE_AMOUNT,
    TERMINAL_HIT,
    customers_hit,
    terminals_hit,
    write_simulation,
)

Make = Callable[..., pa.Table]


def test_same_seed_gives_the_same_bytes(process: Callable[..., Process], tmp_path: Path) -> None:
    for name in ("first", "second"):
        write_simulation(process(days=5), tmp_path / f"{name}.parquet", tmp_path / f"{name}-chargebacks.parquet")

    assert (tmp_path / "first.parquet").read_bytes() == (tmp_path / "second.parquet").read_bytes()
    assert (tmp_path / "first-chargebacks.parquet").read_bytes() == (
        tmp_path / "second-chargebacks.parquet"
    ).read_bytes()


def test_another_seed_gives_other_payments(payments: Make) -> None:
    assert payments(days=2, seed=1) != payments(days=2, seed=2)


def test_payments_come_in_time_order_with_ids_in_sequence(payments: Make) -> None:
    table = payments(days=5)

    assert np.all(np.diff(table["tx_time"].to_numpy()).astype(int) >= 0)
    assert table["transaction_id"].to_pylist() == list(range(len(table)))


def test_days_end_on_the_day_asked_for(process: Callable[..., Process], payments: Make) -> None:
    days = payments(days=5)["tx_time"].to_numpy().astype("datetime64[D]")

    assert days.min() == np.datetime64(process().end - timedelta(days=4))
    assert days.max() == np.datetime64(process().end)


def test_customers_pay_as_often_and_as_much_as_drawn(process: Callable[..., Process], payments: Make) -> None:
    quiet = {"terminal_hit_share": 0.0, "customer_hit_share": 0.0, "days": 60}
    population = populate(process(**quiet))
    table = payments(**quiet).to_pandas()

    a_day = table.groupby("customer_id").size() / 60
    expected = population.mean_amount[table["customer_id"]].mean() * 1.027  # no amount is below zero

    assert np.corrcoef(population.payments_a_day[a_day.index], a_day)[0, 1] > 0.98
    assert a_day.sum() == pytest.approx(population.payments_a_day.sum() * 0.97, rel=0.03)  # 3 % fall outside the day
    assert table["amount"].mean() == pytest.approx(expected, rel=0.01)


def test_payments_cluster_around_noon(payments: Make) -> None:
    hours = payments(days=10)["tx_time"].to_pandas().dt.hour

    assert hours.mean() == pytest.approx(11.5, abs=0.3)
    assert hours.std() == pytest.approx(20_000 / 3600, rel=0.1)


def test_customers_pay_only_within_their_radius(process: Callable[..., Process], payments: Make) -> None:
    population = populate(process())
    table = payments(days=3).to_pandas()

    for customer, terminals in table.groupby("customer_id")["terminal_id"]:
        first = population.first_reachable[customer]
        assert set(terminals) <= set(population.reachable[first : first + population.count_reachable[customer]])


def test_a_terminal_keeps_its_channel(payments: Make) -> None:
    table = payments().to_pandas()

    assert table.groupby("terminal_id")["channel"].nunique().max() == 1
    assert set(table["channel"]) == {"pos", "web", "atm"}


def test_amounts_above_the_limit_are_fraud(payments: Make) -> None:
    table = payments(amount_limit=150.0, customer_hit_share=0.0).to_pandas()

    assert (table["amount"] > 150).sum() > 100
    assert (table.loc[table["amount"] > 150, "is_fraud"] == 1).all()
    assert (table.loc[table["scenario"] == LARGE_AMOUNT, "amount"] > 150).all()


def test_every_payment_at_a_hit_terminal_is_fraud_for_its_days(process: Callable[..., Process], payments: Make) -> None:
    rates = {"terminal_hit_share": 0.01, "terminal_hit_days": 6, "days": 12}
    table = payments(**rates).to_pandas()
    day_of = (table["tx_time"] - table["tx_time"].min().floor("D")).dt.days

    for day in range(12):
        at_hit = table[day_of == day]["terminal_id"].isin(terminals_hit(process(**rates), day))
        assert (table[day_of == day][at_hit]["is_fraud"] == 1).all()
        assert not (table[day_of == day][~at_hit]["scenario"] == TERMINAL_HIT).any()


def test_a_hit_lasts_its_days_and_no_longer(process: Callable[..., Process]) -> None:
    rates = process(terminal_hit_share=0.01, terminal_hit_days=6, customer_hit_share=0.02, customer_hit_days=3)

    assert [len(terminals_hit(rates, day)) for day in (0, 4, 5, 30)] == [15, 75, 90, 90]
    assert [len(customers_hit(rates, day)) for day in (0, 1, 2, 30)] == [4, 8, 12, 12]
    assert set(terminals_hit(rates, 10)[:15]) == set(terminals_hit(rates, 5)[-15:])


def test_a_third_of_a_hit_customers_payments_are_raised_fraud(process: Callable[..., Process], payments: Make) -> None:
    rates = {"customer_hit_share": 1.0, "customer_hit_days": 1, "terminal_hit_share": 0.0, "amount_limit": 1e9}
    hit = payments(**rates).to_pandas()
    calm = payments(**{**rates, "customer_hit_share": 0.0}).to_pandas()

    struck = hit["scenario"] == CUSTOMER_HIT

    assert struck.mean() == pytest.approx(1 / 3, abs=0.02)
    assert hit["amount"][struck].to_numpy() == pytest.approx(calm["amount"][struck].to_numpy() * 5, abs=0.01)
    assert hit["amount"][~struck].equals(calm["amount"][~struck])


def test_fraud_comes_at_the_rate_configured(process: Callable[..., Process], payments: Make) -> None:
    rates = {"terminal_hit_share": 0.001, "customer_hit_share": 0.005, "customers": 600, "days": 80}
    later = payments(**rates).to_pandas().query("tx_time >= '2026-02-10'")

    # a terminal is hit with 28 draws a day of its share, a payment of a hit customer one time in three
    assert (later["scenario"] == TERMINAL_HIT).mean() == pytest.approx(28 * 2 / 1500, rel=0.25)
    assert (later["scenario"] == CUSTOMER_HIT).mean() == pytest.approx(5 * 0.005 / 3, rel=0.25)


def test_chargebacks_are_frauds_reported_within_the_mature_days(
    process: Callable[..., Process], tmp_path: Path
) -> None:
    rates = process(terminal_hit_share=0.005)
    write_simulation(rates, tmp_path / "payments.parquet", tmp_path / "chargebacks.parquet")
    chargebacks = pq.read_table(tmp_path / "chargebacks.parquet").to_pandas()
    frauds = pq.read_table(tmp_path / "payments.parquet").filter(pc.field("is_fraud") == 1).to_pandas()

    joined = frauds.merge(chargebacks, on="transaction_id", how="left", suffixes=("", "_reported"))
    waited = (joined["reported_at"] - joined["tx_time"]).dt.total_seconds() / 86_400

    assert list(chargebacks.columns) == ["transaction_id", "is_fraud", "reported_at"]
    assert set(chargebacks["is_fraud"]) == {1}
    assert set(chargebacks["transaction_id"]) <= set(frauds["transaction_id"])
    assert chargebacks["reported_at"].max() <= rates.closes
    assert waited.dropna().between(0, 7).all()
    assert joined["reported_at"][joined["tx_time"] < "2026-03-25"].notna().all()
    assert joined["reported_at"].isna().any()


def test_days_without_a_payment_leave_a_readable_file(process: Callable[..., Process], tmp_path: Path) -> None:
    rare = process(customers=3, most_payments_a_day=0.2, days=20, terminal_hit_share=0.0, customer_hit_share=0.0)
    payments, chargebacks = tmp_path / "payments.parquet", tmp_path / "chargebacks.parquet"
    written = write_simulation(rare, payments, chargebacks)

    assert 0 < written < 20
    assert pq.read_table(payments).num_rows == written
    assert pq.read_table(chargebacks).num_rows == 0


def test_a_file_is_whole_or_absent(tmp_path: Path) -> None:
    def half_written() -> None:
        with parquet_writer(tmp_path / "payments.parquet") as append:
            append(pa.table({"transaction_id": [1]}))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half_written()

    assert list(tmp_path.iterdir()) == []


def test_writing_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nothing to write"), parquet_writer(tmp_path / "payments.parquet"):
        pass
