"""Reads Delta tables: a version of one is a set of files that DuckDB scans as Arrow."""

from functools import lru_cache
from typing import TYPE_CHECKING

import pyarrow.dataset as ds

from harness.errors import HarnessError, UsageError
from harness.tables.column_names import refuse_repeated
from harness.tables.remote_tables import RemoteTable

if TYPE_CHECKING:
    from deltalake import DeltaTable


def pin_version(table: RemoteTable) -> RemoteTable:
    """Return the table at a fixed version: the one after `@`, or the latest there is."""
    path, version = _split(table.name)
    return RemoteTable(engine="delta", name=f"{path}@{_open_table(path, version).version()}", place=table.place)


def digest(table: RemoteTable) -> str:
    """Return `delta:` with the table's own id and its version, which never changes what it holds."""
    path, version = _split(table.name)
    return f"delta:{_open_table(path, version).metadata().id}@{version}"


@lru_cache(maxsize=16)
def rows(table: RemoteTable) -> ds.Dataset:
    """Return the rows of a version; DuckDB reads the columns and rows it needs of it."""
    from deltalake.exceptions import DeltaError  # noqa: PLC0415 - only who names a Delta table needs it

    try:
        found = _open_table(*_split(table.name)).to_pyarrow_dataset()
    except (DeltaError, OSError) as error:
        raise HarnessError(f"{table.uri}: {' '.join(str(error).split())}") from error
    refuse_repeated(found.schema.names, table.uri)
    return found


def _split(name: str) -> tuple[str, int | None]:
    path, at, version = name.rpartition("@")
    return (path, int(version)) if at and version.isdigit() else (name, None)


def _open_table(path: str, version: int | None) -> "DeltaTable":
    try:
        from deltalake import DeltaTable  # noqa: PLC0415
        from deltalake.exceptions import DeltaError  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise UsageError("reading `delta:` needs deltalake; install promotion-harness[delta]") from error
    try:
        return DeltaTable(path, version=version)
    except (DeltaError, OSError, ValueError, OverflowError) as error:
        asked = path if version is None else f"{path}@{version}"
        raise UsageError(f"no Delta table at {asked!r}: {' '.join(str(error).split())[:200]}") from error
