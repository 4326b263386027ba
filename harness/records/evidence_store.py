"""Keeps the files of evidence in a folder or an object store, each whole or not at all."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pyarrow as pa
from pyarrow.fs import FileSelector, FileSystem, FileType, LocalFileSystem

from harness.errors import HarnessError, UsageError
from harness.files import write_atomic


@dataclass(frozen=True, kw_only=True)
class Tombstone:
    """What stands for rows that were erased: the file with what remains, how many are gone in all, and since when."""

    file: str
    rows: int
    when: datetime


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """A place for files by name; a folder, or a URL that pyarrow knows, such as `s3://bucket/evidence`.

    `purged` says of files of which rows were erased what remains of them.
    """

    where: str
    files: FileSystem = field(compare=False, repr=False)
    root: str
    purged: Mapping[str, Tombstone] = field(default_factory=dict, compare=False, repr=False)

    def find(self, name: str) -> tuple[str, Tombstone]:
        """Return the file that has what remains of one, and its tombstone; of one that is whole, that of no rows."""
        stone = self.purged.get(name, Tombstone(file=name, rows=0, when=datetime.min))
        return stone.file, stone

    @property
    def is_local(self) -> bool:
        """Tell whether it is a folder of this machine."""
        return isinstance(self.files, LocalFileSystem)

    def __contains__(self, name: str) -> bool:
        """Tell whether a file is there; a store that does not answer is an error."""
        return bool(self._call_storage(lambda: self.files.get_file_info(self._path(name)).type == FileType.File))

    def list(self, folder: str) -> Sequence[str]:
        """Return the names of the files in one of its folders, sorted; none if there is no such folder."""
        selector = FileSelector(self._path(folder), allow_not_found=True)
        found = self._call_storage(lambda: self.files.get_file_info(selector))
        return sorted(f"{folder}/{each.base_name}" for each in found if each.type == FileType.File)

    def read(self, name: str) -> bytes:
        """Return a file's content."""
        return bytes(self._call_storage(lambda: self.files.open_input_file(self._path(name)).readall()))

    def write(self, name: str, content: bytes) -> None:
        """Write a file; in an object store it is there once the upload is complete."""
        if self.is_local:
            self._call_storage(lambda: write_atomic(Path(self._path(name)), content))
        else:
            self._call_storage(lambda: self._upload(name, content))

    def delete(self, name: str) -> None:
        """Delete a file."""
        self._call_storage(lambda: self.files.delete_file(self._path(name)))

    def _upload(self, name: str, content: bytes) -> None:
        with self.files.open_output_stream(self._path(name)) as stream:
            stream.write(content)

    def _path(self, name: str) -> str:
        return f"{self.root}/{name}"

    def _call_storage(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except (OSError, pa.ArrowException) as error:
            raise HarnessError(f"evidence in {self.where}: {error}; see that it answers and has room") from error


def open_bundle(where: str | Path) -> Bundle:
    """Return the place that a folder or a URL names."""
    if isinstance(where, Path) or "://" not in where:
        return Bundle(where=str(where), files=LocalFileSystem(), root=str(Path(where).absolute()))
    _refuse_insecure_azure(where)
    try:
        files, root = FileSystem.from_uri(where)
    except (pa.ArrowException, ValueError) as error:
        raise UsageError(f"evidence: {where!r} is no folder and no URL that can be opened: {error}") from error
    return Bundle(where=where, files=files, root=root.rstrip("/"))


def _refuse_insecure_azure(where: str) -> None:
    """Raise for a URL of Azure with a key, which nothing reads, or without TLS, where a read would end the process."""
    url = urlsplit(where)
    if url.scheme not in ("abfs", "abfss"):
        return
    account, asked = url.netloc.rpartition("@")[2] + url.path, dict(parse_qsl(url.query.lower()))
    if url.password is not None:
        raise UsageError(
            f"evidence: the URL of {account!r} holds a key, which is not read; take it out: Azure is opened by "
            "an identity (of the pod, of `az login`, or AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_CLIENT_SECRET)"
        )
    if asked.get("enable_tls", "true") not in ("true", "1"):
        raise UsageError(
            f"evidence: the URL of {account!r} says enable_tls={asked['enable_tls']}; take that out: Azure is opened "
            "by an identity, which is sent over TLS alone"
        )
