"""The load generator beside h2load on the same server in one run: p50 and p99 of both, as they alternate.

Usage: python benchmarks/latency_generator.py [ROUNDS] [RATE]  (needs h2load, Debian package nghttp2-client)
"""

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from fraud_target.embedded import free_port, started
from harness_latency.load import Pace, carry_out
from harness_latency.plan import Endpoint, Plan
from pydantic import BaseModel

SECONDS, CONNECTIONS = 10.0, 20
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
def constant_app() -> Iterator[int]:
    """Give the port of a FastAPI app that returns a constant."""
    port = free_port()
    with started([sys.executable, __file__, "serve", str(port)], f"http://127.0.0.1:{port}"):
        yield port


def ours(port: int, rate: float) -> tuple[float, float]:
    """Return p50 and p99 as our generator sees them, in ms."""
    endpoint = Endpoint(host="127.0.0.1", port=port)
    plan = Plan(endpoints=(endpoint,), requests=[HEAD + BODY], connections=CONNECTIONS, timeout=10)
    shots = carry_out(plan, Pace(rate=rate, duration=SECONDS, warmup=0).due())
    assert shots.answered.all(), shots.troubles()
    return shots.percentile(0.5), shots.percentile(0.99)


def h2load(port: int, rate: float) -> tuple[float, float]:
    """Return p50 and p99 as h2load sees them, in ms."""
    with tempfile.TemporaryDirectory() as folder:
        body, log = Path(folder, "body.json"), Path(folder, "log.tsv")
        body.write_bytes(BODY)
        pace = [f"-n{int(rate * SECONDS)}", "-r1", f"--rate-period={1000 / rate:g}ms", f"--rps={rate / CONNECTIONS:g}"]
        sent = ["-d", str(body), "-H", "content-type: application/json", f"http://127.0.0.1:{port}/score"]
        command = ["h2load", "--h1", "-t1", f"-c{CONNECTIONS}", *pace, f"--log-file={log}", *sent]
        subprocess.run(command, check=True, capture_output=True)
        took = sorted(int(line.split("\t")[2]) / 1000 for line in log.read_text().splitlines())
    return took[len(took) // 2], took[int(len(took) * 0.99)]


def main(rounds: int, rate: float) -> None:
    """Alternate, and print medians."""
    found: dict[str, list[tuple[float, float]]] = {"h2load": [], "ours": []}
    with constant_app() as port:
        ours(port, rate)
        for _ in range(rounds):
            for name, generator in (("h2load", h2load), ("ours", ours)):
                found[name].append(generator(port, rate))
    for name, values in found.items():
        p50, p99 = (statistics.median(each) for each in zip(*values, strict=True))
        each = " ".join(f"{a:.2f}/{b:.2f}" for a, b in values)
        print(f"{name:7} p50 {p50:.3f} ms  p99 {p99:.3f} ms  at {rate:g}/s, median of {rounds}: {each}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        uvicorn.run(app, port=int(sys.argv[2]), access_log=False, log_level="warning", http="httptools")
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else 5, float(sys.argv[2]) if sys.argv[2:] else 500.0)
