"""Which windows of time there are: of so many days of one table, or a file each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from harness import Dataset, HarnessError, Profile, UsageError, literal

LEAST = 19  # past windows: with fewer, no rank among them is rarer than 5 %


@dataclass(frozen=True, kw_only=True)
class Windows:
    """The profiles of past windows by their names, oldest first, and of the current one; the columns' SQL types."""

    past: Mapping[str, Profile]
    current: Profile
    types: Mapping[str, str]


def read_windows(
    data: Dataset, days: int | None, past: Dataset | None, last: int, columns: Sequence[str] | None
) -> Windows:
    """Return the current window and the last ones before it, each with the named columns or all that play no role."""
    if (days is None) == (past is None):
        raise UsageError(
            "drift.windows takes `days`, the length of a window in one table with a `time`, or `past`, a glob with a "
            "file for each past window; give one of them"
        )
    if past is not None:
        found, current = past.by_file(), data
    else:
        *before, current = _by_days(data, days or 0)
        found = {each.name: each for each in before}
    _enough(len(found), f"files in {past.uri}" if past is not None else f"whole windows of {days} days with rows")
    roles = {*data.roles.single_columns().values(), *data.roles.cluster}
    kept = list(found)[-last:]
    return Windows(
        past={name: _profile(found[name], columns, roles) for name in kept},
        current=_profile(current, columns, roles),
        types=data.columns,
    )


def _profile(data: Dataset, columns: Sequence[str] | None, roles: set[str]) -> Profile:
    found = data.profile(columns)
    return found if columns else found.select(name for name in found.columns if name not in roles)


def _by_days(data: Dataset, days: int) -> Sequence[Dataset]:
    """Return the table's windows of whole days that have rows, oldest first; the current one ends with the newest."""
    column = data.column("time")
    seen = _days_with_rows(data, column)
    newest = max(seen)
    count = ((newest - min(seen)).days + 1) // days
    ends = [newest - timedelta(days=days * place) for place in reversed(range(max(count, 1)))]
    return [_window(data, end - timedelta(days=days - 1), end) for end in ends if _any(seen, end, days)]


def _days_with_rows(data: Dataset, column: str) -> set[date]:
    found: set[date] = set()
    for batch in data.batches([column]):
        found |= set(pc.unique(batch[column].cast(pa.timestamp("us"), safe=False).cast(pa.date32())).to_pylist())
    return found


def _any(seen: set[date], end: date, days: int) -> bool:
    return any(end - timedelta(days=place) in seen for place in range(days))


def _window(data: Dataset, first: date, end: date) -> Dataset:
    within = "CAST(CAST({time} AS TIMESTAMP) AS DATE) BETWEEN {first} AND {end}"
    found = data.where(within, first=literal(first), end=literal(end))
    return replace(found, name=f"{first} to {end}", profiled=())


def _enough(count: int, what: str) -> None:
    if count < LEAST:
        raise HarnessError(
            f"drift.windows ranks the current window among at least {LEAST} past ones; found {count} {what}, so "
            f"{LEAST - count} are missing; give older rows or shorter windows"
        )
