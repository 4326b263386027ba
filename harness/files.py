"""Writes files whole or not at all, and tells what they hold."""

import hashlib
import os
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from harness.errors import HarnessError
from harness.text import printable

MODE = 0o666  # less what the umask takes, as of any file that a program writes
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL


def write_atomic(path: Path, content: str | bytes) -> Path:
    """Write a file so that a reader, or a killed writer, never leaves half of it; return its path.

    A lone surrogate, which no encoding has, is written as an escape.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / f".{uuid.uuid4().hex}.part"
    try:
        with os.fdopen(os.open(temporary, NEW, MODE), "wb") as file:
            file.write(content.encode(errors="backslashreplace") if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    return path


def digest_file(path: Path) -> str:
    """Return `sha256:` and the hexadecimal digest of what a file holds."""
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def digest_folder(folder: Path) -> str:
    """Return `sha256:` of what `sha256sum` prints for all files of a folder, in the byte order of their paths.

    Nothing is left out, whatever it is called. HarnessError for what could be another file tomorrow, or looks like two
    lines: links, what is no file, names with hidden characters; and for a folder without a file.
    """
    names = sorted(_list_files(folder), key=os.fsencode)
    if not names:
        raise HarnessError(f"there are no files in {str(folder)!r}, so it has no digest; name the folder of the model")
    lines = "".join(f"{digest_file(folder / name).removeprefix('sha256:')}  {name}\n" for name in names)
    return f"sha256:{hashlib.sha256(lines.encode(errors='surrogateescape')).hexdigest()}"


def _list_files(folder: Path) -> Iterator[str]:
    for place, folders, files in os.walk(folder, onerror=_refuse_folder):
        for path in (Path(place) / name for name in (*folders, *files)):
            name = path.relative_to(folder).as_posix()
            if path.is_symlink() or not (path.is_file() or path.is_dir()):
                raise HarnessError(f"{str(path)!r} is a link or no file, so no digest covers it; put a copy there")
            if printable(name) != name:
                raise HarnessError(f"{str(path)!r} has hidden characters in its name; rename it")
            if path.is_file():
                yield name


def _refuse_folder(error: OSError) -> None:
    raise HarnessError(f"{error.filename!r} cannot be read: {error.strerror}; name a folder that can be") from error
