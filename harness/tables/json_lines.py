"""Reads files of one JSON object a line: each column of one kind, and no line passed over."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from glob import glob
from math import isfinite
from pathlib import Path
from typing import Any

import duckdb

from harness.errors import HarnessError, UsageError, did_you_mean
from harness.tables.column_names import refuse_repeated
from harness.tables.files import JsonLines
from harness.tables.folders import folder_columns, refuse_named_twice
from harness.tables.text_columns import Types, first_misfits, surviving_types

Places = Mapping[str, str]  # of each kind of value in a column, the file and line where it stands first
Row = Mapping[str, Any]
LONGEST = 2**24 - 1  # bytes of a line that DuckDB takes
MOMENTS = ("date", "timestamp", "timestamp('UTC')", "string")  # what text is read as; a number in quotes is text
WHOLE, WIDE, LONG, NUMBER = "a whole number", "a whole number from 2^53 up", "more than 64 bits", "a number"
TRUTH, TEXT, TEXTS, NESTED = "true or false", "text", "a list of texts", "an object or a list"
SQL_TYPES: Sequence[tuple[frozenset[str], str]] = (
    (frozenset(), "VARCHAR"),
    (frozenset({WHOLE, WIDE}), "BIGINT"),
    (frozenset({WHOLE, NUMBER}), "DOUBLE"),
    (frozenset({TRUTH}), "BOOLEAN"),
    (frozenset({TEXT}), "VARCHAR"),
    (frozenset({TEXTS}), "VARCHAR[]"),
    (frozenset({TEXTS, NESTED}), "JSON"),
)
DECLARED: Mapping[str, tuple[frozenset[str], str]] = {  # values that are of a declared type as they stand
    "int64": (frozenset({WHOLE, WIDE}), "BIGINT"),
    "float64": (frozenset({WHOLE, NUMBER}), "DOUBLE"),
    "boolean": (frozenset({TRUTH}), "BOOLEAN"),
    "string": (frozenset({TEXT, WHOLE, WIDE, TRUTH}), "VARCHAR"),
}


def read_files(uri: str, types: Types | None = None) -> JsonLines:
    """Return the files of a path or glob with their columns' types, once every line of them has been read.

    A column is what any line names; a line without it has no value there. Text is read as dates and times if all
    values of the column are, or as declared.
    """
    files = [Path(found) for found in sorted(glob(uri, recursive=True))]
    stamps = tuple((str(file), file.stat().st_mtime_ns, file.stat().st_size) for file in files)
    return _read_once(uri, stamps, tuple((types or {}).items()))


@lru_cache(maxsize=256)
def _read_once(uri: str, stamps: tuple[tuple[str, int, int], ...], declared: tuple[tuple[str, str], ...]) -> JsonLines:
    places = _kinds_of_columns([Path(path) for path, _, _ in stamps])
    if not places:
        raise HarnessError(f"{uri} has no line with a value; it holds one JSON object a line")
    refuse_repeated([*places], uri)
    for name, _ in declared:
        if name not in places:
            raise UsageError(f"types: {uri} has no column {name!r}{did_you_mean(name, [*places])}")
    folders = folder_columns(uri)
    refuse_named_twice([*places], [name for name, _ in folders])
    types = dict(declared)
    columns = tuple((name, _sql_type(name, found, types.get(name))) for name, found in places.items())
    source = JsonLines(pattern=uri, columns=columns)
    try:
        texts = _read_texts(source, places, types)
    except duckdb.Error as error:
        raise HarnessError(f"{uri} cannot be read: {str(error).splitlines()[0]}") from error
    return replace(source, texts=texts, folders=folders)


def _kinds_of_columns(files: Sequence[Path]) -> Mapping[str, Places]:
    """Return the columns in the order in which lines name them first, with the kinds of their values."""
    found: dict[str, dict[str, str]] = {}
    for file in files:
        for number, row in _rows(file):
            for name, value in row.items():
                places = found.setdefault(name, {})
                if value is not None and (kind := _kind(value)) not in places:
                    places[kind] = f"{file} line {number}"
    return found


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return TRUTH
    if isinstance(value, int):
        return WHOLE if abs(value) < 2**53 else WIDE if -(2**63) <= value < 2**63 else LONG
    if isinstance(value, float):
        return NUMBER
    if isinstance(value, str):
        return TEXT
    return TEXTS if isinstance(value, list) and all(isinstance(each, str) for each in value) else NESTED


def _sql_type(name: str, places: Places, declared: str | None) -> str:
    """Return the type that all values of a column are of; text may be declared as anything that it can be read as."""
    kinds = frozenset(places)
    if declared and kinds - {TEXT}:
        taken, sql_type = DECLARED.get(declared, (frozenset({TEXT}), "VARCHAR"))
        for kind in sorted(kinds - taken):
            raise HarnessError(
                f"{places[kind]}: column {name!r} is declared {declared} and holds {kind}; repair one of them"
            )
        return sql_type
    for taken, sql_type in SQL_TYPES:
        if kinds <= taken:
            return sql_type
    described = ", ".join(f"{kind} ({where})" for kind, where in places.items())
    raise HarnessError(f"column {name!r} holds {described}; write one kind of value in a column, or leave it out")


def _read_texts(source: JsonLines, places: Mapping[str, Places], declared: Types) -> tuple[tuple[str, str], ...]:
    """Return the columns of text that are read as another type: the one declared, or days and moments."""
    text = [name for name, found in places.items() if [*found] == [TEXT]]
    asked = {name: kind for name, kind in declared.items() if name in text}
    for name, value in first_misfits(source.as_text, asked).items():
        where = line_of(source, name, value)
        raise HarnessError(
            f"{where}: column {name!r} is declared {asked[name]} and holds {value!r}; repair one of them"
        )
    free = {name: MOMENTS for name in text if name not in asked}
    return tuple({**surviving_types(source.as_text, free), **asked}.items())


def first_misfit(source: JsonLines, name: str, kind: str) -> str:
    """Return the line with a text that could not be of a type if it were declared; nothing if all could."""
    misfits = first_misfits(source.as_text, {name: kind})
    return "".join(f"{line_of(source, name, value)} holds {value!r}" for value in misfits.values())


def line_of(source: JsonLines, name: str, value: str) -> str:
    """Return the file and line of the first row that holds a value in a column."""
    files = [Path(found) for found in sorted(glob(source.pattern, recursive=True))]
    found = (f"{file} line {number}" for file in files for number, row in _rows(file) if row.get(name) == value)
    return next(found, str(files[0]))


def _rows(file: Path) -> Iterator[tuple[int, Row]]:
    """Yield each row with its line; an empty line is none."""
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield number, _row(line, f"{file} line {number}")


def _row(line: bytes, where: str) -> Row:
    if len(line) > LONGEST:
        raise HarnessError(f"{where} has {len(line)} bytes, and at most {LONGEST} are read; shorten it")
    try:
        row = json.loads(
            line.decode(),
            object_pairs_hook=_named_once,
            parse_float=_finite,
            parse_constant=_finite,
        )
        if rb"\u" in line:
            json.dumps(row, ensure_ascii=False).encode()
    except UnicodeDecodeError as error:
        raise HarnessError(f"{where} is not UTF-8 ({error.reason} at byte {error.start}); save it as UTF-8") from error
    except UnicodeEncodeError as error:
        raise HarnessError(f"{where} holds half of a character ({error.reason}); write the whole of it") from error
    except (ValueError, RecursionError) as error:
        raise HarnessError(f"{where} is no JSON object: {error}; write one object a line") from error
    if not isinstance(row, dict):
        raise HarnessError(f"{where} is {type(row).__name__} and no object; write one object with names a line")
    return row


def _named_once(pairs: Sequence[tuple[str, Any]]) -> Row:
    row = dict(pairs)
    if len(row) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"it names {twice!r} twice")
    return row


def _finite(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ValueError(f"{text} is no number of JSON; leave the value out or write null")
    return value
