"""A rollback leads to the last good promotion, revokes what it leaves, and no old event revives that."""

import json
from collections.abc import Sequence

from harness.files import write_atomic
from tests.support.promotions import Shop


def promote_in_turn(shop: Shop, models: Sequence[str], champion: str = "m1") -> None:
    for model in models:
        shop.judge(model, champion)
        done = shop.promote(model)
        assert done.code == 0, done.err
        champion = model


def test_a_rollback_leads_to_the_promotion_before_without_any_run(shop: Shop) -> None:
    promote_in_turn(shop, ["m2", "m3", "m4"])

    first, second = shop.rollback("--reason", "too many alarms"), shop.rollback()

    assert (0, 0, "m2") == (first.code, second.code, shop.promoted)
    assert "ROLLED BACK  production to m3" in first.out
    assert "promoted by: promotion of m3" in first.out
    assert "revoked: 1 statement of m4" in first.out
    assert "still serving the old one: whatever loaded m4" in first.out
    assert shop.audit().code == 0


def test_what_was_rolled_back_is_not_revived_by_its_old_runs(shop: Shop) -> None:
    promote_in_turn(shop, ["m2", "m3"])
    shop.rollback()

    replayed = shop.promote("m3")
    shop.judge("m3", "m2")
    run_again = shop.promote("m3")

    for done in (replayed, run_again):
        assert (3, "m2") == (done.code, shop.promoted)
        assert "m3 was left by the rollback of m2" in done.err
        assert "run s on rows that came since, then promote" in done.err


def test_what_was_rolled_back_is_promoted_again_on_new_rows(shop: Shop) -> None:
    promote_in_turn(shop, ["m2", "m3"])
    shop.rollback()
    shop.judge("m3", "m2", day=1)

    again = shop.promote("m3")

    assert (0, "m3") == (again.code, shop.promoted), again.out + again.err
    assert 0 == shop.audit().code


def test_the_first_promotion_is_rolled_back_to_whom_it_replaced(shop: Shop) -> None:
    write_atomic(shop.pointer, json.dumps({"revision": "m1", "digest": shop.digest("m1")}))
    promote_in_turn(shop, ["m2"])

    done = shop.rollback()

    assert (0, "m1") == (done.code, shop.promoted)
    assert "promoted by: it stood there before the first one" in done.out


def test_where_nothing_came_before_nothing_moves(shop: Shop) -> None:
    nothing = shop.rollback()
    promote_in_turn(shop, ["m2"])
    only = shop.rollback()

    assert (3, 3, "m2") == (nothing.code, only.code, shop.promoted)
    assert "nobody is promoted to production, and no earlier good promotion is recorded" in nothing.err
    assert "is promoted to production, and no earlier good promotion is recorded" in only.err


def test_a_move_by_hand_is_found_and_put_back(shop: Shop) -> None:
    promote_in_turn(shop, ["m2", "m3"])
    write_atomic(shop.pointer, json.dumps({"revision": "m2", "digest": shop.digest("m2")}))

    found = shop.audit()
    back = shop.rollback()

    assert (1, 0, "m3") == (found.code, back.code, shop.promoted)
    assert "FOUND  production: file has m2" in found.out
    assert "and no promotion explains it: the last one is the promotion of m3" in found.out
    assert "`harness rollback production` puts that back" in found.out
    after = shop.audit()
    assert (1, True) == (after.code, "somebody moved it from m3" in after.out)
    assert 0 == shop.audit("--since", "2999-01-01").code


def test_files_that_changed_under_the_promoted_one_are_found(shop: Shop) -> None:
    promote_in_turn(shop, ["m2"])
    write_atomic(shop.folder / "models" / "m2" / "weights", "of somebody else")

    found = shop.audit()

    assert (1, True) == (found.code, "and no promotion explains it" in found.out)


def test_a_pointer_that_was_taken_away_is_found(shop: Shop) -> None:
    promote_in_turn(shop, ["m2"])
    shop.pointer.unlink()

    found = shop.audit()

    assert (1, True) == (found.code, "file has nobody, and no promotion explains it" in found.out)


def test_statements_of_a_revoked_key_are_found_and_passed_over(shop: Shop) -> None:
    promote_in_turn(shop, ["m2"])
    shop.judge("m3", "m2", rate=0.4)
    assert shop.promote("m3", "--override", "--reason", "x", signer="ann").code == 0
    trust = shop.folder / "ci" / "trust.yaml"
    lines = trust.read_text().splitlines()
    own = lines.index("  release:")
    end = next(n for n, line in enumerate(lines) if n > own and "END PUBLIC" in line)
    lines.insert(end + 1, "        revoked: {since: 2020-01-01}")
    write_atomic(trust, "\n".join(lines) + "\n")

    found = shop.audit()
    back = shop.rollback(signer="release")

    assert 1 == found.code
    assert "promotion of m2" in found.out
    assert "the key of release that signed it was revoked" in found.out
    assert (3, "m3") == (back.code, shop.promoted)
