from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from conftest import Command
from harness import Measurement, samples
from harness.gating.attempts import Attempt, attempt, attempt_warning, candidates
from harness.values.identity import Identity
from harness.values.runs import Data, Run
from harness.values.verdicts import Look
from tests.support.decisions import GATE, decided, run, verdict
from tests.support.suites import suite

ROWS = {"d": Data(uri="x", digest="sha256:rows", rows=3)}


def by(candidate: str, **changes: object) -> Run:
    return run(verdict("pass"), candidate=Identity(revision=candidate), datasets=ROWS, **changes)


def counted(*names: str) -> list[Attempt]:
    return [attempt(by(name)) for name in names]


def test_the_first_candidate_on_some_rows_is_not_warned_about() -> None:
    assert "" == attempt_warning(by("a"), counted("a", "a"))


def test_a_run_that_measured_nothing_is_not_warned_about() -> None:
    nothing = replace(by("b"), verdicts=(verdict("error"),))

    assert ("", True) == (attempt_warning(nothing, counted("a")), bool(attempt_warning(by("b"), counted("a"))))


def test_each_candidate_on_the_same_rows_counts_once() -> None:
    assert 3 == candidates(by("c"), counted("a", "b", "a", "c"))


def test_candidates_that_scored_alike_by_all_steps_that_tell_are_one() -> None:
    looks = {
        "scores": Look(number=1, alike=("declared a", "declared b")),
        "a metric asked for the first time": Look(number=1),
        "other scores": Look(number=1, alike=("declared a",)),
        "counts": Look(number=1, alone=True),
        "rates of groups": Look(number=1),
    }
    steps = dict(zip(looks, ("quality", "quality", "again", "drift", "fairness"), strict=True))
    verdicts = [replace(verdict("pass"), look=look, step=steps[name]) for name, look in looks.items()]

    assert 2 == candidates(replace(by("c"), verdicts=tuple(verdicts)), counted("a", "b"))


def test_a_step_whose_scores_are_others_keeps_two_candidates_apart() -> None:
    alike, apart = (Look(number=1, alike=keys) for keys in (("declared a",), ()))
    verdicts = (replace(verdict("pass"), look=alike, step="one"), replace(verdict("pass"), look=apart, step="other"))
    rows = pa.table({"y": [0, 1], "score": [0.1, 0.9]})
    scored = Measurement(metric="roc_auc", sample=samples.rows.auc(rows), better="higher", step="other")

    found = replace(by("b"), verdicts=verdicts)

    assert 1 == candidates(found, counted("a"))
    assert 2 == candidates(replace(found, measurements=(scored,)), counted("a"))


def test_other_rows_and_other_suites_do_not_count() -> None:
    other = {"d": replace(ROWS["d"], digest="sha256:other")}

    assert 1 == candidates(by("c"), [attempt(replace(by("a"), datasets=other)), attempt(by("b", suite="latency"))])


def test_the_gate_warns_and_does_not_block() -> None:
    runs = [by(name) for name in "abcdefg"]

    decision = decided(GATE, *runs, candidate=Identity(revision="g"))

    assert "pass" == decision.outcome
    assert (
        "card: 7 candidates were judged on the same rows: if all were exactly at the threshold, one of them would pass "
        "in up to 16 %; collect new rows, or set many_candidates: correct",
    ) == decision.warnings


def test_a_run_warns_from_the_second_candidate_on(project: Path, harness: Command, scores: Path) -> None:
    path = suite(project, "{at_least: 0.7}")
    message, whole = [], path.read_text()
    for model in ("m/1", "m/2"):
        path.write_text(whole.replace("{data: d}", f"{{data: d, model: {model}}}"))
        message.append(harness("run", path).err)

    assert "" == message[0]
    assert message[1].startswith("warning: s: 2 candidates were judged on the same rows")
