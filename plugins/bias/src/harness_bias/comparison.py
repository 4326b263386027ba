"""Each group's rates, and how they compare with those of the reference group."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from harness import Dataset, Measurement, Sample
from harness_bias.grouping import Group, Grouping, as_number, as_text, independent, outcomes, quoted, text

Better = Literal["higher", "lower"]
Counts = Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Rate:
    """A share: of the rows where one outcome has a value, those where another has; without `of`, of all rows."""

    name: str
    of: tuple[str, int] | None
    hit: tuple[str, int]
    better: Better = "higher"

    def needs(self) -> set[str]:
        """Return the outcomes it is about."""
        return {self.hit[0], *([self.of[0]] if self.of else [])}


RATES = (
    Rate(name="selection_rate", of=None, hit=("decision", 1)),
    Rate(name="tpr", of=("label", 1), hit=("decision", 1)),
    Rate(name="fpr", of=("label", 0), hit=("decision", 1), better="lower"),
    Rate(name="fnr", of=("label", 1), hit=("decision", 0), better="lower"),
    Rate(name="precision", of=("decision", 1), hit=("label", 1)),
)


def of(data: Dataset, cells: pa.Table, grouping: Grouping, names: Sequence[str]) -> Iterator[Measurement]:
    """Yield the named rates that the declared columns allow, for each group and against the reference."""
    known = set(outcomes(data))
    for rate in RATES:
        if rate.name in names and rate.needs() <= known:
            yield from _of_rate(data, cells, grouping, rate)
    if "equalized_odds" in names and {"label", "decision"} <= known:
        yield from _equalized_odds(data, cells, grouping)
    if "calibration" in names:
        yield from _calibration(data, grouping)


def _of_rate(data: Dataset, cells: pa.Table, grouping: Grouping, rate: Rate) -> Iterator[Measurement]:
    reference = _counts(cells, grouping, grouping.reference, rate)
    for group in (grouping.reference, *grouping.groups):
        labels, counts = grouping.labels(group), _counts(cells, grouping, group, rate)
        shown = {"hits": f"{counts['k']:g}", "rows": f"{counts['n']:g}"}
        alone = _sample("proportion", data, grouping, group, rate, counts)
        yield Measurement(
            metric=rate.name,
            sample=alone,
            better=rate.better,
            unit=_unit(group),
            labels=labels,
            evidence=shown,
        )
        if group != grouping.reference:
            both = {**counts, "k_ref": reference["k"], "n_ref": reference["n"]}
            yield from _compared(data, grouping, group, rate, both)


def _compared(data: Dataset, grouping: Grouping, group: Group, rate: Rate, counts: Counts) -> Iterator[Measurement]:
    told = ", ".join(grouping.reference)
    for statistic in ("ratio", "gap"):
        yield Measurement(
            metric=f"{rate.name}_{statistic}",
            sample=_sample(statistic, data, grouping, group, rate, counts),
            better=rate.better,
            unit=_unit(group, grouping.reference, counts["n"], counts["n"] + counts["n_ref"]),
            labels=grouping.labels(group),
            evidence={"reference": told},
        )


def _unit(group: Group, reference: Group = (), own: float = 0, both: float = 0) -> str:
    """Return whose rows are counted, and how few are the group's: more rows of others decide little."""
    name = "/".join(group)
    if not reference:
        return f"rows of {name}"
    told = f" (1 in {round(both / own):,} of {name})" if 0 < own <= both / 2 else ""
    return f"rows of {name} and {'/'.join(reference)}{told}"


def _equalized_odds(data: Dataset, cells: pa.Table, grouping: Grouping) -> Iterator[Measurement]:
    """Yield the larger of the gaps of true and of false positive rates, for each group but the reference."""
    rates = [rate for rate in RATES if rate.name in ("tpr", "fpr")]
    for group in grouping.groups:
        counts = {
            f"{rate.name}.{name}{suffix}": value
            for rate in rates
            for suffix, side in (("", group), ("_ref", grouping.reference))
            for name, value in _counts(cells, grouping, side, rate).items()
        }
        yield Measurement(
            metric="equalized_odds",
            sample=Sample(statistic="odds", counts=counts) if independent(data) else _odds(data, grouping, group),
            better="lower",
            labels=grouping.labels(group),
            unit=_unit(group, grouping.reference, *_sizes(counts)),
            evidence={"reference": ", ".join(grouping.reference)},
        )


def _sizes(counts: Counts) -> tuple[float, float]:
    """Return the rows of the group, and of it and the reference."""
    own = counts["tpr.n"] + counts["fpr.n"]
    return own, own + counts["tpr.n_ref"] + counts["fpr.n_ref"]


def _odds(data: Dataset, grouping: Grouping, group: Group) -> Sample:
    """Return the rows of both labels with `score` the label, as their clusters and weights count."""
    parts = []
    for rate in (rate for rate in RATES if rate.name in ("tpr", "fpr")):
        rows = _rows(data, grouping, group, rate)
        label = rate.of[1] if rate.of else 0
        parts.append(rows.append_column("score", pa.array([float(label)] * rows.num_rows)))
    return Sample(statistic="odds", rows=pa.concat_tables(parts))


def _calibration(data: Dataset, grouping: Grouping) -> Iterator[Measurement]:
    """Yield how far scores, taken for probabilities, lie from the outcomes of each group."""
    score = quoted(data.column("score"))
    for group in (grouping.reference, *grouping.groups):
        rows = data.observations(y=as_number(data, "label"), score=score, where=_condition(grouping, group))
        yield Measurement(
            metric="calibration",
            sample=Sample(statistic="calibration", rows=rows),
            better="lower",
            labels=grouping.labels(group),
            unit=_unit(group),
        )


def _counts(cells: pa.Table, grouping: Grouping, group: Group, rate: Rate) -> Counts:
    masks = [pc.equal(cells[name], value) for name, value in grouping.labels(group).items()]
    masks += [pc.equal(cells[rate.of[0]], rate.of[1])] if rate.of else []
    among = cells.filter(reduce(pc.and_, masks))
    hits = among.filter(pc.equal(among[rate.hit[0]], rate.hit[1]))
    return {name: float(pc.sum(rows["rows"]).as_py() or 0) for name, rows in (("k", hits), ("n", among))}


def _sample(statistic: str, data: Dataset, grouping: Grouping, group: Group, rate: Rate, counts: Counts) -> Sample:
    """Return counts, or the rows themselves where they belong together or carry weights."""
    if independent(data):
        return Sample(statistic=statistic, counts=counts)
    return Sample(statistic=statistic, rows=_rows(data, grouping, group, rate, alone=statistic == "proportion"))


def _rows(data: Dataset, grouping: Grouping, group: Group, rate: Rate, *, alone: bool = False) -> pa.Table:
    """Return the rows that a rate is a share of, of the group and, if it is not alone, of the reference."""
    inside, own = _condition(grouping, grouping.reference), _condition(grouping, group)
    y = f"({as_number(data, rate.hit[0])} = {rate.hit[1]})::INT"
    among = f"{as_number(data, rate.of[0])} = {rate.of[1]}" if rate.of else "true"
    either = own if alone else f"(({own}) OR ({inside}))"
    rows = data.observations(y=y, score=f"({inside})::INT", where=f"{among} AND {either}")
    return rows.rename_columns(["reference" if name == "score" else name for name in rows.column_names])


def _condition(grouping: Grouping, group: Group) -> str:
    return " AND ".join(f"{as_text(name)} = {text(value)}" for name, value in grouping.labels(group).items())
