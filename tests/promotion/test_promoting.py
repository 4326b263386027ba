"""A candidate is promoted that its gate passes, signed, against the champion that it was judged against."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from harness.cli.promoting import open_stage, promoting_gate
from harness.files import write_atomic
from harness.project import open_project
from harness.promotion.auditing import audit
from tests.support.promotions import Shop, commit


def said(shop: Shop) -> list[dict[str, Any]]:
    """Return what the written statements say, in the order of their times."""
    found = [json.loads(base64.b64decode(each["payload"])) for each in shop.statements]
    return sorted(found, key=lambda each: str(each["predicate"]["issued"]))


def promote_first(shop: Shop) -> None:
    """Promote m2, judged against m1, while nobody is promoted."""
    shop.judge("m2", "m1")
    assert shop.promote("m2").code == 0


def test_a_candidate_that_passes_is_promoted_and_says_what_was_decided(shop: Shop) -> None:
    shop.judge("m2", "m1")

    done = shop.promote("m2")

    assert (0, "m2") == (done.code, shop.promoted), done.err
    assert f"PROMOTED  m2 ({shop.digest('m2')[:19]}…) to production (file)" in done.out
    (statement,) = said(shop)
    subjects = {each["name"]: f"sha256:{each['digest']['sha256']}" for each in statement["subject"]}
    assert shop.digest("m2") == subjects["candidate"]
    assert {"candidate", "data:s/d"} == set(subjects)
    predicate = statement["predicate"]
    assert ("pass", "demo", "production", None) == tuple(
        predicate[name] for name in ("outcome", "project", "stage", "before")
    )
    assert shop.digest("m1") == predicate["baselines"]["s"]["champion"]["digest"]
    assert (40, []) == (len(predicate["code"]["revision"]), predicate["code"]["uncommitted"])
    assert {"runs", "suites", "gate", "plugins", "environment", "waivers", "approvals", "ledger"} <= set(predicate)
    assert shop.audit().code == 0


def test_promoting_again_changes_nothing(shop: Shop) -> None:
    promote_first(shop)

    again = shop.promote("m2")

    assert (0, 1) == (again.code, len(shop.statements))
    assert "UNCHANGED  m2" in again.out


def test_a_candidate_that_its_gate_does_not_pass_is_not_promoted(shop: Shop) -> None:
    shop.judge("m2", "m1", rate=0.4)

    done = shop.promote("m2")

    assert (1, None, []) == (done.code, shop.promoted, shop.statements)
    assert "m2 may not pass production" in done.out


def test_a_candidate_judged_against_another_champion_is_refused(shop: Shop) -> None:
    shop.judge("m3", "m1")
    promote_first(shop)

    done = shop.promote("m3")

    assert (3, "m2") == (done.code, shop.promoted)
    assert "nothing was moved: m3 was judged against m1" in done.err
    assert "m2" in done.err
    assert "promotion of m2" in done.err
    assert "by release on" in done.err
    assert "run s again, then promote" in done.err

    shop.judge("m3", "m2")
    assert (0, "m3") == (shop.promote("m3").code, shop.promoted)


def test_a_champion_moved_by_hand_is_named_so(shop: Shop) -> None:
    promote_first(shop)
    shop.judge("m3", "m2")
    write_atomic(shop.pointer, json.dumps({"revision": "m1", "digest": shop.digest("m1")}))

    done = shop.promote("m3")

    assert (3, "m1") == (done.code, shop.promoted)
    assert "somebody moved it by hand, as no promotion explains it" in done.err


def test_files_that_changed_since_they_were_judged_are_refused(shop: Shop) -> None:
    promote_first(shop)
    shop.judge("m3", "m2")
    write_atomic(shop.folder / "models" / "m3" / ".gitattributes", "added later")

    for options in ((), ("--override", "--reason", "it must go out")):
        done = shop.promote("m3", *options, signer="release" if not options else "ann")
        assert (True, "m2") == (done.code in (3, 4), shop.promoted), done

    assert "its files are sha256:" in shop.promote("m3").err
    assert 1 == len(shop.statements)
    assert shop.audit().code == 0


@pytest.mark.parametrize(("signer", "message"), [("bob", "bob signed, whom"), ("ci", "ci signed, whom")])
def test_who_may_not_promote_moves_nothing(shop: Shop, signer: str, message: str) -> None:
    shop.judge("m2", "m1")

    done = shop.promote("m2", signer=signer)

    assert (3, None, []) == (done.code, shop.promoted, shop.statements)
    assert message in done.err


def test_an_uncommitted_tree_is_not_promoted_unless_the_gate_allows_it(shop: Shop) -> None:
    shop.judge("m2", "m1")
    write_atomic(shop.folder / "plugin.py", "x = 1")

    refused = shop.promote("m2")

    assert (3, None) == (refused.code, shop.promoted)
    assert "the working tree differs from its commit in plugin.py" in refused.err

    gates = shop.folder / "ci" / "gates.yaml"
    write_atomic(gates, gates.read_text().replace("first_promotion", "uncommitted: allow\n    first_promotion"))
    assert 0 == shop.promote("m2").code
    assert ["ci/gates.yaml", "plugin.py"] == said(shop)[0]["predicate"]["code"]["uncommitted"]


def test_an_override_moves_what_the_gate_does_not_pass_and_shows_so_for_ever(shop: Shop) -> None:
    promote_first(shop)
    shop.judge("m3", "m2", rate=0.4)
    reason = ("--override", "--reason", "m2 refuses every card of one bank")

    for signer in ("release", "bob"):
        refused = shop.promote("m3", *reason, signer=signer)
        assert (3, "m2") == (refused.code, shop.promoted)
    done = shop.promote("m3", *reason, signer="ann")

    assert (0, "m3") == (done.code, shop.promoted)
    assert "OVERRIDDEN  m3" in done.out
    last = said(shop)[-1]
    assert ("urn:promotion-harness:override:v1", "fail") == (last["predicateType"], last["predicate"]["outcome"])
    assert "OVERRIDDEN promotion of m3" in shop.audit().out
    assert (0, "m2") == (shop.rollback().code, shop.promoted)


def test_an_override_goes_over_errors_too_and_raises_an_alarm_after_a_day(shop: Shop) -> None:
    promote_first(shop)
    write_atomic(shop.folder / "models" / "m3" / "weights", "of m3")
    shop.write_rows("m3", "m2", rate=0.9)
    shop.harness("run", "s.suite.yaml", "--param", "candidate=m3.parquet")

    refused = shop.promote("m3")
    done = shop.promote("m3", "--override", "--reason", "the runner is down", signer="ann")

    project = open_project()
    stage = open_stage(project, "production", promoting_gate(project, "production", None), None)
    now = datetime.now(UTC)
    early, late = (audit(stage, now + timedelta(hours=hours), None) for hours in (23, 25))
    assert (3, 0, "m3") == (refused.code, done.code, shop.promoted), done
    assert "its run could be an invention: nobody signed it" in refused.out
    assert [] == list(early)
    assert "(the runner is down), for more than 24 hours; promote one that passes, or roll back" in late[0].text


def test_an_override_needs_a_reason_and_something_to_override(shop: Shop) -> None:
    shop.judge("m2", "m1")

    assert 4 == shop.promote("m2", "--override", signer="ann").code
    assert 4 == shop.promote("m2", "--reason", "x", signer="ann").code
    done = shop.promote("m2", "--override", "--reason", "x", signer="ann")
    assert (4, None) == (done.code, shop.promoted)
    assert "leave --override out" in done.err


def test_a_stage_that_promotes_nothing_is_told(shop: Shop) -> None:
    gates = shop.folder / "ci" / "gates.yaml"
    text = gates.read_text()
    write_atomic(gates, text[: text.index("    first_promotion")])
    commit(shop.folder)
    shop.judge("m2", "m1")

    for done in (shop.promote("m2"), shop.rollback(), shop.audit("production")):
        assert 4 == done.code
        assert "promotes nothing" in done.err


def test_where_the_statement_cannot_be_written_nothing_moves_and_nothing_stays_open(shop: Shop) -> None:
    promote_first(shop)
    shop.judge("m3", "m2")
    full = write_atomic(shop.folder / ".harness" / "full", "no folder")

    done = shop.promote("m3", "--out", full)

    assert (3, "m2") == (done.code, shop.promoted)
    assert "nothing was moved, make room there" in done.err
    assert 0 == shop.audit().code
    assert (0, "m3") == (shop.promote("m3").code, shop.promoted)


def test_a_registry_that_cannot_say_who_is_promoted_moves_nothing(shop: Shop) -> None:
    promote_first(shop)
    shop.judge("m3", "m2")
    before = shop.pointer.read_text()
    write_atomic(shop.pointer, before[:-9])

    done, back, found = shop.promote("m3"), shop.rollback(), shop.audit()

    assert (3, 3, 1) == (done.code, back.code, found.code)
    assert "registry file cannot say who is promoted" in done.err
    assert before[:-9] == shop.pointer.read_text()
    write_atomic(shop.pointer, before)
    assert (0, "m3") == (shop.promote("m3").code, shop.promoted)
