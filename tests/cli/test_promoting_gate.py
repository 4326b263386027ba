"""A gate that promotes believes nothing: each way around it that was found once is refused, and nothing moves."""

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import Command, scored_rows
from harness.files import digest_folder
from tests.support.forging import Document, forge_runs, opened
from tests.support.signing import new_signers, write_trust

SIGNERS = new_signers()
DIGEST, OTHER = "sha256:" + "2" * 64, "sha256:" + "3" * 64
SUITE = """name: s
data: {d: {source: scores.parquet, id: id, label: y, time: at}}
target: {kind: table, config: {data: d, score: score, made_by: made}}
steps:
  - check: mine.rate
    require: {rate: {at_least: 0.75}}
"""
PLUGIN = """from harness import Dataset, Measurement, check, hookimpl, samples

@check("mine.rate")
def rate(data: Dataset, *, column: str = "ok"):
    return [Measurement(metric="rate", sample=samples.rows.proportion(data.observations(y="{c}", c=column)))]

@hookimpl
def harness_checks():
    return {"mine.rate": rate}
"""
GATES = """project: demo
ledger: sqlite:///kept/ledger.db
gates:
  production:
    suites: [../s.suite.yaml]
    promote: {file: {path: served.json}}
    EXTRA
"""
GOOD, BAD = 0.9, 0.6


class Shop:
    """A project whose gate promotes, on a ledger and with keys that its attacker has not."""

    def __init__(self, folder: Path, harness: Command, installed: Command) -> None:
        self.folder, self.harness, self.installed = folder, harness, installed
        self.ledger = folder / "kept" / "ledger.db"
        self.suite = folder / "s.suite.yaml"

    def set_up(self) -> None:
        (self.folder / "pyproject.toml").write_text('[tool.harness]\nproject = "demo"\nplugins = ["mine"]\n')
        (self.folder / "mine.py").write_text(PLUGIN)
        self.suite.write_text(SUITE)
        write_trust(self.folder / "ci", SIGNERS)
        self.write_gates()

    def write_gates(self, extra: str = "", text: str = GATES) -> None:
        (self.folder / "ci" / "gates.yaml").write_text(text.replace("EXTRA", extra or "uncommitted: allow"))

    def write_rows(self, rate: float, seed: int = 0, made: str = f"m/2@{DIGEST}") -> None:
        rows = scored_rows(400, seed=seed, rate=rate)
        pq.write_table(rows.append_column("made", pa.array([made] * 400)), self.folder / "scores.parquet")

    def run(self, *arguments: object, suite: str = "s.suite.yaml") -> int:
        return self.harness("run", suite, "--signer", "file:ci/ci.key", *arguments).code

    def promote(self, *arguments: object, by: str = "release", who: str = DIGEST) -> tuple[int, str]:
        """Return the exit code of the installed `harness promote` and what it said; not 0 has moved nothing."""
        served = self.folder / "ci" / "served.json"
        before = served.read_text() if served.is_file() else ""
        done = self.installed("promote", "production", "--candidate", who, "--signer", f"file:ci/{by}.key", *arguments)
        after = served.read_text() if served.is_file() else ""
        assert (done.code == 0) == (before != after), done.out + done.err
        return done.code, done.out + done.err


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("failed") / "project"


@pytest.fixture
def empty(project: Path, harness: Command, installed: Command) -> Shop:
    """Return a project in which nothing was run."""
    shop = Shop(project, harness, installed)
    shop.set_up()
    return shop


@pytest.fixture
def failed(empty: Shop, kept: Path) -> Shop:
    """Return a project whose candidate failed, signed."""
    if kept.is_dir():
        shutil.copytree(kept, empty.folder, dirs_exist_ok=True)
        return empty
    empty.write_rows(BAD)
    assert 1 == empty.run()
    shutil.copytree(empty.folder, kept)
    return empty


def test_a_good_candidate_is_promoted(empty: Shop) -> None:
    empty.write_rows(GOOD)
    assert 0 == empty.run()

    code, said = empty.promote()

    assert 0 == code, said


