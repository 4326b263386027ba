"""The fraud service with a loaded store of its own, as the benchmarks put it under load."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pyarrow.parquet as pq
from fraud_target.embedded import fraud_service, free_port, run_service, valkey
from fraud_target.files import Files
from fraud_target.loading import load

MODEL = "models:/fraud@challenger"
SENT = ("transaction_id", "tx_time", "customer_id", "terminal_id", "amount")


def tracking_uri(files: Files) -> str:
    """Return the MLflow store that `fraud-target prepare` registered the models in."""
    return os.environ.get("MLFLOW_TRACKING_URI", files.tracking_uri)


@contextmanager
def fraud_server(files: Files) -> Iterator[tuple[int, int]]:
    """Give the port and the process id of a service whose store holds what came before the validation rows."""
    first = pq.read_table(files.validation, columns=["tx_time"])["tx_time"][0].as_py()
    assert isinstance(first, datetime)
    with tempfile.TemporaryDirectory() as folder, valkey(Path(folder)) as store:
        load(files.transactions, first, store)
        port = free_port()
        command = fraud_service(MODEL, store, port, "--tracking-uri", tracking_uri(files))
        with run_service(command, f"http://127.0.0.1:{port}") as process:
            yield port, process.pid
