"""Reads CSV files by one strict dialect, as guessing it let a file with a stray quote pass for a table."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from glob import glob
from pathlib import Path

import duckdb

from harness.errors import HarnessError, UsageError, did_you_mean
from harness.tables import csv_lines
from harness.tables.column_names import refuse_repeated
from harness.tables.csv_types import READINGS
from harness.tables.files import CsvFiles
from harness.tables.folders import folder_columns, refuse_named_twice
from harness.tables.text_columns import Types, first_misfits, surviving_types

DELIMITERS = ",;|\t"


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
        possible = {name: tuple(READINGS) for name in names[0]}
        types = {**surviving_types(as_text.as_text, possible), **dict(declared)}
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


def _hold_to_declared(source: CsvFiles, files: Sequence[Path], types: Types) -> None:
    """Refuse a column with a value that is not of the type a suite declares."""
    for name, value in first_misfits(source.as_text, types).items():
        where = _line_of(source, files, name, value)
        raise HarnessError(
            f"{where}: column {name!r} is declared {types[name]} and holds {value!r}; repair one of them"
        )


def first_misfit(source: CsvFiles, name: str, kind: str) -> str:
    """Return the line with a value that could not be of a type if it were declared; nothing if all could."""
    files = [Path(found) for found in sorted(glob(source.pattern, recursive=True))]
    misfits = first_misfits(source.as_text, {name: kind})
    return "".join(f"{_line_of(source, files, name, value)} holds {value!r}" for value in misfits.values())


def _line_of(source: CsvFiles, files: Sequence[Path], name: str, value: str) -> str:
    places = [each for each, _ in source.columns]
    return csv_lines.line_of(files, source.delimiter, places.index(name), value)