def test_a_signed_run_that_kept_no_rows_is_promoted_on_the_word_of_who_signed_it(empty: Shop) -> None:
    empty.write_rows(GOOD)
    assert 0 == empty.run("--evidence", "none")

    asked = empty.harness("gate", "production", "--candidate", DIGEST)
    code, said = empty.promote()

    told = "s: no rows were kept of rate; the verdict stands as ci signed it"
    assert (0, True) == (asked.code, told in asked.out), asked
    assert (0, True) == (code, f"warning: {told}" in said), said


def test_a_signed_run_whose_rows_were_erased_since_is_promoted_and_one_on_what_remained_is_not(empty: Shop) -> None:
    empty.write_rows(BAD)
    empty.run()
    empty.harness("evidence", "purge", "--before", "2099-01-01")
    rows = pq.read_table(empty.folder / "scores.parquet")
    pq.write_table(rows.filter(pa.compute.equal(rows["ok"], 1)), empty.folder / "scores.parquet")
    empty.run()
    lucky = empty.promote()
    empty.write_rows(GOOD, made=f"m/3@{OTHER}")
    assert 0 == empty.run()
    empty.harness("evidence", "purge", "--before", "2099-01-01")

    code, said = empty.promote(who=OTHER)

    assert (3, True) == (lucky[0], "rows that mine.rate judged were erased" in lucky[1]), lucky
    told = "warning: s: rows that mine.rate judged were erased, as the ledger records"
    assert (0, True) == (code, told in said), said


def test_g1_a_verdict_that_is_edited_where_no_rows_were_kept_promotes_nothing(empty: Shop) -> None:
    empty.write_rows(BAD)
    assert 1 == empty.run("--evidence", "none")

    def change(document: Document) -> None:
        document["verdicts"][0]["outcome"] = document["outcome"] = "pass"

    forge_runs(empty.ledger, change)

    code, said = empty.promote()

    assert (3, True) == (code, "its verdict cannot be derived again, so it is not believed" in said), said


def test_g1_a_verdict_that_is_edited_with_digest_and_chain_promotes_nothing(failed: Shop) -> None:
    def change(document: Document) -> None:
        document["verdicts"][0]["outcome"] = document["outcome"] = "pass"

    forge_runs(failed.ledger, change)

    code, said = failed.promote()

    assert (3, True) == (code, "the record was changed" in said)


def test_g1_the_run_of_another_candidate_promotes_nothing(failed: Shop) -> None:
    failed.write_rows(GOOD, made=f"m/3@{OTHER}")
    failed.run()

    def change(document: Document) -> None:
        document["candidate"] |= {"revision": "m/2", "digest": DIGEST}

    forge_runs(failed.ledger, change)

    assert 0 != failed.promote()[0]


@pytest.mark.parametrize("whole", [False, True], ids=["newest entries", "whole ledger"])
def test_g2_a_ledger_that_lost_its_end_promotes_nothing(failed: Shop, *, whole: bool) -> None:
    if whole:
        failed.ledger.unlink()
    else:
        with opened(failed.ledger) as ledger:
            ledger.execute("DELETE FROM bodies")
            ledger.execute("DELETE FROM entries")
    failed.write_rows(GOOD, seed=1)
    failed.run()

    code, said = failed.promote()

    assert (3, True) == (code, "ledger" in said), said


ROW = SUITE.replace("mine.rate", "data.volume").replace("{rate: {at_least: 0.75}}", "{rows: {at_least: 1}}")


@pytest.mark.parametrize(
    "weaker",
    [
        SUITE.replace("0.75", "0.1"),
        SUITE.replace("{at_least: 0.75}", "[{at_least: 0.75, severity: should}, {at_least: 0.1}]"),
        ROW,
        SUITE.replace("    require", "    with: {column: y}\n    require").replace("0.75", "0.1"),
        SUITE.replace("0.75}", "0.5, scope: these}"),
    ],
    ids=["threshold", "should", "one row", "parameter", "these rows"],
)
def test_g3_a_suite_that_was_weaker_when_it_ran_promotes_nothing(failed: Shop, weaker: str) -> None:
    failed.suite.write_text(weaker)
    failed.run()
    failed.suite.write_text(SUITE)
    (failed.folder / "scratch").mkdir()
    (failed.folder / "scratch" / "x.suite.yaml").write_text(weaker.replace("scores.", "../scores."))
    failed.run(suite="scratch/x.suite.yaml")

    code, said = failed.promote()

    assert (3, True) == (code, "suite" in said), said


