"""Small simulations that the fraud target's tests share."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fraud_target.process import Process
from fraud_target.simulate import simulate

END = date(2026, 3, 31)
OUR_NAMES = {
    "TRANSACTION_ID": "transaction_id",
    "TX_DATETIME": "tx_time",
    "CUSTOMER_ID": "customer_id",
    "TERMINAL_ID": "terminal_id",
    "TX_AMOUNT": "amount",
    "TX_FRAUD": "is_fraud",
}


ROOT = Path(__file__).parents[3]


@dataclass(frozen=True, kw_only=True)
class Demo:
    """What one run of fraud-demo left behind: exit code, what it printed, and the record of each suite."""

    code: int
    printed: str
    records: dict[str, Any]
    report: bool


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Demo]:
    """Give the main job as a user runs it, in a folder of its own; each fault is planted once a session."""

    @cache
    def run(plant: str | None = None) -> Demo:
        folder = tmp_path_factory.mktemp("demo")
        shutil.copytree(ROOT / "suites" / "fraud", folder / "suites" / "fraud")
        (folder / "ci").mkdir()
        for name in ("gates.yaml", "trust.yaml"):
            shutil.copy(ROOT / "ci" / name, folder / "ci")
        env = {name: value for name, value in os.environ.items() if name != "MLFLOW_TRACKING_URI"}
        command = [str(Path(sys.executable).with_name("fraud-demo")), *(["--plant", plant] if plant else [])]
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
        out = folder / "fraud-data" / "out"
        records = {path.parent.name: json.loads(path.read_text()) for path in out.glob("*/run.json")}
        report = (out / "report.html").is_file()
        shutil.rmtree(folder / "fraud-data")
        return Demo(code=done.returncode, printed=done.stdout + done.stderr, records=records, report=report)

    return run


@pytest.fixture
def process() -> Callable[..., Process]:
    """Give a maker of small processes that end on a fixed day."""

    def make(**rates: Any) -> Process:
        return Process(**{"end": END, "customers": 200, "terminals": 1500, "days": 40, **rates})

    return make


@pytest.fixture
def payments(process: Callable[..., Process]) -> Callable[..., pa.Table]:
    """Give a maker of small simulated tables."""
    return lambda **rates: pa.concat_tables(simulate(process(**rates)))


@pytest.fixture
def handbook() -> Path:
    """Return the folder of the Fraud Detection Handbook's tables."""
    beside = Path(__file__).parents[4] / "shared"
    folder = Path(os.environ.get("HARNESS_SHARED", beside)) / "data" / "fraud_handbook"
    if not folder.is_dir():
        pytest.skip(f"reference data not found in {folder}; set HARNESS_SHARED")
    return folder


@pytest.fixture
def handbook_payments(handbook: Path) -> pa.Table:
    """Return the book's raw table under our names."""
    raw = pq.read_table(handbook / "raw_2018-04-01_2018-08-14.parquet", columns=list(OUR_NAMES))
    return raw.rename_columns(OUR_NAMES)
