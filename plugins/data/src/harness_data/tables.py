"""Counts about whole tables: rows that differ, repeat, or were seen before; each is one aggregate query."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from harness import Dataset, HarnessError, Measurement, Sample, UsageError

TALLY = "harness_tally"


def parity(data: Dataset, reference: Dataset, key: str, columns: Mapping[str, float]) -> Iterator[Measurement]:
    """Yield the ids that only one table has, and the rows of both whose values differ by more than the tolerance."""
    for side in (data, reference):
        must_have(side, [key, *columns])
    found = _row(data, _comparison_query(data, reference, quote_name(key), columns))
    for side, name in ((data, "l"), (reference, "r")):
        _is_unique(side, key, found[f"{name}_rows"], found[f"{name}_keys"])
    yield _exact("unmatched", found["absent"], found["n"], {"only_in": reference.name})
    yield _exact("unmatched", found["new"], found["n"], {"only_in": data.name})
    both = found["n"] - found["absent"] - found["new"]
    if not both:
        raise HarnessError(f"no {key!r} of {data.name!r} is in {reference.name!r}, so nothing can be compared")
    for at, name in enumerate(columns):
        yield _exact("mismatches", found[f"c{at}"], both, {"column": name})


def _comparison_query(data: Dataset, reference: Dataset, key: str, columns: Mapping[str, float]) -> str:
    """Return the query that counts each side's rows and keys, and what differs."""
    sides, known = {"l": data, "r": reference}, data.columns
    differs = [
        f"NOT ({_equality_condition(quote_name(name), known[name], by)}) AS c{at}"
        for at, (name, by) in enumerate(columns.items())
    ]
    outcomes = ", ".join([*differs, f"l.{key} IS NULL AS absent", f"r.{key} IS NULL AS new"])
    counted = [f"count(*) FILTER (c{at} AND NOT absent AND NOT new) AS c{at}" for at in range(len(columns))]
    sums = ["count(*) AS n", "count(*) FILTER (absent) AS absent", "count(*) FILTER (new) AS new", *counted]
    sums += [f"(SELECT {name}_{what} FROM {TALLY}) AS {name}_{what}" for name in sides for what in ("rows", "keys")]
    joined = f"SELECT {outcomes} FROM {_join_unique_sides(sides, key)}"
    return f"WITH {TALLY} AS ({_tally(sides, key)}) SELECT {', '.join(sums)} FROM ({joined})"


def _tally(sides: Mapping[str, Dataset], key: str) -> str:
    counted = [
        f"(SELECT count(*) AS {name}_rows, count(DISTINCT {key}) AS {name}_keys FROM ({side.sql})) {name}"
        for name, side in sides.items()
    ]
    return f"SELECT * FROM {' CROSS JOIN '.join(counted)}"


def _join_unique_sides(sides: Mapping[str, Dataset], key: str) -> str:
    """Return the join of both sides, without a side whose keys repeat: they would multiply the rows."""
    once = [
        f"(SELECT * FROM ({side.sql}) WHERE (SELECT {name}_rows = {name}_keys FROM {TALLY})) {name}"
        for name, side in sides.items()
    ]
    return f"{' FULL JOIN '.join(once)} ON l.{key} = r.{key}"


def duplicates(data: Dataset, columns: Sequence[str]) -> Measurement:
    """Return how many rows repeat an earlier one in the named columns."""
    must_have(data, columns)
    names = ", ".join(map(quote_name, columns))
    inner = f"SELECT count(*) AS times FROM ({data.sql}) GROUP BY {names}"
    found = _row(data, f"SELECT CAST(sum(times) AS BIGINT) AS n, CAST(sum(times - 1) AS BIGINT) AS k FROM ({inner})")
    return _exact("duplicates", found["k"], found["n"], {"columns": ", ".join(columns)})


