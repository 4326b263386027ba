import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from harness_reports import curves, figures
from harness_reports.html import page
from sklearn.calibration import calibration_curve
from sklearn.metrics import average_precision_score, confusion_matrix, roc_auc_score

from conftest import Command
from harness import HarnessError, Measurement, Report, Run, Sample, Verdict, samples

MakeRun = Callable[..., Run]
MakeVerdict = Callable[..., Verdict]


def scored(rows: int = 2000, seed: int = 0) -> pa.Table:
    random = np.random.default_rng(seed)
    y = (random.random(rows) < 0.3).astype(float)
    return pa.table(
        {"id": range(rows), "y": y, "score": np.round(1 / (1 + np.exp(1 - 2 * y - random.normal(size=rows))), 2)}
    )


def measured(metric: str, table: pa.Table, target: str = "candidate") -> Measurement:
    build = {"roc_auc": samples.rows.auc, "f1": samples.rows.f1, "brier": samples.rows.brier}[metric]
    return Measurement(metric=metric, sample=build(table), step="quality", target=target)


def moved(column: str, current: Sequence[float]) -> Measurement:
    sample = samples.psi(reference=[100, 100], current=current)
    return Measurement(metric="psi", sample=sample, step="drift", labels={"column": column}, better="lower")


def judged(verdict: MakeVerdict, measurement: Measurement, outcome: str = "pass") -> Verdict:
    return verdict(outcome, step=measurement.step, metric=measurement.metric, labels=measurement.labels)


def test_roc_has_the_area_and_its_ties_that_scikit_learn_finds() -> None:
    table = scored()

    points = curves.roc("candidate", curves.count(table)).points

    area = np.trapezoid([y for _, y in points], [x for x, _ in points])
    assert (0, 0) == points[0]
    assert (1, 1) == points[-1]
    assert pytest.approx(roc_auc_score(table["y"], table["score"]), abs=2e-3) == area


def test_precision_recall_steps_hold_the_average_precision() -> None:
    table = scored()

    points = curves.precision_recall("candidate", curves.count(table)).points

    recalls, precisions = np.array(points).T
    assert pytest.approx(average_precision_score(table["y"], table["score"]), abs=5e-3) == np.sum(
        np.diff(recalls, prepend=0) * precisions
    )


def test_reliability_is_the_share_of_each_tenth_within_its_interval() -> None:
    random = np.random.default_rng(1)
    score = random.random(1000)
    table = pa.table({"y": (random.random(1000) < score).astype(float), "score": score})

    curve = curves.reliability("candidate", curves.count(table))

    shares, means = calibration_curve(table["y"], score, n_bins=10, strategy="quantile")
    np.testing.assert_allclose(list(zip(means, shares, strict=True)), curve.points, atol=0.01)
    assert all(low <= share <= high for (_, share), (low, high) in zip(curve.points, curve.intervals, strict=True))


def test_confusion_counts_as_scikit_learn_does() -> None:
    table = scored()
    decided = pa.table({"y": table["y"], "score": (table["score"].to_numpy() > 0.5).astype(float)})

    found = curves.confusion(curves.count(decided))

    assert found == confusion_matrix(decided["y"], decided["score"], labels=[1, 0]).tolist()


def test_scores_beyond_one_have_no_reliability() -> None:
    table = pa.table({"y": [0.0, 1.0], "score": [0.2, 7.0]})

    with pytest.raises(HarnessError, match="no probabilities"):
        curves.reliability("candidate", curves.count(table))


def test_candidate_and_baselines_share_a_picture(run: MakeRun) -> None:
    measurements = (measured("roc_auc", scored()), measured("roc_auc", scored(seed=2), "champion"))

    found = figures.figures(run(measurements=measurements), lambda each: each.sample.rows)

    assert [("ROC · quality", ["candidate", "champion"])] == [
        (each.title, [curve.name for curve in each.curves]) for each in found if isinstance(each, figures.Chart)
    ]


