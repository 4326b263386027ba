"""A ledger in a bucket: written only where it is as it was read, so that no writer loses another's entry."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import HarnessError, UsageError
from harness.records.copies import copy_ledger
from harness.records.ledger import Ledger
from harness.records.stored_file import StoredFile
from tests.support.decisions import run, verdict
from tests.support.stores import S3, S3_KEYS, s3_server

WRITER = (
    "import sys; from dataclasses import replace; from harness.records.ledger import Ledger;"
    "from tests.support.decisions import run, verdict;"
    "[Ledger(sys.argv[1], 'demo').record_run(replace(run(verdict('pass')), id=name)) for name in sys.argv[2:]]"
)
ROOT = str(Path(__file__).parents[2])


@pytest.fixture(scope="module")
def server() -> Iterator[S3]:
    with s3_server() as found:
        yield found


@pytest.fixture
def s3(server: S3, monkeypatch: pytest.MonkeyPatch) -> S3:
    for name, value in S3_KEYS.items():
        monkeypatch.setenv(name, value)
    server.new_bucket()
    server.is_deaf, server.loses = False, 0
    return server


def record(url: str, name: str) -> None:
    Ledger(url, "demo").record_run(replace(run(verdict("pass")), id=name))


def names(url: str) -> list[str]:
    return [entry.id for entry in Ledger(url, "demo").entries()]


def test_what_one_machine_records_another_reads(s3: S3) -> None:
    url = s3.url("a/ledger.db")

    before = names(url)
    record(url, "r1")
    record(url, "r2")

    assert ([], ["r1", "r2"]) == (before, names(url))


def test_a_copy_has_what_was_recorded_until_then_and_changes_nothing(s3: S3, tmp_path: Path) -> None:
    url, copy = s3.url("a/ledger.db"), f"sqlite:///{tmp_path / 'copy.db'}"
    copy_ledger(url, tmp_path / "copy.db")
    none = list(tmp_path.iterdir())
    record(url, "r1")

    copy_ledger(url, tmp_path / "copy.db")
    record(copy, "r2")

    assert ([], ["r1"], ["r1", "r2"]) == (none, names(url), names(copy))


def test_a_write_that_another_came_before_is_tried_again_on_what_that_wrote(
    s3: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, others, pushed = s3.url("ledger.db"), ["r-other"], StoredFile.push

    def push(self: StoredFile, version: str | None, path: Path) -> str:
        if others:
            record(url, others.pop())
        return pushed(self, version, path)

    monkeypatch.setattr(StoredFile, "push", push)

    record(url, "r-own")

    assert ["r-other", "r-own"] == names(url)


def test_writers_at_the_same_time_lose_no_entry(s3: S3) -> None:
    url = s3.url("ledger.db")
    mine = [[f"{writer}-{number}" for number in range(3)] for writer in "ab"]
    env = {**os.environ, "PYTHONPATH": ROOT}

    writers = [subprocess.Popen([sys.executable, "-c", WRITER, url, *each], env=env) for each in mine]

    assert [0, 0] == [writer.wait(120) for writer in writers]
    assert {name for each in mine for name in each} == set(names(url))


def test_a_write_whose_answer_was_lost_is_one_entry_and_no_error(s3: S3) -> None:
    url = s3.url("ledger.db")
    s3.loses = 1

    record(url, "r1")

    assert 0 == s3.loses
    assert ["r1"] == names(url)


def test_a_server_that_overlooks_conditions_is_refused_before_anything_is_written(s3: S3) -> None:
    url = s3.url("ledger.db")
    s3.is_deaf = True

    with pytest.raises(UsageError, match="whatever If-Match and If-None-Match say.*keep the ledger in one that does"):
        record(url, "r1")

    assert [] == names(url)


def test_a_bucket_that_is_not_there_is_an_error_and_no_empty_ledger(s3: S3) -> None:
    url = s3.url("ledger.db", bucket="lost")

    with pytest.raises(HarnessError, match="ledger s3://lost/ledger.db: .*NoSuchBucket.*see that bucket"):
        names(url)


def test_a_store_that_does_not_answer_is_an_error(s3: S3) -> None:
    url = "s3://kept/ledger.db?endpoint_override=127.0.0.1:1&scheme=http&region=us-east-1"

    with pytest.raises(HarnessError, match="ledger s3://kept/ledger.db: .*see that bucket"):
        names(url)


def test_without_obstore_the_error_says_what_to_install(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    monkeypatch.setitem(sys.modules, "obstore.store", None)

    with pytest.raises(UsageError, match="pip install 'promotion-harness\\[stores\\]'"):
        names(s3.url("ledger.db"))


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("s3://bucket", "no place in a store; write s3://BUCKET/PATH"),
        ("s3://key:secret@bucket/ledger.db", "'bucket/ledger.db' is no place in a store.*without a key"),
        ("s3://bucket/ledger.db?sheme=http", "has the option 'sheme'; the known ones are region, scheme"),
        ("abfs://kept@elsewhere.example/ledger.db", "is no place in a store"),
        ("abfs://kept@account.dfs.core.windows.net/", "is no place in a store"),
        ("abfs://kept:secret@account.dfs.core.windows.net/ledger.db", "holds a key, which is not read"),
        ("abfs://kept@account.dfs.core.windows.net/ledger.db?enable_tls=false", "enable_tls=false; take that out"),
    ],
)
def test_a_url_that_names_no_place_or_holds_a_key_is_refused_and_no_key_shown(url: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as refusal:
        Ledger(url, "demo")

    assert "secret" not in str(refusal.value)


def test_nothing_imports_obstore_until_a_store_is_asked() -> None:
    code = "import sys, harness.cli, harness.records.ledger; print('obstore' in sys.modules)"

    assert "False" == subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip()
