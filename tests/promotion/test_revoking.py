"""A lost key: what it signed is listed in the order of the ledger, which must be the one that was signed."""

import shutil
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from harness.records.ledger import Ledger
from harness.signing.envelopes import sign_statement
from harness.signing.keys import open_signer
from harness.signing.recording import record_statement
from harness.signing.statements import APPROVAL, NAMES, OVERRIDE, PROMOTION, ROLLBACK, WAIVER, Statement
from tests.support.promotions import Shop

KINDS = (PROMOTION, OVERRIDE, ROLLBACK, APPROVAL, WAIVER)


def record_all(shop: Shop, person: str, issued: datetime) -> Mapping[str, str]:
    """Record a statement of each kind, which a person says to have signed then; return their digests by kind."""
    book = Ledger(f"sqlite:///{shop.ledger}", "demo")
    signer = open_signer(f"file:{shop.folder / 'keys' / person}.key", {})
    found = {}
    for kind in KINDS:
        predicate = {"project": "demo", "stage": "production", "issued": issued.isoformat()}
        statement = Statement(predicate_type=kind, subjects={"candidate": shop.digest("m1")}, predicate=predicate)
        record_statement(book, sign_statement(statement, [signer]), revision="m1", candidate=shop.digest("m1"))
        found[NAMES[kind]] = statement.digest
    return found


@pytest.mark.parametrize("backdated", [timedelta(0), timedelta(days=300)])
def test_what_a_key_signed_since_is_listed_and_what_was_recorded_before_stands(
    shop: Shop, backdated: timedelta
) -> None:
    now = datetime.now(UTC)
    before = record_all(shop, "ann", now - timedelta(days=1))
    since = datetime.now(UTC)
    after = record_all(shop, "ann", now - backdated)
    others = record_all(shop, "bob", now + timedelta(seconds=1))

    done = shop.harness("keys", "revoke", "ann", "--since", since.isoformat())

    listed, _, written = done.out.partition("revoked: {")
    assert 0 == done.code, done.err
    for name, digest in after.items():
        assert f"not trusted any more: {name} production m1" in listed
        assert digest in listed
        assert digest not in written
    assert all(digest in written and digest not in listed for digest in before.values())
    assert not any(digest in done.out for digest in others.values())


def test_a_ledger_that_is_not_as_it_was_signed_says_nothing_of_before(shop: Shop) -> None:
    shop.judge("m2", "m1")
    backup = shutil.copy(shop.ledger, shop.folder / "yesterday.db")
    assert 0 == shop.promote("m2").code
    shutil.copy(backup, shop.ledger)

    refused = shop.harness("keys", "revoke", "release", "--since", "2020-01-01")

    assert (3, True) == (refused.code, "this ledger cannot say what was recorded before" in refused.err), refused
    assert "harness audit --rejoin" in refused.err
    assert 0 == shop.audit("--rejoin", *shop.sign("release")).code
    assert 0 == shop.harness("keys", "revoke", "release", "--since", "2020-01-01").code
