"""Attacks on what is asked: the suite, its parameters, the gates file and its waivers are made weaker, or replaced."""

from conftest import Finished
from tests.attacks.shop import BAD, CANDIDATE, GATES, SUITE, Attack, Shop, attack

CORPUS: list[Attack] = []
ANOTHER = "another ../s.suite.yaml than the one that stands there now"
RATE = SUITE[SUITE.index("  - check: rows.rate") : SUITE.index("  - check: data")]


def _run_then_put_back(shop: Shop, weaker: str) -> None:
    """Run a weaker suite of the same name, and put the one that is asked for back."""
    shop.suite.write_text(weaker)
    shop.write_rows(BAD, seed=1, rows=1000)
    shop.run()
    shop.suite.write_text(SUITE)


@attack(CORPUS, ANOTHER)
def lower_the_threshold_and_put_it_back(shop: Shop) -> None:
    _run_then_put_back(shop, SUITE.replace("{param: least}", "0.1"))


@attack(CORPUS, ANOTHER)
def make_the_must_a_should_and_put_it_back(shop: Shop) -> None:
    _run_then_put_back(shop, SUITE.replace("{param: least}}", "{param: least}, severity: should}"))


@attack(CORPUS, ANOTHER)
def leave_a_step_out_and_put_it_back(shop: Shop) -> None:
    _run_then_put_back(shop, SUITE.replace(RATE, ""))


@attack(CORPUS, ANOTHER)
def judge_another_column_and_put_it_back(shop: Shop) -> None:
    _run_then_put_back(shop, SUITE.replace("column: ok", "column: y"))


@attack(CORPUS, ANOTHER)
def read_another_table_and_put_it_back(shop: Shop) -> None:
    shop.write_rows(0.95)
    (shop.folder / "scores.parquet").rename(shop.folder / "lucky.parquet")
    _run_then_put_back(shop, SUITE.replace("scores.parquet", "lucky.parquet"))


@attack(CORPUS, ANOTHER)
def run_a_weak_copy_of_the_same_name(shop: Shop) -> None:
    copy = shop.folder / "scratch.suite.yaml"
    copy.write_text(SUITE.replace("{param: least}", "0.1"))
    shop.write_rows(BAD, seed=1, rows=1000)
    shop.harness("run", copy, "--param", "least=0.75")


@attack(CORPUS, ANOTHER)
def run_a_suite_of_that_name_that_asks_for_one_row(shop: Shop) -> None:
    trivial = shop.folder / "trivial.suite.yaml"
    trivial.write_text(SUITE.replace(RATE, ""))
    shop.write_rows(BAD, seed=1, rows=1000)
    shop.harness("run", trivial, "--param", "least=0.75")


@attack(CORPUS, "was given least=0.1; this gate asks for least=0.75")
def give_the_threshold_as_a_parameter(shop: Shop) -> None:
    shop.write_rows(BAD, seed=1, rows=1000)
    shop.run(least=0.1)


@attack(CORPUS, "so a gate must pin it")
def ask_for_the_suite_without_pinning_its_threshold(shop: Shop) -> None:
    (shop.folder / "ci" / "gates.yaml").write_text(
        GATES.replace("[{file: ../s.suite.yaml, params: {least: 0.75}}]", "[../s.suite.yaml]")
    )


@attack(CORPUS, "so a gate cannot hold it")
def read_the_threshold_from_the_environment(shop: Shop) -> None:
    shop.suite.write_text(SUITE.replace("{param: least}", "{env: LEAST}"))


@attack(CORPUS, "name the file, as in")
def promote_on_a_name_alone(shop: Shop) -> None:
    (shop.folder / "ci" / "gates.yaml").write_text("project: demo\ngates: {ci: {suites: [s], promote: {mlflow: {}}}}\n")


@attack(CORPUS, "allows a first promotion and promotes nothing")
def allow_first_promotions_for_ever(shop: Shop) -> None:
    (shop.folder / "ci" / "gates.yaml").write_text(GATES.replace("}}]}", "}}], first_promotion: allow}"))


@attack(CORPUS, "alpha is at most 0.1")
def decide_at_a_level_of_a_coin(shop: Shop) -> Finished:
    shop.suite.write_text(SUITE.replace("{param: least}}", "{param: least}, alpha: 0.4999, looks: 1}"))
    return shop.run()


@attack(CORPUS, "twice")
def ask_for_one_suite_twice(shop: Shop) -> None:
    (shop.folder / "ci" / "gates.yaml").write_text(GATES.replace("}}]}", "}}, s]}"))


@attack(CORPUS, "for now, its future; run it without --as-of")
def say_that_it_is_later(shop: Shop) -> None:
    shop.write_rows(BAD, seed=1, rows=1000)
    shop.run("--as-of", "2099-01-01")


@attack(CORPUS, "String should match pattern")
def waive_for_any_candidate(shop: Shop) -> None:
    _write_waiver(shop, "sha256:*", "2026-12-31")


@attack(CORPUS, "not this one")
def waive_what_is_only_declared(shop: Shop) -> None:
    _write_waiver(shop, "sha256:" + "2" * 64, "2099-12-31")


def _write_waiver(shop: Shop, candidate: str, expires: str) -> None:
    waiver = (
        "waivers:\n  - {suite: s, step: rows.rate, metric: rate, asked: {at_least: 0.75}, "
        f"candidate: '{candidate}', owner: o, reason: r, expires: {expires}}}\n"
    )
    (shop.folder / "ci" / "waivers.yaml").write_text(waiver)
    (shop.folder / "ci" / "gates.yaml").write_text(GATES + "waivers: waivers.yaml\n")


@attack(CORPUS, "no file")
def point_the_waivers_outside(shop: Shop) -> None:
    (shop.folder / "ci" / "gates.yaml").write_text(GATES + "waivers: ../../../../nowhere/waivers.yaml\n")


@attack(CORPUS, "no gate")
def ask_another_stage(shop: Shop) -> Finished:
    return shop.harness("gate", "CI", "--candidate", CANDIDATE)


@attack(CORPUS, "no run of this candidate")
def ask_for_another_candidate(shop: Shop) -> Finished:
    return shop.gate(candidate="m/9")
