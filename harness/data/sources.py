"""Opens the tables a suite declares: labels joined, unripe and excluded rows left out."""

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import duckdb
from pydantic import SecretStr

from harness.data.datasets import Dataset, Tables, not_empty
from harness.data.declarations import Labels, Source
from harness.data.kinds import refuse_other_kind
from harness.data.label_values import read_label_values
from harness.data.provenance import provenance
from harness.data.row_filters import Clock, keep_in_time, leave_out_excluded
from harness.errors import HarnessError, UsageError
from harness.tables import engines, remote_tables, scan
from harness.tables.column_names import refuse_repeated
from harness.tables.sql import Sql, column, literal, sql


def open_dataset(name: str, source: Source, folder: Path, clock: Clock) -> Dataset:
    """Return a declared table, its labels joined and its rows filtered by a clock."""
    try:
        data = _open_source(name, source, folder, clock)
        data.size  # noqa: B018 - counted here, where trouble with reading is told
    except HarnessError as error:
        unread = isinstance(error.__cause__, duckdb.Error)  # DuckDB's own words say no way out
        todo = f"; repair or replace {source.source}" if unread else ""
        about, message = f"dataset {name!r}", f"{error}{todo}"
        raise type(error)(message if message.startswith(about) else f"{about}: {message}") from error
    return not_empty(data)


def open_datasets(sources: Mapping[str, Source], folder: Path, clock: Clock) -> Tables:
    """Open tables; one that is broken is kept as why, for who asks for it, and one that is misnamed is raised."""
    found: dict[str, Dataset] = {}
    broken: dict[str, str] = {}
    for name, source in sources.items():
        try:
            found[name] = open_dataset(name, source, folder, clock)
        except UsageError:
            raise
        except HarnessError as error:
            broken[name] = str(error)
    return Tables(opened=found, broken=broken)


def open_table(uri: str, folder: Path, as_of: datetime) -> Dataset:
    """Return a table by its path or URI alone: no roles, no filters."""
    return open_dataset(Path(uri).name, Source(source=uri), folder, Clock(as_of=as_of))


def _open_source(name: str, source: Source, folder: Path, clock: Clock) -> Dataset:
    raw = replace(_table(name, source, folder), as_of=clock.as_of)
    raw.must_have([*source.exclude, *([source.time] if source.time else [])])
    if source.time:
        refuse_other_kind(raw, raw.sql, "time", source.time)
    kept = keep_in_time(leave_out_excluded(raw, source), source, clock)
    labelled = _join_labels(replace(kept, read=raw.size if kept.filters else None), source, folder)
    label = source.label or (source.labels.column if source.labels else None)
    return read_label_values(labelled, label, source.label_values).with_roles(
        id=source.id or (source.labels.on if source.labels else None),
        label=label,
        time=source.time,
        weight=source.weight,
        human=source.human,
        cluster=source.cluster,
    )


def resolve_uri(uri: str, folder: Path) -> str:
    """Return a path that a suite names, relative to the suite's folder; other URIs stay as they are."""
    engine, _, name = uri.partition(":")
    if engine == "delta" or (engine == "spark" and "/" in name):
        return uri if "://" in name else f"{engine}:{resolve_uri(name, folder)}"
    if ":" in uri.split("/")[0]:
        return uri
    try:
        return os.path.abspath(folder / Path(uri).expanduser())  # not resolved: a link has the suffix that tells
    except RuntimeError as error:
        raise UsageError(f"source {uri!r}: {error}; write the path out") from error


def _table(name: str, declared: Source | Labels, folder: Path) -> Dataset:
    """Return all rows of a table, wherever it is, the digest of what it holds now, and where it came from."""
    uri = resolve_uri(declared.source, folder)
    message = (declared.origin,) if declared.origin else ()
    if remote_tables.is_elsewhere(uri):
        if declared.types:
            raise UsageError(f"types are for CSV and JSON lines, and {declared.source!r} is neither; leave them out")
        return replace(_open_remote(name, declared.source, uri, declared.connection), provenance=message)
    if declared.connection is not None:
        raise UsageError(f"source {declared.source!r} is read without a connection; leave out `connection`")
    rows = scan.rows_of(uri, declared.types)
    found = Dataset(name=name, uri=declared.source, digest=scan.digest(uri), sql=rows)
    return replace(found, provenance=(*message, *provenance(uri)))


def _open_remote(name: str, source: str, uri: str, connection: SecretStr | None) -> Dataset:
    found = remote_tables.remote_table(uri, connection.get_secret_value() if connection else None)
    if found.engine == "delta":
        from harness.tables import delta  # noqa: PLC0415 - only who names a Delta table needs it

        pinned = delta.pin_version(found)
        return Dataset(name=name, uri=source, digest=delta.digest(pinned), sql=pinned.sql)
    engines.forget(found)
    return Dataset(name=name, uri=source, digest=engines.digest(found), sql=found.sql)


def _join_labels(data: Dataset, source: Source, folder: Path) -> Dataset:
    """Join labels that live in a table of their own."""
    labels = source.labels
    if labels is None:
        return data
    table = _table(f"{data.name}.labels", labels, folder)
    table.must_have([labels.on, labels.column])
    data.must_join(table, {source.id or labels.on: labels.on})
    _keys_are_good(data, table, labels)
    return replace(
        data,
        digest=f"{data.digest}+{table.digest}",
        sql=_join_sql(data, table, labels, source.id or labels.on),
        provenance=(*data.provenance, *(f"labels {origin}" for origin in table.provenance)),
    )


def _join_sql(data: Dataset, table: Dataset, labels: Labels, key: str) -> Sql:
    """Return the rows with their labels, which take the place of a column with the same name."""
    kept = [name for name in data.columns if name != labels.column]
    refuse_repeated([*kept, labels.column], f"dataset {data.name!r} with its labels")
    return data.query(
        "SELECT {kept}, CASE WHEN l.{on} IS NULL THEN {absent} ELSE l.{label} END AS {label} "
        "FROM {rows} d LEFT JOIN {labels} l ON d.{key} = l.{on}",
        kept=[sql("d.{name}", name=column(name)) for name in kept],
        on=column(labels.on),
        absent=literal(labels.absent_is),
        label=column(labels.column),
        labels=table,
        key=key,
    ).sql


def _keys_are_good(data: Dataset, table: Dataset, labels: Labels) -> None:
    keys = table.query("SELECT count(*) AS n, count(DISTINCT {on}) AS d FROM {rows}", on=labels.on).one()
    if keys["n"] != keys["d"]:
        raise HarnessError(
            f"labels {labels.source} hold {keys['n']} rows for {keys['d']} values of {labels.on}; "
            f"keep one row, with a value, for each {labels.on}"
        )
    if keys["n"] == 0:
        raise HarnessError(f"labels {labels.source} hold no rows; without labels nothing can be judged")
