"""The load generator beside h2load on the same server in one run: p50 and p99 of both, as they alternate.

Usage: python benchmarks/latency_generator.py [ROUNDS] [SECONDS]  (6 minutes for 5 rounds of 20 s; needs h2load, Debian
package nghttp2-client). What was measured is kept in .harness/latency_generator.jsonl; delete that to start anew.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import uvicorn
from fastapi import FastAPI
from fraud_target.embedded import free_port, run_service
from harness_latency.load import carry_out
from harness_latency.plan import Endpoint, Plan
from harness_latency.schedule import schedule
from latency_rounds import Found, Rounds, machine, number, table
from pydantic import BaseModel

RATES, CONNECTIONS = (500, 1000), 20
BODY = json.dumps({"amount": 12.5, "user": 3}).encode()
HEAD = b"POST /score HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(BODY)
app = FastAPI()


class Asked(BaseModel):
    """What the constant app is sent."""

    amount: float
    user: int


@app.post("/score")
async def score(asked: Asked) -> dict[str, float]:
    """Answer the same to everybody."""
    return {"score": 0.5}


@app.get("/readyz")
async def readyz() -> dict[str, bool]:
    """Tell that the app answers."""
    return {"ready": True}


@contextmanager
def constant_app() -> Iterator[tuple[int, int]]:
    """Give the port and the process id of a FastAPI app that returns a constant."""
    port = free_port()
    with run_service([sys.executable, __file__, "serve", str(port)], f"http://127.0.0.1:{port}") as process:
        yield port, process.pid


def ours(port: int, rate: float, seconds: float) -> Found:
    """Return p50 and p99 as our generator sees them, in ms: from when a request was due, and from its send."""
    endpoint = Endpoint(host="127.0.0.1", port=port)
    plan = Plan(endpoints=(endpoint,), requests=[HEAD + BODY], connections=CONNECTIONS, timeout=10)
    shots = carry_out(plan, schedule(rate, seconds, "constant", 0))
    if not shots.is_answered.all():
        raise SystemExit(f"not all were answered: {shots.troubles()}")
    sent = np.quantile(shots.latency_ms - shots.late_ms, (0.5, 0.99))
    late = float(np.quantile(shots.late_ms, 0.99))
    due = {"p50": shots.percentile(0.5), "p99": shots.percentile(0.99)}
    return {**due, "sent p50": float(sent[0]), "sent p99": float(sent[1]), "late p99": late}


def h2load(port: int, rate: float, seconds: float) -> Found:
    """Return p50 and p99 as h2load sees them, in ms; it times from the actual send."""
    with tempfile.TemporaryDirectory() as folder:
        body, log = Path(folder, "body.json"), Path(folder, "log.tsv")
        body.write_bytes(BODY)
        pace = [f"-n{int(rate * seconds)}", "-r1", f"--rate-period={1000 / rate:g}ms", f"--rps={rate / CONNECTIONS:g}"]
        sent = ["-d", str(body), "-H", "content-type: application/json", f"http://127.0.0.1:{port}/score"]
        command = ["h2load", "--h1", "-t1", f"-c{CONNECTIONS}", *pace, f"--log-file={log}", *sent]
        subprocess.run(command, check=True, capture_output=True)
        took = sorted(int(line.split("\t")[2]) / 1000 for line in log.read_text().splitlines())
    return {"p50": took[len(took) // 2], "p99": took[int(len(took) * 0.99)]}


def main(count: int, seconds: float) -> None:
    """Alternate, each first as often as the other, and print medians."""
    rounds = Rounds("latency_generator")
    with constant_app() as (port, _):
        ours(port, 200, 2)
        for turn in range(count):
            for rate in RATES:
                both = [("h2load", h2load), ("ours", ours)]
                for name, generator in both if turn % 2 else both[::-1]:
                    rounds.measure_once(f"{name} {rate}/s", turn, partial(generator, port, rate, seconds))
    print("\n".join(machine()))
    print(f"medians of {count} rounds of {seconds:g} s, in ms, and the lowest and highest round\n")
    print(
        table(["", "p50", "p99", "p50 from-to", "p99 from-to"], [row for rate in RATES for row in rows(rounds, rate)])
    )


def rows(rounds: Rounds, rate: int) -> Iterator[list[str]]:
    """Yield what both say at a rate."""
    for name, message, prefix in (
        (f"h2load {rate}/s", "h2load, from the actual send", ""),
        (f"ours {rate}/s", "ours, from the actual send", "sent "),
        (f"ours {rate}/s", "ours, from when it was due", ""),
    ):
        shares = [f"{prefix}p50", f"{prefix}p99"]
        medians = [number(rounds.median(name, share)) for share in shares]
        yield [f"{message}, {rate}/s", *medians, *(rounds.spread(name, share) for share in shares)]


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        uvicorn.run(app, port=int(sys.argv[2]), access_log=False, log_level="warning", http="httptools")
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else 5, float(sys.argv[2]) if sys.argv[2:] else 20.0)
