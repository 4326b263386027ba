"""Refuses globs of parquet files that are not one table: a column of later files would vanish, or be cast."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from glob import glob, has_magic
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from harness.errors import HarnessError

File = tuple[str, int, int]


def refuse_mixed(sql: str) -> None:
    """Refuse a query of a glob whose files have other columns, or columns of other types, than the first."""
    for pattern in re.findall(r"read_parquet\('((?:[^']|'')+)'\)", sql):
        uri = pattern.replace("''", "'")
        if has_magic(uri):
            _refuse(uri, tuple(_file_stamps(uri)))


def _file_stamps(uri: str) -> Iterator[File]:
    for path in sorted(glob(uri, recursive=True)):
        found = Path(path).stat()
        yield path, found.st_mtime_ns, found.st_size


@lru_cache(maxsize=256)
def _refuse(uri: str, files: tuple[File, ...]) -> None:
    first, *others = [Path(path) for path, _, _ in files]
    asked = _types(first)
    for path in others:
        found = _types(path)
        if asked and found and (name := _clash(asked, found)):
            one, other = (types.get(name, "absent") for types in (asked, found))
            message = f"column {name!r} is {one} in {first.name} and {other} in {path.name}; write them alike, or apart"
            raise HarnessError(f"files of {uri!r} are not one table: {message}")


def _clash(asked: Mapping[str, str], found: Mapping[str, str]) -> str:
    """Return the first column that is not the same in a later file, or nothing; a column of no value fits any."""
    differ = (name for name in sorted({*asked, *found}) if asked.get(name) != found.get(name))
    return next((name for name in differ if not (name in asked and found.get(name) == "null")), "")


def _types(path: Path) -> Mapping[str, str] | None:
    """Return a file's columns; None of one that is broken, which its reader tells."""
    try:
        return {field.name: _plain(field.type) for field in pq.read_schema(path)}
    except (pa.ArrowException, OSError):
        return None


def _plain(kind: pa.DataType) -> str:
    """Return the type's name without its encoding and without what may be missing."""
    return re.sub(r"large_|_view| not null", "", str(kind.value_type if pa.types.is_dictionary(kind) else kind))
