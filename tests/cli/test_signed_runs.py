"""A gate that promotes takes runs that a runner signed, from a ledger that has lost nothing; others say `unsigned`."""

import json
import os
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from google.protobuf.json_format import ParseDict
from in_toto_attestation.predicates.test_result.v0 import test_result_pb2
from securesystemslib.dsse import Envelope

from conftest import Command
from harness.records.digests import run_digest
from harness.records.ledger import Ledger
from harness.signing.runs import record_signature, sign_run, statements_of
from harness.values.runs import Run
from tests.support.signing import new_signers, trust_text, write_trust

SIGNERS = new_signers()
DIGEST = "sha256:" + "c" * 64
SUITE = """name: s
data: {d: {source: scores.parquet, id: id}}
target: {kind: table, config: {data: d, model: m/2, made_by: by}}
steps:
  - check: rows.rate
    with: {column: ok}
    require: {rate: {at_least: 0.1}}
"""
GATES = """project: demo
ledger: sqlite:///kept/ledger.db
gates:
  ci: {suites: [../s.suite.yaml]}
  production: {suites: [../s.suite.yaml], run_max_age: 1d, promote: {file: {path: served.json}}}
"""


@pytest.fixture
def shop(project: Path, scores: Path) -> Path:
    """Return a project whose candidate is good, and proven."""
    rows = pq.read_table(scores)
    pq.write_table(rows.append_column("by", pa.array([f"m/2@{DIGEST}"] * 400)), scores)
    (project / "s.suite.yaml").write_text(SUITE)
    write_trust(project / "ci", SIGNERS)
    (project / "ci" / "gates.yaml").write_text(GATES)
    (project / "kept").mkdir()
    return project


def ledger(shop: Path) -> Ledger:
    return Ledger(f"sqlite:///{shop}/kept/ledger.db", "demo")


def delete_newest(shop: Path, count: int) -> None:
    """Delete the newest entries, as somebody would who can write to the database."""
    with sqlite3.connect(shop / "kept" / "ledger.db") as connection:
        for (name,) in connection.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            connection.execute(f'drop trigger "{name}"')
        newest = connection.execute("select seq from entries order by seq desc limit ?", (count,)).fetchall()
        for table in ("bodies", "entries"):
            connection.executemany(f"delete from {table} where seq = ?", newest)


def test_a_signed_run_is_accepted_where_a_gate_promotes(shop: Path, harness: Command) -> None:
    ran = harness("run", "s.suite.yaml", "--signer", "file:ci/ci.key", "--out", "out")
    done = harness("gate", "production", "--candidate", "m/2")
    shown = harness("verify", "out/s/run.intoto.json", "--type", "run-statement", "--data", "scores.parquet")

    assert (0, 0) == (ran.code, done.code), done.out
    assert (0, True) == (shown.code, "scores.parquet is data:d" in shown.out)


def test_week_one_works_unsigned_and_says_so(shop: Path, harness: Command) -> None:
    (shop / "ci" / "trust.yaml").unlink()
    harness("run", "s.suite.yaml")

    open_gate, promoting = (harness("gate", stage, "--candidate", "m/2") for stage in ("ci", "production"))

    assert (0, True) == (open_gate.code, "unsigned: the runs of s; edits are found" in open_gate.out)
    assert 3 == promoting.code
    assert "run the suite with --signer" in promoting.out
    assert "says whom this project trusts" in promoting.out


@pytest.mark.parametrize("who", ["release", "ann"])
def test_who_is_no_runner_signs_no_run(shop: Path, harness: Command, who: str) -> None:
    harness("run", "s.suite.yaml", "--signer", f"file:ci/{who}.key")

    done = harness("gate", "production", "--candidate", "m/2")

    assert (3, True) == (done.code, f"{who} signed, whom" in done.out)


def test_the_signer_comes_from_the_environment_and_leaves_it(shop: Path, harness: Command) -> None:
    os.environ |= {"HARNESS_SIGNER": "env:KEY", "KEY": (shop / "ci" / "ci.key").read_text()}

    harness("run", "s.suite.yaml")

    assert "KEY" not in os.environ
    assert 0 == harness("gate", "production", "--candidate", "m/2").code


def test_a_signer_that_is_not_there_measures_nothing(shop: Path, harness: Command) -> None:
    done = harness("run", "s.suite.yaml", "--signer", "file:nowhere.key")

    assert (4, []) == (done.code, list(ledger(shop).entries()))


def test_a_run_is_exported_signed_and_imported_so(shop: Path, harness: Command) -> None:
    harness("run", "s.suite.yaml", "--no-record", "--out", "out")
    unsigned = harness("gate", "production", "--run", "out")
    signed = harness("runs", "sign", "out", "--signer", "file:ci/ci.key")
    again = [harness("gate", "production", "--run", "out").code for _ in range(2)]

    assert (3, 0) == (unsigned.code, signed.code)
    assert "it had" not in unsigned.out
    assert [0, 0] == again


def revive(run: Run, **changed: object) -> Run:
    """Return the run as of today: another id and time, and so the same digest."""
    return replace(run, id="revived", started=datetime.now(UTC), finished=datetime.now(UTC), **changed)


