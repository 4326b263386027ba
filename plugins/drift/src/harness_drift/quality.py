"""Whether a model still does what it did: by labels that have matured, or estimated without any."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from harness import CrossCheck, Dataset, HarnessError, Measurement, Sql, column, literal, samples, sql

# metric, rows it is a share of, what counts as a hit, and whether more is better
CHANGES = (
    ("recall_change", "label = 1", "decision", True),
    ("precision_change", "decision = 1", "label", True),
    ("fpr_change", "label = 0", "decision", False),
)
CHANGED = (
    CrossCheck(
        own="fail",
        beside="drift.columns",
        then="pass",
        says="the relation of inputs to the label changed: inputs look as they did (drift.columns passes), and the "
        "model is wrong more often",
    ),
    CrossCheck(
        own="fail",
        beside="drift.columns",
        then="fail",
        says="inputs moved and quality fell (drift.columns fails): the model meets inputs it did not learn from",
    ),
    CrossCheck(
        own="fail",
        beside="drift.columns",
        then="inconclusive",
        says="whether inputs moved as well is not known yet (drift.columns is inconclusive)",
    ),
)


def changes(data: Dataset, days: int) -> Iterator[Measurement]:
    """Yield each rate in the last days less that of the days before; rows keep their clusters."""
    recent = _recent(data, days)
    names = {role: _zero_or_one(data, role) for role in ("label", "decision")}
    for metric, where, hit, more_is_better in CHANGES:
        role, _, value = where.partition(" = ")
        counted = {"hit": names[hit], "role": names[role], "value": literal(int(value)), "recent": recent}
        rows = data.observations(y="{hit}", score="CAST({recent} AS INT)", where="{role} = {value}", **counted)
        alone = _one_sided(rows, metric, where, days)
        yield Measurement(
            metric=metric,
            sample=samples.unmeasured("gap") if alone else samples.rows.gap(_two_sided(rows)),
            better="higher" if more_is_better else "lower",
            evidence={"now": f"the last {days} days", "baseline": "all days before"},
            readings=CHANGED,
            failure=alone,
        )


def estimate(data: Dataset) -> Iterator[Measurement]:
    """Yield recall and precision as they are if every score is the probability it claims to be."""
    _zero_or_one(data, "decision")
    rows = data.rows([data.column("score"), data.column("decision")])
    scores, decisions = (rows[name].cast(pa.float64()).to_numpy() for name in rows.column_names)
    if scores.min() < 0 or scores.max() > 1:
        raise HarnessError(
            f"drift.estimated takes each score for a probability; found {scores.min():g} to {scores.max():g}; "
            f"calibrate the scores first"
        )
    for metric, among in (("recall", scores.sum()), ("precision", decisions.sum())):
        if not among > 0:
            raise HarnessError(
                f"drift.estimated: no row is expected or decided to be positive, so {metric} means nothing"
            )
        sample = samples.point(value=float(scores @ decisions / among), n=rows.num_rows)
        yield Measurement(metric=metric, sample=sample, evidence=ESTIMATED)


ESTIMATED = {"method": "CBPE: assumes calibrated scores, cannot see concept drift"}


def _recent(data: Dataset, days: int) -> Sql:
    """Return the SQL condition that a row is of the last days: those that end with the newest row."""
    name = data.column("time")
    latest = pc.max(data.rows([name])[name].cast(pa.timestamp("us"), safe=False)).as_py()
    recent = "CAST({when} AS TIMESTAMP) > {latest} - INTERVAL {days} DAY"
    return sql(recent, when=column(name), latest=literal(latest), days=literal(days))


def _zero_or_one(data: Dataset, role: str) -> Sql:
    """Return the SQL expression of a label or decision, which must be 0 or 1: others would count as no row's."""
    data.must_be_binary(role)
    return sql("CAST({value} AS DOUBLE)", value=column(data.column(role)))


def _one_sided(rows: pa.Table, metric: str, where: str, days: int) -> str:
    """Return why there is nothing to compare, if one side has no row to take the rate from."""
    recent = rows["score"].to_numpy()
    if recent.size and recent.min() != recent.max():
        return ""
    side = "the last" if not recent.any() else "the time before the last"
    return (
        f"{metric}: no row counts in {side} {days} days, as it is a share of those with {where}; give another number "
        f"of `days` or more data"
    )


def _two_sided(rows: pa.Table) -> pa.Table:
    """Return the rows with `reference` 1 before the last days."""
    return rows.drop(["score"]).append_column("reference", pa.array(1.0 - rows["score"].to_numpy()))
