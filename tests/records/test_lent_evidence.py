"""Evidence in a store is lent to the process that measures: it reads and adds, and changes and removes nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.errors import HarnessError
from harness.records import lent_evidence
from harness.records.evidence_store import Bundle, open_bundle
from harness.records.lent_evidence import EvidenceLender, lent_store

NAME = "0" * 64 + ".parquet"


def line(lender: EvidenceLender) -> Callable[..., Any]:
    """Return what asks a lender, as if it were another process."""
    return lambda what, **about: lender.answers()[what](about)


@pytest.fixture
def store(tmp_path: Path) -> Bundle:
    return open_bundle(tmp_path / "evidence")


@pytest.fixture
def lent(store: Bundle) -> Bundle:
    found = lent_store(line(EvidenceLender(store=store)))
    assert found
    return found


@pytest.mark.parametrize("size", [0, 1, 8, 9])
def test_a_file_of_any_size_arrives_as_it_was_sent(
    store: Bundle, lent: Bundle, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lent_evidence, "PART", 4)
    content = bytes(range(size))

    lent.write(NAME, content)

    assert (content, content) == (store.read(NAME), lent.read(NAME))
    assert (True, False) == (NAME in lent, "1" * 64 in lent)


def test_files_that_are_sent_at_once_are_not_mixed(store: Bundle) -> None:
    ask, other = line(EvidenceLender(store=store)), "1" * 64

    for name, part in ((NAME, "YQ=="), (other, "Yg=="), (NAME, "Yw==")):
        ask("evidence_part", name=name, part=part)
    ask("evidence_write", name=NAME)
    ask("evidence_write", name=other)

    assert (b"ac", b"b") == (store.read(NAME), store.read(other))


def test_a_file_that_is_there_is_not_replaced(store: Bundle, lent: Bundle) -> None:
    lent.write(NAME, b"one")
    lent.write(NAME, b"one")

    with pytest.raises(HarnessError, match="is there already, with another content"):
        lent.write(NAME, b"two")
    assert b"one" == store.read(NAME)


@pytest.mark.parametrize("name", ["anchors/x", "../ledger.db", "ledger.db", f"a/{NAME}", ""])
def test_what_is_named_by_no_digest_is_neither_read_nor_written(lent: Bundle, name: str) -> None:
    for call in (lambda: lent.read(name), lambda: lent.write(name, b"x"), lambda: name in lent):
        with pytest.raises(HarnessError, match="its name is no digest"):
            call()


def test_nothing_is_listed_or_removed(lent: Bundle) -> None:
    with pytest.raises(HarnessError, match="not listed"):
        lent.list("anchors")
    with pytest.raises(HarnessError, match="not removed"):
        lent.delete(NAME)


def test_evidence_in_a_folder_is_not_lent() -> None:
    ask = line(EvidenceLender(store=None))

    assert lent_store(ask) is None
    with pytest.raises(HarnessError, match="no evidence is lent"):
        ask("evidence_contains", name=NAME)