def test_g3_a_gate_that_names_a_suite_alone_promotes_nothing(failed: Shop) -> None:
    failed.write_gates(text=GATES.replace("../s.suite.yaml", "s"))

    code, said = failed.promote()

    assert (4, True) == (code, "name the file" in said), said


def test_g3_a_plugin_that_was_another_when_it_measured_promotes_nothing(failed: Shop) -> None:
    plugin = failed.folder / "mine.py"
    plugin.write_text(PLUGIN.replace('y="{c}"', 'y="{c} + 1 - {c}"'))
    failed.run()
    plugin.write_text(PLUGIN)

    code, said = failed.promote()

    assert (3, True) == (code, "plugin 'mine' has other source files now" in said), said


def test_g4_a_gate_that_promotes_nothing_allows_no_first_promotion(failed: Shop) -> None:
    text = GATES.replace("    promote: {file: {path: served.json}}\n", "    first_promotion: allow\n")
    failed.write_gates(text=text)

    assert 4 == failed.promote()[0]


@pytest.mark.parametrize("digest", ["", "x", "g" * 64])
def test_g5_what_is_no_digest_proves_no_candidate(failed: Shop, digest: str) -> None:
    failed.write_rows(GOOD, made=f"m/2@sha256:{digest}")

    assert 3 <= failed.run()
    assert 0 != failed.promote(who="m/2")[0]


def test_g6_a_secret_in_the_ledgers_url_is_never_printed(failed: Shop) -> None:
    url = "postgresql+psycopg://ci:s3cretword@127.0.0.1:1/x?password=s3cretword"

    code, said = failed.promote("--ledger", url)

    assert (True, False) == (code in (3, 4), "s3cretword" in said), said


def test_g7_a_module_named_like_a_library_is_not_run(failed: Shop) -> None:
    for name in ("sqlite3", "scipy", "cryptography", "securesystemslib"):
        (failed.folder / f"{name}.py").write_text("import pathlib\npathlib.Path('ran').touch()\n")

    code, said = failed.promote()

    assert (1, False) == (code, (failed.folder / "ran").exists()), said


def test_g8_what_failed_under_other_names_promotes_nothing_on_lucky_rows(failed: Shop) -> None:
    renamed = SUITE.replace("  - check: mine.rate\n", "  - check: mine.rate\n    name: other\n")
    failed.suite.write_text(renamed.replace("d: {", "e: {").replace("data: d", "data: e"))
    rows = pq.read_table(failed.folder / "scores.parquet")
    pq.write_table(rows.filter(pa.compute.equal(rows["ok"], 1)), failed.folder / "scores.parquet")
    failed.run()

    assert 0 != failed.promote()[0]


@pytest.mark.parametrize("renamed", [False, True], ids=["the same", "under another name"])
def test_g8_a_claim_about_exactly_these_rows_has_one_try(empty: Shop, *, renamed: bool) -> None:
    """No level pays for a second one: the set was swapped, or the same was asked until the answers were right."""
    these = SUITE.replace("0.75}", "0.75, scope: these}")
    empty.suite.write_text(these.replace("- check: mine.rate", "- check: mine.rate\n    name: x") if renamed else these)
    empty.write_rows(BAD)
    assert 1 == empty.run()
    empty.suite.write_text(these)
    empty.write_rows(GOOD, seed=1)
    assert 0 == empty.run()

    code, said = empty.promote()
    empty.write_gates(text=GATES.replace("    promote: {file: {path: served.json}}\n    EXTRA", ""))
    asked = empty.harness("gate", "production", "--candidate", DIGEST)

    assert (1, True) == (code, "on other rows or answers, and a claim about exactly these rows has one try" in said)
    assert (0, True) == (asked.code, "a gate that promotes takes that for a fail" in asked.out), asked


