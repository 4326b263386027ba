"""Reads CSV files by one strict dialect, as guessing it let a file with a stray quote pass for a table."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from glob import glob
from pathlib import Path

import duckdb

from harness.errors import HarnessError, UsageError, did_you_mean
from harness.tables import csv_lines, duck
from harness.tables.column_names import refuse_repeated
from harness.tables.csv_types import MACROS, READINGS, Reading, declared_fits
from harness.tables.files import CsvFiles
from harness.tables.folders import folder_columns, refuse_named_twice
from harness.tables.sql import column

DELIMITERS = ",;|\t"
SAMPLE = 8_192  # rows that tell which types a column cannot have
TOGETHER = 1_024  # questions in one query
Types = Mapping[str, str]
Kinds = Mapping[str, Sequence[str]]


def read_files(uri: str, types: Types | None = None) -> CsvFiles:
    """Return the files of a path or glob with their columns' types, once every line of them has been read.

    The delimiter is the one of comma, semicolon, bar and tab that makes most of the header; a tab in a `.tsv`. A type
    is the one declared, or the one that all values of the column survive.
    """
    files = [Path(found) for found in sorted(glob(uri, recursive=True))]
    stamps = tuple((str(file), file.stat().st_mtime_ns, file.stat().st_size) for file in files)
    return _read_once(uri, stamps, tuple((types or {}).items()))


@lru_cache(maxsize=256)
def _read_once(uri: str, stamps: tuple[tuple[str, int, int], ...], declared: tuple[tuple[str, str], ...]) -> CsvFiles:
    files = [Path(path) for path, _, _ in stamps]
    delimiter = _delimiter(files[0])
    names = [_names(file, delimiter) for file in files]
    _refuse_others(files, names)
    for name, _ in declared:
        if name not in names[0]:
            raise UsageError(f"types: {uri} has no column {name!r}{did_you_mean(name, names[0])}")
    folders = folder_columns(uri)
    refuse_named_twice(names[0], [name for name, _ in folders])
    as_text = CsvFiles(pattern=uri, delimiter=delimiter, columns=tuple((name, "string") for name in names[0]))
    try:
        _hold_to_declared(as_text, files, dict(declared))
        types = {**_survived(as_text), **dict(declared)}
    except duckdb.Error as error:
        csv_lines.refuse_bad_line(files, delimiter, len(names[0]))
        raise HarnessError(f"{uri} cannot be read: {str(error).splitlines()[0]}") from error
    csv_lines.refuse_longer(files, delimiter, len(names[0]))
    return replace(as_text, columns=tuple((name, types[name]) for name in names[0]), folders=folders)


def _delimiter(file: Path) -> str:
    if file.suffix.lower() == ".tsv":
        return "\t"
    return max(DELIMITERS, key=lambda delimiter: len(csv_lines.header(file, delimiter)))


def _names(file: Path, delimiter: str) -> Sequence[str]:
    """Return the columns that a header names, each once."""
    names = csv_lines.header(file, delimiter)
    lacking = sorted({name for name in names if not name.strip() or names.count(name) > 1})
    if not names or lacking:
        message = f"names {', '.join(map(repr, lacking))} more than once or not at all" if names else "is empty"
        raise HarnessError(f"the first line of {file} {message}; a CSV file starts with one name for each column")
    refuse_repeated(names, str(file))
    return names


def _refuse_others(files: Sequence[Path], names: Sequence[Sequence[str]]) -> None:
    for file, own in zip(files, names, strict=True):
        if own != names[0]:
            raise HarnessError(
                f"{file} has the columns {', '.join(own)} and {files[0].name} has {', '.join(names[0])}; "
                f"files of one table start with the same line"
            )


def _survived(source: CsvFiles) -> Types:
    """Return of each column the first type that all its values survive; one without values is text."""
    sample = f"(FROM {source.as_text} LIMIT {SAMPLE})"
    possible = dict(_fitting(sample, {name: tuple(READINGS) for name, _ in source.columns}, whole=False))
    found: dict[str, str] = {}
    while possible:
        fits = _fitting(source.as_text, {name: kinds[:1] for name, kinds in possible.items()}, whole=True)
        found |= {name: kinds[0] for name, kinds in fits.items() if kinds}
        possible = {name: kinds[1:] for name, kinds in possible.items() if not fits[name]}
    return {name: found[name] for name, _ in source.columns}


def _fitting(rows: str, kinds: Kinds, whole: bool) -> Kinds:
    """Return which of each column's types all its values are of."""
    found: dict[str, list[str]] = {name: [] for name in kinds}
    tests = [(name, kind) for name, several in kinds.items() for kind in several]
    for some in (tests[at : at + TOGETHER] for at in range(0, len(tests), TOGETHER)):
        asked = ", ".join(_all_fit(column(name).text, READINGS[kind], whole) for name, kind in some)
        for (name, kind), fits in zip(some, _ask(f"SELECT count(*) AS n, {asked} FROM {rows}")[1:], strict=True):
            found[name] += [kind] * bool(fits)
    return {name: tuple(several) for name, several in found.items()}


def _all_fit(name: str, reading: Reading, whole: bool) -> str:
    """Return the SQL that tells whether all values are of a type; of a whole column one is there, if it is not text."""
    if reading.fits == "csv_any":
        return f"count({name}) >= 0"
    each = f"coalesce(bool_and(coalesce({reading.fits}({name}), {name} IS NULL)), true)"
    together = f" AND {reading.together}({name})" if whole and reading.together else ""
    return f"{each} AND count({name}) >= {int(whole)}{together}"


def _hold_to_declared(source: CsvFiles, files: Sequence[Path], types: Types) -> None:
    """Refuse a column with a value that is not of the type a suite declares."""
    misfits = ", ".join(
        _misfit(column(name).text, declared_fits(kind, column(name).text)) for name, kind in types.items()
    )
    found = _ask(f"SELECT {misfits} FROM {source.as_text}") if types else ()
    for (name, kind), value in zip(types.items(), found, strict=True):
        if value is not None:
            where = _line_of(source, files, name, str(value))
            raise HarnessError(f"{where}: column {name!r} is declared {kind} and holds {value!r}; repair one of them")


def first_misfit(source: CsvFiles, name: str, kind: str) -> str:
    """Return the line with a value that could not be of a type if it were declared; nothing if all could."""
    files = [Path(found) for found in sorted(glob(source.pattern, recursive=True))]
    misfit = _misfit(column(name).text, declared_fits(kind, column(name).text))
    (value,) = _ask(f"SELECT {misfit} FROM {source.as_text}")
    return "" if value is None else f"{_line_of(source, files, name, str(value))} holds {value!r}"


def _misfit(name: str, fits: str) -> str:
    return f"any_value({name}) FILTER ({name} IS NOT NULL AND NOT coalesce({fits}, false))"


def _line_of(source: CsvFiles, files: Sequence[Path], name: str, value: str) -> str:
    places = [each for each, _ in source.columns]
    return csv_lines.line_of(files, source.delimiter, places.index(name), value)


def _ask(query: str) -> Sequence[object]:
    _define_macros()
    found: Sequence[object] = duck.cursor().sql(query).fetchall()[0]
    return found


@cache
def _define_macros() -> None:
    for macro in MACROS:
        duck.database().execute(f"CREATE MACRO {macro}")
