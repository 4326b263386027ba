"""`harness run --register`: what is asked is recorded before anything is measured, and who gave up is seen."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import Command, Finished
from harness.records.evidence_store import open_bundle
from harness.records.ledger import Ledger
from harness.records.registrations import KIND
from harness.signing.registrations import sign_registration
from tests.support.signing import new_signers, write_trust

SUITE = """name: s
data: {d: {source: scores.parquet, id: id, time: at}}
target: {kind: table, config: {data: d, model: m/2}}
steps:
  - check: rows.rate
    with: {column: ok}
    require: {rate: {at_least: 0.7}}
"""
GATES = "project: demo\ngates:\n  ci: {suites: [../s.suite.yaml], registered: require}\n"


@pytest.fixture
def shop(project: Path, scores: Path) -> Path:
    (project / "ci").mkdir()
    (project / "ci" / "gates.yaml").write_text(GATES)
    (project / "s.suite.yaml").write_text(SUITE)
    return project


def _run(harness: Command, *arguments: object) -> Finished:
    return harness("run", "s.suite.yaml", *arguments)


def _gate(harness: Command) -> Finished:
    return harness("gate", "ci", "--candidate", "m/2")


def test_a_gate_that_asks_for_registration_takes_registered_runs_only(shop: Path, harness: Command) -> None:
    assert 0 == _run(harness).code
    unregistered = _gate(harness)
    assert 0 == _run(harness, "--register").code

    assert 3 == unregistered.code
    assert "run the suite with --register" in unregistered.out
    assert 0 == _gate(harness).code


def test_what_is_asked_stands_before_the_run_with_thresholds_data_seed_and_gate(shop: Path, harness: Command) -> None:
    _run(harness, "--register")
    book = Ledger(f"sqlite:///{shop}/.harness/ledger.db", "demo")
    entries = book.entries()

    body = json.loads(next(book.bodies([entries[0]])))

    assert ["registration", "run"] == [entry.kind for entry in entries]
    assert 0.7 == body["requirements"][0]["at_least"]
    assert ["ci"] == list(body["gates"])
    assert body["asks"]["datasets"]["d"].startswith("sha256:")
    assert 0 == body["asks"]["seed"]


def test_one_registration_ends_with_one_run(shop: Path, harness: Command) -> None:
    _run(harness, "--register")
    _run(harness)

    assert 3 == _gate(harness).code


def test_a_registered_run_that_was_given_up_is_listed(shop: Path, harness: Command, installed: Command) -> None:
    (shop / "s.suite.yaml").write_text(SUITE.replace("rows.rate", "broken.rate"))
    (shop / "broken.py").write_text(
        "import os\nimport signal\n\nimport harness\n\n\n"
        "@harness.check('broken.rate', metrics={'rate': 'proportion'})\n"
        "def rate(data: harness.Dataset, *, column: str):\n    os.kill(os.getpid(), signal.SIGKILL)\n\n\n"
        "@harness.hookimpl\ndef harness_checks():\n    return {'broken.rate': rate}\n"
    )
    (shop / "pyproject.toml").write_text('[tool.harness]\nproject = "demo"\nplugins = ["broken"]\n')
    assert -9 == installed("run", "s.suite.yaml", "--register").code
    (shop / "s.suite.yaml").write_text(SUITE)
    _run(harness, "--register")

    done = _gate(harness)

    assert 0 == done.code
    assert "a run of s on m/2 was registered at" in done.out
    assert "and never ended" in done.out


def test_a_gate_that_changed_since_was_not_registered_for(shop: Path, harness: Command) -> None:
    _run(harness, "--register")
    (shop / "ci" / "gates.yaml").write_text(GATES.replace("registered", "data_max_age: 900d, registered"))

    assert "was registered for the gate as it was before" in _gate(harness).out


def test_what_cannot_be_registered_is_refused(shop: Path, harness: Command) -> None:
    (shop / "other.suite.yaml").write_text(SUITE.replace("name: s", "name: other"))

    assert 4 == _run(harness, "--register", "--no-record").code
    done = harness("run", "other.suite.yaml", "--register")

    assert 4 == done.code
    assert "no gate asks for other.suite.yaml" in done.err


PROMOTING = f"ledger: sqlite:///.harness/ledger.db\n{GATES}".replace("}", ", promote: {file: served.json}}")
SIGNERS = new_signers()
SIGN = ("--signer", "file:ci/ci.key")


@pytest.fixture
def promoting(shop: Path, scores: Path) -> Path:
    """The project, whose gate promotes, and its keys."""
    rows = pq.read_table(scores)
    pq.write_table(rows.append_column("made", pa.array([f"m/2@sha256:{'2' * 64}"] * len(rows))), scores)
    (shop / "ci" / "gates.yaml").write_text(PROMOTING)
    (shop / "s.suite.yaml").write_text(SUITE.replace("model: m/2", "made_by: made"))
    write_trust(shop / "ci", SIGNERS)
    return shop


def test_a_gate_that_promotes_takes_what_a_runner_registered_and_signed_before_it_ran(
    promoting: Path, harness: Command
) -> None:
    assert 0 == _run(harness, "--register", *SIGN).code

    assert 0 == _gate(harness).code

    (promoting / ".harness" / "ledger.db").unlink()
    rejoined = harness("audit", "--rejoin", "--signer", "file:ci/release.key")
    assert (0, True) == (rejoined.code, "put back: 1 registration-statement, 1 run-statement" in rejoined.out), rejoined
    assert 0 == _gate(harness).code


def test_a_registration_that_nobody_signed_before_the_run_promotes_nothing(promoting: Path, harness: Command) -> None:
    """Whoever can write to the ledger writes one before a run, and one with a key signs it once the run went well."""
    book = Ledger(f"sqlite:///{promoting}/.harness/ledger.db", "demo")
    _run(harness, "--register", *SIGN)
    real = next(entry for entry in book.entries() if entry.kind == KIND)
    (body,) = book.bodies([real])
    about = {"suite": real.suite, "revision": real.revision, "candidate": real.candidate, "digest": real.digest}
    book.record(KIND, "forged", body, **about)
    _run(harness, *SIGN)

    forged = _gate(harness)
    store = open_bundle(promoting / ".harness" / "evidence")
    sign_registration(book, store, SIGNERS["ci"], datetime.now(UTC), "forged", body, about)

    assert (3, True) == (
        forged.code,
        "anybody could have registered its run afterwards: nobody signed it" in forged.out,
    )
    assert "anybody could have registered its run afterwards: nobody signed it" in _gate(harness).out
