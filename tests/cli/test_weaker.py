"""What asks less is approved by those whom the commit before trusts, of exactly that change, for some days."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from conftest import PYPROJECT, Command
from harness.records.ledger import Ledger
from harness.signing.envelopes import open_envelope, sign_statement
from harness.signing.recording import read_statements, record_statement
from harness.signing.statements import Statement
from tests.support.repository import commit_all, git
from tests.support.signing import new_signers, trust_text, write_trust

SIGNERS = new_signers()
SUITE = """name: s
data: {d: {source: scores.parquet, id: id}}
target: {kind: table, config: {data: d, model: m/2}}
steps:
  - {check: rows.rate, with: {column: ok}, require: {rate: {at_least: 0.75}}}
"""
GATES = "project: demo\ngates:\n  ci: {suites: [{file: ../s.suite.yaml}], run_max_age: 24h}\n"
WITH_REASON = ("--approve", "--reason", "fewer rows come in")
AGAINST = ("validate", "--against", "main")


@pytest.fixture
def kept(project: Path) -> Path:
    """Return a project in which ann may approve what asks less, and a change that asks less."""
    (project / "pyproject.toml").write_text(PYPROJECT)
    (project / "s.suite.yaml").write_text(SUITE)
    write_trust(project / "ci", SIGNERS)
    (project / "ci" / "trust.yaml").write_text(trust_text(SIGNERS) + "  weakening: [ann]\n")
    (project / "ci" / "gates.yaml").write_text(GATES)
    git(project, "init", "-q", "-b", "main")
    commit_all(project)
    (project / "s.suite.yaml").write_text(SUITE.replace("0.75", "0.7"))
    return project


def ledger(kept: Path) -> Ledger:
    return Ledger(f"sqlite:///{kept}/.harness/ledger.db", "demo")


def test_a_change_that_was_approved_passes_until_it_is_another(kept: Path, harness: Command) -> None:
    before = harness(*AGAINST)
    signed = harness(*AGAINST, *WITH_REASON, "--signer", "file:ci/ann.key")
    after = harness(*AGAINST)
    (kept / "s.suite.yaml").write_text(SUITE.replace("0.75", "0.6"))
    lower = harness(*AGAINST)

    assert (1, 0, 0, 1) == (before.code, signed.code, after.code, lower.code), signed.err
    assert "approved by ann (fewer rows come in)" in after.out
    assert "at_least: 0.7, was 0.75" in after.out


def test_who_may_not_approve_signs_nothing_also_where_the_change_says_so(kept: Path, harness: Command) -> None:
    trust = kept / "ci" / "trust.yaml"

    bob = harness(*AGAINST, *WITH_REASON, "--signer", "file:ci/bob.key")
    trust.write_text(trust.read_text().replace("weakening: [ann]", "weakening: [ann, bob]"))
    named = harness(*AGAINST, *WITH_REASON, "--signer", "file:ci/bob.key")
    silent = harness(*AGAINST, "--approve", "--signer", "file:ci/ann.key")

    assert (3, 3, 4) == (bob.code, named.code, silent.code)
    assert "whom" in named.err
    assert [] == list(ledger(kept).entries())


def test_an_approval_that_has_expired_holds_too_long_or_is_of_a_stranger_counts_for_nothing(
    kept: Path, harness: Command
) -> None:
    harness(*AGAINST, *WITH_REASON, "--signer", "file:ci/ann.key")
    book = ledger(kept)
    (text,) = read_statements(book, book.entries(), "weakening").values()
    _, good = open_envelope(text)
    (kept / ".harness" / "ledger.db").unlink()

    def moved(issued: int, expires: int) -> Statement:
        times = {
            name: (datetime.fromisoformat(good.predicate["issued"]) + timedelta(days=days)).isoformat()
            for name, days in (("issued", issued), ("expires", expires))
        }
        return Statement(
            predicate_type=good.predicate_type, subjects=good.subjects, predicate={**good.predicate, **times}
        )

    for statement, who in ((moved(-9, -1), "ann"), (moved(0, 300), "ann"), (moved(0, 5), "bob")):
        record_statement(ledger(kept), sign_statement(statement, [SIGNERS[who]]))

    assert 1 == harness(*AGAINST).code
