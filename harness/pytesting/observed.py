"""Turns what the tests of a session observed into measurements: a sample for each metric."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa

from harness import samples
from harness.errors import HarnessError, UsageError
from harness.plugins.checks import Check
from harness.running.slices import By
from harness.suite.steps import OBSERVED, Resolved
from harness.values.measurements import Measurement

SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class Row:
    """One thing that one test observed."""

    metric: str
    id: str
    y: float
    statistic: str
    test: str
    labels: Mapping[str, str] = field(default_factory=dict)


def with_observations(step: Resolved, log: Path) -> Resolved:
    """Return the step as it is, or, of an `observed` one, with a check that measures the log of this session."""
    if step.check.name != OBSERVED:
        return step
    versus = [requirement for requirement in step.step.requirements if requirement.versus]
    if versus:
        raise UsageError(f"{versus[0].metric!r} is observed by tests, which see no baseline; ask at_least or at_most")
    by = step.step.by

    def measure() -> Iterator[Measurement]:
        _all_observed(_events(log))
        return measure_observations(log, by)

    # `by` is done here, by the labels of the rows: there is no dataset to split by.
    whole = step.step.model_copy(update={"by": ()})
    return replace(step, measured_by=Check(name=OBSERVED, measure=measure), step=whole)


def measure_observations(log: Path, by: By = ()) -> Iterator[Measurement]:
    """Yield a measurement of each metric, whole and split by labels; ids observed twice are an error."""
    for metric, rows in groupby(sorted(_rows(_events(log)), key=_order), key=lambda row: row.metric):
        listed = list(rows)
        _agree(metric, listed)
        yield _measurement(metric, listed, {})
        for group in ([part] if isinstance(part, str) else part for part in by):
            yield from _split(metric, listed, group)


def tests_of(log: Path, event: str) -> Sequence[str]:
    """Return the tests, or files, of which something was noted: each once, in order."""
    return sorted({str(noted["test"]) for noted in _events(log) if noted["event"] == event})


def _events(log: Path) -> Sequence[Mapping[str, Any]]:
    lines = [line for file in sorted(log.glob("*.jsonl")) for line in file.read_text(encoding="utf-8").splitlines()]
    try:
        return [json.loads(line) for line in lines]
    except json.JSONDecodeError:
        raise HarnessError("a test process died while it observed, so the rows are not whole; run again") from None


def _rows(events: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
    for event in events:
        if event["event"] == "observed":
            yield Row(**{name: value for name, value in event.items() if name != "event"})


def _order(row: Row) -> tuple[str, str]:
    return row.metric, row.id


def _all_observed(events: Sequence[Mapping[str, Any]]) -> None:
    """Refuse rows of which the tests that broke are missing: what is left would look better than it is."""
    did = {event["test"] for event in events if event["event"] == "observed"}
    silent = sorted({event["test"] for event in events if event["event"] == "started"} - did)
    if silent:
        named = ", ".join(silent[:SHOWN]) + (", ..." if len(silent) > SHOWN else "")
        raise HarnessError(
            f"{len(silent)} tests use observe and observed nothing ({named}); "
            f"without their rows the rest would look better than it is, so observe before anything can fail"
        )


def _agree(metric: str, rows: Sequence[Row]) -> None:
    for one, other in pairwise(rows):
        if one.id == other.id:
            raise HarnessError(
                f"{metric!r} was observed twice for id {one.id!r}, in {one.test} and in {other.test}; "
                f"give each its own id"
            )
    if len({row.statistic for row in rows}) > 1:
        raise HarnessError(f"{metric!r} was observed with ok= and with value=; use one, or two names")


def _split(metric: str, rows: Sequence[Row], group: Sequence[str]) -> Iterator[Measurement]:
    """Yield the metric in every group of labels; one whose rows carry none of them stays whole."""
    found = {tuple(row.labels.get(name, "none") for name in group) for row in rows}
    for values in sorted(found) if any(name in row.labels for row in rows for name in group) else ():
        labels = dict(zip(group, values, strict=True))
        own = [row for row in rows if all(row.labels.get(name, "none") == value for name, value in labels.items())]
        yield _measurement(metric, own, labels)


def _measurement(metric: str, rows: Sequence[Row], labels: Mapping[str, str]) -> Measurement:
    table = pa.table({"id": [row.id for row in rows], "y": pa.array([row.y for row in rows], pa.float64())})
    build = samples.rows.proportion if rows[0].statistic == "proportion" else samples.rows.mean
    return Measurement(metric=metric, labels=labels, sample=build(table), unit="observations", check=OBSERVED)
