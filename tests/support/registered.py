"""Real MLflow servers, models registered there, and projects whose gate promotes one of them."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from mlflow import MlflowClient

from conftest import scored_rows
from harness.files import digest_folder

BIN = Path(sys.executable).parent
STARTS = 600  # seconds that a server may take on a busy machine
SUITE = """name: s
data: {d: {source: scores.parquet, id: id, label: y, time: at}}
target: {kind: table, config: {data: d, score: score, made_by: made}}
steps:
  - check: rows.rate
    with: {column: ok}
    require: {rate: {at_least: 0.7}}
"""
AGAINST = """name: s
params: {table: str}
data: {d: {source: {param: table}, id: id, label: y}}
target: {kind: table, config: {data: d, decision: decision, made_by: made}}
baselines: {champion: {config: {decision: before, made_by: made_before}}}
steps:
  - check: quality.classifier
    require:
      accuracy: [{at_least: 0.6}, {versus: champion, lose_at_most: 0.3}]
"""
GATES = """project: demo
ledger: sqlite:///ledger.db
gates:
  production:
    suites: [../s.suite.yaml]
    uncommitted: allow
    first_promotion: allow
    promote: {mlflow: {model: fraud, alias: champion, tracking_uri: "URI"}}
"""


@contextmanager
def serve_mlflow(folder: Path, records: str = "", workers: int = 1) -> Iterator[str]:
    """Give the URI of an MLflow server on loopback whose records are in a database, by default in its folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    place = ("--artifacts-destination", str(folder / "artifacts"), "--host", "127.0.0.1", "--port", str(port))
    store = ("--backend-store-uri", records or f"sqlite:///{folder / 'mlflow.db'}", "--workers", str(workers))
    with (folder / "mlflow.log").open("w") as log:
        process = subprocess.Popen(
            [BIN / "mlflow", "server", *store, *place], cwd=folder, stdout=log, stderr=log, start_new_session=True
        )
    try:
        _wait_for(f"http://127.0.0.1:{port}/health", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(STARTS):
        assert process.poll() is None, "the server ended; its mlflow.log says why"
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(1)
    raise AssertionError("the server did not start")


def register(server: str, name: str, versions: int, folder: Path) -> list[str]:
    """Register a model with some versions, whose files the server keeps; return the digest of each."""
    client = MlflowClient(tracking_uri=server)
    client.create_registered_model(name)
    digests = []
    for number in range(1, versions + 1):
        files = folder / name / str(number) / "model"
        files.mkdir(parents=True)
        (files / "MLmodel").write_text(f"flavors: {{}}\n# {number}\n")
        run = client.create_run("0").info
        client.log_artifacts(run.run_id, str(files), "model")
        client.create_model_version(name, f"{run.artifact_uri}/model", run_id=run.run_id)
        digests.append(digest_folder(files))
    return digests


def write_rows(folder: Path, model: str, number: int, digest: str, champion: str) -> str:
    """Write rows that a version decided well, beside those of version 1; return the file's name."""
    rows = scored_rows(400, seed=number, rate=0.9)
    table = {
        "id": range(1000 * number, 1000 * number + 400),
        "y": rows["y"],
        "decision": pc.if_else(pc.equal(rows["ok"], 1), rows["y"], pc.subtract(1, rows["y"])),
        "before": rows["y"],
        "made": [f"models:/{model}/{number}@{digest}"] * 400,
        "made_before": [f"models:/{model}/1@{champion}"] * 400,
    }
    pq.write_table(pa.table(table), folder / f"{number}.parquet")
    return f"{number}.parquet"
