"""The main job as a user runs it, and with planted faults: the gate does not pass, for the right reason."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SUITE = Path(__file__).parents[3] / "suites" / "fraud"


def demo(folder: Path, *arguments: str) -> tuple[int, str, dict[str, Any]]:
    """Run fraud-demo in a folder of its own; return its exit code, what it printed, and the run's record."""
    shutil.copytree(SUITE, folder / "suites" / "fraud")
    env = {name: value for name, value in os.environ.items() if name != "MLFLOW_TRACKING_URI"}
    script = Path(sys.executable).with_name("fraud-demo")
    done = subprocess.run([script, *arguments], cwd=folder, env=env, capture_output=True, text=True, check=False)
    record = json.loads((folder / "fraud-data" / "out" / "card-fraud" / "run.json").read_text())
    return done.returncode, done.stdout + done.stderr, record


def outcomes(record: dict[str, Any]) -> dict[str, set[str]]:
    """Return, by metric, the outcomes of the musts."""
    found: dict[str, set[str]] = {}
    for verdict in record["verdicts"]:
        if verdict["requirement"]["severity"] == "must":
            found.setdefault(verdict["metric"], set()).add(verdict["outcome"])
    return found


@pytest.mark.heavy
def test_the_challenger_may_take_over(tmp_path: Path) -> None:
    code, printed, record = demo(tmp_path)

    assert code == 0, printed
    assert {"violations", "recall", "precision", "roc_auc"} == set(outcomes(record))
    assert "PASS  models:/fraud/2 may pass demo" in printed
    assert (tmp_path / "fraud-data" / "out" / "report.html").is_file()


@pytest.mark.heavy
def test_a_schema_break_is_told_by_column_and_rule(tmp_path: Path) -> None:
    code, printed, record = demo(tmp_path, "--plant", "schema")

    assert code == 3, printed
    broken = {
        (verdict["labels"]["column"], verdict["labels"]["rule"])
        for verdict in record["verdicts"]
        if verdict["metric"] == "violations" and verdict["outcome"] != "pass"
    }
    assert {("customer_id", "type"), ("amount", "min"), ("channel", "nullable"), ("channel", "in")} == broken
    assert "fail: card-fraud: violations[column=amount,rule=min]" in printed
    assert "frauds have a missing, negative or infinite" in printed


@pytest.mark.heavy
def test_a_concept_change_fails_on_quality_and_not_on_data(tmp_path: Path) -> None:
    code, printed, record = demo(tmp_path, "--plant", "concept")

    assert code == 1, printed
    assert {"pass"} == outcomes(record)["violations"]
    assert {"fail"} == outcomes(record)["recall"]
    assert "recall: at most" in printed
