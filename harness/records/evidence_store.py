"""Keeps the files of evidence in a folder or an object store, each whole or not at all."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow.fs import FileSystem, FileType, LocalFileSystem

from harness.errors import HarnessError, UsageError
from harness.files import write_atomic


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """A place for files by name; a folder, or a URL that pyarrow knows, such as `s3://bucket/evidence`."""

    where: str
    files: FileSystem = field(compare=False, repr=False)
    root: str

    @property
    def is_local(self) -> bool:
        """Tell whether it is a folder of this machine."""
        return isinstance(self.files, LocalFileSystem)

    def __contains__(self, name: str) -> bool:
        """Tell whether a file is there; a store that does not answer is an error."""
        return bool(self._call_storage(lambda: self.files.get_file_info(self._path(name)).type == FileType.File))

    def read(self, name: str) -> bytes:
        """Return a file's content."""
        return bytes(self._call_storage(lambda: self.files.open_input_file(self._path(name)).readall()))

    def write(self, name: str, content: bytes) -> None:
        """Write a file; in an object store it is there once the upload is complete."""
        if self.is_local:
            self._call_storage(lambda: write_atomic(Path(self._path(name)), content))
        else:
            self._call_storage(lambda: self._upload(name, content))

    def _upload(self, name: str, content: bytes) -> None:
        with self.files.open_output_stream(self._path(name)) as stream:
            stream.write(content)

    def _path(self, name: str) -> str:
        return f"{self.root}/{name}"

    def _call_storage(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except OSError as error:
            raise HarnessError(f"evidence in {self.where}: {error}") from error


def open_bundle(where: str | Path) -> Bundle:
    """Return the place that a folder or a URL names."""
    if isinstance(where, Path) or "://" not in where:
        return Bundle(where=str(where), files=LocalFileSystem(), root=str(Path(where).absolute()))
    try:
        files, root = FileSystem.from_uri(where)
    except (pa.ArrowException, ValueError) as error:
        raise UsageError(f"evidence: {where!r} is no folder and no URL that can be opened: {error}") from error
    return Bundle(where=where, files=files, root=root.rstrip("/"))
