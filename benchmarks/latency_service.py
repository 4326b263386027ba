"""The fraud service beside a constant FastAPI app and `mlflow models serve`: latency, CPU and capacity, in turn.

Usage: python benchmarks/latency_service.py [ROUNDS] [SECONDS]  (10 minutes for 5 rounds of 4 s; after `fraud-target
prepare`). What was measured is kept in .harness/latency_service.jsonl; delete that to start anew.
"""

import json
import os
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from subprocess import DEVNULL, Popen

import numpy as np
import pyarrow.parquet as pq
from fraud_server import MODEL, SENT, fraud_server, tracking_uri
from fraud_target.embedded import free_port, stop
from fraud_target.features import FEATURES
from fraud_target.files import Files
from harness_latency.load import carry_out
from harness_latency.plan import Endpoint, Plan
from harness_latency.schedule import schedule
from harness_latency.shots import Shots, late_start_problems
from latency_generator import BODY, HEAD, constant_app
from latency_rounds import Found, Rounds, machine, number, table

RATES = {"constant": (100, 200, 500, 1000), "fraud": (100, 200, 500, 1000), "mlflow": (50, 100)}
LADDERS = {"constant": 1600.0, "fraud": 800.0, "mlflow": 75.0}  # the first rate tried for the capacity
STEP, LONGEST = 1.25, 6  # each rate that holds is followed by one a quarter higher, at most so many
LIMIT_MS, SHARE, LATE_MS = 100.0, 0.01, 10.0
WARM = 1.0
NAMES = {
    "constant": "FastAPI app that returns a constant",
    "fraud": "fraud service, Valkey features",
    "mlflow": "`mlflow models serve`, no features",
}
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
def mlflow_server(files: Files) -> Iterator[tuple[int, int]]:
    """Give the port and the process id of MLflow's own scoring server."""
    port = free_port()
    environment = {**os.environ, "MLFLOW_TRACKING_URI": tracking_uri(files)}
    command = [str(Path(sys.executable).with_name("mlflow")), "models", "serve", "-m", MODEL]
    command += ["--env-manager", "local", "-h", "127.0.0.1", "-p", str(port)]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    server = Popen(command, env={**environment, "PATH": path}, stdout=DEVNULL, stderr=DEVNULL, start_new_session=True)
    try:
        wait(f"http://127.0.0.1:{port}/ping")
        yield port, server.pid
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


def shots_of(port: int, requests: Sequence[bytes], rate: float, seconds: float) -> Shots:
    """Return one load, its warm-up left out."""
    plan = Plan(endpoints=(Endpoint(host="127.0.0.1", port=port),), requests=requests, connections=256, timeout=10)
    due = schedule(rate, WARM + seconds, "constant", 0)
    return carry_out(plan, due).part(due >= WARM)


def latency(server: tuple[int, int], requests: Sequence[bytes], rate: float, seconds: float) -> Found:
    """Return p50 and p99 in ms, what failed, how late the generator was, and the server's CPU for a request in us."""
    port, process = server
    before = cpu(process)
    shots = shots_of(port, requests, rate, seconds)
    used = (cpu(process) - before) / (rate * (WARM + seconds))
    if not shots.is_answered.any():
        raise SystemExit(f"nothing was answered at {rate:g}/s: {shots.troubles()}")
    late = float(np.quantile(shots.late_ms, 0.99))
    percentiles = {"p50": shots.percentile(0.5), "p99": shots.percentile(0.99)}
    return {**percentiles, "failed": float((~shots.is_answered).mean()), "late p99": late, "cpu us": used * 1e6}


def capacity(server: tuple[int, int], requests: Sequence[bytes], first: float, seconds: float) -> Found:
    """Return the highest rate at which at most 1 % took over 100 ms, and the next one, which was too much.

    The search goes up from the first rate while it holds, or down until it does.
    """
    found: dict[str, Found] = {}
    for step in range(LONGEST):
        rate = round(first * STEP ** (step if "held" in found or not found else -step))
        shots = shots_of(server[0], requests, rate, seconds)
        if any(late_start_problems(shots, LATE_MS)):
            return {**found.get("held", {}), "generator late": rate}
        if shots.is_over_limit(LIMIT_MS).mean() > SHARE:
            found["too much"] = {"too much": rate}
        else:
            found["held"] = {"capacity": rate}
        if len(found) > 1:
            break
    return {"capacity": 0.0, **found.get("held", {}), **found.get("too much", {})}


