"""Simulated card payments after the published process of the Fraud Detection Handbook, written day by day."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from fraud_target.files import parquet_writer
from fraud_target.plants import plant
from fraud_target.population import AGE_BANDS, CHANNELS, Population, populate
from fraud_target.process import Process, Stream

DAY_SECONDS = 86_400
SPREAD_SECONDS = 20_000

LARGE_AMOUNT, TERMINAL_HIT, CUSTOMER_HIT = 1, 2, 3


def simulate(process: Process) -> Iterator[pa.Table]:
    """Yield one table of payments a day, in time order."""
    population = populate(process)
    first_id = 0
    for day in range(process.days):
        payments = _payments(process, population, day)
        ids = pa.array(np.arange(first_id, first_id + len(payments)), pa.int64())
        first_id += len(payments)
        yield plant(process, day, payments.add_column(0, "transaction_id", ids))


def write_simulation(process: Process, transactions: Path, chargebacks: Path) -> int:
    """Write the payments and the chargebacks known when the last day closes; return the number of payments."""
    written = 0
    with parquet_writer(transactions) as write_payments, parquet_writer(chargebacks) as write_reports:
        for day, payments in enumerate(simulate(process)):
            write_payments(payments)
            write_reports(_reports(process, day, payments))
            written += len(payments)
    return written


def _payments(process: Process, population: Population, day: int) -> pa.Table:
    """Return the payments of one day, without ids."""
    random = process.random(Stream.TRAFFIC, day)
    customer, seconds = _visits(population, random)
    terminal = population.terminals_of(customer, random.random(len(customer)))
    amount = _amounts(population.mean_amount[customer], random)
    amount, scenario = _defraud(process, day, customer, terminal, amount)
    midnight = np.datetime64(process.start + timedelta(days=day), "us")
    return pa.table(
        {
            "tx_time": midnight + seconds.astype("timedelta64[s]"),
            "customer_id": customer,
            "terminal_id": terminal,
            "amount": amount,
            "channel": pa.array(CHANNELS[population.channel[terminal]]),
            "age_band": pa.array(AGE_BANDS[population.age_band[customer]]),
            "is_fraud": (scenario > 0).astype(np.int8),
            "scenario": scenario,
        }
    )


def _visits(population: Population, random: np.random.Generator) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return who pays at which second of the day, in time order."""
    everybody = np.arange(len(population.payments_a_day), dtype=np.int32)
    customer = np.repeat(everybody, random.poisson(population.payments_a_day))
    seconds = random.normal(DAY_SECONDS / 2, SPREAD_SECONDS, len(customer)).astype(np.int64)
    within = (seconds > 0) & (seconds < DAY_SECONDS)
    customer, seconds = customer[within], seconds[within]
    order = np.argsort(seconds, kind="stable")
    return customer[order], seconds[order]


def _amounts(mean: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.float64]:
    """Return an amount for each payment, with half its customer's mean as spread and never below zero."""
    amount = random.normal(mean, mean / 2)
    drawn: NDArray[np.float64] = np.where(amount < 0, random.uniform(0, 2 * mean), amount)
    return np.round(drawn, 2)


def _defraud(
    process: Process, day: int, customer: NDArray[np.int32], terminal: NDArray[np.int32], amount: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
    """Return the amounts after fraud, and the scenario each payment fell to (0: genuine)."""
    at_hit_terminal = np.isin(terminal, terminals_hit(process, day))
    by_hit_customer = np.isin(customer, customers_hit(process, day))
    by_hit_customer &= process.random(Stream.FRAUD, day).random(len(customer)) < process.hit_payment_share
    scenario = np.select(
        [by_hit_customer, at_hit_terminal, amount > process.amount_limit], [CUSTOMER_HIT, TERMINAL_HIT, LARGE_AMOUNT]
    )
    raised = np.where(by_hit_customer, np.round(amount * process.hit_payment_factor, 2), amount)
    return raised, scenario.astype(np.int8)


def terminals_hit(process: Process, day: int) -> NDArray[np.int64]:
    """Return the terminals in the hands of fraudsters on one day."""
    begun = range(max(0, day - process.terminal_hit_days + 1), day + 1)
    return _draw_hits(process, Stream.TERMINALS_HIT, begun, process.terminals, process.terminals_hit_a_day)


def customers_hit(process: Process, day: int) -> NDArray[np.int64]:
    """Return the customers whose card details fraudsters use on one day."""
    begun = range(max(0, day - process.customer_hit_days + 1), day + 1)
    return _draw_hits(process, Stream.CUSTOMERS_HIT, begun, process.customers, process.customers_hit_a_day)


def _draw_hits(process: Process, stream: Stream, begun: range, out_of: int, a_day: int) -> NDArray[np.int64]:
    """Return everything drawn on the days given."""
    return np.concatenate([process.random(stream, day).choice(out_of, a_day, replace=False) for day in begun])


def _reports(process: Process, day: int, payments: pa.Table) -> pa.Table:
    """Return the chargebacks for one day's frauds that arrived before the simulation closes."""
    frauds = payments.filter(pc.field("is_fraud") == 1)
    waited = process.random(Stream.REPORTS, day).beta(1, 4, len(frauds)) * process.mature_days * DAY_SECONDS
    reported_at = frauds["tx_time"].to_numpy() + waited.astype(np.int64).astype("timedelta64[s]")
    reports = frauds.select(["transaction_id", "is_fraud"]).append_column("reported_at", pa.array(reported_at))
    return reports.filter(pc.field("reported_at") <= pa.scalar(process.closes))
