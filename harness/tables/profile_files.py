"""A profile as a file: a parquet table of counts, so that production compares with kilobytes, not last year's table."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from harness.errors import HarnessError
from harness.tables.bins import EMPTY, Bins
from harness.tables.profiles import ColumnProfile, Profile

VERSION = 2
BINS_KEPT = 1024
MARK = "profile_version"
SCHEMA = pa.schema(
    {
        MARK: pa.int8(),
        "column": pa.dictionary(pa.int32(), pa.string()),
        "kind": pa.dictionary(pa.int32(), pa.string()),
        "what": pa.dictionary(pa.int32(), pa.string()),  # missing, below, above, bin, single, spike, category, ...
        "shift": pa.int8(),
        "key": pa.int64(),  # of a bin its code, of a single value or a spike the value's own key
        "category": pa.string(),
        "count": pa.int64(),
    }
)


TOLD = ("rows", "missing", "below", "above", "uncounted")


def save_profile(profile: Profile, path: Path) -> None:
    """Write a profile with at most 1,024 bins a column; single values and frequent ones stay apart."""
    rows = [row for column in profile.columns.values() for row in _rows(column)]
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), path, compression="zstd", compression_level=9)


def is_profile(columns: Mapping[str, str]) -> bool:
    """Tell by its columns whether a table is a saved profile."""
    return MARK in columns


def load(table: pa.Table) -> Profile:
    """Return the profile that was saved as a table."""
    versions = table[MARK].unique().to_pylist()
    if versions != [VERSION]:
        raise HarnessError(
            f"the profile is of version {versions}, and version {VERSION} is read; profile the data anew"
        )
    lacking = [name for name in SCHEMA.names if name not in table.column_names]
    if lacking:
        raise HarnessError(
            f"the profile lacks its columns {', '.join(lacking)}; it is damaged, so profile the data anew"
        )
    parts: dict[str, list[dict[str, Any]]] = {}
    for row in table.to_pylist():
        parts.setdefault(row["column"], []).append(row)
    return Profile(columns={name: _load_column(name, rows) for name, rows in parts.items()})


def _rows(column: ColumnProfile) -> Iterator[dict[str, object]]:
    same = {MARK: VERSION, "column": column.name, "kind": column.kind}
    for what in TOLD:
        yield {**same, "what": what, "count": getattr(column, what)}
    kept = column.bins.limit_bins(BINS_KEPT)
    for code, count, low, single in zip(kept.bin, kept.count, kept.low, kept.single, strict=True):
        what, key = ("single", low) if single else ("bin", code)
        yield {**same, "what": what, "shift": kept.shift, "key": int(key), "count": int(count)}
    apart = {*kept.low[kept.single].tolist()}
    for key, count in column.frequent.items():
        if key not in apart:
            yield {**same, "what": "spike", "key": key, "count": count}
    for name, count in sorted(column.categories.items()):
        yield {**same, "what": "category", "category": name, "count": count}


def _load_column(name: str, rows: Sequence[Mapping[str, Any]]) -> ColumnProfile:
    message = {row["what"]: row["count"] for row in rows}
    counted = sum(row["count"] for row in rows if row["what"] in ("missing", "below", "above", "bin", "single"))
    if not message.keys() >= {*TOLD} or counted != message["rows"]:
        raise HarnessError(
            f"the profile does not count all rows of column {name!r}; it is damaged, so profile the data anew"
        )
    categories = {row["category"]: row["count"] for row in rows if row["what"] == "category"}
    return ColumnProfile(
        name=name,
        kind=rows[0]["kind"],
        rows=message["rows"],
        missing=message["missing"],
        below=message["below"],
        above=message["above"],
        bins=_bins([row for row in rows if row["what"] in ("bin", "single")]),
        categories=categories,
        uncounted=message["uncounted"],
        spikes={row["key"]: row["count"] for row in rows if row["what"] == "spike"},
    )


def _bins(rows: Sequence[Mapping[str, Any]]) -> Bins:
    """Return bins whose ends are their own where the values' were not kept."""
    if not rows:
        return EMPTY
    shift = int(rows[0]["shift"])
    single = np.array([row["what"] == "single" for row in rows])
    keys, counts = (np.array([row[name] for row in rows], dtype=np.int64) for name in ("key", "count"))
    codes = np.where(single, keys >> shift, keys)
    low = np.where(single, keys, codes << shift)
    return Bins(
        shift=shift, bin=codes, count=counts, low=low, high=np.where(single, keys, low | np.int64((1 << shift) - 1))
    )
