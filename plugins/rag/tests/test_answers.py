"""What `rag.answers` measures, and what it may decide."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from harness_rag import answers

from harness import HarnessError, Measurement, estimate
from harness.testing import FakeTarget, measure

Command = Callable[..., Any]
ROWS = {
    "id": [1, 2, 3, 4, 5],
    "answer": ["The window is 120 days [1].", "I don't know.", "Yes, of course.", "Nobody can.", None],
    "contexts": [["The window is 120 days."], ["Nothing here."], ["It is so."], [], ["Late."]],
    "state": ["ok", None, "timed out", "unparseable", "error"],
    "can": [1, 0, 1, 1, 1],
}
SUITE = """
name: answers
data: {{answers: {{source: answers.parquet, id: id}}}}
target: {{kind: table, config: {{data: answers}}}}
steps:
  - check: rag.answers
    with: {{judge: overlap{more}}}
    require: {{faithfulness: {{at_least: {least}, severity: {severity}}}}}
"""


def measured(rows: dict[str, Any] = ROWS, **params: Any) -> dict[str, Measurement]:
    return {each.metric: each for each in measure(answers, rows, **{"judge": "overlap", **params})}


def of(metric: str, **params: Any) -> list[float]:
    return measured(**params)[metric].sample.rows["y"].to_pylist()


def write(project: Path, rows: Path, copies: int = 1) -> None:
    """Make the answers of a labels file the answers of the app."""
    found = [json.loads(line) for line in rows.read_text().splitlines()] * copies
    columns = {name: [row[name] for row in found] for name in ("answer", "contexts")}
    pq.write_table(pa.table({"id": list(range(len(found))), **columns}), project / "answers.parquet")


def run(project: Path, harness: Command, *, least: float, severity: str = "must", more: str = "") -> dict[str, Any]:
    (project / "a.suite.yaml").write_text(SUITE.format(least=least, severity=severity, more=more))
    harness("run", "a.suite.yaml", "--out", "out")
    (found,) = json.loads((project / "out" / "answers" / "run.json").read_text())["verdicts"]
    return dict(found)


def test_what_has_no_score_is_counted_apart_and_never_leaves_the_denominator() -> None:
    found = measured(status="state", lost_at_most=1.0)

    assert [0.0, 1.0, 0.0, 0.0, 0.0] == found["refused"].sample.rows["y"].to_pylist()
    assert [0.0, 0.0, 1.0, 0.0, 0.0] == found["timed_out"].sample.rows["y"].to_pylist()
    assert [0.0, 0.0, 0.0, 1.0, 0.0] == found["unparseable"].sample.rows["y"].to_pylist()
    assert [0.0, 0.0, 0.0, 0.0, 1.0] == found["errored"].sample.rows["y"].to_pylist()
    assert 5 == found["faithfulness"].sample.rows.num_rows
    assert "5 answers = 1 scored + 1 refused + 1 unparseable + 1 timed out + 1 errored" in str(found["faithfulness"])


def test_more_lost_answers_than_the_ceiling_are_an_error() -> None:
    found = measured(status="state", lost_at_most=0.5)["faithfulness"]

    assert found.failure.startswith("3 of 5 answers were lost, and at most 50% may be")


def test_more_refusals_than_the_ceiling_are_an_error() -> None:
    rows = {"id": [1, 2], "answer": ["I cannot answer that.", "It is so."], "contexts": ["a", "It is so."]}

    assert "1 of 2 answers were refused" in measured(rows, refused_at_most=0.4)["faithfulness"].failure


@pytest.mark.parametrize("answer", ["", "  ", None])
def test_an_empty_answer_is_errored_whatever_its_status(answer: str | None) -> None:
    rows = {"id": [1, 2], "answer": [answer, "It is so."], "contexts": ["a", "b"], "state": ["ok", "ok"]}

    assert [1.0, 0.0] == measured(rows, status="state")["errored"].sample.rows["y"].to_pylist()


def test_a_status_that_nobody_knows_is_refused() -> None:
    with pytest.raises(HarnessError, match="status is 'fine_i_guess'; statuses are ok, refused"):
        measured({"id": [1], "answer": ["a"], "contexts": ["a"], "s": ["fine I guess"]}, status="s")


def test_questions_that_cannot_be_answered_count_for_abstention_alone() -> None:
    found = measured(status="state", answerable="can", lost_at_most=1.0)

    assert [1.0, 1.0, 0.0, 0.0, 0.0] == found["abstention"].sample.rows["y"].to_pylist()
    assert 4 == found["faithfulness"].sample.rows.num_rows


@pytest.mark.parametrize(
    "answer",
    [
        "I don’t know.",
        "We cannot answer this from the handbook.",
        "The provided context does not mention fees.",
        "There is not enough information.",
    ],
)
def test_common_ways_to_decline_are_known(answer: str) -> None:
    assert [1.0] == measured({"id": [1], "answer": [answer], "contexts": ["a"]})["refused"].sample.rows["y"].to_pylist()


def test_contexts_may_be_a_list_a_json_list_or_one_text() -> None:
    said = "a b c"
    rows = {"id": [1, 2, 3], "answer": [said] * 3, "contexts": ['["x", "a b c"]', "a b c", "[a b c]"]}

    assert [1.0, 1.0, 1.0] == measured(rows)["faithfulness"].sample.rows["y"].to_pylist()


def test_citations_are_held_to_the_passages_they_name() -> None:
    rows = {
        "id": [1, 2, 3, 4],
        "answer": ["A b c [1].", "A b c [p7].", "A b c.", "A b c [9]."],
        "contexts": [["a b c", "x"]] * 4,
        "ids": [["p6", "p7"]] * 4,
    }

    found = measured(rows, context_ids="ids")["citation_accuracy"].sample

    assert [1.0, 0.0, 0.0, 0.0] == found.rows["y"].to_pylist()


def test_contexts_are_held_to_the_gold_passages() -> None:
    rows = {
        "id": [1, 2, 3],
        "answer": ["a"] * 3,
        "contexts": ["a"] * 3,
        "found": [["p", "q"], [], ["z"]],
        "gold": [["p"], ["p"], []],
    }

    found = measured(rows, context_ids="found", gold_ids="gold")

    assert [0.5, 0.0] == found["context_precision"].sample.rows["y"].to_pylist()
    assert [1.0, 0.0] == found["context_recall"].sample.rows["y"].to_pylist()


def test_correctness_is_the_f1_of_words_of_the_best_gold_answer() -> None:
    rows = {"id": [1], "answer": ["the 120 days"], "contexts": ["a"], "gold": [["30 days", "120 days"]]}

    assert [1.0] == measured(rows, gold="gold")["correctness"].sample.rows["y"].to_pylist()


def test_labels_on_these_answers_correct_by_ppi() -> None:
    rows = {
        "id": list(range(60)),
        "answer": ["a b"] * 60,
        "contexts": ["a b", "x y"] * 30,
        "people": [1.0, 0.0] * 20 + [None] * 20,
    }

    found = measured(rows, human="people")["faithfulness"].sample

    assert "judge_correction" == found.statistic
    assert 20 == found.rows["y"].null_count
    assert {0.0, 1.0} == set(found.rows["score"].to_pylist())


def test_an_answer_without_a_score_is_never_called_good(tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    rows = [{"answer": "a", "contexts": "a" if at % 2 else "x", "label": at % 2} for at in range(60)]
    path.write_text("\n".join(map(json.dumps, rows)))
    answers = {"id": [1, 2, 3], "answer": ["a", None, "a"], "contexts": ["a", "a", "x"]}

    sample = measured(answers, calibration=str(path), lost_at_most=1.0)["faithfulness"].sample

    assert [1.0, 0.0, 0.0] == sample.rows["score"].to_pylist()


def test_clusters_make_answers_worth_less(labels: Callable[..., Path]) -> None:
    rows = {
        "id": list(range(80)),
        "answer": ["a b"] * 80,
        "contexts": [*["a b"] * 60, *["x y"] * 20],
        "document": [at // 8 for at in range(80)],
    }

    found = measured_in_clusters(rows, labels())

    assert 10 == estimate(found.sample).clusters


def measured_in_clusters(rows: dict[str, Any], path: Path) -> Measurement:
    target = FakeTarget(cluster="document")
    found = measure(answers, rows, target=target, judge="overlap", calibration=str(path))
    return next(each for each in found if each.metric == "faithfulness")


def test_without_calibration_no_must_passes(project: Path, harness: Command, labels: Callable[..., Path]) -> None:
    write(project, labels(share=1.0, noise=0.0))

    found = run(project, harness, least=0.2)

    assert "inconclusive" == found["outcome"]
    assert found["reason"].startswith("not proven: nobody measured how often this judge errs")


def test_without_calibration_a_must_does_not_fail_either(
    project: Path, harness: Command, labels: Callable[..., Path]
) -> None:
    write(project, labels(share=0.0, noise=0.0))

    assert "inconclusive" == run(project, harness, least=0.9)["outcome"]


def test_without_calibration_a_should_is_judged_and_says_that_it_is_not_proven(
    project: Path, harness: Command, labels: Callable[..., Path]
) -> None:
    write(project, labels(share=1.0, noise=0.0))

    found = run(project, harness, least=0.2, severity="should")

    assert "pass" == found["outcome"]
    assert "not proven: no calibration is named" in found["notes"][0]


def test_a_judge_below_the_floor_passes_no_must(project: Path, harness: Command, labels: Callable[..., Path]) -> None:
    useless = labels(n=200, noise=0.5, name="useless")
    write(project, labels(share=1.0, noise=0.0))

    found = run(project, harness, least=0.2, more=f", calibration: {useless}")

    assert "inconclusive" == found["outcome"]
    assert "not proven: its AUROC is" in found["notes"][0]


def test_a_calibrated_judge_passes_a_must_that_is_true_and_fails_one_that_is_not(
    project: Path, harness: Command, labels: Callable[..., Path]
) -> None:
    path = labels(n=400, noise=0.2)
    write(project, labels(n=600, noise=0.2, share=0.8, seed=2, name="fresh"))

    passed, failed = (run(project, harness, least=t, more=f", calibration: {path}") for t in (0.6, 0.95))

    assert ("pass", "fail") == (passed["outcome"], failed["outcome"])
    assert passed["estimate"]["lower"] < 0.8 < passed["estimate"]["upper"]


def test_the_corrected_interval_covers_the_truth_where_the_judge_errs(labels: Callable[..., Path]) -> None:
    missed = 0
    for seed in range(40):
        fresh = labels(n=200, noise=0.35, share=0.7, seed=1000 + seed, name="fresh")
        rows = [json.loads(line) for line in fresh.read_text().splitlines()]
        columns = {name: [row[name] for row in rows] for name in ("answer", "contexts")}
        path = labels(n=100, noise=0.35, seed=seed)
        sample = measured({"id": list(range(200)), **columns}, calibration=str(path))["faithfulness"].sample
        seen = estimate(sample)
        missed += not seen.lower <= np.mean([row["label"] for row in rows]) <= seen.upper

    assert missed <= 8  # expected are 4 at most, 10 % of 40; more than 8 come by chance twice in a hundred
