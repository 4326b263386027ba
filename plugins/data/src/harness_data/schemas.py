"""Makes one Pandera schema of what a suite declares, refusing every key that Pandera would pass over in silence."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import pandera.ibis as pa
from pandera.errors import SchemaDefinitionError, SchemaInitError
from pandera.io.ibis_io import deserialize_schema

from harness import UsageError, parse_yaml
from harness_data.declared import ColumnRules, nearest
from harness_data.predicates import PASSES

SHORT = {"greater_than_or_equal_to": "min", "less_than_or_equal_to": "max", "isin": "in"}
PANDAS = {
    "str": "string",
    "object": "string",
    "bool": "boolean",
    "double": "float64",
    "float": "float64",
    "int": "int64",
}
FRAME = ("schema_type", "version", "api", "columns", "strict", "unique", "name", "title", "description")
COLUMN = ("dtype", "nullable", "unique", "required", "checks", "name", "title", "description")
# Keys that change data, or that Pandera's Ibis backend does not apply: fine only where they ask for nothing.
IDLE_FRAME = ("checks", "index", "dtype", "coerce", "ordered", "unique_column_names", "add_missing_columns")
FLAGS = ("nullable", "unique", "required")
IDLE_COLUMN = ("coerce", "regex", "default", "drop_invalid_rows")
REPORTING = ("report_duplicates", "metadata")
IDLE_OPTIONS = ("raise_warning", "n_failure_cases", "groupby", "groups")


@dataclass(frozen=True, kw_only=True)
class Declared:
    """A Pandera schema, the types of its columns, what its checks are called, and the digest of its file."""

    frame: pa.DataFrameSchema
    types: Mapping[str, dt.DataType]
    names: Mapping[str, str] = field(default_factory=dict)
    digest: str | None = None


def from_rules(columns: Mapping[str, ColumnRules], strict: bool) -> Declared:
    """Return the schema of rules written in a suite."""
    frame = pa.DataFrameSchema({name: _column(rules) for name, rules in columns.items()}, strict=strict)
    types = {name: _type(name, rules.type) for name, rules in columns.items() if rules.type is not None}
    return Declared(frame=frame, types=types, names=SHORT)


def from_file(path: str) -> Declared:
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
            types[name] = _type(f"{path}, column {name!r}", ibis_type(str(written)))
    return Declared(frame=_frame(document, path), types=types, digest=digest)


def _column(rules: ColumnRules) -> pa.Column:
    checks = [pa.Check.ge(rules.min)] if rules.min is not None else []
    checks += [pa.Check.le(rules.max)] if rules.max is not None else []
    checks += [pa.Check.isin(list(rules.allowed))] if rules.allowed is not None else []
    return pa.Column(checks=checks, nullable=rules.nullable, unique=rules.unique)


def ibis_type(written: str) -> str:
    """Return pandas' name of a type as Ibis's: `string[pyarrow]`, `Int64`, `datetime64[ns, UTC]`, `timestamp[us]`."""
    plain = re.sub(r"\[(pyarrow|python|pyarrow_numpy)\]$", "", written)
    moment = re.fullmatch(r"(?:datetime64|timestamp)\[(?:ns|us|ms|s)(?:, *(?:tz=)?(?P<zone>[^\]]+))?\]", plain)
    if moment:
        return f"timestamp({moment['zone']!r})" if moment["zone"] else "timestamp"
    if re.fullmatch(r"timedelta64\[(ns|us|ms|s)\]", plain):
        return "interval"
    return PANDAS.get(plain, plain.lower() if re.fullmatch(r"U?Int\d+|Float\d+", plain) else plain)


def _type(what: str, written: str) -> dt.DataType:
    try:
        return ibis.dtype(written)
    except Exception as error:  # Ibis's parser raises its own library's errors
        raise UsageError(
            f"{what}: type {written!r} is not an Ibis type; write int64, float64, string, boolean, date, timestamp, "
            f"decimal(18, 2), timestamp('UTC') or another of Ibis"
        ) from error


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
    strict = document.get("strict", False)
    if strict not in (True, False):
        raise UsageError(f"schema {path!r}: strict: {strict!r} changes the data; a check only looks, so use true")
    try:
        frame: pa.DataFrameSchema = deserialize_schema({**document, "schema_type": "ibis_table"})  # type: ignore[no-untyped-call]
    except (SchemaDefinitionError, SchemaInitError, TypeError, ValueError, AttributeError, re.error) as error:
        raise UsageError(f"schema {path!r} is not a Pandera schema: {error}") from error
    return frame


def _column_is_known(declared: object, what: str) -> None:
    if not isinstance(declared, dict):
        raise UsageError(f"{what} should hold keys and values; found {declared!r}")
    flat = () if declared.get("checks") else tuple(PASSES)
    _refuse_unknown_keys(declared, (*COLUMN, *REPORTING, *flat), IDLE_COLUMN, what)
    _refuse_other_reports(declared, what)
    for key in FLAGS:
        if not isinstance(declared.get(key, False), bool):
            raise UsageError(f"{what}: `{key}: {declared[key]!r}` is neither true nor false; write one without quotes")
    for name, options in _checks(declared):
        if name not in PASSES:
            raise UsageError(f"{what}: no check {name!r}{nearest(str(name), PASSES)}")
        idle = [key for key in IDLE_OPTIONS if options.get(key)]
        if idle:
            raise UsageError(f"{what}, {name}: `{idle[0]}` is not applied; how severe a rule is, is said in `require`")


def _checks(declared: Mapping[str, Any]) -> Iterator[tuple[object, Mapping[str, Any]]]:
    """Yield each check's name and options, however it is written: key, mapping or list."""
    checks = declared.get("checks") or {name: value for name, value in declared.items() if name in PASSES}
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
