"""Counts about whole tables: rows that differ, repeat, or were seen before; each is one aggregate query."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from harness import Dataset, HarnessError, Measurement, Query, Sql, UsageError, column, literal, samples, sql


def parity(data: Dataset, reference: Dataset, key: str, columns: Mapping[str, float]) -> Iterator[Measurement]:
    """Yield the ids that only one table has, and the rows of both whose values differ by more than the tolerance."""
    data.must_join(reference, {key: key})
    data.must_compare(reference, {name: name for name in columns})
    found = _compare(data, reference, key, columns).one()
    for side, name in ((data, "l"), (reference, "r")):
        _is_unique(side, key, found[f"{name}_rows"], found[f"{name}_keys"])
    yield _exact("unmatched", found["absent"], found["n"], {"only_in": reference.name})
    yield _exact("unmatched", found["new"], found["n"], {"only_in": data.name})
    both = found["n"] - found["absent"] - found["new"]
    if not both:
        raise HarnessError(f"no {key!r} of {data.name!r} is in {reference.name!r}, so nothing can be compared")
    for at, name in enumerate(columns):
        yield _exact("mismatches", found[f"c{at}"], both, {"column": name})


def _compare(data: Dataset, reference: Dataset, key: str, columns: Mapping[str, float]) -> Query:
    """Return the query that counts each side's rows and keys, and what differs.

    A side whose keys repeat is joined without its rows, which it would multiply.
    """
    known = data.columns
    differs = [
        sql(f"NOT ({{same}}) AS c{at}", same=_equality_condition(name, known[name], by))
        for at, (name, by) in enumerate(columns.items())
    ]
    counts = [sql(f"count(*) FILTER (c{at} AND NOT absent AND NOT new) AS c{at}") for at in range(len(columns))]
    return data.query(
        "WITH harness_tally AS (SELECT * FROM "
        "(SELECT count(*) AS l_rows, count(DISTINCT {key}) AS l_keys FROM {rows}) l CROSS JOIN "
        "(SELECT count(*) AS r_rows, count(DISTINCT {key}) AS r_keys FROM {reference}) r) "
        "SELECT {counts}, count(*) FILTER (absent) AS absent, count(*) FILTER (new) AS new, "
        "(SELECT l_rows FROM harness_tally) AS l_rows, (SELECT l_keys FROM harness_tally) AS l_keys, "
        "(SELECT r_rows FROM harness_tally) AS r_rows, (SELECT r_keys FROM harness_tally) AS r_keys FROM "
        "(SELECT {differs}, r.{key} IS NULL AS new FROM "
        "(SELECT * FROM {rows} WHERE (SELECT l_rows = l_keys FROM harness_tally)) l FULL JOIN "
        "(SELECT * FROM {reference} WHERE (SELECT r_rows = r_keys FROM harness_tally)) r ON l.{key} = r.{key})",
        key=key,
        reference=reference,
        counts=[sql("count(*) AS n"), *counts],
        differs=[sql("l.{key} IS NULL AS absent", key=column(key)), *differs],
    )


def duplicates(data: Dataset, columns: Sequence[str]) -> Measurement:
    """Return how many rows repeat an earlier one in the named columns."""
    found = data.query(
        "SELECT CAST(sum(times) AS BIGINT) AS n, CAST(sum(times - 1) AS BIGINT) AS k "
        "FROM (SELECT count(*) AS times FROM {rows} GROUP BY {columns})",
        columns=columns,
    ).one()
    return _exact("duplicates", found["k"], found["n"], {"columns": ", ".join(columns)})


def overlap(data: Dataset, reference: Dataset, columns: Sequence[str]) -> Measurement:
    """Return how many rows are in the reference too, by the named columns."""
    data.must_join(reference, {name: name for name in columns})
    same = [sql("l.{name} IS NOT DISTINCT FROM r.{name}", name=column(name)) for name in columns]
    found = data.query(
        "SELECT count(*) AS n, count(r.seen) AS k, (SELECT count(*) FILTER ({valued}) FROM {rows}) AS own, "
        "(SELECT count(*) FILTER ({valued}) FROM {reference}) AS other "
        "FROM {rows} l LEFT JOIN (SELECT DISTINCT {columns}, 1 AS seen FROM {reference}) r ON {same}",
        reference=reference,
        columns=columns,
        valued=sql(" OR ").join(sql("{name} IS NOT NULL", name=column(name)) for name in columns),
        same=sql(" AND ").join(same),
    ).one()
    for side, rows in ((data, found["own"]), (reference, found["other"])):
        if not rows:
            message = f"no row of {side.name!r} has a value in {', '.join(columns)}, so nothing can overlap; repair it"
            raise HarnessError(message)
    return _exact("overlap", found["k"], found["n"], {"columns": ", ".join(columns)})


def references(data: Dataset, reference: Dataset, keys: Mapping[str, str]) -> Measurement:
    """Return how many rows name something, by all keys together, which the other table does not have.

    A row with a missing key names nothing.
    """
    data.must_join(reference, keys)
    own, named = [*keys], ", ".join(keys)
    found = data.query(
        "SELECT count(*) AS n, count(*) FILTER ({names}) AS naming, "
        "count(*) FILTER ({names} AND r.seen IS NULL) AS orphans "
        "FROM {rows} l LEFT JOIN (SELECT DISTINCT {theirs}, 1 AS seen FROM {reference}) r ON {same}",
        reference=reference,
        names=sql(" AND ").join(sql("l.{own} IS NOT NULL", own=column(name)) for name in own),
        theirs=[sql(f"{{key}} AS k{at}", key=column(name)) for at, name in enumerate(keys.values())],
        same=sql(" AND ").join(sql(f"l.{{own}} = r.k{at}", own=column(name)) for at, name in enumerate(own)),
    ).one()
    if not found["naming"]:
        raise HarnessError(f"no row of {data.name!r} has a value in {named}, so no reference was held; repair it")
    return _exact("orphans", found["orphans"], found["n"], {"column": named})


def is_profile(data: Dataset) -> bool:
    """Tell whether a dataset is a saved profile, which holds counts and no rows."""
    return Path(data.uri).suffix == ".profile"


def _equality_condition(name: str, kind: str, tolerance: float) -> Sql:
    """Return the SQL condition that both values are the same: missing and NaN equal themselves only.

    Whole numbers are taken from each other as decimals, as their own types overflow.
    """
    equal = "l.{name} IS NOT DISTINCT FROM r.{name}"
    if not tolerance:
        return sql(equal, name=column(name))
    if kind in ("VARCHAR", "BOOLEAN", "DATE") or kind.startswith("TIMESTAMP"):
        raise UsageError(f"column {name!r} is {kind} and has no distance; give it a tolerance of 0")
    one, other = (f"CAST({side}.{{name}} AS DECIMAL(38, 0))" if "INT" in kind else f"{side}.{{name}}" for side in "lr")
    near = f"{equal} OR coalesce(abs({one} - {other}) <= {{most}}, false)"
    return sql(near, name=column(name), most=literal(tolerance))


def _exact(metric: str, value: int, n: int, labels: Mapping[str, str]) -> Measurement:
    return Measurement(metric=metric, sample=samples.exact(value=value, n=n), better="lower", labels=labels)


def _is_unique(data: Dataset, key: str, rows: int, keys: int) -> None:
    if rows != keys:
        raise HarnessError(
            f"dataset {data.name!r}: {rows} rows carry {keys} different values of {key!r}, and rows are "
            f"compared by it; keep one row for each"
        )
