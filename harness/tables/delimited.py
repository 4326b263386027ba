"""Reads CSV files by one strict dialect, as guessing it let a file with a stray quote pass for a table."""

import csv
from collections.abc import Sequence
from glob import glob
from pathlib import Path

from harness.errors import HarnessError
from harness.tables.column_names import refuse_repeated
from harness.tables.files import CsvFiles

DELIMITERS = ",;|\t"


def read_files(uri: str) -> CsvFiles:
    """Return the files of a path or glob, once their headers are the same.

    The delimiter is the most frequent of comma, semicolon, bar and tab in the header; a tab in a `.tsv`.
    """
    files = [Path(found) for found in sorted(glob(uri, recursive=True))]
    heads = [_first_line(file) for file in files]
    delimiter = "\t" if files[0].suffix.lower() == ".tsv" else max(DELIMITERS, key=heads[0].count)
    names = [_names(file, head, delimiter) for file, head in zip(files, heads, strict=True)]
    _refuse_others(files, names)
    return CsvFiles(pattern=uri, delimiter=delimiter)


def _first_line(file: Path) -> str:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            return lines.readline().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise HarnessError(f"{file} is not UTF-8 ({error.reason} at byte {error.start}); save it as UTF-8") from error


def _names(file: Path, head: str, delimiter: str) -> Sequence[str]:
    """Return the columns that a header names, each once."""
    names = next(csv.reader([head], delimiter=delimiter), [])
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