def overlap(data: Dataset, reference: Dataset, columns: Sequence[str]) -> Measurement:
    """Return how many rows are in the reference too, by the named columns."""
    for side in (data, reference):
        must_have(side, columns)
    names = ", ".join(map(quote_name, columns))
    same = " AND ".join(f"l.{quote_name(name)} IS NOT DISTINCT FROM r.{quote_name(name)}" for name in columns)
    seen = f"SELECT DISTINCT {names}, 1 AS seen FROM ({reference.sql})"
    held = [f"{_value_count_query(side, columns)} AS {name}" for name, side in (("own", data), ("other", reference))]
    counts = ", ".join(["count(*) AS n", "count(r.seen) AS k", *held])
    found = _row(data, f"SELECT {counts} FROM ({data.sql}) l LEFT JOIN ({seen}) r ON {same}")
    for side, rows in ((data, found["own"]), (reference, found["other"])):
        if not rows:
            message = f"no row of {side.name!r} has a value in {', '.join(columns)}, so nothing can overlap; repair it"
            raise HarnessError(message)
    return _exact("overlap", found["k"], found["n"], {"columns": ", ".join(columns)})


def _value_count_query(side: Dataset, columns: Sequence[str]) -> str:
    """Return the subquery that counts a side's rows with a value in any of the columns."""
    valued = " OR ".join(f"{quote_name(name)} IS NOT NULL" for name in columns)
    return f"(SELECT count(*) FILTER ({valued}) FROM ({side.sql}))"


def references(data: Dataset, reference: Dataset, keys: Mapping[str, str]) -> Iterator[Measurement]:
    """Yield, for each key, the rows that name something which the other table does not have."""
    must_have(data, list(keys))
    must_have(reference, list(keys.values()))
    joins, orphans = [], []
    for at, (own, other) in enumerate(keys.items()):
        known = f"SELECT DISTINCT {quote_name(other)} AS k{at} FROM ({reference.sql})"
        joins.append(f"LEFT JOIN ({known}) r{at} ON l.{quote_name(own)} = r{at}.k{at}")
        orphans.append(f"count(*) FILTER (l.{quote_name(own)} IS NOT NULL AND r{at}.k{at} IS NULL) AS c{at}")
        orphans.append(f"count(l.{quote_name(own)}) AS n{at}")
    found = _row(data, f"SELECT count(*) AS n, {', '.join(orphans)} FROM ({data.sql}) l {' '.join(joins)}")
    for at, own in enumerate(keys):
        held = _exact("orphans", found[f"c{at}"], found["n"], {"column": own})
        none = f"no row of {data.name!r} has a value in {own!r}, so no reference was held; repair the column"
        yield held if found[f"n{at}"] else replace(held, failure=none)


def is_profile(data: Dataset) -> bool:
    """Tell whether a dataset is a saved profile, which holds counts and no rows."""
    return Path(data.uri).suffix == ".profile"


def quote_name(name: str) -> str:
    """Return a column's name quoted for SQL."""
    return '"' + name.replace('"', '""') + '"'


def _equality_condition(name: str, kind: str, tolerance: float) -> str:
    """Return the SQL condition that both values are the same: missing and NaN equal themselves only."""
    equal = f"l.{name} IS NOT DISTINCT FROM r.{name}"
    if not tolerance:
        return equal
    if kind in ("VARCHAR", "BOOLEAN", "DATE") or kind.startswith("TIMESTAMP"):
        raise UsageError(f"column {name} is {kind} and has no distance; give it a tolerance of 0")
    return f"{equal} OR coalesce(abs(l.{name} - r.{name}) <= {tolerance!r}, false)"


def _exact(metric: str, value: int, n: int, labels: Mapping[str, str]) -> Measurement:
    sample = Sample(statistic="exact", counts={"value": value, "n": n})
    return Measurement(metric=metric, sample=sample, better="lower", labels=labels)


def _row(data: Dataset, sql: str) -> Mapping[str, int]:
    found: Mapping[str, int] = replace(data, sql=sql).rows().to_pylist()[0]
    return found


def must_have(data: Dataset, names: Sequence[str]) -> None:
    """Refuse names that are no columns of a dataset."""
    for name in names:
        if name not in data.columns:
            raise UsageError(f"dataset {data.name!r} has no column {name!r}; it has {', '.join(data.columns)}")


def _is_unique(data: Dataset, key: str, rows: int, keys: int) -> None:
    if rows != keys:
        raise HarnessError(
            f"dataset {data.name!r}: {rows} rows carry {keys} different values of {key!r}, and rows are "
            f"compared by it; keep one row for each"
        )
