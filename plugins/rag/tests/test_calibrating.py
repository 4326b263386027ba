"""How often a judge errs, as labels show it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from harness_rag.calibrating import (
    calibrate,
    deal_folds,
    decide_across,
    fit_threshold,
    fit_thresholds,
    measure_figures,
)
from harness_rag.judges import JUDGES, Answer
from harness_rag.labels import answer_digest, read_labels
from sklearn.metrics import roc_auc_score

from harness import HarnessError, estimate, samples

Command = Callable[..., Any]
OVERLAP = JUDGES["overlap"]
FIGURES = {"auroc", "sensitivity", "specificity", "agreement"}


def test_auroc_is_scikit_learns(labels: Callable[..., Path]) -> None:
    path = labels(noise=0.3)
    rows = [json.loads(line) for line in path.read_text().splitlines()]

    found = calibrate(OVERLAP, path).figures["auroc"]

    scores = [OVERLAP.score(each.given) for each in read_labels(path)]
    assert roc_auc_score([row["label"] for row in rows], scores) == pytest.approx(found.value)
    assert found.lower < found.value < found.upper


def test_thresholds_part_good_from_bad() -> None:
    scores, labels = np.array([0.1, 0.2, 0.7, 0.9]), np.array([False, False, True, True])

    assert 0.45 == pytest.approx(fit_threshold(scores, labels))


def test_no_answer_is_decided_by_a_threshold_that_it_chose() -> None:
    chance = np.random.default_rng(0)
    rates = []
    for _ in range(200):
        scores, labels = chance.random(40), chance.random(40) < 0.5
        rates.append(float(np.mean(decide_across(scores, labels, [str(at) for at in range(40)]) == labels)))

    assert 0.5 == pytest.approx(np.mean(rates), abs=0.03)  # chosen on the same answers it is 0.6


def test_calling_good_errs_as_often_as_on_the_labels() -> None:
    """By one threshold of all labels, the lower bound errs 12 % of the time at a nominal 5 % (60 labels)."""
    missed = 0
    for seed in range(60):
        chance = np.random.default_rng(seed)
        labels = chance.random(60) < 0.5
        scores, groups = chance.normal(2.0 * labels, 1.0), [str(at) for at in range(60)]
        thresholds = np.array(fit_thresholds(scores, labels, deal_folds(labels, groups)))
        fresh = chance.normal(2.0 * (chance.random(500) < 0.85), 1.0)
        passed = (fresh >= thresholds[chance.integers(0, 5, 500)]).astype(float)
        good, bad = (measure_figures(scores, labels, groups)[kind] for kind in ("sensitivity", "specificity"))
        counts = {"tp": good.value * good.n, "positives": good.n, "tn": bad.value * bad.n, "negatives": bad.n}
        seen = estimate(samples.rows.judge_correction(pa.table({"score": passed}), elsewhere=counts))
        missed += seen.lower > 0.85

    assert missed <= 8  # 3 are expected, more than 8 come by chance twice in a thousand


def test_an_answer_is_decided_alike_each_time(labels: Callable[..., Path]) -> None:
    found = calibrate(OVERLAP, labels())
    answers = [Answer(answer=f"answer {at}") for at in range(50)]
    middle = float(np.mean(found.thresholds))

    assert [found.calls_good(each, middle) for each in answers] == [found.calls_good(each, middle) for each in answers]
    assert found.calls_good(answers[0], 1.0)
    assert not found.calls_good(answers[0], 0.0)


def test_a_group_is_never_on_both_sides() -> None:
    scores, labels = np.array([0.4, 0.6] * 20), np.array([True, False] * 20)
    groups = ["one"] * 20 + ["two"] * 20

    decided = decide_across(scores, labels, groups)

    assert decided.sum() in (0, 20, 40)  # each group by one threshold, which the other chose


def test_labels_of_one_group_alone_are_refused() -> None:
    with pytest.raises(HarnessError, match="all labels are of one group"):
        decide_across(np.array([0.1, 0.9]), np.array([False, True]), ["one", "one"])


def test_groups_widen_what_is_known(labels: Callable[..., Path], tmp_path: Path) -> None:
    alone = labels(noise=0.35)
    rows = [json.loads(line) for line in alone.read_text().splitlines()]
    together = tmp_path / "grouped.jsonl"
    together.write_text("\n".join(json.dumps({**row, "group": at // 4}) for at, row in enumerate(rows + rows)))

    wide, narrow = (calibrate(OVERLAP, path).figures["auroc"] for path in (together, alone))

    assert wide.n == 2 * narrow.n
    assert wide.n_eff < wide.n


@pytest.mark.parametrize(
    ("given", "why"),
    [({"n": 40}, "50 labels are needed"), ({"n": 200, "noise": 0.5}, "AUROC is"), ({"share": 0.03}, "10 of each kind")],
)
def test_a_judge_that_little_or_nothing_speaks_for_decides_nothing(
    given: dict[str, Any], why: str, labels: Callable[..., Path]
) -> None:
    assert why in calibrate(OVERLAP, labels(**given)).unfit


def test_labels_of_one_kind_are_refused(labels: Callable[..., Path]) -> None:
    with pytest.raises(HarnessError, match="all 120 labels are 1, so nothing tells"):
        calibrate(OVERLAP, labels(share=1.0))


def test_the_command_gives_each_figure_with_its_interval(labels: Callable[..., Path], harness: Command) -> None:
    done = harness("rag", "calibrate", "overlap", "--labels", labels(), "--json")

    found = json.loads(done.out)
    assert (0, "overlap", True, FIGURES) == (done.code, found["judge"], found["fit"], set(found["figures"]))
    assert all(each["lower"] <= each["value"] <= each["upper"] for each in found["figures"].values())


def test_the_command_says_what_is_not_proven(labels: Callable[..., Path], harness: Command) -> None:
    done = harness("rag", "calibrate", "overlap", "--labels", labels(n=30))

    assert "not proven: its calibration has" in done.out


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "line 2 is no JSON object"),
        ('{"answer": "a", "contexts": []}', "line 2 has no `label`"),
        ('{"answer": "a", "label": 0.5}', "line 2: label"),
        ('{"answer": null, "label": 1}', "line 2: answer"),
        ('{"contexts": ["a"], "label": 1}', "line 2: answer"),
        ("[1]", "line 2: the line"),
        ('{"answer": "a", "label": 1, "answer_digest": "sha256:0"}', "line 2: the label is of another answer"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(project: Path, harness: Command, line: str, why: str) -> None:
    (project / "labels.jsonl").write_text('{"answer": "a", "label": true}\n' + line)

    done = harness("rag", "calibrate", "overlap", "--labels", "labels.jsonl")

    assert 4 == done.code
    assert why in done.err


def test_a_label_of_this_very_answer_is_taken(project: Path, harness: Command) -> None:
    rows = [{"answer": text, "contexts": text, "label": at % 2} for at, text in enumerate(["a b", "c\u2028d"] * 2)]
    lines = [
        json.dumps({**row, "answer_digest": answer_digest(str(row["answer"]))}, ensure_ascii=False) for row in rows
    ]
    (project / "labels.jsonl").write_text("\n".join(lines), encoding="utf-8")

    assert 0 == harness("rag", "calibrate", "overlap", "--labels", "labels.jsonl").code


def test_scores_of_single_answers_are_printed_in_order(project: Path, harness: Command) -> None:
    (project / "answers.jsonl").write_text(
        '{"answer": "a b", "contexts": ["a b"]}\n{"answer": "x y", "contexts": ["a"]}'
    )

    done = harness("rag", "score", "overlap", "--answers", "answers.jsonl")

    assert [{"score": 1.0}, {"score": 0.0}] == [json.loads(line) for line in done.out.splitlines()]
