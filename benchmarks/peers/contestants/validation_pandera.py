"""Holds the table to the same rules with pandera, lazily, on pandas, polars and Ibis."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import ibis
import pandas as pd
import pandera.ibis
import pandera.pandas
import pandera.polars
import polars as pl


def with_pandas(folder: Path) -> int:
    """Return how many rules are broken."""
    types = {"int": "int64", "float": "float64", "text": None}
    return _broken(folder, pandera.pandas, types, pd.read_parquet(folder / "rows.parquet"))


def with_polars(folder: Path) -> int:
    """Return how many rules are broken."""
    types = {"int": pl.Int64, "float": pl.Float64, "text": pl.String}
    return _broken(folder, pandera.polars, types, pl.read_parquet(folder / "rows.parquet"))


def with_ibis(folder: Path) -> int:
    """Return how many rules are broken."""
    types = {kind: ibis.dtype(name) for kind, name in (("int", "int64"), ("float", "float64"), ("text", "string"))}
    return _broken(folder, pandera.ibis, types, ibis.duckdb.connect().read_parquet(folder / "rows.parquet"))


def _broken(folder: Path, pandera: ModuleType, types: dict[str, Any], table: Any) -> int:
    message = json.loads((folder / "rules.json").read_text())
    columns = {
        name: _column(pandera, types[kind], message["rules"].get(name, {})) for name, kind in message["types"].items()
    }
    unique = [
        name for name, rule in message["rules"].items() if rule.get("unique")
    ]  # Ibis columns ignore `unique=True`
    try:
        pandera.DataFrameSchema(columns, unique=unique).validate(table, lazy=True)
    except pandera.errors.SchemaErrors as error:
        return len({(str(each.schema.name), str(each.check)) for each in error.schema_errors})
    return 0


def _column(pandera: ModuleType, kind: Any, rule: dict[str, Any]) -> Any:
    checks = [pandera.Check.in_range(*rule["range"])] if "range" in rule else []
    checks += [pandera.Check.isin(rule["values"])] if "values" in rule else []
    return pandera.Column(kind, checks, nullable=rule.get("missing", True))
