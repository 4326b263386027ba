"""A ledger restored from yesterday's backup is refused, and rebuilt from what is kept beside the evidence."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from conftest import Finished
from harness.promotion.moves import read_moves
from harness.records.evidence_store import open_bundle
from harness.records.ledger import Ledger
from harness.signing.anchors import find_loss
from harness.signing.trust import read_trust
from tests.support.forging import opened
from tests.support.promotions import Shop

WAY_OUT = "`harness audit --rejoin --signer URI` puts back what is kept beside the evidence, and signs the gap"


def book(shop: Shop) -> Ledger:
    return Ledger(f"sqlite:///{shop.ledger}", "demo")


def kinds(shop: Shop) -> Sequence[str]:
    return [entry.kind for entry in book(shop).entries()]


def back_up(shop: Shop) -> Path:
    return Path(shutil.copy(shop.ledger, shop.folder / "yesterday.db"))


def promote_today(shop: Shop) -> Path:
    """Promote m2, back the ledger up, promote m3 and m4, roll back to m3 and judge m5; return the backup."""
    shop.judge("m2", "m1")
    assert 0 == shop.promote("m2").code
    backup = back_up(shop)
    for model, champion in (("m3", "m2"), ("m4", "m3")):
        shop.judge(model, champion)
        assert 0 == shop.promote(model).code
    assert 0 == shop.rollback().code
    shop.judge("m5", "m3")
    return backup


def rejoin(shop: Shop, signer: str = "release") -> Finished:
    return shop.audit("--rejoin", *shop.sign(signer))


def test_a_restored_ledger_moves_nothing_until_it_is_rejoined(shop: Shop) -> None:
    backup = promote_today(shop)
    shutil.copy(backup, shop.ledger)
    before = len(kinds(shop))

    refused = [
        shop.promote("m2"),
        shop.promote("m2", "--override", "--reason", "it must go out", signer="ann"),
        shop.rollback(),
    ]
    found = shop.audit()

    for done in refused:
        assert (3, "m3") == (done.code, shop.promoted), done
        assert WAY_OUT in done.out + done.err
    assert (1, True) == (found.code, WAY_OUT in found.out)

    done = rejoin(shop)
    assert 0 == done.code, done.err
    assert "put back: 3 run-statements, 2 promotions, 1 rollback" in done.out
    check_gap(shop, before)
    assert "there is nothing to rejoin" in rejoin(shop).out
    assert 0 == shop.audit().code

    replayed = shop.promote("m4")
    assert (3, True) == (replayed.code, "m4 was left by the rollback of m3" in replayed.err), replayed
    assert [("m2", "promotion"), ("m3", "promotion"), ("m4", "promotion"), ("m3", "rollback")] == [
        (move.candidate.revision, move.kind) for move in read_moves(book(shop), book(shop).entries())
    ]
    assert (0, "m5") == (shop.promote("m5").code, shop.promoted)
    assert (0, "m3") == (shop.rollback().code, shop.promoted)


def check_gap(shop: Shop, before: int) -> None:
    """Hold the gap to be signed by a promoter, of a ledger that had so many entries at least."""
    (entry,) = book(shop).entries("rejoin")
    statement = shop.folder / ".harness" / "gap.intoto.json"
    statement.write_text(next(iter(book(shop).bodies([entry]))))
    verified = shop.harness("verify", statement, "--type", "rejoin", "--json")
    said = json.loads(verified.out)
    predicate = said["predicate"]
    assert ("rejoin", 0, ["release"]) == (entry.kind, verified.code, said["persons"])
    assert before <= predicate["found"]["length"] < predicate["longest"]
    assert {"run-statement": 3, "promotion": 2, "rollback": 1} == predicate["put_back"]


def test_looks_are_counted_on_from_the_highest_that_is_known(shop: Shop) -> None:
    shop.judge("m2", "m1")
    backup = back_up(shop)
    shop.judge("m2", "m1", day=1)
    shop.judge("m2", "m1", day=2)
    before = [run.verdicts for run in book(shop).runs()]
    shutil.copy(backup, shop.ledger)

    rejoin(shop)
    shop.judge("m2", "m1", day=3)

    runs = book(shop).runs()
    assert before == [run.verdicts for run in runs[:-1]]
    assert {run.id for run in runs[:-1]} == set(runs[-1].earlier or ())
    highest = [max(verdict.look.number for verdict in run.verdicts if verdict.look) for run in runs]
    assert highest[-1] == max(highest[:-1]) + 1 > 2


def test_what_nobody_signed_is_counted_named_where_a_signed_run_knows_it_and_comes_back_from_its_folder(
    shop: Shop,
) -> None:
    shop.judge("m2", "m1")
    backup = back_up(shop)
    shop.judge("m2", "m1", day=1)
    table = ("--param", "candidate=m2.parquet")
    shop.harness("run", "s.suite.yaml", *table, "--out", "kept")
    id = book(shop).runs()[-1].id
    shop.judge("m2", "m1", day=2)
    assert 0 == shop.harness("gate", "production", "--candidate", "m2").code
    shop.judge("m2", "m1", day=3)
    shutil.copy(backup, shop.ledger)

    done = rejoin(shop)
    refused = shop.harness("gate", "production", "--candidate", "m2")
    shop.harness("runs", "import", "kept")
    decided = shop.harness("gate", "production", "--candidate", "m2")

    assert "gone: 2 entries up to the last signature" in done.out, done  # the unsigned run, and what the gate decided
    assert f"gone: {id}: unsigned runs that signed ones were judged together with" in done.out
    assert (3, True) == (refused.code, f"run {id}, which" in refused.out), refused
    assert 0 == decided.code, decided


def test_a_ledger_that_grew_since_is_rejoined_too_and_what_the_lost_one_gets_after_it_is_found(shop: Shop) -> None:
    shop.judge("m2", "m1")
    backup = back_up(shop)
    shop.judge("m3", "m1")
    lost = Path(shutil.copy(shop.ledger, shop.folder / "lost.db"))
    shutil.copy(backup, shop.ledger)
    for day in range(2):
        shop.judge("m2", "m1", day=day)
    refused = shop.promote("m2")
    assert 0 == rejoin(shop).code
    rejoined = Path(shutil.copy(shop.ledger, shop.folder / "rejoined.db"))
    promoted = shop.promote("m2")
    shutil.copy(rejoined, shop.ledger)
    again = shop.rollback()
    assert 0 == rejoin(shop).code
    kept = Path(shutil.copy(shop.ledger, rejoined))
    shutil.copy(lost, shop.ledger)
    shop.judge("m4", "m1")
    shutil.copy(kept, shop.ledger)

    beside = shop.rollback()

    assert (3, True) == (refused.code, WAY_OUT in refused.out), refused
    assert 0 == promoted.code, promoted
    for done in (again, beside):
        assert (3, "m2", True) == (done.code, shop.promoted, "the ledger has lost" in done.err), done


def test_a_run_of_which_only_the_statement_is_kept_is_named_and_not_believed(shop: Shop) -> None:
    shop.judge("m2", "m1")
    backup = back_up(shop)
    shop.judge("m3", "m1")
    for file in (shop.folder / ".harness" / "evidence" / "runs").rglob("*.json"):
        file.write_text(file.read_text().replace('"outcome":"pass"', '"outcome":"fail"'))
    shutil.copy(backup, shop.ledger)

    done = rejoin(shop)

    assert (0, True) == (done.code, "of s for m3 (pass); run the suite again" in done.out), done
    assert (3, None) == (shop.promote("m3").code, shop.promoted)
    shop.judge("m3", "m1")
    assert (0, "m3") == (shop.promote("m3").code, shop.promoted)


def test_who_may_not_promote_rejoins_nothing_and_no_changed_run_is_rejoined(shop: Shop) -> None:
    shop.judge("m2", "m1")
    backup = back_up(shop)
    shop.judge("m3", "m1")
    shutil.copy(backup, shop.ledger)
    before = kinds(shop)

    for signer in ("ci", "ann"):
        done = rejoin(shop, signer)
        assert (3, True, before) == (done.code, f"{signer} signed, whom" in done.err, kinds(shop))

    with opened(shop.ledger) as connection:
        connection.execute("DELETE FROM bodies WHERE seq > 1")
        connection.execute("DELETE FROM entries WHERE seq > 1")
        connection.execute("UPDATE entries SET digest = ?", ("sha256:" + "0" * 64,))
    changed = rejoin(shop)
    assert (3, True) == (changed.code, "the ledger holds another run" in changed.err), changed


def test_an_audit_takes_a_signer_for_a_rejoin_alone(shop: Shop) -> None:
    assert 4 == shop.audit("--signer", "file:keys/release.key").code
    assert 4 == shop.audit("production", "--rejoin").code


def test_what_others_record_while_a_gate_decides_is_no_loss(shop: Shop) -> None:
    shop.judge("m2", "m1")
    read_before, backup = book(shop).entries(), back_up(shop)
    assert 0 == shop.promote("m2").code
    store, trust = open_bundle(shop.folder / ".harness" / "evidence"), read_trust(shop.folder / "ci" / "trust.yaml")

    assert "" == find_loss(store, book(shop), read_before, "demo", trust)

    shutil.copy(backup, shop.ledger)
    assert WAY_OUT in find_loss(store, book(shop), read_before, "demo", trust)
