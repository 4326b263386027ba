"""The fraud service beside a constant FastAPI app and `mlflow models serve`: latency at rising rates, in turn.

Usage: python benchmarks/latency_service.py [ROUNDS] [SECONDS]  (after `fraud-target prepare`)
"""

import json
import os
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from subprocess import DEVNULL, Popen

import pyarrow.parquet as pq
from fraud_target.embedded import fraud_service, free_port, started, stop, valkey
from fraud_target.features import FEATURES
from fraud_target.files import Files
from fraud_target.loading import load
from harness_latency.load import Pace, carry_out
from harness_latency.plan import Endpoint, Plan
from harness_latency.shots import Shots
from latency_generator import BODY, HEAD, constant_app

RATES = {"constant": (100, 200, 500, 1000), "fraud": (100, 200, 500, 1000), "mlflow": (50, 100)}
MODEL = "models:/fraud@challenger"
SENT = ("transaction_id", "tx_time", "customer_id", "terminal_id", "amount")
TICKS = os.sysconf("SC_CLK_TCK")


def post(path: str, content: object) -> bytes:
    """Return a POST as bytes on the wire."""
    body = json.dumps(content).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def rows(files: Files) -> Sequence[dict[str, object]]:
    """Return payments with features."""
    found: Sequence[dict[str, object]] = pq.read_table(files.validation).slice(0, 5000).to_pylist()
    return found


@contextmanager
def mlflow_server(files: Files) -> Iterator[int]:
    """Give the port of MLflow's own scoring server."""
    port = free_port()
    environment = {**os.environ, "MLFLOW_TRACKING_URI": files.tracking_uri}
    command = [str(Path(sys.executable).with_name("mlflow")), "models", "serve", "-m", MODEL]
    command += ["--env-manager", "local", "-h", "127.0.0.1", "-p", str(port)]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    server = Popen(command, env={**environment, "PATH": path}, stdout=DEVNULL, stderr=DEVNULL, start_new_session=True)
    try:
        wait(f"http://127.0.0.1:{port}/ping")
        yield port
    finally:
        os.killpg(server.pid, 15)  # its own session: the server and its worker
        stop(server)


def wait(url: str) -> None:
    """Return when a URL answers."""
    for _ in range(600):
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(url)


@contextmanager
def fraud_server(files: Files) -> Iterator[tuple[int, int]]:
    """Give the port and the process id of the fraud service, its store loaded."""
    first = rows(files)[0]["tx_time"]
    assert isinstance(first, datetime)
    with tempfile.TemporaryDirectory() as folder, valkey(Path(folder)) as store:
        load(files.transactions, first, store)
        port = free_port()
        command = fraud_service(MODEL, store, port, "--tracking-uri", files.tracking_uri)
        with started(command, f"http://127.0.0.1:{port}") as process:
            yield port, process.pid


def measured(port: int, requests: Sequence[bytes], rate: float, seconds: float) -> Shots:
    """Return one load, the first second left out."""
    plan = Plan(endpoints=(Endpoint(host="127.0.0.1", port=port),), requests=requests, connections=256, timeout=10)
    due = Pace(rate=rate, duration=max(seconds, 400 / rate), warmup=1).due()
    shots = carry_out(plan, due)
    return shots.part(due >= 1)


def main(rounds: int, seconds: float) -> None:
    """Measure all, round by round, and print medians."""
    files = Files(folder=Path("fraud-data"))
    payments = rows(files)
    split = {"columns": list(FEATURES)}
    sent = {
        "constant": [HEAD + BODY],
        "fraud": [post("/v1/score", {n: str(p[n]) if n == "tx_time" else p[n] for n in SENT}) for p in payments],
        "mlflow": [
            post("/invocations", {"dataframe_split": {**split, "data": [[p[n] for n in FEATURES]]}}) for p in payments
        ],
    }
    found: dict[tuple[str, int], list[Shots]] = {}
    with constant_app() as constant, fraud_server(files) as (fraud, pid), mlflow_server(files) as mlflow:
        ports = {"constant": constant, "fraud": fraud, "mlflow": mlflow}
        for _ in range(rounds):
            for name, rates in RATES.items():
                for rate in rates:
                    before = cpu(pid)
                    shots = measured(ports[name], sent[name], rate, seconds)
                    found.setdefault((name, rate), []).append(shots)
                    used = (
                        f"  {(cpu(pid) - before) / (rate * (seconds + 1)) * 1e6:.0f} us CPU" if name == "fraud" else ""
                    )
                    print(told(name, rate, [shots]) + used, flush=True)
    print(f"medians of {rounds}")
    for (name, rate), shots in found.items():
        print(told(name, rate, shots), flush=True)


def told(name: str, rate: float, runs: Sequence[Shots]) -> str:
    """Return medians over runs as one line."""
    p50, p99 = (statistics.median(shots.percentile(share) for shots in runs) for share in (0.5, 0.99))
    late = statistics.median(float((shots.late_ms > 1).mean()) for shots in runs)
    failed = sum(int((~shots.answered).sum()) for shots in runs)
    return (
        f"{name:9} {rate:5g}/s  p50 {p50:8.2f} ms  p99 {p99:8.2f} ms  {late:6.1%} sent over 1 ms late  {failed} failed"
    )


def cpu(pid: int) -> float:
    """Return the CPU-seconds a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 5, float(sys.argv[2]) if sys.argv[2:] else 10.0)
