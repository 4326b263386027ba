"""A gate that promotes counts a correction of judged rows that a runner signed, and no other."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import Command, scored_rows
from tests.support.signing import new_signers, write_trust

SIGNERS = new_signers()
DIGEST = "sha256:" + "c" * 64
SUITE = """name: s
data: {d: {source: scores.parquet, id: id}}
target: {kind: table, config: {data: d, made_by: by}}
steps:
  - check: rows.rate
    with: {column: ok}
    require: {rate: {at_least: 0.75}}
"""
GATES = """project: demo
ledger: sqlite:///kept/ledger.db
gates:
  ci: {suites: [../s.suite.yaml]}
  production: {suites: [../s.suite.yaml], promote: {file: {path: served.json}}}
"""
RUNNER = ("--signer", "file:ci/ci.key")
BROKEN, RIGHT = 0.6, 0.9


@pytest.fixture
def shop(project: Path, harness: Command) -> Path:
    """A project whose candidate failed on a broken extract, which was mended since."""
    (project / "s.suite.yaml").write_text(SUITE)
    write_trust(project / "ci", SIGNERS)
    (project / "ci" / "gates.yaml").write_text(GATES)
    (project / "kept").mkdir()
    write_rows(project, BROKEN)
    assert 1 == harness("run", "s.suite.yaml", *RUNNER).code
    write_rows(project, RIGHT)
    return project


def write_rows(project: Path, rate: float) -> None:
    rows = scored_rows(400, rate=rate)
    pq.write_table(rows.append_column("by", pa.array([f"m/2@{DIGEST}"] * 400)), project / "scores.parquet")


def correct_and_run(harness: Command, *signer: str) -> None:
    reason = ("--reason", "the extract lacked half of the answers")
    assert 0 == harness("evidence", "correct", "s", "--candidate", DIGEST, *reason, *signer).code
    assert 0 == harness("run", "s.suite.yaml", *RUNNER).code


@pytest.mark.usefixtures("shop")
def test_what_nobody_signed_is_no_correction_where_a_gate_promotes_until_a_runner_signs_it(harness: Command) -> None:
    correct_and_run(harness)
    elsewhere, unsigned = (harness("gate", stage, "--candidate", DIGEST) for stage in ("ci", "production"))

    correct_and_run(harness, *RUNNER)

    assert 0 == elsewhere.code
    assert 3 == unsigned.code
    assert (
        "is not counted here: nobody signed it; record it with `harness evidence correct s --signer URI`"
        in unsigned.out
    )
    assert 0 == harness("gate", "production", "--candidate", DIGEST).code


@pytest.mark.usefixtures("shop")
def test_who_is_no_runner_corrects_nothing_where_a_gate_promotes(harness: Command) -> None:
    correct_and_run(harness, "--signer", "file:ci/ann.key")

    refused = harness("gate", "production", "--candidate", DIGEST)

    assert (3, True) == (refused.code, "is not counted here: not accepted: ann signed, whom" in refused.out), refused


def test_a_signer_that_is_not_there_records_no_correction(shop: Path, harness: Command) -> None:
    before = (shop / "kept" / "ledger.db").read_bytes()

    refused = harness("evidence", "correct", "s", "--candidate", DIGEST, "--reason", "r", "--signer", "file:no.key")

    assert (4, before) == (refused.code, (shop / "kept" / "ledger.db").read_bytes())


def test_a_signed_correction_comes_back_to_a_ledger_that_was_lost(shop: Path, harness: Command) -> None:
    correct_and_run(harness, *RUNNER)
    (shop / "kept" / "ledger.db").unlink()

    rejoined = harness("audit", "--rejoin", "--signer", "file:ci/release.key")

    assert (0, True) == (rejoined.code, "1 correction-statement" in rejoined.out), rejoined
    decided = harness("gate", "production", "--candidate", DIGEST)
    assert 0 == decided.code, decided
