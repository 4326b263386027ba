"""Writes the tables of a job once: seeded, a part at a time, the same files for every contestant."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from alone import loaded

SMALL = 2_000
PART = 250_000
DRIFT = loaded(Path(__file__).parents[1] / "drift.py")
BIAS = loaded(Path(__file__).parents[1] / "bias.py")
FILLED: Mapping[str, Any] = {"n00": 0.0, "n01": 0.0, "c00": "v0000", "c01": "v0000"}


def ensure_tables(job: str, rows: int, folder: Path) -> Path:
    """Return the folder that holds a job's tables of so many rows, written if they are not there."""
    home = folder / job / str(rows)
    if not (home / "written").exists():
        home.mkdir(parents=True, exist_ok=True)
        {"drift": DRIFT.write, "validation": _validation, "bias": BIAS.write}[job](home, rows)
        (home / "written").touch()
    return home


def rules() -> Mapping[str, Mapping[str, Any]]:
    """Return 20 rules: 5 columns are never missing, 9 have a range, 5 a list of values, 1 is unique."""
    ranges = {f"n{place:02d}": {"range": [-1e9, 1000.0]} for place in range(2, 11)}
    sizes = {
        name: dict(zip(DRIFT.TEXTS, DRIFT.SIZES, strict=True))[name] for name in ("c02", "c03", "c04", "c05", "c06")
    }
    values = {name: {"values": [f"v{code:04d}" for code in range(size)]} for name, size in sizes.items()}
    values["c06"]["values"].pop()
    whole = {name: {"missing": False} for name in FILLED}
    return {"id": {"missing": False, "unique": True}, **whole, **ranges, **values}


def _validation(home: Path, rows: int) -> None:
    """Write rows that break 6 rules seldom: a few values are missing, ids are there twice, c06 has one value more."""
    types = {"id": "int", **dict.fromkeys(DRIFT.NUMBERS, "float"), **dict.fromkeys(DRIFT.TEXTS, "text")}
    (home / "rules.json").write_text(json.dumps({"types": types, "rules": rules()}))
    writer: pq.ParquetWriter | None = None
    for start in range(0, rows, PART):
        table = _rows(start, min(PART, rows - start))
        writer = writer or pq.ParquetWriter(home / "rows.parquet", table.schema, compression="zstd")
        writer.write_table(table)
    if writer:
        writer.close()


def _rows(start: int, rows: int) -> pa.Table:
    table = DRIFT.generated(rows, start // PART, False)
    for name, value in FILLED.items():
        table = table.set_column(table.column_names.index(name), name, _fill_missing(table[name], value, start))
    numbers = np.arange(start, start + rows)
    numbers[-1] = start
    return table.add_column(0, "id", pa.array(numbers))


def _fill_missing(column: pa.ChunkedArray, value: object, start: int) -> pa.ChunkedArray:
    """Fill what is missing, but for the first hundred rows of a table."""
    kept = 0 if start else 100
    return pa.chunked_array([*column[:kept].chunks, *column[kept:].fill_null(value).chunks])
