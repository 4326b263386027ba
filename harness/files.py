"""Writes files whole or not at all, and tells what they hold."""

import hashlib
import os
import uuid
from contextlib import suppress
from pathlib import Path

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
