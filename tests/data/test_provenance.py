import json
from pathlib import Path

import pytest

from harness.data.provenance import provenance
from harness.errors import HarnessError, UsageError
from harness.records.digests import run_digest
from harness.records.runs import as_json, from_json
from harness.values.runs import Data
from tests.support.decisions import run, verdict

# What DVC 3 recorded of these bytes.
MD5 = "5eb73cb2ca23e46bcf400e2aa19928bb"
CONTENT = {"crlf.csv": "id,x\r\n1,2\r\n", "sub/Ü b.csv": "id\n1\n", "sub/deep/a.csv": "id\n2\n"}
FOLDER = "outs:\n- {md5: 09c15d32d05104919354673c0e861b80.dir, size: 21, nfiles: 3, hash: md5, path: data}\n"
FILE = "outs:\n- {md5: 5eb73cb2ca23e46bcf400e2aa19928bb, size: 11, hash: md5, path: crlf.csv}\n"
LOCK = """
schema: '2.0'
stages:
  prep: {cmd: x, outs: [{path: crlf.csv, hash: md5, md5: 5eb73cb2ca23e46bcf400e2aa19928bb, size: 11}]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / ".dvc").mkdir()
    for name, text in CONTENT.items():
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return tmp_path


def test_a_file_that_dvc_tracks_has_its_md5(folder: Path) -> None:
    (folder / "data" / "crlf.csv.dvc").write_text(FILE)

    found = provenance(f"{folder}/data/crlf.csv")

    assert ("dvc:md5:5eb73cb2ca23e46bcf400e2aa19928bb crlf.csv",) == found


@pytest.mark.parametrize("source", ["data/crlf.csv", "data/sub/*.csv", "data/**/*.csv"])
def test_files_of_a_tracked_folder_have_the_md5_of_its_listing(folder: Path, source: str) -> None:
    (folder / "data.dvc").write_text(FOLDER)

    found = provenance(f"{folder}/{source}")

    assert ("dvc:md5:09c15d32d05104919354673c0e861b80.dir data",) == found


def test_an_output_of_a_stage_names_it_and_its_paths_start_at_its_folder(folder: Path) -> None:
    (folder / "dvc.lock").write_text(LOCK)
    (folder / "dvc.yaml").write_text("stages: {prep: {cmd: x, wdir: data, outs: [crlf.csv]}}")

    found = provenance(f"{folder}/data/crlf.csv")

    assert ("dvc:md5:5eb73cb2ca23e46bcf400e2aa19928bb crlf.csv of stage prep",) == found


def test_an_import_names_its_repository_and_revision_without_the_password(folder: Path) -> None:
    repo = "{url: 'https://me:secret@git.example/data.git', rev: v1, rev_lock: 4f2c}"
    (folder / "data" / "crlf.csv.dvc").write_text(f"{FILE}deps: [{{path: all/x.csv, repo: {repo}}}]\n")

    found = provenance(f"{folder}/data/crlf.csv")

    assert (f"dvc:md5:{MD5} crlf.csv from https://git.example/data.git all/x.csv@4f2c",) == found


def test_before_dvc_3_line_ends_of_text_were_made_one(folder: Path) -> None:
    older = "outs:\n- {md5: 5d02e4d2354eae28589766cca211477d, path: crlf.csv}\n"
    (folder / "data" / "crlf.csv.dvc").write_text(older)

    found = provenance(f"{folder}/data/crlf.csv")

    assert ("dvc:md5:5d02e4d2354eae28589766cca211477d crlf.csv",) == found


@pytest.mark.parametrize(
    ("record", "content"),
    [("data/crlf.csv.dvc", FILE), ("data.dvc", FOLDER), ("data/dvc.lock", LOCK)],
    ids=["file", "folder", "lock"],
)
def test_bytes_that_changed_since_they_were_tracked_are_an_error(folder: Path, record: str, content: str) -> None:
    (folder / record).write_text(content)
    (folder / "data" / "crlf.csv").write_text("id,x\n1,3\n")

    with pytest.raises(HarnessError, match="changed since DVC tracked it: .* says md5 .*dvc checkout"):
        provenance(f"{folder}/data/crlf.csv")


def test_a_file_beside_tracked_ones_must_be_tracked_too(folder: Path) -> None:
    (folder / "data" / "crlf.csv.dvc").write_text(FILE)
    (folder / "data" / "new.csv").write_text("id,x\n9,9\n")

    with pytest.raises(HarnessError, match=r"1 of 2 files of .* are not tracked by DVC, as 'new\.csv'"):
        provenance(f"{folder}/data/*.csv")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("outs:\n- {path: crlf.csv}\n", "with md5 None; run `dvc commit`"),
        ("outs: 3\n", r"crlf\.csv\.dvc:1:1: outs"),
        ("outs: [", "is not YAML"),
    ],
)
def test_a_record_that_proves_nothing_is_an_error(folder: Path, content: str, words: str) -> None:
    (folder / "data" / "crlf.csv.dvc").write_text(content)

    with pytest.raises((HarnessError, UsageError), match=words):
        provenance(f"{folder}/data/crlf.csv")


def test_records_above_the_repository_are_not_looked_at(folder: Path) -> None:
    (folder / "data" / ".git").mkdir()
    (folder / "data.dvc").write_text(FOLDER)

    found = provenance(f"{folder}/data/crlf.csv")

    assert () == found


def test_a_run_recorded_before_origins_were_is_read() -> None:
    recorded = run(verdict("pass"), datasets={"d": Data(uri="d.csv", digest="sha256:5a", rows=1)})
    older = as_json(recorded)
    del older["datasets"]["d"]["provenance"]

    found = from_json(json.dumps(older))

    assert () == found.datasets["d"].provenance
    assert run_digest(recorded) == run_digest(found)
