"""Libraries that cannot be imported together judge one run, with the numbers that they give when called directly."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import Command
from tests.support.isolated import run_refused

SUITE = """name: all
data:
  now: {source: now.parquet, id: id, label: y, time: at}
  train: {source: train.parquet, id: id, label: y}
target: {kind: table, config: {data: now, score: score, model: r1, operating_point: {threshold: 0.5}}}
steps:
  - check: rows.rate
    with: {column: y}
    require: {rate: {at_least: 0.3}}
  - check: deepchecks.data_integrity
    with: {columns: [amount, channel]}
    require: {duplicates: {at_most: 0.01}, label_correlation: {at_most: 0.5, severity: info}}
  - check: deepchecks.train_test
    with: {train: train, columns: [amount, channel], without: [multivariate_drift]}
    require: {new_categories: {at_most: 0.01}, drift: {at_most: 0.5, severity: info}}
  - check: deepchecks.model_evaluation
    with: {columns: [amount, channel], report: true}
    require: {roc_auc: {at_least: 0.7, severity: info}}
  - check: evidently.drift
    with: {reference: train, columns: [amount, channel], method: psi}
    require: {drift: {at_most: 0.5, severity: info}}
  - check: evidently.missing
    require: {missing: {at_most: 0.01}}
  - check: ragas.strings
    with: {response: response, reference: reference}
    require: {exact_match: {at_least: 0.8}, similarity: {at_least: 0.8}}
  - check: deepeval.exact_match
    with: {response: response, reference: reference}
    require: {exact_match: {at_least: 0.8}}
"""
DIRECTLY = """
import json, warnings
warnings.simplefilter("ignore")
import numpy as np
import pandas as pd
from deepchecks.tabular import Dataset, checks

now, train = (
    Dataset(table[["amount", "channel", "y", "id"]], label="y", label_type="binary", index_name="id",
            features=["amount", "channel"], cat_features=["channel"])
    for table in map(pd.read_parquet, ("now.parquet", "train.parquet"))
)
score = pd.read_parquet("now.parquet")["score"].to_numpy()
said = {"y_proba_train": np.column_stack([1 - score, score]), "y_pred_train": (score >= 0.5).astype(int)}
found = {
    "duplicates": checks.DataDuplicates().run(now).value,
    "label_correlation": checks.FeatureLabelCorrelation(random_state=42).run(now).value,
    "new_categories": checks.NewCategoryTrainTest().run(train, now).value.loc["channel", "Ratio of New Categories"],
    "drift": {name: each["Drift score"] for name, each in checks.FeatureDrift().run(train, now).value.items()},
    "roc_auc": checks.RocReport().run(now, model_classes=[0, 1], **said).value[1],
}
print("FOUND" + json.dumps(found, default=float))
"""
HEAD = SUITE[: SUITE.index("  - check: rows.rate")]


@pytest.fixture
def tables(project: Path) -> None:
    """1000 scored rows with answers to questions, and 1000 that a model was trained on."""
    pq.write_table(_rows(1, 0.0, 0), project / "train.parquet")
    pq.write_table(_rows(2, 0.2, 5000), project / "now.parquet")


def _rows(seed: int, shift: float, start: int) -> pa.Table:
    chance, n = np.random.default_rng(seed), 1000
    y = chance.integers(0, 2, n)
    expected = np.array(["pay", "refund", "dispute the charge", "ask the bank"])[chance.integers(0, 4, n)]
    return pa.table(
        {
            "id": np.arange(start, start + n),
            "y": y,
            "at": np.datetime64("2026-01-01T00:00:00") + np.arange(n).astype("timedelta64[s]"),
            "amount": chance.normal(y + shift, 1, n).round(4),
            "channel": np.array(["web", "pos"])[chance.integers(0, 2, n)],
            "score": np.clip(0.3 * y + 0.7 * chance.random(n), 0, 1),
            "reference": expected,
            "response": np.where(chance.random(n) < 0.9, expected, "I do not know"),
        }
    )


def _value(run: dict[str, Any], step: str, metric: str, **labels: str) -> float:
    (found,) = (
        each
        for each in run["measurements"]
        if each["step"] == step and each["metric"] == metric and each["labels"] == labels
    )
    return float(found["sample"]["counts"]["value"])


@pytest.mark.guests
@pytest.mark.usefixtures("tables")
def test_guests_and_host_judge_one_run_without_network_with_the_numbers_of_their_libraries(harness: Command) -> None:
    prepared = harness("plugins", "prepare", "deepchecks", "evidently", "ragas", "deepeval")
    python = Path(prepared.out.split()[2]) / "bin" / "python"
    Path("all.suite.yaml").write_text(SUITE)

    done = run_refused("internet", "run", "all.suite.yaml", "--json", "--evidence", "full")
    quiet = {**os.environ, "DISABLE_DEEPCHECKS_ANONYMOUS_TELEMETRY": "true"}  # else it writes beside its own code
    command = [python, "-B", "-W", "ignore", "-c", DIRECTLY]
    directly = subprocess.run(command, capture_output=True, text=True, env=quiet)

    (run,) = json.loads(done.out)["runs"]
    assert (0, "pass") == (done.code, run["outcome"]), [each["reason"] for each in run["verdicts"]]
    owners = {"rows", "deepchecks", "evidently", "ragas", "deepeval"}
    assert owners == {verdict["check"].split(".")[0] for verdict in run["verdicts"]}
    expected = json.loads(directly.stdout.rpartition("FOUND")[2])
    assert expected["duplicates"] == _value(run, "deepchecks.data_integrity", "duplicates")
    assert expected["new_categories"] == _value(run, "deepchecks.train_test", "new_categories", column="channel")
    assert expected["roc_auc"] == _value(run, "deepchecks.model_evaluation", "roc_auc", **{"class": "1"})
    for column in ("amount", "channel"):
        correlation = _value(run, "deepchecks.data_integrity", "label_correlation", column=column)
        assert expected["label_correlation"][column] == correlation
        assert expected["drift"][column] == _value(run, "deepchecks.train_test", "drift", column=column)
    (report,) = (each["evidence"]["report"] for each in run["measurements"] if "report" in each["evidence"])
    assert "deepchecks" in Path(".harness/evidence", report).read_text()


@pytest.mark.guests
@pytest.mark.usefixtures("tables")
def test_a_check_that_deepchecks_could_not_run_is_an_error(harness: Command) -> None:
    pq.write_table(pq.read_table("now.parquet").slice(0, 4), "now.parquet")
    step = "{name: NAME, check: deepchecks.data_integrity, with: WITH, require: {duplicates: {at_most: 0.1}}}"
    steps = [("all", "{columns: [amount]}"), ("less", "{columns: [amount], without: [outliers]}")]
    lines = "".join(f"  - {step.replace('NAME', name).replace('WITH', given)}\n" for name, given in steps)
    Path("s.suite.yaml").write_text(HEAD + lines)

    done = harness("run", "s.suite.yaml", "--json")

    (run,) = json.loads(done.out)["runs"]
    found = {verdict["step"]: (verdict["outcome"], verdict["reason"]) for verdict in run["verdicts"]}
    assert "pass" == found["less"][0]
    assert "error" == found["all"][0]
    assert "deepchecks did not run outliers (" in found["all"][1]