def test_rows_that_were_not_kept_are_told_and_not_drawn(run: MakeRun, verdict: MakeVerdict) -> None:
    def gone(_: Measurement) -> pa.Table:
        raise HarnessError("no evidence abc in here: it was purged")

    found = page(Report(runs=[run(verdict(), measurements=(measured("roc_auc", scored()),))], read_rows=gone))

    assert "not drawn: no evidence abc in here: it was purged" in found


def test_column_that_moved_most_is_drawn_first_and_those_without_room_are_counted(
    run: MakeRun, verdict: MakeVerdict
) -> None:
    columns = [moved(f"c{place}", [100, 100]) for place in range(figures.SHOWN + 3)]
    outcomes = ["fail" if each is columns[-1] else "pass" for each in columns]
    judgements = [judged(verdict, each, outcome) for each, outcome in zip(columns, outcomes, strict=True)]
    made = run(*judgements, measurements=tuple(columns))

    found = figures.figures(made, lambda each: each.sample.rows)

    assert "c14 · drift" == found[0].title
    assert figures.SHOWN == len(found)
    assert "3 more have verdicts above" in page(Report(runs=[made]))


def test_page_shows_failures_before_passes_and_n_beside_each(run: MakeRun, verdict: MakeVerdict) -> None:
    made = run(verdict("pass", metric="a"), verdict("fail", metric="b", severity="should"), verdict("fail", metric="c"))

    found = page(Report(runs=[made]))

    rows = found.partition("<tbody")[2]
    assert sorted("abc", key=lambda name: rows.index(f'"metric">{name}<')) == ["c", "b", "a"]
    assert 3 == found.count('class="n">n = 204')


def test_page_counts_the_rows_that_filters_left_out(run: MakeRun, verdict: MakeVerdict) -> None:
    made = run(verdict())
    matured = replace(made.datasets["matured"], read=50_000)

    found = page(Report(runs=[replace(made, datasets={"matured": matured})]))

    assert "of 50,000 read; 8,767 lie outside the filters" in found


def test_page_of_a_gate_draws_from_the_evidence_until_that_is_gone(project: Path, harness: Command) -> None:
    pq.write_table(scored().rename_columns(["id", "label", "score"]), project / "scores.parquet")
    harness("init", "--from", "scores.parquet")
    harness("run", "suites")
    gate = ("gate", "ci", "--candidate", "scores-v1", "--report", "html", "--out", "out")
    harness(*gate)
    drawn = (project / "out" / "report.html").read_text()
    shutil.rmtree(project / ".harness" / "evidence")

    harness(*gate)

    undrawn = (project / "out" / "report.html").read_text()
    assert (True, False) == ('class="curve"' in drawn, "not drawn" in drawn)
    assert (False, True) == ('class="curve"' in undrawn, "not drawn: no evidence" in undrawn)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (pa.table({"y": [], "score": []}), "finite scores"),
        (pa.table({"y": [1.0, 1.0], "score": [0.1, 0.2]}), "with the label 0 and with 1"),
        (pa.table({"y": [0.0, None], "score": [0.1, 0.2]}), "finite scores"),
        (pa.table({"y": [0.0, 1.0], "score": [0.1, float("inf")]}), "finite scores"),
        (pa.table({"y": [0.0, 1.0], "score": [0.1, 0.2], "weight": [1.0, 0.0]}), "weigh nothing"),
        (pa.table({"y": [0.0, 1.0]}), "not kept"),
        (None, "not kept"),
    ],
)
def test_rows_that_draw_nothing_say_why(table: pa.Table | None, message: str) -> None:
    with pytest.raises(HarnessError, match=message):
        curves.count(table)


def test_column_without_rows_has_no_picture(run: MakeRun, verdict: MakeVerdict) -> None:
    empty = replace(moved("c", [1, 1]), sample=Sample(statistic="psi", counts={"reference.0": 0, "current.0": 0}))

    found = page(Report(runs=[run(judged(verdict, empty), measurements=(empty,))]))

    assert "What the verdicts rest on" not in found
