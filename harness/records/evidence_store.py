"""Keeps the files of evidence in a folder or an object store, each whole or not at all."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeVar

import pyarrow as pa
from pyarrow.fs import AzureFileSystem, FileSelector, FileSystem, FileType, LocalFileSystem

from harness.errors import HarnessError, UsageError
from harness.files import write_atomic
from harness.records.store_urls import azure_key, read_store_url, refuse_insecure_azure

Found = TypeVar("Found")


@dataclass(frozen=True, kw_only=True)
class Tombstone:
    """What stands for rows that were erased: the file with what remains, how many are gone in all, and since when."""

    file: str
    rows: int
    when: datetime


class Files(Protocol):
    """Where files lie, each by its name; what goes wrong is an OSError, an ArrowException or a HarnessError."""

    def contains(self, name: str) -> bool:
        """Tell whether a file is there."""

    def list(self, folder: str) -> Sequence[str]:
        """Return the names of the files in a folder, sorted; none if there is no such folder."""

    def read(self, name: str) -> bytes:
        """Return a file's content."""

    def write(self, name: str, content: bytes) -> None:
        """Write a file whole or not at all."""

    def delete(self, name: str) -> None:
        """Delete a file."""


@dataclass(frozen=True, kw_only=True)
class ArrowFiles:
    """Files below the root of a file system of Arrow."""

    system: FileSystem
    root: str

    def contains(self, name: str) -> bool:
        """Tell whether a file is there."""
        return bool(self.system.get_file_info(self._path(name)).type == FileType.File)

    def list(self, folder: str) -> Sequence[str]:
        """Return the names of the files in a folder, sorted; none if there is no such folder."""
        found = self.system.get_file_info(FileSelector(self._path(folder), allow_not_found=True))
        return sorted(f"{folder}/{each.base_name}" for each in found if each.type == FileType.File)

    def read(self, name: str) -> bytes:
        """Return a file's content."""
        return bytes(self.system.open_input_file(self._path(name)).readall())

    def write(self, name: str, content: bytes) -> None:
        """Write a file; in an object store it is there once the upload is complete."""
        if isinstance(self.system, LocalFileSystem):
            write_atomic(Path(self._path(name)), content)
        else:
            with self.system.open_output_stream(self._path(name)) as stream:
                stream.write(content)

    def delete(self, name: str) -> None:
        """Delete a file."""
        self.system.delete_file(self._path(name))

    def _path(self, name: str) -> str:
        return f"{self.root}/{name}"


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """A place for files by name; a folder, or a URL that pyarrow knows, such as `s3://bucket/evidence`.

    `purged` says of files of which rows were erased what remains of them.
    """

    where: str
    files: Files = field(compare=False, repr=False)
    purged: Mapping[str, Tombstone] = field(default_factory=dict, compare=False, repr=False)

    def find(self, name: str) -> tuple[str, Tombstone]:
        """Return the file that has what remains of one, and its tombstone; of one that is whole, that of no rows."""
        stone = self.purged.get(name, Tombstone(file=name, rows=0, when=datetime.min))
        return stone.file, stone

    @property
    def is_local(self) -> bool:
        """Tell whether it is a folder of this machine."""
        return isinstance(self.files, ArrowFiles) and isinstance(self.files.system, LocalFileSystem)

    def __contains__(self, name: str) -> bool:
        """Tell whether a file is there; a store that does not answer is an error."""
        return self._call_storage(lambda: self.files.contains(name))

    def list(self, folder: str) -> Sequence[str]:
        """Return the names of the files in one of its folders, sorted; none if there is no such folder."""
        return self._call_storage(lambda: self.files.list(folder))

    def read(self, name: str) -> bytes:
        """Return a file's content."""
        return self._call_storage(lambda: self.files.read(name))

    def write(self, name: str, content: bytes) -> None:
        """Write a file, whole or not at all."""
        self._call_storage(lambda: self.files.write(name, content))

    def delete(self, name: str) -> None:
        """Delete a file."""
        self._call_storage(lambda: self.files.delete(name))

    def _call_storage(self, call: Callable[[], Found]) -> Found:
        try:
            return call()
        except (OSError, pa.ArrowException) as error:
            raise HarnessError(f"evidence in {self.where}: {error}; see that it answers and has room") from error


def open_bundle(where: str | Path) -> Bundle:
    """Return the place that a folder or a URL names."""
    if isinstance(where, Path) or "://" not in where:
        return Bundle(where=str(where), files=ArrowFiles(system=LocalFileSystem(), root=str(Path(where).absolute())))
    refuse_insecure_azure(where, "evidence")
    if azure_key(where):
        return _open_with_key(where)
    try:
        system, root = FileSystem.from_uri(where)
    except (pa.ArrowException, ValueError) as error:
        raise UsageError(f"evidence: {where!r} is no folder and no URL that can be opened: {error}") from error
    return Bundle(where=where, files=ArrowFiles(system=system, root=root.rstrip("/")))


def _open_with_key(where: str) -> Bundle:
    """Return a place on Azure that the key of the environment opens, which no URL may hold."""
    place = read_store_url(where, "evidence")
    options = {name: value for name, value in place.options.items() if name.endswith("_authority")}
    system = AzureFileSystem(
        place.account,
        account_key=place.key,
        blob_storage_scheme=place.scheme,
        dfs_storage_scheme=place.scheme,
        **options,
    )
    return Bundle(where=where, files=ArrowFiles(system=system, root=f"{place.container}/{place.path}"))
