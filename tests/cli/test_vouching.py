"""`harness approve`, `harness waive`, and what a forge says: persons are counted, and nobody vouches for himself."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import Command, Finished, scored_rows
from harness.records.ledger import Ledger
from harness.signing.envelopes import open_envelope, sign_statement
from harness.signing.keys import new_signer
from harness.signing.recording import record_statement
from harness.signing.statements import APPROVAL, WAIVER, Statement
from tests.support.github import serving
from tests.support.repository import commit_all
from tests.support.signing import new_signers, write_trust

DIGEST = "sha256:" + "2" * 64
OTHER = "sha256:" + "3" * 64
SUITE = """name: s
data: {d: {source: scores.parquet, id: id, time: at}}
target: {kind: table, config: {data: d, made_by: made}}
steps:
  - check: rows.rate
    with: {column: ok}
    require: {rate: {at_least: 0.7}}
  - check: data.schema
    with: {columns: {score: {min: 0, max: 1}}}
    require: {violations: {at_most: 0}}
"""
GATES = """project: demo
gates:
  production: {suites: [../s.suite.yaml], approvals: {count: 1, from: [risk]}}
  plain: {suites: [../s.suite.yaml]}
"""
EXCLUDING = GATES.replace("from: [risk]", "from: [risk], not: [requester, suite-author]")
ACCOUNTS = {"ann": "ann-smith", "bob": "bob-jones"}
Lists = Mapping[str, Sequence[object]]


@pytest.fixture(scope="module")
def signers() -> Mapping[str, object]:
    return new_signers()


@pytest.fixture
def shop(project: Path, harness: Command, signers: Mapping[str, object]) -> Path:
    """A project with a proven candidate that passed, a trust file and keys."""
    _write_rows(project, 0.9)
    (project / "s.suite.yaml").write_text(SUITE)
    trust = write_trust(project / "ci", signers)  # type: ignore[arg-type]
    text = trust.read_text()
    for person, account in ACCOUNTS.items():
        text = text.replace(f"  {person}:\n", f"  {person}:\n    accounts: {{github: {account}}}\n", 1)
    trust.write_text(text)
    (project / "ci" / "gates.yaml").write_text(GATES)
    assert 0 == harness("run", "s.suite.yaml").code
    return project


def _write_rows(project: Path, rate: float, digest: str = DIGEST) -> None:
    rows = scored_rows(400, rate=rate)
    named = rows.append_column("made", pa.array([f"m/2@{digest}"] * len(rows)))
    pq.write_table(named, project / "scores.parquet")


def _approve(harness: Command, who: str = "bob", *arguments: object) -> Finished:
    return harness("approve", "production", "--candidate", DIGEST, "--signer", f"file:ci/{who}.key", *arguments)


def _gate(harness: Command, *arguments: object, stage: str = "production") -> Finished:
    return harness("gate", stage, "--candidate", DIGEST, *arguments)


def _ledger(project: Path) -> Ledger:
    return Ledger(f"sqlite:///{project}/.harness/ledger.db", "demo")


def _statements(project: Path, kind: str) -> Sequence[str]:
    book = _ledger(project)
    return list(book.bodies(book.entries(kind)))


def _record(project: Path, envelope: str, digest: str = DIGEST) -> None:
    record_statement(_ledger(project), envelope, revision="m/2", candidate=digest)


def test_a_signed_approval_of_a_named_group_lets_the_candidate_pass(shop: Path, harness: Command) -> None:
    before = _gate(harness)
    assert 3 == before.code
    assert "1 approval(s) of risk asked, 0 recorded" in before.out

    assert 0 == _approve(harness).code
    after = json.loads(_gate(harness, "--json").out)

    assert "pass" == after["outcome"]
    assert after["approvals"][0].startswith("bob (risk) by signature sha256:")


def test_one_person_counts_once(shop: Path, harness: Command) -> None:
    (shop / "ci" / "gates.yaml").write_text(GATES.replace("count: 1", "count: 2"))
    for days in (1, 2):
        assert 0 == _approve(harness, "bob", "--days", days).code

    assert "2 approval(s) of risk asked, 1 recorded" in _gate(harness).out
    assert 0 == _approve(harness, "ann").code
    assert 0 == _gate(harness).code


@pytest.mark.parametrize("who", ["ci", "release"])
def test_who_is_in_no_group_that_is_asked_cannot_approve(shop: Path, harness: Command, who: str) -> None:
    done = _approve(harness, who)

    assert 3 == done.code
    assert f"{who} signed, whom" in done.err
    assert [] == _statements(shop, "approval")


def test_a_stranger_cannot_approve(shop: Path, harness: Command) -> None:
    from harness.signing.keys import private_pem

    (shop / "ci" / "bob.key").write_bytes(private_pem(new_signer()))

    assert "is not in trust.yaml" in _approve(harness).err


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"stage": "plain"}, "0 recorded"),
        ({"project": "another"}, "is of project 'another'"),
        ({"gate": OTHER}, "the gate asks for something else by now"),
        ({"expires": "2026-01-01T00:00:00+00:00"}, "expired at 2026-01-01"),
        ({"expires": ""}, "does not say until when it holds"),
        ({"issued": "2999-01-01T00:00:00+00:00"}, "a clock is wrong"),
    ],
)
def test_an_approval_of_something_else_does_not_count(
    shop: Path, harness: Command, signers: Mapping[str, object], change: Mapping[str, str], says: str
) -> None:
    _approve(harness)
    _, good = open_envelope(_statements(shop, "approval")[0])
    (shop / ".harness" / "ledger.db").unlink()
    harness("run", "s.suite.yaml")
    changed = Statement(predicate_type=APPROVAL, subjects=good.subjects, predicate={**good.predicate, **change})

    _record(shop, sign_statement(changed, [signers["bob"]]))  # type: ignore[list-item]
    done = _gate(harness)

    assert 3 == done.code
    assert says in done.out


def test_an_approval_of_another_candidate_filed_under_this_one_does_not_count(
    shop: Path, harness: Command, signers: Mapping[str, object]
) -> None:
    _approve(harness)
    _, good = open_envelope(_statements(shop, "approval")[0])
    other = Statement(predicate_type=APPROVAL, subjects={"model": OTHER}, predicate=good.predicate)
    (shop / ".harness" / "ledger.db").unlink()
    harness("run", "s.suite.yaml")

    _record(shop, sign_statement(other, [signers["bob"]]))  # type: ignore[list-item]

    assert f"is not about {DIGEST}" in _gate(harness).out


def test_a_gate_that_changed_since_was_not_approved(shop: Path, harness: Command) -> None:
    _approve(harness)
    (shop / "ci" / "gates.yaml").write_text(
        GATES.replace("{count: 1", "{count: 1, not: []").replace(
            "suites: [../s.suite.yaml], approvals", "suites: [../s.suite.yaml], data_max_age: 900d, approvals"
        )
    )

    assert "the gate asks for something else by now" in _gate(harness).out


def _waive(harness: Command, metric: str = "rate", who: str = "ann", *arguments: object) -> Finished:
    named = ("--metric", metric, "--reason", "the old one is worse", "--signer", f"file:ci/{who}.key")
    return harness("waive", "plain", "--candidate", DIGEST, *named, *arguments)


def _fail(project: Path, harness: Command) -> None:
    (project / ".harness" / "ledger.db").unlink()
    _write_rows(project, 0.5)
    assert 1 == harness("run", "s.suite.yaml").code


def test_a_signed_waiver_lets_one_requirement_go(shop: Path, harness: Command) -> None:
    _fail(shop, harness)
    assert 1 == _gate(harness, stage="plain").code

    assert 0 == _waive(harness).code
    done = _gate(harness, "--json", stage="plain")
    found = json.loads(done.out)

    assert (0, "waived", 1) == (done.code, found["outcome"], len(found["waived"]))
    assert "by ann (the old one is worse)" in found["findings"][0]["reason"]


@pytest.mark.parametrize("days", [0, 31, 9999])
def test_a_waiver_lasts_thirty_days_at_most(shop: Path, harness: Command, days: int) -> None:
    _fail(shop, harness)

    assert 4 == _waive(harness, "rate", "ann", "--days", days).code


def test_a_longer_waiver_that_was_signed_elsewhere_does_not_apply(
    shop: Path, harness: Command, signers: Mapping[str, object]
) -> None:
    _fail(shop, harness)
    _waive(harness)
    _, good = open_envelope(_statements(shop, "waiver")[0])
    _fail(shop, harness)
    longer = {**good.predicate, "expires": "2999-12-31T00:00:00+00:00"}

    _record(
        shop,
        sign_statement(
            Statement(predicate_type=WAIVER, subjects=good.subjects, predicate=longer),
            [signers["ann"]],  # type: ignore[list-item]
        ),
    )
    done = _gate(harness, stage="plain")

    assert 1 == done.code
    assert "lasts longer than 30 days" in done.out


def test_nobody_waives_a_schema(shop: Path, harness: Command) -> None:
    (shop / "s.suite.yaml").write_text(SUITE.replace("max: 1}", "max: 0.5}"))
    harness("run", "s.suite.yaml")

    done = _waive(harness, "violations[column=score,rule=max]")

    assert 4 == done.code
    assert "is of what nobody can waive" in done.err


def test_a_requirement_that_says_so_is_not_waived(shop: Path, harness: Command) -> None:
    (shop / "s.suite.yaml").write_text(SUITE.replace("at_least: 0.7}", "at_least: 0.7, waivable: false}"))
    _fail(shop, harness)

    assert "is of what nobody can waive" in _waive(harness).err


def test_what_passes_needs_no_waiver_and_whom_nobody_trusts_signs_none(shop: Path, harness: Command) -> None:
    assert "it is not needed; nothing was signed" in _waive(harness).err
    _fail(shop, harness)
    assert "does not name as 'waiver'" in _waive(harness, "rate", "bob").err


def _pull(author: str, number: int = 5, head: str = "h") -> Mapping[str, object]:
    return {"number": number, "user": {"login": author}, "head": {"sha": head}}


def _lists(commit: str, author: str, approver: str, **also: Sequence[object]) -> Lists:
    approval = {"state": "approved", "user": {"login": approver}, "environments": [{"name": "production"}]}
    return {
        f"commits/{commit}/pulls": [_pull(author)],
        "actions/runs/77/approvals": [approval],
        "pulls/5/reviews": [],
        **also,
    }


def _ask_forge(
    shop: Path, harness: Command, monkeypatch: pytest.MonkeyPatch, lists: Lists, gates: str = EXCLUDING
) -> Finished:
    with serving(lists) as variables:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return _gate(harness, "--forge", "github")


@pytest.fixture
def commit(shop: Path) -> str:
    """The commit of a gate that lets nobody approve his own."""
    (shop / "ci" / "gates.yaml").write_text(EXCLUDING)
    return commit_all(shop)


@pytest.mark.parametrize(
    ("author", "approver", "says"),
    [
        ("carol", "bob-jones", ""),
        ("Bob-Jones", "bob-jones", "that of bob does not count, who is the"),
        ("carol", "ann-smith", "that of ann does not count, who is the requester"),
        ("carol", "mallory", "by mallory does not count: trust.yaml names not one person with that account"),
    ],
)
def test_a_deployment_approval_counts_unless_it_is_of_ones_own(
    shop: Path, harness: Command, monkeypatch: pytest.MonkeyPatch, commit: str, author: str, approver: str, says: str
) -> None:
    done = _ask_forge(shop, harness, monkeypatch, _lists(commit, author, approver))

    assert (3 if says else 0) == done.code, done.out + done.err
    assert says in done.out


def test_a_review_counts_for_the_candidate_that_it_names_and_the_commit_it_saw(
    shop: Path, harness: Command, monkeypatch: pytest.MonkeyPatch, commit: str
) -> None:
    review = {"state": "APPROVED", "user": {"login": "bob-jones"}, "commit_id": "h", "body": f"promote {DIGEST}"}
    withdrawn = {**review, "state": "CHANGES_REQUESTED", "body": ""}
    codes = [
        _ask_forge(shop, harness, monkeypatch, _lists(commit, "carol", "mallory", **{"pulls/5/reviews": reviews})).code
        for reviews in (
            [review],
            [{**review, "body": "looks good"}],
            [{**review, "commit_id": "before"}],
            [review, withdrawn],
            [{"state": "COMMENTED", "user": {"login": "carol"}, "body": ""}] * 150 + [review],
        )
    ]

    assert [0, 3, 3, 3, 0] == codes


def test_a_commit_that_came_without_a_pull_request_has_no_known_author(
    shop: Path, harness: Command, monkeypatch: pytest.MonkeyPatch, commit: str
) -> None:
    lists = {**_lists(commit, "carol", "bob-jones"), f"commits/{commit}/pulls": []}

    done = _ask_forge(shop, harness, monkeypatch, lists)

    assert 3 == done.code
    assert "no forge says who that is" in done.out


def test_without_a_forge_nobody_is_known_to_be_another(shop: Path, harness: Command, commit: str) -> None:
    _approve(harness)

    assert "the gate excludes the requester from approving, and no forge says who that is" in _gate(harness).out


def test_a_forge_that_is_down_or_not_safe_moves_nothing(
    shop: Path, harness: Command, monkeypatch: pytest.MonkeyPatch, commit: str
) -> None:
    down = _ask_forge(shop, harness, monkeypatch, {})
    monkeypatch.setenv("GITHUB_API_URL", "http://example.org")
    clear = _gate(harness, "--forge", "github")

    assert (3, 4) == (down.code, clear.code)
    assert "GitHub does not answer" in down.err
    assert "in the clear" in clear.err
    assert "t0ken" not in down.out + down.err
