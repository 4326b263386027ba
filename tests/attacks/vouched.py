"""Attacks on who may say what: statements forged, replayed and swapped, policies read elsewhere, runs given up."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from securesystemslib.signer import CryptoSigner

from conftest import Finished, scored_rows
from harness.records.ledger import Ledger
from harness.signing.envelopes import sign_statement
from harness.signing.keys import new_signer
from harness.signing.recording import record_statement
from harness.signing.statements import APPROVAL, WAIVER, Statement
from tests.attacks.shop import BAD, GATES, GOOD, SUITE, Attack, Shop, attack
from tests.support.repository import commit_all, git
from tests.support.signing import new_signers, write_trust

CORPUS: list[Attack] = []
DIGEST, OTHER = "sha256:" + "2" * 64, "sha256:" + "3" * 64
SIGNERS: Mapping[str, CryptoSigner] = new_signers()
REMOTE = "refs/remotes/origin/main"
APPROVED = GATES.replace("}}]}", "}}], approvals: {count: 1, from: [risk]}}")
STILL_FAILS = "m/2 may not pass ci"
UNAPPROVED = "1 approval(s) of risk asked, 0 recorded"


def _prove(shop: Shop, rate: float = BAD, gates: str = GATES) -> None:
    """Judge a candidate whom a digest names, in a project that trusts some persons."""
    rows = scored_rows(400, rate=rate)
    named = rows.append_column("made", pa.array([f"m/2@{DIGEST}"] * len(rows)))
    pq.write_table(named, shop.folder / "scores.parquet")
    shop.ledger.unlink(missing_ok=True)
    shop.suite.write_text(SUITE.replace("model: m/2", "made_by: made"))
    (shop.folder / "ci" / "gates.yaml").write_text(gates)
    write_trust(shop.folder / "ci", SIGNERS)
    shop.run()


def _say(kind: str, subject: str = DIGEST, days: int = 7, **says: object) -> Statement:
    now = datetime.now(UTC).replace(microsecond=0)
    about = {
        "project": "demo",
        "stage": "ci",
        "issued": now.isoformat(),
        "expires": (now + timedelta(days=days)).isoformat(),
        **says,
    }
    return Statement(predicate_type=kind, subjects={"model": subject}, predicate=about)


def _waiver(**changes: object) -> Statement:
    says = {"suite": "s", "step": "rows.rate", "metric": "rate", "labels": {}, "asked": {"at_least": 0.75}}
    return _say(WAIVER, **{**says, "reason": "r", **changes})  # type: ignore[arg-type]


def _file(shop: Shop, statement: Statement, signer: CryptoSigner) -> Finished:
    """Put a signed statement into the ledger, filed under the candidate, and ask the gate."""
    return _file_text(shop, sign_statement(statement, [signer]))


def _file_text(shop: Shop, text: str) -> Finished:
    book = Ledger(f"sqlite:///{shop.ledger}", "demo")
    record_statement(book, text, revision="m/2", candidate=DIGEST, gate="ci")
    return shop.gate(candidate=DIGEST)


@attack(CORPUS, "a claim about exactly these rows has one try")
def swap_the_rows_of_a_fixed_set_where_a_gate_promotes(shop: Shop) -> Finished:
    promotes = GATES.replace("]}", "], uncommitted: allow, promote: {file: served.json}}")
    _prove(shop, gates=f"ledger: sqlite:///.harness/ledger.db\n{promotes}")
    shop.suite.write_text(shop.suite.read_text().replace("{param: least}}", "{param: least}, scope: these}"))
    for rate in (BAD, GOOD):
        rows = scored_rows(400, rate=rate)
        pq.write_table(rows.append_column("made", pa.array([f"m/2@{DIGEST}"] * 400)), shop.folder / "scores.parquet")
        shop.run("--signer", "file:ci/ci.key")
    return shop.gate(candidate=DIGEST)


RUNNER = ("--signer", "file:ci/ci.key")
CORRECT = ("evidence", "correct", "s", "--candidate", DIGEST, "--reason", "a broken extract")


def _fail_where_a_gate_promotes(shop: Shop) -> Ledger:
    """Fail where a gate promotes."""
    promotes = GATES.replace("]}", "], uncommitted: allow, promote: {file: served.json}}")
    _prove(shop, gates=f"ledger: sqlite:///.harness/ledger.db\n{promotes}")
    return Ledger(f"sqlite:///{shop.ledger}", "demo")


def _answer_the_same_rows_well(shop: Shop) -> None:
    rows = scored_rows(400, rate=GOOD)
    pq.write_table(rows.append_column("made", pa.array([f"m/2@{DIGEST}"] * 400)), shop.folder / "scores.parquet")


@attack(CORPUS, "is not counted here: nobody signed it")
def record_that_the_rows_which_failed_were_wrong(shop: Shop) -> Finished:
    _fail_where_a_gate_promotes(shop)
    _answer_the_same_rows_well(shop)
    shop.harness(*CORRECT)
    shop.run(*RUNNER)
    return shop.gate(candidate=DIGEST)


@attack(CORPUS, "is not counted here: not accepted: ann signed")
def sign_that_the_rows_which_failed_were_wrong(shop: Shop) -> Finished:
    _fail_where_a_gate_promotes(shop)
    _answer_the_same_rows_well(shop)
    shop.harness(*CORRECT, "--signer", "file:ci/ann.key")
    shop.run(*RUNNER)
    return shop.gate(candidate=DIGEST)


@attack(CORPUS, "is not counted here: nobody signed it")
def record_a_signed_correction_again_for_more_runs(shop: Shop) -> Finished:
    book = _fail_where_a_gate_promotes(shop)
    shop.harness(*CORRECT, *RUNNER)
    shop.run(*RUNNER)
    (signed,) = [entry for entry in book.entries() if entry.kind == "correction"]
    (body,) = book.bodies([signed])
    more = json.dumps({**json.loads(body), "runs": [entry.id for entry in book.entries("run")]})
    book.record("correction", "f0rged", more, suite="s", revision="m/2", candidate=DIGEST, time=signed.time)
    _answer_the_same_rows_well(shop)
    shop.run(*RUNNER)
    return shop.gate(candidate=DIGEST)


@attack(CORPUS, "is not in trust.yaml")
def waive_with_the_key_of_a_stranger(shop: Shop) -> Finished:
    _prove(shop)
    return _file(shop, _waiver(), new_signer())


@attack(CORPUS, "does not name as 'waiver'")
def waive_with_the_key_of_somebody_who_may_not(shop: Shop) -> Finished:
    _prove(shop)
    return _file(shop, _waiver(), SIGNERS["bob"])


@attack(CORPUS, "is of project 'other'")
def replay_a_waiver_of_another_project(shop: Shop) -> Finished:
    _prove(shop)
    return _file(shop, _waiver(project="other"), SIGNERS["ann"])


@attack(CORPUS, "asked for was 'ci'")
def replay_a_waiver_of_another_stage(shop: Shop) -> Finished:
    _prove(shop)
    return _file(shop, _waiver(stage="staging"), SIGNERS["ann"])


@attack(CORPUS, "is not about")
def replay_a_waiver_of_another_candidate(shop: Shop) -> Finished:
    _prove(shop)
    return _file(shop, _waiver(subject=OTHER), SIGNERS["ann"])


@attack(CORPUS, "lasts longer than 30 days")
def waive_for_a_century(shop: Shop) -> Finished:
    _prove(shop)
    return _file(shop, _waiver(days=36500), SIGNERS["ann"])


@attack(CORPUS, "expired at")
def replay_a_waiver_that_ended(shop: Shop) -> Finished:
    _prove(shop)
    return _file(shop, _waiver(expires="2026-01-02T00:00:00+00:00", issued="2026-01-01T00:00:00+00:00"), SIGNERS["ann"])


@attack(CORPUS, "names no requirement that this gate holds")
def waive_what_was_asked_before(shop: Shop) -> Finished:
    _prove(shop)
    return _file(shop, _waiver(asked={"at_least": 0.1}), SIGNERS["ann"])


@attack(CORPUS, "asked for was urn:promotion-harness:waiver:v1")
def file_an_approval_as_a_waiver(shop: Shop) -> Finished:
    _prove(shop)
    text = sign_statement(_say(APPROVAL), [SIGNERS["ann"]])
    Ledger(f"sqlite:///{shop.ledger}", "demo").record("waiver", "x", text, candidate=DIGEST, revision="m/2", gate="ci")
    return shop.gate(candidate=DIGEST)


@attack(CORPUS, "the signature of key")
def put_another_waiver_under_a_signature(shop: Shop) -> Finished:
    _prove(shop)
    one = json.loads(sign_statement(_waiver(asked={"at_least": 0.1}), [SIGNERS["ann"]]))
    other = json.loads(sign_statement(_waiver(), [SIGNERS["ann"]]))
    swapped = {**one, "payload": other["payload"]}
    return _file_text(shop, json.dumps(swapped, sort_keys=True, separators=(",", ":")) + "\n")


@attack(CORPUS, "nobody signed it")
def strip_the_signature_of_a_waiver(shop: Shop) -> Finished:
    _prove(shop)
    text = json.loads(sign_statement(_waiver(), [SIGNERS["ann"]]))
    return _file_text(shop, json.dumps({**text, "signatures": []}, sort_keys=True, separators=(",", ":")) + "\n")


@attack(CORPUS, "unknown key 'issued'")
def write_a_waiver_that_looks_signed(shop: Shop) -> Finished:
    _prove(shop, gates=GATES + "waivers: waivers.yaml\n")
    (shop.folder / "ci" / "waivers.yaml").write_text(
        "waivers:\n  - {suite: s, step: rows.rate, metric: rate, asked: {at_least: 0.75}, candidate: '"
        f"{DIGEST}', owner: o, reason: r, expires: 2999-12-31, issued: 2999-12-01, id: x}}\n"
    )
    return shop.gate(candidate=DIGEST)


@attack(CORPUS, "is of what nobody can waive")
def waive_a_schema(shop: Shop) -> Finished:
    _prove(shop)
    shop.suite.write_text(shop.suite.read_text().replace("max: 1}", "max: 0.1}"))
    shop.run()
    schema = {"step": "data.schema", "metric": "violations", "asked": {"at_most": 0.0}}
    return _file(shop, _waiver(**schema, labels={"column": "score", "rule": "max"}), SIGNERS["ann"])


@attack(CORPUS, "whom")
def approve_with_the_key_of_the_runner(shop: Shop) -> Finished:
    _prove(shop, GOOD, APPROVED)
    return shop.harness("approve", "ci", "--candidate", DIGEST, "--signer", "file:ci/ci.key")


@attack(CORPUS, "2 approval(s) of risk asked, 1 recorded")
def approve_twice(shop: Shop) -> Finished:
    _prove(shop, GOOD, APPROVED.replace("count: 1", "count: 2"))
    for days in (1, 2):
        shop.harness("approve", "ci", "--candidate", DIGEST, "--signer", "file:ci/bob.key", "--days", days)
    return shop.gate(candidate=DIGEST)


@attack(CORPUS, "the gate asks for something else by now")
def weaken_the_gate_after_it_was_approved(shop: Shop) -> Finished:
    _prove(shop, GOOD, APPROVED)
    shop.harness("approve", "ci", "--candidate", DIGEST, "--signer", "file:ci/bob.key")
    (shop.folder / "ci" / "gates.yaml").write_text(APPROVED.replace("least: 0.75", "least: 0.7"))
    return shop.gate(candidate=DIGEST)


@attack(CORPUS, "no forge says who that is")
def approve_ones_own_where_no_forge_tells(shop: Shop) -> Finished:
    _prove(shop, GOOD, APPROVED.replace("from: [risk]", "from: [risk], not: [requester]"))
    shop.harness("approve", "ci", "--candidate", DIGEST, "--signer", "file:ci/bob.key")
    return shop.gate(candidate=DIGEST)


@attack(CORPUS, UNAPPROVED)
def replay_an_approval_of_another_candidate(shop: Shop) -> Finished:
    _prove(shop, GOOD, APPROVED)
    return _file(shop, _say(APPROVAL, subject=OTHER), SIGNERS["bob"])


def _protect(shop: Shop) -> None:
    git(shop.folder, "update-ref", REMOTE, commit_all(shop.folder))


def _weaken(shop: Shop, file: Path, old: str, new: str) -> None:
    file.write_text(file.read_text().replace(old, new))


@attack(CORPUS, STILL_FAILS)
def weaken_the_gates_file_here(shop: Shop) -> Finished:
    _protect(shop)
    _weaken(shop, shop.folder / "ci" / "gates.yaml", "ci: {", "ci: {enforce: false, ")
    return shop.gate("--policy-ref", "origin/main")


@attack(CORPUS, STILL_FAILS)
def name_another_gates_file_in_the_settings(shop: Shop) -> Finished:
    _protect(shop)
    (shop.folder / "weak.yaml").write_text(GATES.replace("ci: {", "ci: {enforce: false, "))
    _weaken(shop, shop.folder / "pyproject.toml", "[tool.harness]", '[tool.harness]\ngates = "weak.yaml"')
    return shop.gate("--policy-ref", "origin/main")


@attack(CORPUS, "stands for several commits")
def make_a_branch_of_the_name_of_the_protected_one(shop: Shop) -> Finished:
    _protect(shop)
    _weaken(shop, shop.folder / "ci" / "gates.yaml", "ci: {", "ci: {enforce: false, ")
    git(shop.folder, "update-ref", "refs/heads/origin/main", commit_all(shop.folder))
    return shop.gate("--policy-ref", "origin/main")


@attack(CORPUS, "stands for several commits")
def put_a_ref_beside_all_refs(shop: Shop) -> Finished:
    _protect(shop)
    _weaken(shop, shop.folder / "ci" / "gates.yaml", "ci: {", "ci: {enforce: false, ")
    weak = commit_all(shop.folder)
    (shop.folder / ".git" / "origin").mkdir()
    (shop.folder / ".git" / "origin" / "main").write_text(weak + "\n")
    return shop.gate("--policy-ref", "origin/main")


@attack(CORPUS, STILL_FAILS)
def replace_an_object_of_the_protected_commit(shop: Shop) -> Finished:
    _protect(shop)
    gates = shop.folder / "ci" / "gates.yaml"
    blob = git(shop.folder, "rev-parse", "HEAD:ci/gates.yaml")
    _weaken(shop, gates, "ci: {", "ci: {enforce: false, ")
    git(shop.folder, "replace", blob, git(shop.folder, "hash-object", "-w", str(gates)))
    return shop.gate("--policy-ref", "origin/main")


@attack(CORPUS, "run the suite with --register")
def register_on_other_rows_than_are_judged(shop: Shop) -> Finished:
    (shop.folder / "ci" / "gates.yaml").write_text(GATES.replace("ci: {", "ci: {registered: require, "))
    shop.run("--register")
    shop.write_rows(GOOD, seed=1, rows=4000)
    shop.run()
    return shop.gate()


@attack(CORPUS, "remove enforce: false")
def promote_without_being_held(shop: Shop) -> None:
    weak = GATES.replace("ci: {", "ci: {enforce: false, promote: {mlflow: {}}, ")
    (shop.folder / "ci" / "gates.yaml").write_text(weak)