def test_a_signature_is_not_reused_for_a_run_of_the_same_digest_at_another_time(shop: Path, harness: Command) -> None:
    harness("run", "s.suite.yaml", "--signer", "file:ci/ci.key")
    book = ledger(shop)
    (run,) = book.runs()
    old = replace(run, id="old", started=run.started - timedelta(days=9), finished=run.finished - timedelta(days=9))
    (shop / "kept" / "ledger.db").unlink()
    for file in (shop / ".harness" / "evidence" / "anchors").rglob("*.json"):
        file.unlink()
    book = ledger(shop)
    book.record_run(old)
    record_signature(book, old, sign_run(old, SIGNERS["ci"], old.finished, book.entries()))
    aged = harness("gate", "production", "--candidate", "m/2")
    revived = revive(old)
    book.record_run(revived)

    done = harness("gate", "production", "--candidate", "m/2")

    assert old.digest == revived.digest
    assert (3, True) == (aged.code, "is not of the last 24h" in aged.out), aged.out
    assert (3, True) == (done.code, "it is of another run with the same digest" in done.out)


def test_a_run_that_its_writer_invented_is_refused_though_all_of_it_agrees(shop: Path, harness: Command) -> None:
    """The run of a good candidate under another's name, its digest computed anew, with the good one's statement."""
    harness("run", "s.suite.yaml", "--signer", "file:ci/ci.key")
    book = ledger(shop)
    (run,) = book.runs()
    relabelled = replace(run, id="other", candidate=replace(run.candidate, revision="m/3", digest="sha256:" + "d" * 64))
    relabelled = replace(relabelled, digest=run_digest(relabelled))
    book.record_run(relabelled)
    stolen = statements_of(run, book, book.entries())[0]
    with pytest.raises(Exception, match="already recorded"):
        record_signature(book, relabelled, stolen)

    done = harness("gate", "production", "--candidate", "m/3")

    assert (3, True) == (done.code, "could be an invention: nobody signed it" in done.out)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_ledger_that_lost_its_newest_entries_is_refused(shop: Path, harness: Command, count: int) -> None:
    harness("run", "s.suite.yaml", "--signer", "file:ci/ci.key")
    pq.write_table(pq.read_table(shop / "scores.parquet").slice(0, 300), shop / "scores.parquet")
    harness("run", "s.suite.yaml", "--signer", "file:ci/ci.key")
    assert 0 == harness("gate", "production", "--candidate", "m/2").code

    delete_newest(shop, count + 1)  # the decision and what came before it
    done = harness("gate", "production", "--candidate", "m/2")

    assert 3 == done.code, done.out
    assert ("the ledger has lost its newest" in done.out) == (count > 1)


def test_a_ledger_begun_anew_is_refused_where_evidence_remembers_a_longer_one(shop: Path, harness: Command) -> None:
    for _ in range(2):
        harness("run", "s.suite.yaml", "--signer", "file:ci/ci.key")
    (shop / "kept" / "ledger.db").unlink()
    harness("run", "s.suite.yaml", "--signer", "file:ci/ci.key")

    done = harness("gate", "production", "--candidate", "m/2")

    assert (3, True) == (done.code, "the ledger has lost its newest" in done.out), done.out


def test_an_anchor_that_a_stranger_left_refuses_nothing(shop: Path, harness: Command) -> None:
    harness("run", "s.suite.yaml", "--signer", "file:ci/ci.key")
    (kept,) = (shop / ".harness" / "evidence" / "anchors").rglob("*.json")
    kept.with_name("999999999999-0.intoto.json").write_text("{}")
    kept.with_name("999999999998-0.intoto.json").write_bytes(b"\xff")

    assert 0 == harness("gate", "production", "--candidate", "m/2").code


def test_a_revoked_runner_key_vouches_for_no_run(shop: Path, harness: Command) -> None:
    harness("run", "s.suite.yaml", "--signer", "file:ci/ci.key")
    (shop / "ci" / "trust.yaml").write_text(trust_text(SIGNERS, {"ci": "{since: 2020-01-01}"}))

    done = harness("gate", "production", "--candidate", "m/2")

    assert (3, True) == (done.code, "was revoked since 2020-01-01" in done.out)


@pytest.mark.parametrize(
    ("asked", "result", "listed"),
    [
        ("{at_least: 0.1}", "PASSED", "passed_tests"),
        ("{at_least: 0.81}", "FAILED", "failed_tests"),
        ("[{at_least: 0.1}, {at_least: 0.81, severity: should}]", "WARNED", "warned_tests"),
        ("{at_least: 0.99}", "FAILED", "failed_tests"),
    ],
    ids=["pass", "inconclusive", "should", "fail"],
)
def test_a_run_is_told_to_other_tools_as_in_totos_test_result(
    shop: Path, harness: Command, asked: str, result: str, listed: str
) -> None:
    (shop / "s.suite.yaml").write_text(SUITE.replace("{at_least: 0.1}", asked))
    harness("run", "s.suite.yaml")

    told = harness("runs", "attest", "latest", "--signer", "file:ci/ci.key")

    envelope = Envelope.from_dict(json.loads(told.out))
    SIGNERS["ci"].public_key.verify_signature(next(iter(envelope.signatures.values())), envelope.pae())
    statement = json.loads(envelope.payload)
    predicate = ParseDict(statement["predicate"], test_result_pb2.TestResult(), ignore_unknown_fields=True)
    assert [{"name": "m/2", "digest": {"sha256": "c" * 64}}] == statement["subject"]
    assert (result, 1) == (predicate.result, len(getattr(predicate, listed)))
    assert ["run", "suite", "data:d"] == [each.name for each in predicate.configuration]
    assert ("inconclusive: " in str(statement["predicate"]["reasons"])) == ("0.81" in asked)


def test_what_no_digest_names_is_attested_of_nothing(shop: Path, harness: Command) -> None:
    (shop / "s.suite.yaml").write_text(SUITE.replace(", made_by: by", ""))
    harness("run", "s.suite.yaml")

    refused = harness("runs", "attest", "latest", "--signer", "file:ci/ci.key")

    assert (4, True) == (refused.code, "which no digest names" in refused.err)
