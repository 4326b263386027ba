"""The data suite passes on sound payments and fails where a bias or a drift was planted, for that reason."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from test_gate import SUITE, demo


def judged(folder: Path, *arguments: str) -> dict[str, set[str]]:
    """Run fraud-demo; return the outcomes of the data suite by metric and column."""
    demo(folder, *arguments)
    record: dict[str, Any] = json.loads((folder / "fraud-data" / "out" / "card-fraud-data" / "run.json").read_text())
    shutil.rmtree(folder / "fraud-data")
    found: dict[str, set[str]] = {}
    for verdict in record["verdicts"]:
        labels = "/".join(verdict["labels"].values())
        found.setdefault(verdict["outcome"], set()).add(f"{verdict['metric']} {labels}")
    return found


def test_the_suite_is_where_the_demo_looks() -> None:
    assert (SUITE / "card-fraud-data.suite.yaml").is_file()


@pytest.mark.heavy
def test_sound_payments_pass(tmp_path: Path) -> None:
    assert {"pass"} == set(judged(tmp_path))


@pytest.mark.heavy
def test_a_bias_fails_for_the_age_that_it_strikes(tmp_path: Path) -> None:
    assert {"fpr_ratio 65+"} == judged(tmp_path, "--plant", "bias")["fail"]


@pytest.mark.heavy
def test_a_drift_fails_for_the_column_that_moved(tmp_path: Path) -> None:
    assert {"psi amount"} == judged(tmp_path, "--plant", "drift")["fail"]
