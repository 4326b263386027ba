"""Statements of the first release hold for ever: these files stand for what was shipped; never write them again."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from conftest import Command
from harness.records.runs import from_json
from harness.signing.runs import signature_of
from harness.signing.statements import APPROVAL, NAMES
from harness.signing.trust import read_trust
from harness.signing.verifying import Untrusted, verify

KEPT = Path(__file__).parent / "kept"
RUN = Path(__file__).parents[1] / "records" / "kept" / "run.json"
TRUST = ("--trust", KEPT / "trust.yaml", "--project", "retail-fraud")
DIGESTS = {
    "promotion": "sha256:5899d8aa808d9449a56f16305e69ba6b416e7457727d2b74752325940384af3e",
    "approval": "sha256:256928792fb428a3bd54d879bae2f1e49d8e5d5cf3448ef219e81493826b6344",
    "run": "sha256:78dde17d09685b0532f838dcf7b42ceb6501f2388929f1902f9ca791ee5a4f73",
}


def test_a_promotion_of_the_first_release_is_verified_with_its_model(harness: Command) -> None:
    done = harness("verify", KEPT / "promotion.intoto.json", *TRUST, "--stage", "production", "--model", KEPT / "model")

    assert (0, "") == (done.code, done.err), done.out
    assert "by release as promoter, 2026-11-26 12:00 UTC" in done.out


def test_a_run_of_the_first_release_is_as_it_was_signed() -> None:
    run = from_json(json.dumps(json.loads(RUN.read_text())["record"]))
    text = (KEPT / "run.intoto.json").read_text()

    found = signature_of(run, [text], read_trust(KEPT / "trust.yaml"), datetime(2036, 1, 1, tzinfo=UTC))

    assert ("ci",) == found.persons, found.problem


def test_an_approval_of_the_first_release_was_by_two_until_it_expired() -> None:
    text = (KEPT / "approval.intoto.json").read_text()
    trust = read_trust(KEPT / "trust.yaml")

    def ask(now: datetime | None) -> frozenset[str]:
        return verify(
            text, trust, predicate_type=APPROVAL, project="retail-fraud", stage="production", role="risk", now=now
        ).persons

    assert {"ann", "bob"} == ask(datetime(2026, 12, 1, tzinfo=UTC)) == ask(None)
    with pytest.raises(Untrusted, match="expired"):
        ask(datetime(2027, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(("name", "digest"), DIGESTS.items())
def test_a_kept_statement_has_the_digest_that_lists_name_it_by(name: str, digest: str) -> None:
    from harness.signing.envelopes import open_envelope

    _, statement = open_envelope((KEPT / f"{name}.intoto.json").read_text())

    assert (digest, True) == (statement.digest, statement.predicate_type in NAMES)
