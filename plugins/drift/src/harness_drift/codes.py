"""Numbers that name things, as merchant category codes do: they are compared as categories once a suite says so."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from harness import ColumnProfile, HarnessError, Measurement, Profile
from harness_drift.column_pair import Moved, failure_measurement

EXACT = 2.0**53


def as_categories(side: Profile, names: Sequence[str], table: str) -> Profile:
    """Return a profile in which the named columns of numbers are categories, each value its own."""
    found = {name: _categories(side[name], table) if name in side.columns else None for name in names}
    return Profile(columns={**side.columns, **{name: each for name, each in found.items() if each}})


def _categories(column: ColumnProfile, table: str) -> ColumnProfile:
    if column.kind == "text":
        return column
    values = column.values(column.bins.low)
    if column.kind != "number" or not column.bins.single.all() or (np.abs(values) >= EXACT).any():
        raise HarnessError(
            f"column {column.name!r} of {table!r} cannot be read as categories: it holds times, numbers from "
            f"2^53 up, or more different ones than its profile counts apart; write it as text"
        )
    names = [f"{value:.0f}" if value.is_integer() else repr(value) for value in values.tolist()]
    counts = dict(zip(names, column.bins.count.tolist(), strict=True))
    infinite = {"-inf": column.below, "inf": column.above}
    return replace(column, kind="text", categories=counts | {n: k for n, k in infinite.items() if k}, below=0, above=0)


def tell_new(moved: Moved, found: Measurement) -> Measurement:
    """Return a distance of whole numbers with a note, where most rows hold numbers that the reference never had."""
    sides = (moved.reference, moved.current)
    if found.metric not in ("psi", "js", "ks") or not all(map(_is_coded, sides)):
        return found
    known = np.isin(moved.current.bins.low, moved.reference.bins.low)
    new = 1 - float(moved.current.bins.count[known].sum()) / moved.current.bins.total
    if new < 0.5:
        return found
    name = moved.current.name
    note = (
        f"{100 * new:.3g} % of the rows hold a {name} that the reference never had, and {found.metric} compares "
        f"numbers by their order alone; if they are codes, name them: `with: {{categories: [{name}]}}`"
    )
    return replace(found, evidence={**found.evidence, "note": note})


def _is_coded(side: ColumnProfile) -> bool:
    """Tell whether a column holds whole numbers, each counted apart."""
    whole = side.kind == "number" and side.bins.total > 0 and bool(side.bins.single.all())
    return whole and bool((side.values(side.bins.low) % 1 == 0).all())


def tell_no_categories(measured: Sequence[Measurement]) -> Iterator[Measurement]:
    """Yield, where columns of numbers were compared and none of categories, why nothing in them is a new one."""
    if any(found.metric == "new_categories" or found.failure for found in measured):
        return
    for name in dict.fromkeys(found.labels["column"] for found in measured):
        reason = f"column {name!r} holds numbers or times; if they are codes, name it: `with: {{categories: [{name}]}}`"
        for metric in ("new_categories", "total_variation", "chi_square"):
            yield failure_measurement(metric, reason, {"column": name})
