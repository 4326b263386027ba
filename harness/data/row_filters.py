"""Leaves out rows that can have no outcome, are not ripe yet or lie outside the window."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from harness.data.datasets import Dataset
from harness.data.declarations import Source, Value
from harness.errors import HarnessError, UsageError
from harness.tables.sql import Sql, column, literal, sql

DAY = timedelta(days=1)
FIRST, END = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)  # what a clock of Python's can show


@dataclass(frozen=True, kw_only=True)
class Clock:
    """When a run started, and whether row filters of a day or more end with the last full UTC day before it."""

    as_of: datetime
    by_day: bool = True


def leave_out_excluded(data: Dataset, source: Source) -> Dataset:
    """Leave out rows that can have no outcome, and say how many."""
    for name, values in source.exclude.items():
        out = _is_one_of(name, values)
        count = data.query("SELECT count(*) FILTER ({out}) AS n FROM {rows}", out=out).one()["n"]
        words = ["missing" if value is None else str(value) for value in values]
        message = f"without {count} rows where {name} is {' or '.join(words)}"
        data = replace(data.where("NOT {out}", out=out), filters=(*data.filters, message))
    return data


def _is_one_of(name: str, values: Sequence[Value]) -> Sql:
    """Return whether a column holds one of some values, null for a missing one."""
    given = [literal(value) for value in values if value is not None]
    rules = [sql("coalesce({c} IN ({given}), false)", c=column(name), given=given)] if given else []
    rules += [sql("{c} IS NULL", c=column(name))] if None in values else []
    return sql("({any})", any=sql(" OR ").join(rules))


def keep_in_time(data: Dataset, source: Source, clock: Clock) -> Dataset:
    """Keep rows that are ripe and inside the window; the filter recorded is the span of the rows kept."""
    if source.time is None:
        if source.mature_after is not None or source.window is not None:
            raise UsageError("mature_after and window need to know when a row happened; add `time: COLUMN`")
        return data
    when = sql("CAST({c} AS TIMESTAMPTZ)", c=column(source.time))
    until_start = _until(data, source, when, clock.as_of, by_day=False)
    if not _ends_with_a_day(source, clock):
        return _add_time_span(data, until_start, when, source.time)
    narrowed = _until(data, source, when, _midnight(clock.as_of), by_day=True)
    return replace(_add_time_span(data, narrowed, when, source.time), until_start=until_start.sql)


def _ends_with_a_day(source: Source, clock: Clock) -> bool:
    """Tell whether the same day is to give the same rows: the window decides, or without one the maturity."""
    span = source.window or source.mature_after
    return clock.by_day and span is not None and span >= DAY


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _until(data: Dataset, source: Source, when: Sql, moment: datetime, by_day: bool) -> Dataset:
    """Return the rows that are ripe at a moment and inside the window; a day begins with its midnight."""
    if source.mature_after is None and source.window is None:
        return data
    until = moment - (source.mature_after or timedelta())
    rules = ["{when} < {until}" if by_day else "{when} <= {until}"]
    if source.window:
        rules.append("{when} >= {start}" if by_day else "{when} > {start}")
    start = until - (source.window or timedelta())
    return data.where(" AND ".join(rules), when=when, until=literal(until), start=literal(start))


def _add_time_span(before: Dataset, after: Dataset, when: Sql, name: str) -> Dataset:
    span = after.query(
        "SELECT count(*) AS n, count(*) FILTER ({beyond}) AS beyond, min({when}) FILTER (NOT {beyond}) AS first, "
        "max({when}) FILTER (NOT {beyond}) AS latest FROM {rows}",
        when=when,
        beyond=sql("({when} < {first} OR {when} >= {end})", when=when, first=literal(FIRST), end=literal(END)),
    ).one()
    if span["beyond"]:
        raise HarnessError(
            f"{span['beyond']} of {span['n']} rows have a time in column {name!r} before the year 1, after 9998 or "
            f"infinite; repair them, or leave them out of the source"
        )
    latest = span["latest"]
    if not isinstance(latest, datetime):
        raise HarnessError(
            f"{before.size} rows were read and none is left after mature_after and window; "
            f"give a later --as-of, a longer window or newer rows"
        )
    message = (f"{name} from {_stamp(span['first'])} to {_stamp(latest)}",) if after is not before else ()
    return replace(after, latest=latest.astimezone(UTC), filters=(*after.filters, *message))


def _stamp(moment: object) -> str:
    return moment.astimezone(UTC).isoformat() if isinstance(moment, datetime) else str(moment)
