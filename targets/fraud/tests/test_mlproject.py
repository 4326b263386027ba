"""The steps run as an MLflow project."""

import os
import sys
from pathlib import Path
from subprocess import run

import mlflow
import pytest
from fraud_target.files import Files

PROJECT = Path(__file__).parents[1]
SMALL = ["-P", "customers=400", "-P", "terminals=2500", "-P", "end=2026-03-31"]


@pytest.mark.heavy
def test_project_simulates_and_trains(tmp_path: Path) -> None:
    files = Files(folder=tmp_path)
    _mlflow_run(files, "simulate", *SMALL)
    _mlflow_run(files, "train")
    client = mlflow.MlflowClient(files.tracking_uri)

    assert client.get_model_version_by_alias("fraud", "champion").version == 1
    assert client.get_model_version_by_alias("fraud", "challenger").version == 2
    assert files.mature_rows.is_file()


def _mlflow_run(files: Files, entry_point: str, *parameters: str) -> None:
    programs = Path(sys.executable).parent
    command = [str(programs / "mlflow"), "run", str(PROJECT), "-e", entry_point, "--env-manager", "local"]
    run(
        [*command, "-P", f"out={files.folder}", "-P", "seed=3", *parameters],
        check=True,
        cwd=files.folder,
        env={
            **os.environ,
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "MLFLOW_TRACKING_URI": files.tracking_uri,
            "MLFLOW_DISABLE_TELEMETRY": "true",
        },
    )