def main(count: int, seconds: float) -> None:
    """Measure all, round by round, and print medians."""
    files = Files(folder=Path("fraud-data"))
    sent, rounds = requests_by_server(rows(files)), Rounds("latency_service")
    with constant_app() as constant, fraud_server(files) as fraud, mlflow_server(files) as mlflow:
        servers = {"constant": constant, "fraud": fraud, "mlflow": mlflow}
        for turn in range(count):
            for rate in sorted({rate for rates in RATES.values() for rate in rates}):
                for name in (name for name in in_turn(turn) if rate in RATES[name]):
                    asked = (servers[name], sent[name], rate, seconds)
                    rounds.measure_once(f"{name} {rate}/s", turn, partial(latency, *asked))
            for name in in_turn(turn):
                tried = (servers[name], sent[name], LADDERS[name], seconds / 2)
                rounds.measure_once(f"{name} capacity", turn, partial(capacity, *tried))
    print("\n".join(machine()))
    print(f"medians of {count} rounds of {seconds:g} s\n")
    print("\n\n".join(tables(rounds)))


def in_turn(turn: int) -> Sequence[str]:
    """Return the servers in an order that changes from round to round."""
    names = list(RATES)
    return names[turn % len(names) :] + names[: turn % len(names)]


def requests_by_server(payments: Sequence[dict[str, object]]) -> Mapping[str, Sequence[bytes]]:
    """Return what each server is sent."""
    split = {"columns": list(FEATURES)}
    return {
        "constant": [HEAD + BODY],
        "fraud": [post("/v1/score", {n: str(p[n]) if n == "tx_time" else p[n] for n in SENT}) for p in payments],
        "mlflow": [
            post("/invocations", {"dataframe_split": {**split, "data": [[p[n] for n in FEATURES]]}}) for p in payments
        ],
    }


def tables(rounds: Rounds) -> Iterator[str]:
    """Yield latencies, their ratios to the constant app, and CPU and capacity."""
    rates = RATES["fraud"]
    head = ["p50 / p99 ms", *(f"{rate}/s" for rate in rates)]
    yield table(head, [[NAMES[name], *(both(rounds, name, rate) for rate in rates)] for name in RATES])
    ratios = [[f"{NAMES[name]}, times the constant", *(times(rounds, name, rate) for rate in rates)] for name in RATES]
    yield table(["p50 / p99, ratio", *head[1:]], ratios[1:])
    yield table(["server", "CPU us a request", "at", "capacity (p99 below 100 ms)"], [costs(rounds, n) for n in RATES])


def both(rounds: Rounds, name: str, rate: int) -> str:
    """Return p50 and p99, and what failed if anything did."""
    key = f"{name} {rate}/s"
    failed = rounds.median(key, "failed")
    lost = f", {failed:.1%} failed" if failed else ""
    return f"{number(rounds.median(key, 'p50'))} / {number(rounds.median(key, 'p99'))}{lost}"


def times(rounds: Rounds, name: str, rate: int) -> str:
    """Return p50 and p99 as multiples of the constant app's."""
    keys = f"{name} {rate}/s", f"constant {rate}/s"
    found = [(rounds.median(keys[0], share), rounds.median(keys[1], share)) for share in ("p50", "p99")]
    return " / ".join("-" if own is None or floor is None else f"{own / floor:.1f}x" for own, floor in found)


def costs(rounds: Rounds, name: str) -> list[str]:
    """Return the CPU of one request (of the server, not of its store) and the capacity."""
    rate = 500 if 500 in RATES[name] else max(RATES[name])
    found, key = rounds.median(f"{name} {rate}/s", "cpu us"), f"{name} capacity"
    known = rounds.median(key, "too much") is not None
    held = number(rounds.median(key, "capacity"), 0)
    return [NAMES[name], number(found, 0), f"{rate}/s", f"{'' if known else 'at least '}{held}/s"]


def cpu(process: int) -> float:
    """Return the CPU-seconds that a process and those of its session have used."""
    return sum(cpu_ticks(path, process) for path in Path("/proc").glob("[0-9]*/stat")) / TICKS


def cpu_ticks(stat: Path, process: int) -> int:
    """Return the clock ticks of a process if it is the one, or of its session."""
    try:
        fields = stat.read_text().rpartition(")")[2].split()
    except OSError:  # it has ended
        return 0
    own = int(stat.parent.name) == process or int(fields[3]) == process
    return int(fields[11]) + int(fields[12]) if own else 0


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 5, float(sys.argv[2]) if sys.argv[2:] else 4.0)
