"""How long the command line takes to answer, beside the libraries it cannot do without; and what a step costs.

Usage: python benchmarks/cold_start.py [--runs 15]
Compiles bytecode first and unsets PYTHONDONTWRITEBYTECODE, as an installed package has it.
"""

import argparse
import compileall
import os
import platform
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

BIN = Path(sys.executable).parent
FLOOR = "import pluggy, pydantic, yaml"
SUITE = """name: noop
data: {d: {source: rows.csv, id: id}}
target: {kind: table, config: {data: d}}
steps:
"""
STEP = "  - {check: noop.nothing, name: step-NUMBER, require: {nothing: {at_least: 0}}}\n"
PLUGIN = '''from harness import Measurement, check, hookimpl, samples

@check("noop.nothing")
def nothing():
    """Measure nothing, as quickly as can be."""
    yield Measurement(metric="nothing", sample=samples.exact(value=0, n=1))

@hookimpl
def harness_checks():
    return {nothing.name: nothing}
'''


def time_command(command: Sequence[str | Path], folder: Path) -> float:
    """Return the wall seconds of one process."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, env=env, check=True, capture_output=True)
    return time.perf_counter() - started


def time_in_turn(commands: dict[str, list[str | Path]], runs: int, folder: Path) -> dict[str, list[float]]:
    """Return the times of commands run in turn, so that a slow minute hits all of them; the first round warms up."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(runs + 1):
        for name, command in commands.items():
            shutil.rmtree(folder / ".harness", ignore_errors=True)  # each run starts a ledger of its own
            seconds = time_command(command, folder)
            times[name] += [seconds] if number else []
    return times


def table_row(name: str, seconds: list[float], floor: list[float]) -> str:
    """Return a row: median with spread in ms, and the median of the ratios of one round."""
    ratios = statistics.median(a / b for a, b in zip(seconds, floor, strict=True))
    low, middle, high = (1000 * value for value in (min(seconds), statistics.median(seconds), max(seconds)))
    return f"| {name} | {middle:.0f} ms | {low:.0f}-{high:.0f} ms | {ratios:.2f}x |"


def per_step(runs: int, folder: Path) -> list[float]:
    """Return, for each round, the cost of one further no-op step, ledger included, in milliseconds."""
    (folder / "pyproject.toml").write_text('[tool.harness]\nproject = "noop"\nplugins = ["noop"]\n')
    (folder / "noop.py").write_text(PLUGIN)
    (folder / "rows.csv").write_text("id,y\n1,0\n2,1\n")
    for steps in (1, 200):
        text = SUITE + "".join(STEP.replace("NUMBER", str(number)) for number in range(steps))
        (folder / f"{steps}.suite.yaml").write_text(text)
    commands = {str(steps): [BIN / "harness", "run", f"{steps}.suite.yaml", "--json"] for steps in (1, 200)}
    times = time_in_turn(commands, runs, folder)
    return [1000 * (many - one) / 199 for one, many in zip(times["1"], times["200"], strict=True)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    compileall.compile_dir(sysconfig.get_path("purelib"), quiet=2)
    compileall.compile_dir(Path(__file__).parents[1] / "harness", quiet=2)
    commands: dict[str, list[str | Path]] = {
        f'python -c "{FLOOR}"': [sys.executable, "-c", FLOOR],
        "harness --help": [BIN / "harness", "--help"],
        "harness plugins": [BIN / "harness", "plugins"],
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        times = time_in_turn(commands, runs, folder)
        floor = next(iter(times.values()))
        print(f"CPython {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}, {runs} rounds\n")
        print("| command | median | spread | ratio to the floor |\n|---|---|---|---|")
        for command, seconds in times.items():
            print(table_row(command, seconds, floor))
        cost = per_step(max(5, runs // 3), folder)
    print(f"\none further no-op step, ledger included: median {statistics.median(cost):.2f} ms", end=" ")
    print(f"({min(cost):.2f}-{max(cost):.2f})")


if __name__ == "__main__":
    main()
