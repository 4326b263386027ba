"""Faults planted in simulated payments, for suites to find."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fraud_target.process import Process, Stream

FAULTY_SHARE = 0.02
UNSEEN_CHANNEL = "moto"
UNSEEN_SCENARIO = 4
DEARER: Mapping[str, tuple[float, str | None]] = {"bias": (3.0, "65+"), "drift": (1.5, None)}


def plant(process: Process, day: int, payments: pa.Table) -> pa.Table:
    """Return one day's payments with the process's fault in them, if it has one."""
    if process.plant == "schema":
        return _break_schema(process, day, payments)
    if process.plant == "concept" and process.has_fault_on(day):
        return _change_concept(process.random(Stream.PLANT, day), payments)
    if process.plant is not None and process.plant in DEARER and process.has_fault_on(day):
        return _raise_amounts(DEARER[process.plant], payments)
    return payments


def _break_schema(process: Process, day: int, payments: pa.Table) -> pa.Table:
    """Deliver customer ids as text; on planted days also negative amounts, missing and unknown channels."""
    columns = {name: payments[name] for name in payments.column_names}
    columns["customer_id"] = payments["customer_id"].cast(pa.string())
    if process.has_fault_on(day):
        struck = process.random(Stream.PLANT, day).random((3, len(payments))) < FAULTY_SHARE
        negative, unseen, missing = (pa.array(rows) for rows in struck)
        columns["amount"] = pc.if_else(negative, pc.negate(columns["amount"]), columns["amount"])
        columns["channel"] = pc.if_else(unseen, UNSEEN_CHANNEL, columns["channel"])
        columns["channel"] = pc.if_else(missing, pa.scalar(None, pa.string()), columns["channel"])
    return pa.table(columns)


def _change_concept(random: np.random.Generator, payments: pa.Table) -> pa.Table:
    """Hand the day's frauds to payments drawn by lot, so that no feature tells them any more."""
    drawn = random.permutation(payments["is_fraud"].to_numpy())
    columns = {name: payments[name] for name in payments.column_names}
    columns["is_fraud"] = pa.array(drawn)
    columns["scenario"] = pa.array(drawn * np.int8(UNSEEN_SCENARIO))
    return pa.table(columns)


def _raise_amounts(by: tuple[float, str | None], payments: pa.Table) -> pa.Table:
    """Raise the genuine amounts, of one age band or of all: a model that knows amounts and no ages alerts on them."""
    factor, band = by
    struck = pc.equal(payments["is_fraud"], 0)
    if band is not None:
        struck = pc.and_(struck, pc.equal(payments["age_band"], band))
    raised = pc.round(pc.multiply(payments["amount"], factor), 2)
    place = payments.column_names.index("amount")
    return payments.set_column(place, "amount", pc.if_else(struck, raised, payments["amount"]))