def test_g8_a_claim_about_exactly_these_rows_may_be_asked_again_of_them_and_of_others_that_hold(empty: Shop) -> None:
    empty.suite.write_text(SUITE.replace("0.75}", "0.75, scope: these}"))
    for seed in (0, 0, 1):
        empty.write_rows(GOOD, seed=seed)
        assert 0 == empty.run()

    assert 0 == empty.promote()[0]


def test_g8_another_candidate_has_a_try_of_its_own(empty: Shop) -> None:
    empty.suite.write_text(SUITE.replace("0.75}", "0.75, scope: these}"))
    empty.write_rows(BAD, made="m/1@sha256:" + "1" * 64)
    empty.run()
    empty.write_rows(GOOD)
    empty.run()

    assert 0 == empty.promote()[0]


def test_g9_a_run_that_was_told_the_time_and_a_gate_that_is_promote_nothing(empty: Shop) -> None:
    empty.write_rows(GOOD)
    empty.run("--as-of", "2031-01-01")

    code, said = empty.promote()
    asked = empty.harness("gate", "production", "--candidate", DIGEST, "--as-of", "2026-01-01")

    assert (3, True) == (code, "its future" in said), said
    assert (4, True) == (asked.code, "goes by the clock" in asked.err)


def test_g10_a_level_of_a_coin_promotes_nothing(failed: Shop) -> None:
    failed.suite.write_text(SUITE.replace("0.75}", "0.75, alpha: 0.4999, looks: 1}"))

    assert 4 == failed.run()
    assert 0 != failed.promote()[0]


def test_g11_a_champion_that_was_moved_or_deleted_since_is_asked_for_again(empty: Shop) -> None:
    versions = empty.folder / "ci" / "models" / "m" / "2"
    versions.mkdir(parents=True)
    (versions / "weights").write_text("2")
    digest = digest_folder(versions)
    empty.write_gates(text=GATES.replace("path: served.json", "path: served.json, files: models"))
    empty.write_rows(GOOD, made=f"m/2@{digest}")
    assert 0 == empty.run()
    served = empty.folder / "ci" / "served.json"

    (versions / "weights").write_text("changed")
    changed = empty.promote(who="m/2")
    shutil.rmtree(versions)
    deleted = empty.promote(who="m/2")
    versions.mkdir()
    (versions / "weights").write_text("2")
    served.write_text(json.dumps({"revision": "m/9", "digest": "sha256:" + "9" * 64}))
    moved = empty.promote(who="m/2")
    served.unlink()

    assert all(code != 0 and "nothing was moved" in said for code, said in (changed, deleted)), (changed, deleted)
    assert 0 != moved[0]
    assert 0 == empty.promote(who="m/2")[0]


def test_g12_rows_that_stand_there_again_under_new_ids_are_told_of(empty: Shop) -> None:
    empty.write_rows(GOOD)
    rows = pq.read_table(empty.folder / "scores.parquet")
    many = pa.concat_tables([rows] * 20).set_column(0, "id", pa.array(range(20 * len(rows))))
    pq.write_table(many, empty.folder / "scores.parquet")
    empty.run()

    asked = empty.harness("gate", "production", "--candidate", DIGEST)

    assert "7600 of 8000 rows of 'd' have the score, label and time of another" in asked.out


def test_g13_a_waiver_without_end_promotes_nothing(failed: Shop) -> None:
    waiver = {"suite": "s", "step": "mine.rate", "metric": "rate", "asked": {"at_least": 0.75}, "candidate": DIGEST}
    endless = waiver | {"owner": "ann", "reason": "r", "expires": "9999-12-31"}
    (failed.folder / "ci" / "w.yaml").write_text(json.dumps({"waivers": [endless]}))
    failed.write_gates(text=GATES + "waivers: w.yaml\n")

    assert 0 != failed.promote()[0]
