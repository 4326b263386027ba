"""Attacks by trying until rows are lucky: under other names, other clocks, other stores, and with rows copied."""

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from conftest import Finished, scored_rows
from tests.attacks.shop import GATES, SUITE, Attack, Shop, attack

CORPUS: list[Attack] = []
POOLED = "at most 63.9 %; at least 75 % was asked"  # the rows that failed count too
SECRET = "open-sesame"


def _try_lucky_rows(shop: Shop, suite: str = SUITE, *arguments: object) -> None:
    """Judge the bad candidate on chosen rows of those that failed, all of which are well."""
    rows = scored_rows(400, rate=0.6)
    pq.write_table(rows.filter(pc.equal(rows["ok"], 1)), shop.folder / "scores.parquet")
    shop.suite.write_text(suite)
    shop.run(*arguments)


@attack(CORPUS, POOLED)
def leave_the_bad_rows_out(shop: Shop) -> None:
    _try_lucky_rows(shop)


@attack(CORPUS, POOLED)
def leave_the_bad_rows_out_under_another_name_of_the_step(shop: Shop) -> None:
    _try_lucky_rows(shop, SUITE.replace("- check: rows.rate", "- check: rows.rate\n    name: again"))


@attack(CORPUS, POOLED)
def leave_the_bad_rows_out_under_another_name_of_the_dataset(shop: Shop) -> None:
    _try_lucky_rows(shop, SUITE.replace("{d: {", "{other: {").replace("data: d,", "data: other,"))


@attack(CORPUS, POOLED)
def fail_first_under_another_name_of_the_suite(shop: Shop) -> None:
    shop.ledger.unlink()
    other = shop.folder / "other.suite.yaml"
    other.write_text(SUITE.replace("name: s", "name: other"))
    shop.harness("run", other, "--param", "least=0.75")
    _try_lucky_rows(shop)


@attack(CORPUS, POOLED)
def fail_first_in_scheduled_runs(shop: Shop) -> None:
    shop.ledger.unlink()
    shop.run("--trigger", "schedule")
    _try_lucky_rows(shop)


@attack(CORPUS, POOLED)
def keep_a_window_of_lucky_days(shop: Shop) -> None:
    _try_lucky_rows(shop, SUITE.replace("time: at}", "time: at, window: 3d}"), "--as-of", "2026-01-05")


@attack(CORPUS, "rows judged before")
def leave_the_bad_rows_out_and_record_that_they_were_wrong(shop: Shop) -> None:
    shop.harness("evidence", "correct", "s", "--candidate", "m/2", "--reason", "a broken extract")
    _try_lucky_rows(shop)


@attack(CORPUS, "rows that rows.rate judged were erased")
def leave_the_bad_rows_out_and_erase_them(shop: Shop) -> None:
    shop.harness("evidence", "purge", "--before", "2099-01-01")
    _try_lucky_rows(shop)


@attack(CORPUS, "no run of this candidate")
def judge_in_another_ledger(shop: Shop) -> None:
    shop.ledger.unlink()
    _try_lucky_rows(shop, SUITE, "--ledger", f"sqlite:///{shop.folder}/other.db")


@attack(CORPUS, "no run of this candidate")
def judge_in_a_notebook_and_record_nothing(shop: Shop) -> None:
    shop.ledger.unlink()
    _try_lucky_rows(shop, SUITE, "--no-record")


@attack(CORPUS, "was run with 2 digests")
def leave_open_which_model_is_meant(shop: Shop) -> Finished:
    for made_by in ("1", "2"):
        rows = scored_rows(400, rate=0.9)
        named = rows.append_column("made", pa.array(["m/4@sha256:" + made_by * 64] * len(rows)))
        pq.write_table(named, shop.folder / "scores.parquet")
        shop.suite.write_text(SUITE.replace("model: m/2", "made_by: made"))
        shop.run()
    shop.suite.write_text(SUITE)
    return shop.gate(candidate="m/4")


@attack(CORPUS, "keep one row for each id")
def copy_rows_under_their_own_ids(shop: Shop) -> None:
    good = scored_rows(400, rate=0.6, seed=3)
    pq.write_table(pa.concat_tables([good] * 5), shop.folder / "scores.parquet")
    shop.run()


def _gates_of(shop: Shop, ledger: str) -> None:
    (shop.folder / "ci" / "gates.yaml").write_text(f"ledger: {ledger}\n{GATES}")


def _asks_without_telling(shop: Shop, ledger: str) -> Finished:
    """Ask the gate with a ledger that cannot be reached: the password must not be told."""
    _gates_of(shop, ledger)
    done = shop.gate()
    assert SECRET not in done.out + done.err
    return done


@attack(CORPUS, "***")
def fish_for_the_password_of_a_ledger_that_is_down(shop: Shop) -> Finished:
    return _asks_without_telling(shop, f"postgresql+psycopg://someone:{SECRET}@127.0.0.1:1/none")


@attack(CORPUS, "ledger")
def fish_for_the_password_of_an_unknown_database(shop: Shop) -> Finished:
    return _asks_without_telling(shop, f"oracle://someone:{SECRET}@127.0.0.1:1/none")


@attack(CORPUS, "ledger")
def take_a_file_that_is_no_ledger(shop: Shop) -> None:
    shop.ledger.write_text("hello")


@attack(CORPUS, "no run of this candidate")
def start_with_an_empty_ledger(shop: Shop) -> None:
    shop.ledger.write_bytes(b"")


@attack(CORPUS, "ledger")
def damage_the_ledger(shop: Shop) -> None:
    whole = shop.ledger.read_bytes()
    shop.ledger.write_bytes(whole[:5000] + b"\xff" * 3000 + whole[8000:])
