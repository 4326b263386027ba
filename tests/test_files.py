"""Files are written whole, and with the rights that any program's have."""

import os
from pathlib import Path

import pytest

from harness.files import write_atomic


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o002, 0o664), (0o077, 0o600)])
def test_the_umask_says_who_may_read(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        path = write_atomic(tmp_path / "new" / "report.html", "x")
        write_atomic(path, b"again")
    finally:
        os.umask(before)

    assert mode == path.stat().st_mode & 0o777
    assert (b"again", [path]) == (path.read_bytes(), list(path.parent.iterdir()))


def test_text_that_no_encoding_has_is_written_as_an_escape(tmp_path: Path) -> None:
    assert b"\\ud800" == write_atomic(tmp_path / "a", "\ud800").read_bytes()


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()

    with pytest.raises(OSError, match="folder"):
        write_atomic(tmp_path / "folder", "x")

    assert [tmp_path / "folder"] == list(tmp_path.iterdir())
