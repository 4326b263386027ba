"""Whether a model still does what it did: by labels that have matured, or estimated without any."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from harness import Dataset, HarnessError, Measurement, Reading, Sample

# metric, rows it is a share of, what counts as a hit, and whether more is better
CHANGES = (
    ("recall_change", "label = 1", "decision", True),
    ("precision_change", "decision = 1", "label", True),
    ("fpr_change", "label = 0", "decision", False),
)
CHANGED = (
    Reading(
        own="fail",
        beside="drift.columns",
        then="pass",
        says="the relation of inputs to the label changed: inputs look as they did (drift.columns passes), and the "
        "model is wrong more often",
    ),
    Reading(
        own="fail",
        beside="drift.columns",
        then="fail",
        says="inputs moved and quality fell (drift.columns fails): the model meets inputs it did not learn from",
    ),
    Reading(
        own="fail",
        beside="drift.columns",
        then="inconclusive",
        says="whether inputs moved as well is not known yet (drift.columns is inconclusive)",
    ),
)


def changes(data: Dataset, days: int) -> Iterator[Measurement]:
    """Yield each rate in the last days less that of the days before; rows keep their clusters."""
    recent = _recent(data, days)
    names = {role: f'CAST("{_escaped(data.column(role))}" AS DOUBLE)' for role in ("label", "decision")}
    for metric, where, hit, more_is_better in CHANGES:
        role, _, value = where.partition(" = ")
        rows = data.observations(y=names[hit], score=f"({recent})::INT", where=f"{names[role]} = {value}")
        yield Measurement(
            metric=metric,
            sample=Sample(statistic="gap", rows=_two_sided(rows, metric, days)),
            better="higher" if more_is_better else "lower",
            evidence={"now": f"the last {days} days", "baseline": "all days before"},
            readings=CHANGED,
        )


def estimated(data: Dataset) -> Iterator[Measurement]:
    """Yield recall and precision as they are if every score is the probability it claims to be."""
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
        counts = {"value": float(scores @ decisions / among), "n": rows.num_rows}
        yield Measurement(metric=metric, sample=Sample(statistic="point", counts=counts), evidence=ESTIMATED)


ESTIMATED = {"method": "CBPE: assumes calibrated scores, cannot see concept drift"}


def _recent(data: Dataset, days: int) -> str:
    """Return the SQL condition that a row is of the last days: those that end with the newest row."""
    column = data.column("time")
    latest = pc.max(data.rows([column])[column].cast(pa.timestamp("us"), safe=False)).as_py()
    when = f'CAST("{_escaped(column)}" AS TIMESTAMP)'
    return f"{when} > TIMESTAMP '{latest.isoformat(sep=' ')}' - INTERVAL {days} DAY"


def _two_sided(rows: pa.Table, metric: str, days: int) -> pa.Table:
    """Return the rows with `reference` 1 before the last days; both sides must have some."""
    recent = rows["score"].to_numpy()
    if not recent.size or recent.min() == recent.max():
        side = "the last" if not recent.any() else "the time before the last"
        raise HarnessError(f"{metric}: no row counts in {side} {days} days; give another number of `days` or more data")
    return rows.drop(["score"]).append_column("reference", pa.array(1.0 - recent))


def _escaped(name: str) -> str:
    return name.replace('"', '""')
