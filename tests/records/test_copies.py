"""A copy of a ledger is whole, as of one moment, and no ledger is copied that cannot be."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness import HarnessError, UsageError, copy_ledger
from harness.records.ledger import Ledger
from tests.support.decisions import run, verdict


def record(url: str, name: str) -> None:
    Ledger(url, "demo").record_run(replace(run(verdict("pass")), id=name))


def test_a_copy_has_what_was_recorded_until_then_and_changes_nothing(tmp_path: Path) -> None:
    url, copy = f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path / "copy.db"
    record(url, "r1")

    copy_ledger(url, copy)
    record(url, "r2")
    record(f"sqlite:///{copy}", "r3")

    assert ["r1", "r2"] == [entry.id for entry in Ledger(url, "demo").entries()]
    assert ["r1", "r3"] == [entry.id for entry in Ledger(f"sqlite:///{copy}", "demo").entries()]


def test_where_there_is_no_ledger_there_is_no_copy(tmp_path: Path) -> None:
    copy_ledger(f"sqlite:///{tmp_path / 'none.db'}", tmp_path / "copy.db")

    assert [] == list(tmp_path.iterdir())


def test_a_file_that_is_no_ledger_is_not_copied(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_text("not a database, and long enough to be looked at" * 100)

    with pytest.raises(HarnessError, match="cannot be copied"):
        copy_ledger(f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


@pytest.mark.parametrize("url", ["postgresql+psycopg://u@h/l", "git:promotion-ledger"])
def test_a_ledger_in_a_server_or_on_a_branch_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="s3://BUCKET/PATH"):
        copy_ledger(url, tmp_path / "copy.db")
