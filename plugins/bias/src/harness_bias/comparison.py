"""Each group's rates, and how they compare with those of the reference group."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from harness import Measurement, Sample, samples
from harness_bias.grouping import OUTCOMES, Group, Grouping, Outcome
from harness_bias.rows import having, inside, sample_rows

Better = Literal["higher", "lower"]
COMPARISONS: Mapping[str, tuple[Callable[..., Sample], Callable[[pa.Table], Sample]]] = {
    "ratio": (samples.ratio, samples.rows.ratio),
    "gap": (samples.gap, samples.rows.gap),
}


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

    def counts(self, cells: Mapping[Outcome, int]) -> Mapping[str, float]:
        """Return the hits `k` of the rows `n` that it is a share of."""
        among = {outcome: rows for outcome, rows in cells.items() if self.of is None or _has(outcome, self.of)}
        hits = sum(rows for outcome, rows in among.items() if _has(outcome, self.hit))
        return {"k": float(hits), "n": float(sum(among.values()))}


RATES = (
    Rate(name="selection_rate", of=None, hit=("decision", 1)),
    Rate(name="tpr", of=("label", 1), hit=("decision", 1)),
    Rate(name="fpr", of=("label", 0), hit=("decision", 1), better="lower"),
    Rate(name="fnr", of=("label", 1), hit=("decision", 0), better="lower"),
    Rate(name="precision", of=("decision", 1), hit=("label", 1)),
)


def measure_rates(
    grouping: Grouping, rows: pa.Table | None, known: Sequence[str], names: Sequence[str]
) -> Iterator[Measurement]:
    """Yield the named rates that the known outcomes allow, for each group and against the reference.

    Without `rows`, counts tell all; with them, samples hold those that belong together or carry weights.
    """
    for rate in RATES:
        if rate.name in names and rate.needs() <= set(known):
            yield from _measure_rate(grouping, rows, rate)
    if "equalized_odds" in names and {"label", "decision"} <= set(known):
        yield from _measure_equalized_odds(grouping, rows)


def calibration(grouping: Grouping, rows: pa.Table) -> Iterator[Measurement]:
    """Yield how far scores, taken for probabilities, lie from the outcomes of each group."""
    for group in (grouping.reference, *grouping.groups):
        labels = grouping.labels(group)
        own = sample_rows(rows, inside(rows, labels), y=rows["own label"], score=rows["own score"])
        yield Measurement(
            metric="calibration",
            sample=samples.rows.calibration(own),
            better="lower",
            labels=labels,
            unit=_unit(group),
        )


def _measure_rate(grouping: Grouping, rows: pa.Table | None, rate: Rate) -> Iterator[Measurement]:
    for group in (grouping.reference, *grouping.groups):
        counts = rate.counts(grouping.cells[group])
        yield Measurement(
            metric=rate.name,
            sample=samples.proportion(**counts) if rows is None else _own_rows(grouping, rows, group, rate),
            better=rate.better,
            unit=_unit(group),
            labels=grouping.labels(group),
            evidence={"hits": f"{counts['k']:g}", "rows": f"{counts['n']:g}"},
            failure=_lacking(grouping, [group], [rate]),
        )
        if group != grouping.reference:
            yield from _compare_with_reference(grouping, rows, group, rate)


def _compare_with_reference(
    grouping: Grouping, rows: pa.Table | None, group: Group, rate: Rate
) -> Iterator[Measurement]:
    message, counts = ", ".join(grouping.reference), _count_both(grouping, group, rate)
    for comparison, (of_counts, of_rows) in COMPARISONS.items():
        yield Measurement(
            metric=f"{rate.name}_{comparison}",
            sample=of_counts(**counts) if rows is None else of_rows(_rows(grouping, rows, group, rate)),
            better=rate.better,
            unit=_unit(group, grouping.reference, counts["n"], counts["n"] + counts["n_ref"]),
            labels=grouping.labels(group),
            evidence={"reference": message},
            failure=_lacking(grouping, [group, grouping.reference], [rate]),
        )


def _lacking(grouping: Grouping, groups: Sequence[Group], rates: Sequence[Rate]) -> str:
    """Return that a group has no row to take a rate from, or nothing."""
    for group, rate in ((group, rate) for group in groups for rate in rates):
        if rate.of and not rate.counts(grouping.cells[group])["n"]:
            message = ", ".join(f"{name}: {value}" for name, value in grouping.labels(group).items())
            among = f"{rate.of[0]} {rate.of[1]}"
            lack = f"no row of {message} has {among}, so it has no {rate.name}"
            return f"{lack}; give more rows, or merge it with a like group"
    return ""


def _unit(group: Group, reference: Group = (), own: float = 0, both: float = 0) -> str:
    """Return whose rows are counted, and how few are the group's: more rows of others decide little."""
    name = "/".join(group)
    if not reference:
        return f"rows of {name}"
    message = f" (1 in {round(both / own):,} of {name})" if 0 < own <= both / 2 else ""
    return f"rows of {name} and {'/'.join(reference)}{message}"


