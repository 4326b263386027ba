"""Refuses parquet files that are not one table: a column of later files would vanish or be cast, and one be two."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from glob import glob, has_magic
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from harness.errors import HarnessError
from harness.tables.column_names import refuse_repeated
from harness.tables.files import ParquetFiles
from harness.tables.folders import folder_columns, refuse_named_twice
from harness.tables.sql import Sql

File = tuple[str, int, int]
Columns = tuple[tuple[str, str], ...]


def read_files(uri: str) -> ParquetFiles:
    """Return the files of a path or glob, once none has a column twice, its folders' columns counted in."""
    folders = folder_columns(uri)
    for file in _file_stamps(uri):
        names = [name for name, _ in _columns(file)]
        refuse_repeated(names, Path(file[0]).name)
        refuse_named_twice(names, [name for name, _ in folders])
    return ParquetFiles(pattern=uri, folders=folders)


def refuse_mixed(query: Sql) -> None:
    """Refuse a query of a glob whose files have other columns, or columns of other types, than the first."""
    for source in query.sources:
        if isinstance(source, ParquetFiles) and has_magic(source.pattern):
            _refuse(source.pattern, tuple(_file_stamps(source.pattern)))


def _file_stamps(uri: str) -> Iterator[File]:
    for path in sorted(glob(uri, recursive=True)):
        found = Path(path).stat()
        yield path, found.st_mtime_ns, found.st_size


@lru_cache(maxsize=256)
def _refuse(uri: str, files: tuple[File, ...]) -> None:
    first, *others = files
    asked = dict(_columns(first))
    for file in others:
        found = dict(_columns(file))
        if asked and found and (name := _clash(asked, found)):
            one, other = (types.get(name, "absent") for types in (asked, found))
            where = f"{one} in {Path(first[0]).name} and {other} in {Path(file[0]).name}"
            raise HarnessError(
                f"files of {uri!r} are not one table: column {name!r} is {where}; write them alike, or apart"
            )


def _clash(asked: Mapping[str, str], found: Mapping[str, str]) -> str:
    """Return the first column that is not the same in a later file, or nothing; a column of no value fits any."""
    differ = (name for name in sorted({*asked, *found}) if asked.get(name) != found.get(name))
    return next((name for name in differ if not (name in asked and found.get(name) == "null")), "")


@lru_cache(maxsize=4096)
def _columns(file: File) -> Columns:
    """Return a file's columns with their types; none of one that is broken, which its reader tells."""
    try:
        return tuple((field.name, _plain(field.type)) for field in pq.read_schema(file[0]))
    except (pa.ArrowException, OSError):
        return ()


def _plain(kind: pa.DataType) -> str:
    """Return the type's name without its encoding and without what may be missing."""
    return re.sub(r"large_|_view| not null", "", str(kind.value_type if pa.types.is_dictionary(kind) else kind))
