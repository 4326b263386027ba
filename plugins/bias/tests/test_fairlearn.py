"""Group rates are Fairlearn's, which nobody here wrote; it runs in an environment of its own."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from harness_bias import group_rates

from harness import Measurement
from harness.testing import measure

FAIRLEARN = ("fairlearn==0.15.0", "pyarrow", "pandas")
SCRIPT = """
import json, sys
import pandas
from fairlearn import metrics
rows = pandas.read_parquet(sys.argv[1])
given = dict(y_true=rows["label"], y_pred=rows["decision"], sensitive_features=rows[sys.argv[3].split(",")])
from sklearn.metrics import precision_score
rates = ("true_positive", "false_positive", "false_negative")
named = {name[0] + name.split("_")[1][0] + "r": getattr(metrics, f"{name}_rate") for name in rates}
named["selection_rate"] = metrics.selection_rate
named["precision"] = lambda y, p: precision_score(y, p, zero_division=float("nan"))
frame = metrics.MetricFrame(metrics=named, **given).by_group
message = [[list(key) if isinstance(key, tuple) else [key], row.to_dict()] for key, row in frame.iterrows()]
odds = metrics.equalized_odds_difference(**given)
json.dump({"groups": message, "odds": odds}, open(sys.argv[2], "w"))
"""


def fairlearn(rows: pa.Table, folder: Path, columns: str) -> dict[str, Any]:
    """What Fairlearn says of the rows' groups."""
    uv = shutil.which("uv") or str(Path(sys.prefix) / "bin" / "uv")
    pq.write_table(rows, folder / "rows.parquet")
    (folder / "script.py").write_text(SCRIPT)
    wanted = [word for name in FAIRLEARN for word in ("--with", name)]
    command = [uv, "run", "--no-project", "--quiet", "--python", sys.executable, *wanted, "python", "script.py"]
    done = subprocess.run(
        [*command, "rows.parquet", "told.json", columns], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads((folder / "told.json").read_text()))


def ours(rows: pa.Table, columns: list[str], reference: Mapping[str, str]) -> list[Measurement]:
    return measure(group_rates, rows, groups=columns, reference=dict(reference), intersections=len(columns) > 1)


def agrees(found: list[Measurement], message: dict[str, Any], columns: list[str]) -> int:
    """How many rates were compared, each equal."""
    shares = {
        (each.metric, tuple(each.labels.values())): each.sample.counts["k"] / each.sample.counts["n"]
        for each in found
        if each.sample.statistic == "proportion" and list(each.labels) == columns and each.sample.counts["n"]
    }
    for group, rates in message["groups"]:
        for name, value in rates.items():
            if (name, tuple(group)) in shares and value == value:
                assert value == pytest.approx(shares[name, tuple(group)], abs=1e-12), (name, group)
    return sum((name, tuple(group)) in shares for group, rates in message["groups"] for name in rates)


@pytest.mark.heavy
def test_rates_of_groups_and_intersections_are_fairlearns(tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    label = (chance.random(5000) < 0.2).astype(int)
    rows = pa.table(
        {
            "label": label,
            "decision": np.where(chance.random(5000) < 0.8, label, 1 - label),
            "sex": chance.choice(["f", "m"], 5000),
            "age": chance.choice(["young", "middle", "old"], 5000),
        }
    )

    found = ours(rows, ["sex", "age"], {"sex": "m", "age": "old"})

    assert 30 == agrees(found, fairlearn(rows, tmp_path, "sex,age"), ["sex", "age"])


@pytest.mark.heavy
def test_equalized_odds_of_two_groups_are_fairlearns(tmp_path: Path) -> None:
    chance = np.random.default_rng(1)
    sex, label = chance.choice(["f", "m"], 3000), (chance.random(3000) < 0.3).astype(int)
    decision = (chance.random(3000) < np.where(sex == "f", 0.2, 0.1) + 0.6 * label).astype(int)
    rows = pa.table({"label": label, "decision": decision, "sex": sex})

    (found,) = [each for each in ours(rows, ["sex"], {"sex": "m"}) if each.metric == "equalized_odds"]

    counts = found.sample.counts
    gaps = [
        counts[f"{rate}.k"] / counts[f"{rate}.n"] - counts[f"{rate}.k_ref"] / counts[f"{rate}.n_ref"]
        for rate in ("tpr", "fpr")
    ]
    assert fairlearn(rows, tmp_path, "sex")["odds"] == pytest.approx(max(map(abs, gaps)), abs=1e-12)


@pytest.mark.heavy
@pytest.mark.shared
def test_rates_of_adults_by_race_are_fairlearns(shared: Path, tmp_path: Path) -> None:
    path = shared / "data" / "bias_adult" / "adult.parquet"
    decision = "(education_num >= 13)::INT AS decision"
    query = f"SELECT race, starts_with(income, '>50K')::INT AS label, {decision} FROM '{path}'"
    rows = duckdb.sql(query).to_arrow_table()

    found = ours(rows, ["race"], {"race": "White"})

    message = fairlearn(rows, tmp_path, "race")
    assert 25 == agrees(found, message, ["race"])
