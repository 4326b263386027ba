"""Attacks on the record: what a run found is edited, by somebody who can write to the ledger and the evidence."""

import os
import sqlite3

import pyarrow.parquet as pq

from tests.attacks.shop import GOOD, Attack, Shop, attack
from tests.support.forging import Document, forge_runs, opened

CORPUS: list[Attack] = []
CHANGED = "the record was changed"


def _verdict(document: Document, metric: str = "rate") -> Document:
    found: Document = next(verdict for verdict in document["verdicts"] if verdict["metric"] == metric)
    return found


def _measurement(document: Document, metric: str = "rate") -> Document:
    found: Document = next(each for each in document["measurements"] if each["metric"] == metric)
    return found


def _pass(document: Document) -> None:
    _verdict(document)["outcome"] = "pass"
    document["outcome"] = "pass"


@attack(CORPUS, "is not the one that was recorded")
def edit_the_outcome_and_nothing_else(shop: Shop) -> None:
    with opened(shop.ledger) as ledger:
        ledger.execute("""UPDATE bodies SET body = replace(body, '"outcome":"fail"', '"outcome":"pass"')""")


@attack(CORPUS, "has not the digest that it states")
def edit_the_outcome_and_the_chain(shop: Shop) -> None:
    forge_runs(shop.ledger, _pass, digest=False)


@attack(CORPUS, CHANGED)
def edit_the_outcome_with_its_digest_and_the_chain(shop: Shop) -> None:
    forge_runs(shop.ledger, _pass)


@attack(CORPUS, CHANGED)
def edit_the_outcome_and_its_bounds(shop: Shop) -> None:
    def change(document: Document) -> None:
        _pass(document)
        _verdict(document)["estimate"] |= {"value": 0.95, "lower": 0.9, "upper": 0.99}

    forge_runs(shop.ledger, change)


@attack(CORPUS, CHANGED)
def pass_without_an_estimate(shop: Shop) -> None:
    def change(document: Document) -> None:
        _pass(document)
        _verdict(document)["estimate"] = None

    forge_runs(shop.ledger, change)


@attack(CORPUS, "this gate asks for")
def leave_the_failed_verdict_out(shop: Shop) -> None:
    def change(document: Document) -> None:
        document["verdicts"] = [each for each in document["verdicts"] if each["metric"] != "rate"]
        document["outcome"] = "pass"

    forge_runs(shop.ledger, change)


@attack(CORPUS, CHANGED)
def leave_the_measurements_out(shop: Shop) -> None:
    def change(document: Document) -> None:
        _pass(document)
        document["measurements"] = []

    forge_runs(shop.ledger, change)


@attack(CORPUS, "this gate asks for")
def lower_the_threshold_in_the_record(shop: Shop) -> None:
    def change(document: Document) -> None:
        _pass(document)
        _verdict(document)["requirement"]["at_least"] = 0.1

    forge_runs(shop.ledger, change)


@attack(CORPUS, "this gate asks for")
def make_the_failed_must_a_should(shop: Shop) -> None:
    def change(document: Document) -> None:
        _verdict(document)["requirement"]["severity"] = "should"
        document["outcome"] = "pass"

    forge_runs(shop.ledger, change)


@attack(CORPUS, "this gate asks for")
def hold_the_requirement_to_these_rows_alone(shop: Shop) -> None:
    def change(document: Document) -> None:
        _pass(document)
        _verdict(document)["requirement"]["scope"] = "these"

    forge_runs(shop.ledger, change)


@attack(CORPUS, CHANGED)
def let_the_lower_value_be_the_better_one(shop: Shop) -> None:
    def change(document: Document) -> None:
        _pass(document)
        _verdict(document)["better"] = "lower"

    forge_runs(shop.ledger, change)


@attack(CORPUS, "cannot be derived again")
def remove_the_evidence(shop: Shop) -> None:
    forge_runs(shop.ledger, _pass)
    for file in (shop.folder / ".harness" / "evidence").iterdir():
        file.unlink()


@attack(CORPUS, "cannot be derived again")
def name_no_evidence(shop: Shop) -> None:
    def change(document: Document) -> None:
        _pass(document)
        _measurement(document)["sample"]["file"] = None

    forge_runs(shop.ledger, change)


@attack(CORPUS, CHANGED)
def erase_a_row_and_say_that_it_passed(shop: Shop) -> None:
    forge_runs(shop.ledger, _pass)
    shop.harness("evidence", "purge", "--subject", "0")


@attack(CORPUS, "it was changed since")
def put_better_rows_into_the_evidence(shop: Shop) -> None:
    forge_runs(shop.ledger, _pass)
    for file in (shop.folder / ".harness" / "evidence").iterdir():
        table = pq.read_table(file)
        if "event" in table.column_names:
            table = table.set_column(
                table.column_names.index("event"), "event", [[True] * table.num_rows]
            ).replace_schema_metadata(table.schema.metadata)
        else:
            table = table.slice(0, table.num_rows // 2)
        os.chmod(file, 0o600)
        pq.write_table(table, file)


@attack(CORPUS, CHANGED)
def count_no_bad_value(shop: Shop) -> None:
    def change(document: Document) -> None:
        _pass(document)
        sample = _measurement(document)["sample"]
        sample |= {"digest": None, "file": None}

    forge_runs(shop.ledger, change)


@attack(CORPUS, "no run of this candidate")
def remove_the_run(shop: Shop) -> None:
    with opened(shop.ledger) as ledger:
        ledger.execute("DELETE FROM bodies")
        ledger.execute("DELETE FROM entries")


@attack(CORPUS, "is not in this ledger")
def remove_the_run_that_failed_before_a_lucky_one(shop: Shop) -> None:
    shop.write_rows(GOOD, seed=1, rows=800)
    shop.run()
    with opened(shop.ledger) as ledger:
        ledger.execute("DELETE FROM bodies WHERE seq = 1")
        ledger.execute("DELETE FROM entries WHERE seq = 1")


@attack(CORPUS, "is not the one that was recorded")
def move_the_run_of_a_good_candidate_to_the_bad_one(shop: Shop) -> None:
    good = shop.suite.read_text().replace("m/2", "m/3")
    shop.suite.with_name("good.suite.yaml").write_text(good)
    shop.write_rows(GOOD)
    shop.harness("run", "good.suite.yaml", "--param", "least=0.75")
    with opened(shop.ledger) as ledger:
        ledger.execute("UPDATE bodies SET body = replace(body, 'm/3', 'm/2') WHERE seq = 2")
        ledger.execute("UPDATE entries SET revision = 'm/2' WHERE seq = 2")


@attack(CORPUS, "does not follow from the one before")
def file_the_failed_run_under_another_suite(shop: Shop) -> None:
    with opened(shop.ledger):
        pass  # what keeps it append-only is gone
    with sqlite3.connect(shop.ledger) as connection:
        connection.execute("UPDATE entries SET suite = 'other'")
