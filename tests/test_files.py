"""Files are written whole, and with the rights that any program's have."""

import hashlib
import os
from pathlib import Path

import pytest

from harness.errors import HarnessError
from harness.files import digest_folder, write_atomic


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


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    write_atomic(folder / "MLmodel", "flavors: {}")
    write_atomic(folder / "code" / "score.py", "def score(row): return 1")
    return folder


def test_the_digest_of_a_folder_is_that_of_what_sha256sum_prints(model: Path) -> None:
    printed = "".join(
        f"{hashlib.sha256((model / name).read_bytes()).hexdigest()}  {name}\n" for name in ("MLmodel", "code/score.py")
    )

    assert f"sha256:{hashlib.sha256(printed.encode()).hexdigest()}" == digest_folder(model)


@pytest.mark.parametrize(
    "added", [".gitattributes", ".github/x.yml", ".git/config", "code/__pycache__/score.pyc", ".DS_Store", "a/.x/~b"]
)
def test_no_file_of_a_folder_is_ignored(model: Path, added: str) -> None:
    before = digest_folder(model)

    write_atomic(model / added, "anything")

    assert before != digest_folder(model)


@pytest.mark.parametrize("target", ["/etc/hostname", "../outside", "MLmodel", "code", "/nowhere"])
def test_a_folder_with_a_link_has_no_digest(model: Path, target: str) -> None:
    (model / "linked").symlink_to(target)

    with pytest.raises(HarnessError, match="linked' is a link or no file, so no digest covers it; put a copy there"):
        digest_folder(model)


def test_a_name_that_looks_like_a_line_has_no_digest(model: Path) -> None:
    (model / f"a\n{'0' * 64}  b").write_text("x")

    with pytest.raises(HarnessError, match=r"a\\n0+  b' has hidden characters in its name; rename it"):
        digest_folder(model)


def test_a_pipe_and_an_empty_folder_have_no_digest(model: Path, tmp_path: Path) -> None:
    os.mkfifo(model / "pipe")
    (tmp_path / "empty").mkdir()

    with pytest.raises(HarnessError, match="pipe' is a link or no file"):
        digest_folder(model)
    for folder in (tmp_path / "empty", tmp_path / "nowhere"):
        with pytest.raises(HarnessError):
            digest_folder(folder)
