"""Reads a schema from Pandera's YAML, refusing every key that Pandera would pass over in silence."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandera.ibis as pa
from pandera.errors import SchemaDefinitionError, SchemaInitError
from pandera.io.ibis_io import deserialize_schema

from harness import UsageError, parse_yaml
from harness_data.declared import nearest
from harness_data.predicates import PANDERA, Predicate
from harness_data.schemas import ColumnSchema, RowSet, Schema, type_of, unique_lists

PANDAS = {
    "str": "string",
    "object": "string",
    "bool": "boolean",
    "double": "float64",
    "float": "float64",
    "int": "int64",
}
FRAME = ("schema_type", "version", "api", "columns", "strict", "ordered", "unique", "name", "title", "description")
COLUMN = ("dtype", "nullable", "unique", "required", "regex", "checks", "name", "title", "description")
# Keys that change data, or that Pandera's Ibis backend does not apply: fine only where they ask for nothing.
IDLE_FRAME = ("checks", "index", "dtype", "coerce", "unique_column_names", "add_missing_columns")
FLAGS = ("nullable", "unique", "required", "regex")
IDLE_COLUMN = ("coerce", "default", "drop_invalid_rows")
REPORTING = ("report_duplicates", "metadata")
IDLE_OPTIONS = ("raise_warning", "n_failure_cases", "groupby", "groups")


def from_file(path: str) -> Schema:
    """Return the schema of a Pandera YAML file."""
    document, digest = _read(path)
    _refuse_unknown_keys(document, (*FRAME, *REPORTING), IDLE_FRAME, path)
    _refuse_other_reports(document, path)
    columns = document.get("columns")
    if not isinstance(columns, dict) or not columns:
        raise UsageError(f"schema {path!r} declares no columns; add `columns: {{NAME: {{dtype: int64}}}}`")
    types = {}
    for name, declared in columns.items():
        _column_is_known(declared, f"{path}, column {name!r}")
        if (written := declared.pop("dtype", None)) is not None:
            types[name] = type_of(f"{path}, column {name!r}", ibis_type(str(written)))
    frame = _frame(document, path)
    found = {name: _column(name, column, types.get(name)) for name, column in frame.columns.items()}
    row_set = RowSet(
        columns=[column for name, column in found.items() if not frame.columns[name].regex],
        patterns={f"(?:{name}).*": column for name, column in found.items() if frame.columns[name].regex},
        unique=unique_lists(frame.unique),
    )
    return Schema(row_sets=[row_set], strict=bool(frame.strict), ordered=bool(frame.ordered), digest=digest)


def _column(name: str, column: Any, type: Any) -> ColumnSchema:
    predicates = [
        Predicate(name=check.name, test=check.name, given=check.statistics, missing_passes=check.ignore_na)
        for check in column.checks
    ]
    return ColumnSchema(
        name=name,
        type=type,
        required=column.required,
        nullable=column.nullable,
        unique=column.unique,
        predicates=predicates,
    )


def ibis_type(written: str) -> str:
    """Return pandas' name of a type as Ibis's: `string[pyarrow]`, `Int64`, `datetime64[ns, UTC]`, `timestamp[us]`."""
    plain = re.sub(r"\[(pyarrow|python|pyarrow_numpy)\]$", "", written)
    moment = re.fullmatch(r"(?:datetime64|timestamp)\[(?:ns|us|ms|s)(?:, *(?:tz=)?(?P<zone>[^\]]+))?\]", plain)
    if moment:
        return f"timestamp({moment['zone']!r})" if moment["zone"] else "timestamp"
    if re.fullmatch(r"timedelta64\[(ns|us|ms|s)\]", plain):
        return "interval"
    return PANDAS.get(plain, plain.lower() if re.fullmatch(r"U?Int\d+|Float\d+", plain) else plain)


def _read(path: str) -> tuple[dict[str, Any], str]:
    try:
        content = Path(path).expanduser().read_bytes()
        document = parse_yaml(content.decode(), f"schema {path!r}")
    except OSError as error:
        raise UsageError(f"no schema file {path!r}; a relative path starts at the suite's folder") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"schema {path!r} cannot be read: {error}; write it in UTF-8") from error
    return dict(document), f"sha256:{hashlib.sha256(content).hexdigest()}"


def _frame(document: dict[str, Any], path: str) -> pa.DataFrameSchema:
    for key in ("strict", "ordered"):
        if (asked := document.get(key, False)) not in (True, False):
            raise UsageError(f"schema {path!r}: {key}: {asked!r} is neither true nor false; a check only looks at data")
    try:
        frame: pa.DataFrameSchema = deserialize_schema({**document, "schema_type": "ibis_table"})  # type: ignore[no-untyped-call]
    except (SchemaDefinitionError, SchemaInitError, TypeError, ValueError, AttributeError, re.error) as error:
        raise UsageError(f"schema {path!r} is not a Pandera schema: {error}") from error
    return frame


def _column_is_known(declared: object, what: str) -> None:
    if not isinstance(declared, dict):
        raise UsageError(f"{what} should hold keys and values; found {declared!r}")
    flat = () if declared.get("checks") else tuple(PANDERA)
    _refuse_unknown_keys(declared, (*COLUMN, *REPORTING, *flat), IDLE_COLUMN, what)
    _refuse_other_reports(declared, what)
    for key in FLAGS:
        if not isinstance(declared.get(key, False), bool):
            raise UsageError(f"{what}: `{key}: {declared[key]!r}` is neither true nor false; write one without quotes")
    for name, options in _checks(declared):
        if name not in PANDERA:
            raise UsageError(f"{what}: no check {name!r}{nearest(str(name), PANDERA)}")
        idle = [key for key in IDLE_OPTIONS if options.get(key)]
        if idle:
            raise UsageError(f"{what}, {name}: `{idle[0]}` is not applied; how severe a rule is, is said in `require`")


def _checks(declared: Mapping[str, Any]) -> Iterator[tuple[object, Mapping[str, Any]]]:
    """Yield each check's name and options, however it is written: key, mapping or list."""
    checks = declared.get("checks") or {name: value for name, value in declared.items() if name in PANDERA}
    if isinstance(checks, dict):
        checks = [{**(value if isinstance(value, dict) else {}), "check_name": name} for name, value in checks.items()]
    for each in checks:
        written = each if isinstance(each, dict) else {"check_name": each}
        options = {**written, **(written.get("options") or {})}
        yield options.get("check_name"), options


def _refuse_other_reports(given: Mapping[str, Any], what: str) -> None:
    """Every row that shares its values is counted, as `report_duplicates: all` asks; another way is refused."""
    if (asked := given.get("report_duplicates") or "all") != "all":
        raise UsageError(
            f"{what}: `report_duplicates: {asked}` is not applied, as all duplicates are counted; write all"
        )


def _refuse_unknown_keys(given: Mapping[str, Any], known: Sequence[str], idle: Sequence[str], what: str) -> None:
    for key, value in given.items():
        if key not in (*known, *idle):
            raise UsageError(f"{what}: no key {key!r}{nearest(str(key), known)}")
        if key in idle and value:
            raise UsageError(f"{what}: `{key}: {value}` is not applied to data that is only looked at; leave it out")