def _measure_equalized_odds(grouping: Grouping, rows: pa.Table | None) -> Iterator[Measurement]:
    """Yield the larger of the gaps of true and of false positive rates, for each group but the reference."""
    rates = [rate for rate in RATES if rate.name in ("tpr", "fpr")]
    for group in grouping.groups:
        gaps = {rate.name: samples.gap(**_count_both(grouping, group, rate)) for rate in rates}
        yield Measurement(
            metric="equalized_odds",
            sample=samples.odds(**gaps) if rows is None else _odds(grouping, rows, group, rates),
            better="lower",
            labels=grouping.labels(group),
            unit=_unit(group, grouping.reference, *_sizes(grouping, group, rates)),
            evidence={"reference": ", ".join(grouping.reference)},
            failure=_lacking(grouping, [group, grouping.reference], rates),
        )


def _count_both(grouping: Grouping, group: Group, rate: Rate) -> Mapping[str, float]:
    """Return the hits `k` of the group's rows `n`, and those of the reference, `k_ref` of `n_ref`."""
    own, other = (rate.counts(grouping.cells[side]) for side in (group, grouping.reference))
    return {**own, "k_ref": other["k"], "n_ref": other["n"]}


def _sizes(grouping: Grouping, group: Group, rates: Sequence[Rate]) -> tuple[float, float]:
    """Return the rows of the group, and of it and the reference."""
    own, other = (sum(rate.counts(grouping.cells[side])["n"] for rate in rates) for side in (group, grouping.reference))
    return own, own + other


def _odds(grouping: Grouping, rows: pa.Table, group: Group, rates: Sequence[Rate]) -> Sample:
    """Return the rows of both labels with `score` the label, as their clusters and weights count."""
    parts = []
    for rate in rates:
        own = _rows(grouping, rows, group, rate)
        label = rate.of[1] if rate.of else 0
        parts.append(own.append_column("score", pa.array([float(label)] * own.num_rows)))
    return samples.rows.odds(pa.concat_tables(parts))


def _has(outcome: Outcome, wanted: tuple[str, int]) -> bool:
    role, value = wanted
    return outcome[OUTCOMES.index(role)] == value


def _own_rows(grouping: Grouping, rows: pa.Table, group: Group, rate: Rate) -> Sample:
    """Return the group's rows that a rate is a share of."""
    return samples.rows.proportion(_rows(grouping, rows, group, rate, alone=True))


def _rows(grouping: Grouping, rows: pa.Table, group: Group, rate: Rate, *, alone: bool = False) -> pa.Table:
    """Return the rows that a rate is a share of, of the group and, if it is not alone, of the reference."""
    reference, own = (inside(rows, grouping.labels(each)) for each in (grouping.reference, group))
    wanted = own if alone else pc.or_(own, reference)
    among = pc.and_(wanted, having(rows, rate.of)) if rate.of else wanted
    hit, compared = having(rows, rate.hit).cast(pa.float64()), reference.cast(pa.float64())
    return sample_rows(rows, among, y=hit, reference=compared)
