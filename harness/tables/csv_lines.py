"""Finds the line of a CSV file that an error is about, in words of our own."""

import csv
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from harness.errors import HarnessError

Row = tuple[int, Sequence[str]]


def header(file: Path, delimiter: str) -> Sequence[str]:
    """Return the fields of the first line."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            return next(csv.reader(lines, delimiter=delimiter), [])
    except UnicodeDecodeError as error:
        raise HarnessError(f"{file} line {_unreadable(file)}") from error
    except csv.Error as error:
        raise HarnessError(f"the first line of {file} cannot be read: {error}; close its quotes") from error


def refuse_longer(files: Sequence[Path], delimiter: str, width: int) -> None:
    """Refuse a line with a delimiter too many at its end, which readers take for none."""
    ends = tuple(f"{delimiter}{end}".encode() for end in ("\n", "\r\n", ""))
    for file in files:
        with file.open("rb") as lines:
            if any(line.endswith(ends) and line.count(delimiter.encode()) >= width for line in lines):
                refuse_bad_line([file], delimiter, width)


def refuse_bad_line(files: Sequence[Path], delimiter: str, width: int) -> None:
    """Say which line is no row, and why, if any is none."""
    for file in files:
        for found in (_unreadable(file), _ragged(file, delimiter, width), _other_end(file)):
            if found:
                raise HarnessError(f"{file} line {found}")


def line_of(files: Sequence[Path], delimiter: str, at: int, value: str) -> str:
    """Return the file and line of the first row that holds a value at a place."""
    for file in files:
        for line, fields in islice(_rows(file, delimiter), 1, None):
            if len(fields) > at and fields[at] == value:
                return f"{file} line {line}"
    return str(files[0])


def _rows(file: Path, delimiter: str) -> Iterator[Row]:
    """Yield each row with the line on which it begins; an empty line is none."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        reader, begin = csv.reader(lines, delimiter=delimiter, strict=True), 1
        for fields in reader:
            if fields:
                yield begin, fields
            begin = reader.line_num + 1


def _unreadable(file: Path) -> str:
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                return f"{number} is not UTF-8 ({error.reason} at byte {error.start} of the line); save it as UTF-8"
    return ""


def _ragged(file: Path, delimiter: str, width: int) -> str:
    last = 1
    try:
        for last, fields in _rows(file, delimiter):
            if len(fields) != width:
                count = f"{len(fields)} value{'s' * (len(fields) != 1)}"
                return f"{last} has {count} and the header names {width}; quote values that hold {delimiter!r}"
    except csv.Error as error:
        return f"{last + 1} or after it: {error}; a quote within quotes is doubled, and quotes are closed"
    return ""


def _other_end(file: Path) -> str:
    """Return the first line that ends otherwise than the header."""
    with file.open("rb") as lines:
        first = next(lines, b"")
        if b"\r" in first[:-2]:
            return "1 ends with CR alone; save the file with LF or CRLF"
        own = _end(first)
        for number, line in enumerate(lines, 2):
            if line.endswith(b"\n") and _end(line) != own:
                return f"{number} ends with {_end(line)} and the header with {own}; save the file with one of them"
    return ""


def _end(line: bytes) -> str:
    return "CRLF" if line.endswith(b"\r\n") else "LF"
