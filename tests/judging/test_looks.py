"""New rows of one candidate are judged together with the old ones, and each time counts."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from conftest import Command
from harness import samples
from harness.gating.decide import GateQuestion, decide
from harness.judging.corrections import count_corrected, find_rescored_ids
from harness.judging.judge import judge_requirements
from harness.judging.looks import Earlier
from harness.judging.taking import take_look
from harness.values.measurements import Measurement
from harness.values.requirements import Requirement
from harness.values.samples import Sample
from harness.values.verdicts import Verdict
from tests.pytest_plugin.conftest import CARD, project_in
from tests.support.decisions import GATE, NOW, run
from tests.support.looking import Looking, rows, verdict
from tests.support.suites import offer

TWO = "{at_least: 0.77, plan_for: 0.85, looks: 2}"


@pytest.fixture
def looking(project: Path, harness: Command) -> Looking:
    found = Looking(folder=project, harness=harness)
    found.ask()
    return found


def test_new_rows_are_judged_together_with_the_old_and_the_verdict_says_so(looking: Looking) -> None:
    first, second = looking.look(0, 200), looking.look(200, 500)

    assert (200, 500) == (verdict(first)["estimate"]["n"], verdict(second)["estimate"]["n"])
    assert (1, None, 0) == tuple(verdict(first)["look"][key] for key in ("number", "planned", "joined"))
    assert (2, None, 200) == tuple(verdict(second)["look"][key] for key in ("number", "planned", "joined"))
    assert verdict(second)["reason"].endswith("look 2, together with 200 rows judged before")


def test_each_look_is_judged_at_a_smaller_share_of_alpha_and_they_never_run_out(looking: Looking) -> None:
    found = [verdict(looking.look(0, last)) for last in (100, 200, 400, 800)]

    assert [1 - 0.05 / (k * (k + 1)) for k in (1, 2, 3, 4)] == [each["estimate"]["level"] for each in found]


def test_planned_looks_are_judged_at_one_share_of_alpha_each(looking: Looking) -> None:
    looking.ask("{at_least: 0.77, looks: 4}")

    found = [verdict(looking.look(start, start + 100)) for start in (0, 100)]

    assert [1 - 0.05 / 4] * 2 == [each["estimate"]["level"] for each in found]


def test_joined_rows_are_judged_as_if_they_had_come_at_once(looking: Looking) -> None:
    looking.ask(TWO)
    whole = looking.look(0, 500, "m/1")
    looking.look(0, 200)

    assert verdict(whole)["estimate"] == verdict(looking.look(200, 500))["estimate"]


def test_the_same_rows_again_are_no_new_look_and_give_the_same_verdict(looking: Looking) -> None:
    records = [looking.look(0, 200), looking.again(), looking.again()]

    assert 1 == len({record["digest"] for record in records})
    assert 1 == verdict(records[2])["look"]["number"]


def test_rows_that_overlap_count_once(looking: Looking) -> None:
    looking.ask("{at_least: 0.77, look_after: 1}")
    looking.look(0, 200)

    second = verdict(looking.look(100, 300))

    assert (300, 100) == (second["estimate"]["n"], second["look"]["joined"])


def test_going_back_to_older_rows_does_not_undo_what_newer_ones_showed(looking: Looking) -> None:
    looking.look(0, 200)
    second = verdict(looking.look(200, 500))

    back = verdict(looking.look(0, 200))

    assert (second["estimate"], 2) == (back["estimate"], back["look"]["number"])


@pytest.mark.parametrize("again", [[(0, 200)], [(0, 200), (0, 200)], [(200, 300), (0, 200)]])
def test_rows_that_were_judged_twice_are_joined_with_newer_ones(looking: Looking, again: list[tuple[int, int]]) -> None:
    for start, end in [(0, 200), *again]:
        looking.look(start, end)

    last = verdict(looking.look(300, 700))

    seen = {id for start, end in [(0, 200), *again, (300, 700)] for id in range(start, end)}
    assert len(seen) == last["estimate"]["n"]


def test_a_look_beyond_the_planned_ones_is_not_judged(looking: Looking) -> None:
    looking.ask(TWO)
    looking.look(0, 200)
    looking.look(200, 300)

    third = verdict(looking.look(300, 2000))

    assert ("inconclusive", None, True) == (third["outcome"], third["estimate"], third["look"]["spent"])
    message = "looks spent: this candidate was already judged the 2 times that were planned"
    assert third["reason"].startswith(message)
    assert any(note.startswith("seen and not judged: 1,574 of 2,000 rows") for note in third["notes"])


def test_a_spent_look_spends_nothing_and_the_last_answer_stands(looking: Looking) -> None:
    looking.ask(TWO)
    looking.look(0, 200)
    second = looking.look(200, 300)
    looking.look(300, 2000)

    assert verdict(second) == verdict(looking.look(200, 300))


def test_plan_tells_when_the_next_look_is_taken_and_what_it_can_decide(looking: Looking) -> None:
    looking.look(0, 200, "m/2", 0, "--as-of", "2026-05-01")
    looking.look(200, 300, "m/2", 0, "--as-of", "2026-05-03")
    arguments = (looking.folder / "card.suite.yaml", "--param", "model=m/2", "--param", "look=rows.parquet")

    said = looking.harness("plan", *arguments, "--as-of", "2026-05-03").out
    planned = json.loads(looking.harness("plan", *arguments, "--as-of", "2026-05-03", "--json").out)

    (found,) = planned[0]["plans"]
    assert (
        "next      look 2, at 400 rows in all (300 by now, at the present pace about 2026-05-05): passes what" in said
    )
    assert (2, 400, 300) == tuple(found["next_look"][name] for name in ("number", "size", "present"))
    assert 0.77 < found["next_look"]["passes_from"] < found["passes_from"]


def test_another_candidate_starts_its_own_count(looking: Looking) -> None:
    looking.look(0, 200)

    assert 1 == verdict(looking.look(200, 500, "m/3"))["look"]["number"]


def test_more_corrected_labels_than_come_in_late_are_an_error(looking: Looking) -> None:
    looking.look(0, 200)

    changed = verdict(looking.look(100, 300, "m/2", 1))

    assert "error" == changed["outcome"]
    assert "of 100 rows judged before (32.0%) have another label now" in changed["reason"]
    assert "run `harness evidence correct` to record why" in changed["reason"]


def test_an_error_spends_no_look(looking: Looking) -> None:
    looking.look(0, 200)
    looking.look(100, 300, "m/2", 1)

    assert 2 == verdict(looking.look(200, 500))["look"]["number"]


def test_a_changed_threshold_starts_no_new_count(looking: Looking) -> None:
    looking.ask(TWO)
    looking.look(0, 200)
    looking.look(200, 300)
    looking.ask("{at_least: 0.7, looks: 2}")

    assert "looks spent" in verdict(looking.look(300, 600))["reason"]


@pytest.mark.parametrize("looks", [1, 3, 100])
def test_looks_cannot_be_had_afterwards(looking: Looking, looks: int) -> None:
    looking.ask(TWO)
    looking.look(0, 200)
    looking.look(200, 300)
    looking.ask(f"{{at_least: 0.77, looks: {looks}}}")

    assert "looks spent" in verdict(looking.look(300, 600))["reason"]


def test_what_is_only_shown_and_claims_about_these_rows_have_no_looks(looking: Looking) -> None:
    for asked in ("{at_least: 0.77, severity: info}", "{at_least: 0.77, scope: these}"):
        looking.ask(asked)
        found = [verdict(looking.look(start, start + 100)) for start in (0, 100, 200)]

        assert [(100, None)] * 3 == [(each["estimate"]["n"], each["look"]) for each in found]


def test_rows_without_ids_cannot_be_joined(looking: Looking) -> None:
    path = looking.folder / "card.suite.yaml"
    path.write_text(path.read_text().replace(", id: id", ""))
    looking.look(0, 200)

    second = verdict(looking.look(200, 500))

    assert "error" == second["outcome"]
    assert "without ids the new cannot be told from the old" in second["reason"]


COUNTS = """
from harness import Dataset, Measurement, check, hookimpl, samples
@check("counts.rate")
def rate(data: Dataset):
    "Count."
    n = data.size
    yield Measurement(metric="rate", sample=samples.proportion(k=n - n // 5, n=n))
@hookimpl
def harness_checks():
    return {rate.name: rate}
"""


def test_counts_are_judged_alone_at_each_look_until_looks_are_spent(looking: Looking) -> None:
    offer(looking.folder, counts=COUNTS)
    looking.ask(TWO)
    path = looking.folder / "card.suite.yaml"
    path.write_text(path.read_text().replace("check: rows.rate, with: {column: ok}", "check: counts.rate"))

    found = [
        verdict(looking.look(0, 200)),
        verdict(looking.again()),
        *(verdict(looking.look(0, n)) for n in (300, 400)),
    ]

    assert found[0] == found[1]
    assert (300, 2, True) == (found[2]["estimate"]["n"], found[2]["look"]["number"], found[2]["look"]["alone"])
    assert "look 2 of 2, judged alone" in found[2]["reason"]
    assert ("inconclusive", True) == (found[3]["outcome"], "looks spent" in found[3]["reason"])


WATCH = ("--trigger", "schedule")


def test_scheduled_runs_of_a_candidate_that_no_gate_let_through_take_looks_like_any_other(looking: Looking) -> None:
    windows = [verdict(looking.look(start, start + 200, "m/2", 0, *WATCH)) for start in (0, 200, 400)]
    candidate = verdict(looking.look(600, 800))

    found = [(each["look"]["size"], each["look"]["number"]) for each in (*windows, candidate)]
    assert [(200, 1), (400, 2), (400, 2), (800, 3)] == found


def test_watching_what_was_promoted_takes_no_look_and_each_window_is_judged_on_its_own(
    looking: Looking, harness: Command
) -> None:
    looking.ask("{at_least: 0.5}")
    (looking.folder / "gates.yaml").write_text(
        "gates: {live: {suites: [card]}, watched: {suites: [card], watch: true}}\n"
    )
    first = verdict(looking.look(0, 100, "m/2", 0, *WATCH))
    watched = harness("gate", "watched", "--candidate", "m/2", "--gates", "gates.yaml")
    second = verdict(looking.look(100, 200))
    gated = harness("gate", "live", "--candidate", "m/2", "--gates", "gates.yaml")

    windows = [verdict(looking.look(start, start + 200, "m/2", 0, *WATCH)) for start in (200, 400, 600, 800)]
    again = verdict(looking.look(1000, 1200))

    assert (0, 0) == (watched.code, gated.code)
    assert [(100, 1), (200, 2)] == [(each["estimate"]["n"], each["look"]["number"]) for each in (first, second)]
    assert [(200, 1)] * 4 == [(each["estimate"]["n"], each["look"]["number"]) for each in windows]
    assert (400, 3) == (again["estimate"]["n"], again["look"]["number"])


def test_a_scheduled_run_counts_for_a_gate_that_watches_alone(looking: Looking) -> None:
    looking.look(0, 200, "m/2", 0, "--trigger", "schedule")
    (watched,) = looking.runs()
    watch = GATE.model_copy(update={"watch": True})

    refused, seen = (
        decide(
            GateQuestion(gate=gate, candidate=watched.candidate, stage="s", project="demo", now=watched.finished),
            [watched],
        )
        for gate in (GATE, watch)
    )

    assert ("error: card: no run of this candidate in the ledger; run the suite first",) == refused.reasons
    assert {"card"} == set(seen.runs)


@pytest.mark.parametrize("how", ["purged", "changed", "damaged", "never kept"])
def test_rows_that_are_gone_are_an_error_and_never_a_pass(looking: Looking, how: str) -> None:
    looking.look(0, 200, "m/2", 0, *(("--evidence", "none") if how == "never kept" else ()))
    for kept in (looking.folder / ".harness" / "evidence").glob("*.parquet"):
        if how == "purged":
            kept.unlink()
        elif how == "damaged":
            kept.write_bytes(kept.read_bytes()[:300])
        else:
            pq.write_table(pq.read_table(kept).slice(1), kept)

    second = verdict(looking.look(200, 500))

    assert "error" == second["outcome"]
    assert "'rate' was judged before, in run" in second["reason"]
    message = {"changed": "was changed since", "damaged": "is damaged"}
    assert message.get(how, "kept at level none, purged, or kept elsewhere") in second["reason"]


def test_an_interactive_run_neither_reads_nor_spends_looks(looking: Looking) -> None:
    import harness

    looking.look(0, 200)
    pq.write_table(rows().slice(200, 300), looking.folder / "rows.parquet")
    params = {"model": "m/2", "look": "rows.parquet"}
    tried = [harness.run(looking.folder / "card.suite.yaml", params=params).verdicts[0] for _ in range(3)]

    assert [300] * 3 == [found.estimate.n for found in tried if found.estimate]
    assert 2 == verdict(looking.again())["look"]["number"]


def seen_before(asked: Requirement, measured: Measurement) -> Earlier:
    """Return a recorded run in which a requirement was judged."""
    verdicts = judge_requirements([asked], [measured], "s", "c")
    rows = {measured.sample.digest or "": measured.sample.rows}
    return Earlier(run=replace(run(*verdicts), measurements=(measured,)), rows=rows)


def of_rows(first: int, last: int, statistic: str = "proportion", **columns: object) -> Measurement:
    """Return a rate of 0.9 of rows with ids from `first` to `last`."""
    ids = np.arange(first, last)
    table = pa.table({"id": ids, **{"y": (ids % 10 > 0).astype(float), **columns}})
    sample = Sample(statistic=statistic, rows=table, digest=f"rows:{first}-{last}")
    return Measurement(metric="rate", sample=sample, step="s", check="c")


RATE = Requirement(metric="rate", at_least=0.75)


@pytest.mark.parametrize("looks", [(1, 100), (100, 1)])
def test_evidence_that_was_judged_twice_spent_the_larger_share_of_alpha(looks: tuple[int, int]) -> None:
    earlier = [seen_before(replace(RATE, looks=planned), of_rows(0, 200)) for planned in looks]

    (again,) = judge_requirements([RATE], [of_rows(200, 400)], "s", "c", earlier=earlier)

    assert ("inconclusive", True) == (again.outcome, "looks spent" in again.reason)


def test_evidence_that_spent_a_small_share_of_alpha_leaves_the_next_look_its_own() -> None:
    earlier = [seen_before(replace(RATE, looks=100), of_rows(0, 200)) for _ in range(2)]

    (again,) = judge_requirements([RATE], [of_rows(200, 400)], "s", "c", earlier=earlier)

    assert ("pass", 400) == (again.outcome, again.estimate.n if again.estimate else 0)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (pa.table({"id": [*range(199), 0], "y": [1.0] * 200}), "ids that occur twice cannot be joined"),
        (pa.table({"y": [1.0] * 200}), "without ids the new cannot be told from the old"),
        (None, "without ids the new cannot be told from the old"),
    ],
)
def test_rows_of_before_that_cannot_be_told_apart_are_an_error(rows: pa.Table | None, message: str) -> None:
    found = seen_before(RATE, of_rows(0, 200))
    earlier = [replace(found, rows={} if rows is None else dict.fromkeys(found.rows, rows))]

    (second,) = judge_requirements([RATE], [of_rows(200, 400)], "s", "c", earlier=earlier)

    assert ("error", True) == (second.outcome, message in second.reason)


def test_new_rows_of_which_ids_occur_twice_are_an_error() -> None:
    earlier = [seen_before(RATE, of_rows(0, 200))]
    twice = of_rows(200, 400, id=[*range(200, 399), 200])

    (second,) = judge_requirements([RATE], [twice], "s", "c", earlier=earlier)

    assert ("error", True) == (second.outcome, "keep one row for each id" in second.reason)


@pytest.mark.parametrize("column", ["y", "score"])
def test_a_column_that_one_look_lacks_is_not_compared_with_that_of_another(column: str) -> None:
    both = pa.table({"id": [1, 2], "y": [1.0, 0.0], "score": [0.5, 0.25]})
    changed = pa.table({"id": [1, 2], "y": [0.0, 0.0], "score": [0.5, 0.75]})
    one = both.drop_columns(column)

    tallies = [count_corrected("auc", *side) for side in ((one, changed), (changed, one), (both, changed))]
    rescored = [find_rescored_ids("auc", *side).to_pylist() for side in ((one, changed), (changed, one))]

    assert [0 if column == "y" else 1, 0 if column == "y" else 1, 1] == [tally.corrected for tally in tallies]
    assert [[] if column == "score" else [2]] * 2 == rescored


def labelled(first: int, last: int, good: Callable[[np.ndarray], np.ndarray]) -> Measurement:
    """Return a rate of rows with ids from `first` to `last`, good where a rule of their ids says so."""
    return of_rows(first, last, y=good(np.arange(first, last)).astype(float))


def one_of(bad: int, since: int = 0) -> Callable[[np.ndarray], np.ndarray]:
    """Return the rule that one of so many is bad, and from some id on all are."""
    return lambda ids: (ids % bad > 0) & ((ids < since) | (since == 0))


def asked_in_turn(requirement: Requirement, *measured: Measurement) -> list[Verdict]:
    """Return the verdicts of runs after each other, a day apart, each of which knows those before."""
    earlier: list[Earlier] = []
    verdicts: list[Verdict] = []
    for day, measurement in enumerate(measured):
        verdicts += judge_requirements([requirement], [measurement], "s", "c", earlier=earlier)
        record = replace(run(verdicts[-1]), measurements=(measurement,), as_of=NOW + timedelta(days=day))
        digest = measurement.sample.digest
        earlier.append(Earlier(run=record, rows={digest: measurement.sample.rows} if digest else {}))
    return verdicts


def looks_of(verdicts: Sequence[Verdict]) -> list[tuple[str, int, int, int]]:
    """Return the outcome of each verdict, the number and the size of its look, and how much waits for the next."""
    return [(v.outcome, v.look.number, v.look.size, v.look.waiting) for v in verdicts if v.look]


UNSURE = Requirement(metric="rate", at_least=0.89)


def test_until_the_rows_have_doubled_the_last_look_stands() -> None:
    first, second, third = asked_in_turn(UNSURE, of_rows(0, 200), of_rows(200, 399), of_rows(399, 400))

    assert [("inconclusive", 1, 200, 0), ("inconclusive", 1, 200, 199), ("inconclusive", 2, 400, 0)] == looks_of(
        [first, second, third]
    )
    assert first.estimate == second.estimate
    assert (0.975, 0.05 / 6) == (first.estimate and first.estimate.level, third.look and third.look.alpha)
    message = "look 1 of 2026-05-01 stands; 199 rows came since, and look 2 is taken at 400 rows in all"
    assert second.reason.endswith(message)


@pytest.mark.parametrize(("look_after", "sizes"), [(1, [200, 201, 300]), (1.5, [200, 200, 300]), (3, [200, 200, 200])])
def test_a_suite_says_how_much_the_rows_grow_between_looks(look_after: float, sizes: list[int]) -> None:
    asked = replace(UNSURE, look_after=look_after)

    found = looks_of(asked_in_turn(asked, of_rows(0, 200), of_rows(200, 201), of_rows(201, 300)))

    assert sizes == [size for _, _, size, _ in found]


def test_planned_looks_wait_for_no_number_of_rows_unless_it_is_said() -> None:
    measured = of_rows(0, 200), of_rows(200, 201)

    found = [looks_of(asked_in_turn(replace(UNSURE, looks=3, look_after=n), *measured))[1][:3] for n in (None, 2)]

    assert [("inconclusive", 2, 201), ("inconclusive", 1, 200)] == found


def test_rows_that_wait_are_judged_at_the_next_look_whoever_brought_them() -> None:
    verdicts = asked_in_turn(UNSURE, of_rows(0, 200), of_rows(200, 300), of_rows(300, 400), of_rows(0, 200))

    assert [200, 200, 400, 400] == [size for _, _, size, _ in looks_of(verdicts)]
    assert verdicts[2].estimate == verdicts[3].estimate


def test_a_pass_stands_while_all_rows_show_it_and_is_withdrawn_at_no_cost_where_they_do_not() -> None:
    bad = one_of(10, since=300)

    first, second, third = asked_in_turn(RATE, of_rows(0, 200), labelled(200, 300, bad), labelled(300, 399, bad))

    assert ["pass", "pass", "inconclusive"] == [each.outcome for each in (first, second, third)]
    assert [1, 1, 1] == [number for _, number, _, _ in looks_of([first, second, third])]
    assert (False, True) == tuple(each.look is not None and each.look.withdrawn for each in (second, third))
    assert (200, 399) == tuple(each.estimate.n if each.estimate else 0 for each in (second, third))
    message = (
        "look 1 of 2026-05-01 passed, and this is withdrawn, as with the 199 rows that came since it does not hold"
    )
    assert third.reason.endswith(message)


def test_few_bad_rows_among_very_many_good_ones_are_never_ignored() -> None:
    asked = Requirement(metric="rate", at_least=0.893)

    first, second = asked_in_turn(asked, of_rows(0, 10000), labelled(10000, 10099, one_of(10, since=10000)))

    assert ("pass", "inconclusive") == (first.outcome, second.outcome)


def test_a_pass_that_was_withdrawn_stands_again_once_all_rows_show_it() -> None:
    bad = labelled(200, 250, lambda ids: ids < 200)
    good = labelled(250, 399, lambda ids: ids > 0)

    verdicts = asked_in_turn(RATE, of_rows(0, 200), bad, good)

    assert ["pass", "inconclusive", "pass"] == [each.outcome for each in verdicts]


def test_new_rows_that_cannot_be_judged_are_an_error_and_no_pass() -> None:
    broken = labelled(200, 250, lambda ids: ids * np.nan)

    verdicts = asked_in_turn(replace(RATE, at_least=0.5), of_rows(0, 200), broken)

    assert ["pass", "error"] == [each.outcome for each in verdicts]


def test_a_threshold_changed_between_looks_is_held_to_the_rows_of_the_last_one() -> None:
    earlier = [seen_before(UNSURE, of_rows(0, 200))]

    (lower,) = judge_requirements([RATE], [of_rows(200, 300)], "s", "c", earlier=earlier)

    assert [("pass", 1, 200, 100)] == looks_of([lower])


def test_a_share_of_alpha_that_is_raised_while_a_look_stands_is_spent() -> None:
    first = [seen_before(UNSURE, of_rows(0, 200))]
    raised = replace(UNSURE, looks=1, look_after=2)
    (stands,) = judge_requirements([raised], [of_rows(200, 300)], "s", "c", earlier=first)
    record = replace(run(stands), measurements=(of_rows(200, 300),))
    second = Earlier(run=record, rows={"rows:200-300": of_rows(200, 300).sample.rows})

    (third,) = judge_requirements([UNSURE], [of_rows(300, 600)], "s", "c", earlier=[*first, second])

    assert (0.05, True) == (stands.look and stands.look.alpha, third.look and third.look.spent)


def counted(good: int, n: int) -> Measurement:
    """Return a rate that was counted: no rows to join."""
    return Measurement(metric="rate", sample=samples.proportion(k=good, n=n), step="s", check="c")


def test_looks_at_counts_are_taken_when_there_were_twice_as_many() -> None:
    verdicts = asked_in_turn(UNSURE, *(counted(good, 200) for good in (180, 181, 182, 183)))

    assert [1, 2, 2, 3] == [number for _, number, _, _ in looks_of(verdicts)]
    assert verdicts[1].estimate == verdicts[2].estimate
    message = "look 2 of 2026-05-02 stands; other data came since, and look 3 is taken after 1 more run on other data"
    assert verdicts[2].reason.endswith(message)


def test_a_pass_of_counts_is_withdrawn_by_those_that_do_not_show_it() -> None:
    verdicts = asked_in_turn(RATE, *(counted(good, 200) for good in (180, 181, 120, 182)))

    assert ["pass", "pass", "inconclusive", "pass"] == [each.outcome for each in verdicts]


def test_going_back_to_earlier_counts_does_not_undo_what_the_last_look_showed() -> None:
    verdicts = asked_in_turn(RATE, counted(180, 200), counted(120, 200), counted(180, 200))

    assert ["pass", "fail", "fail"] == [each.outcome for each in verdicts]


def checked(first: int, last: int, human: dict[int, float | None]) -> Measurement:
    """Return a judge's scores, and what a person said about every second row or, of the ids in `human`, otherwise."""
    usual = {number: 1.0 if number % 2 else None for number in range(first, last)}
    labels = pa.array([human.get(number, usual[number]) for number in range(first, last)], pa.float64())
    return of_rows(first, last, "judge_correction", y=labels, score=0.9 + np.arange(first, last) % 10 / 100)


@pytest.mark.parametrize(("last", "number"), [(150, 1), (250, 2)])
def test_rows_that_no_person_has_looked_at_yet_are_joined(last: int, number: int) -> None:
    asked = Requirement(metric="rate", at_least=0.5, look_after=1)
    earlier = [seen_before(asked, checked(0, 200, {}))]

    (second,) = judge_requirements([asked], [checked(100, last, {})], "s", "c", earlier=earlier)

    assert ("pass", max(200, last), number) == (
        second.outcome,
        second.estimate.n if second.estimate else 0,
        second.look.number if second.look else 0,
    )


@pytest.mark.parametrize(("label", "ones"), [(0.0, 149), (None, 149), (1.0, 150)])
def test_what_a_person_says_last_counts(label: float | None, ones: int) -> None:
    asked = Requirement(metric="rate", at_least=0.5, look_after=1)
    earlier = [seen_before(asked, checked(0, 200, {}))]

    seen = take_look(asked, checked(100, 300, {151: label}), None, earlier)

    assert (ones, 0.02 if ones < 150 else 0.0) == (
        pc.sum(seen.measurement.sample.rows["y"]).as_py(),
        seen.look.corrected if seen.look else None,
    )


def test_a_label_that_appears_first_at_a_later_look_corrects_none() -> None:
    asked = Requirement(metric="rate", at_least=0.5, look_after=1)
    earlier = [seen_before(asked, checked(0, 200, {}))]

    seen = take_look(asked, checked(100, 300, {150: 1.0}), None, earlier)

    assert (151, 0.0) == (pc.sum(seen.measurement.sample.rows["y"]).as_py(), seen.look.corrected if seen.look else None)


def test_rows_seen_before_with_other_columns_are_joined_if_none_of_them_is_new() -> None:
    earlier = [seen_before(RATE, of_rows(0, 200, **{"cluster.shop": np.arange(200) // 4}))]

    second, third = (
        judge_requirements([RATE], [of_rows(first, 400)], "s", "c", earlier=earlier)[0] for first in (0, 200)
    )

    assert ("pass", 400) == (second.outcome, second.estimate.n if second.estimate else 0)
    assert "such rows cannot be judged together" in third.reason


VERSUS = "{versus: champion, lose_at_most: 0.05}"


def test_the_rows_of_a_baseline_are_joined_alike(looking: Looking) -> None:
    looking.ask(VERSUS)
    looking.look(0, 200)

    second = verdict(looking.look(200, 500))

    assert ("pass", 500, 2) == (second["outcome"], second["estimate"]["n"], second["look"]["number"])


def test_another_champion_is_another_question(looking: Looking) -> None:
    looking.ask(VERSUS)
    looking.look(0, 200)
    looking.ask(VERSUS, champion="new")

    second = verdict(looking.look(200, 500))

    assert (300, 1) == (second["estimate"]["n"], second["look"]["number"])


def test_runs_that_did_not_see_each_other_cannot_take_more_looks_than_planned(looking: Looking) -> None:
    looking.ask("{at_least: 0.6}")
    blind = []
    for start in (0, 200, 400):
        looking.look(start, start + 200)
        blind += looking.runs()
        (looking.folder / ".harness" / "ledger.db").unlink()

    first_two, all_three = (
        decide(
            GateQuestion(gate=GATE, candidate=blind[0].candidate, stage="ci", project="demo", now=blind[-1].finished),
            blind[:count],
        )
        for count in (2, 3)
    )

    assert ("pass", "inconclusive") == (first_two.outcome, all_three.outcome)
    assert "looks spent" in all_three.reasons[0]


def test_a_gate_counts_looks_at_the_champion_of_now_alone(looking: Looking) -> None:
    for number, champion in enumerate(("first", "second", "third")):
        looking.ask(VERSUS, champion=champion)
        looking.look(200 * number, 200 * number + 200)
    runs = looking.runs()

    decision = decide(
        GateQuestion(gate=GATE, candidate=runs[0].candidate, stage="ci", project="demo", now=runs[-1].finished), runs
    )

    assert "pass" == decision.outcome


def test_each_slice_has_looks_of_its_own(looking: Looking) -> None:
    path = looking.folder / "card.suite.yaml"
    path.write_text(path.read_text().replace("with: {column: ok}", "with: {column: ok}, by: [channel]"))
    looking.look(0, 200)

    second = looking.look(200, 500)["verdicts"]

    sizes = [found["estimate"]["n"] for found in second]
    assert (500, 500) == (sizes[0], sum(sizes[1:]))
    assert [2, 2, 2] == [found["look"]["number"] for found in second]


def test_five_retries_at_the_threshold_rarely_pass() -> None:
    """The small twin of benchmarks/retries.py."""
    asked = Requirement(metric="rate", at_least=0.75, looks=5)
    chance = np.random.default_rng(11)

    passed = sum(passes_within(asked, chance, 5) for _ in range(300))

    assert passed / 300 <= 0.05 + 2 * (0.05 * 0.95 / 300) ** 0.5


def passes_within(asked: Requirement, chance: np.random.Generator, tries: int) -> bool:
    earlier: list[Earlier] = []
    for attempt in range(tries):
        ids = range(attempt * 200, attempt * 200 + 200)
        table = pa.table({"id": pa.array(ids), "y": (chance.random(200) < 0.75).astype(float)})
        sample = Sample(statistic="proportion", rows=table, digest=f"rows:{attempt}")
        measured = Measurement(metric="rate", sample=sample, step="s", check="c")
        verdicts = judge_requirements([asked], [measured], "s", "c", earlier=earlier)
        if verdicts[0].outcome == "pass":
            return True
        record = replace(run(*verdicts), measurements=(measured,))
        earlier.append(Earlier(run=record, rows={f"rows:{attempt}": table}))
    return False


def test_a_second_look_is_the_same_by_command_and_by_workers_of_pytest(tmp_path: Path) -> None:
    digests = []
    for name, second in (("command", None), ("workers", ("-n", "2"))):
        card = project_in(tmp_path / name, suites_card__suite__yaml=CARD)
        pq.write_table(rows().slice(0, 200), card.folder / "suites" / "scores.parquet")
        card.harness("run", "suites", "--param", "candidate=v1")
        pq.write_table(rows().slice(200, 300), card.folder / "suites" / "scores.parquet")
        if second:
            card.pytest("suites", *second, "--harness-param", "candidate=v1")
        else:
            card.harness("run", "suites", "--param", "candidate=v1")
        digests.append([found.digest for found in card.runs("card")])
        looks = [found.look.number for found in card.runs("card")[1].verdicts if found.look]
        assert [2] * len(looks) == looks

    assert digests[0] == digests[1]
