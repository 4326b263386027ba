"""What commands cost beside the libraries that the host cannot do without, in CPU-seconds; and what a step costs.

Usage: python benchmarks/cold_start.py [--runs 15]
Compiles bytecode first and unsets PYTHONDONTWRITEBYTECODE, as an installed package has it.
"""

import argparse
import compileall
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

BIN = Path(sys.executable).parent
FLOOR = "import pluggy, pydantic, yaml, sqlalchemy"
LIBRARIES = ("pluggy", "pydantic", "pyyaml", "sqlalchemy")
SUITE = """name: noop
data: {d: {source: rows.csv, id: id}}
target: {kind: table, config: {data: d}}
steps:
"""
JUDGED = """name: judged
data: {d: {source: rows.csv, id: id}}
target: {kind: table, config: {data: d}}
steps:
  - {check: rows.rate, with: {column: y}, require: {rate: {at_least: 0.1}}}
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


def run_command(command: Sequence[str | Path], folder: Path) -> str:
    """Run a process that must end with success, and return what it prints."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run(command, cwd=folder, env=env, check=True, capture_output=True, text=True).stdout


def wall_seconds(command: Sequence[str | Path], folder: Path) -> float:
    """Return the wall seconds of one process, which starts a ledger of its own."""
    shutil.rmtree(folder / ".harness", ignore_errors=True)
    started = time.perf_counter()
    run_command(command, folder)
    return time.perf_counter() - started


def cpu_seconds(command: Sequence[str | Path], folder: Path) -> float:
    """Return the CPU-seconds, user and system, of one process and its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run_command(command, folder)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def time_in_turn(
    commands: dict[str, list[str | Path]], runs: int, folder: Path, measure: Callable[..., float]
) -> dict[str, list[float]]:
    """Return the times of commands run in turn, so that a slow minute hits all of them; the first round warms up."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(runs + 1):
        for name, command in commands.items():
            seconds = measure(command, folder)
            times[name] += [seconds] if number else []
    return times


def table_row(name: str, seconds: list[float], floor: list[float]) -> str:
    """Return a row: median with spread in CPU-seconds, and median with spread of the ratios of one round."""
    ratios = [one / least for one, least in zip(seconds, floor, strict=True)]
    spread = f"{min(seconds):.2f}-{max(seconds):.2f} s"
    ratio = f"{statistics.median(ratios):.2f}x | {min(ratios):.2f}-{max(ratios):.2f}x"
    return f"| {name} | {statistics.median(seconds):.2f} s | {spread} | {ratio} |"


def recorded_commands(folder: Path) -> dict[str, list[str | Path]]:
    """Record a run of 20 rows, and return the commands that ask about it, and one that runs it again."""
    harness, suite = BIN / "harness", "judged.suite.yaml"
    (folder / suite).write_text(JUDGED)
    (folder / "rows.csv").write_text("id,y\n" + "".join(f"{number},{number % 2}\n" for number in range(20)))
    (folder / "ci").mkdir()
    (folder / "ci" / "gates.yaml").write_text("project: cold\ngates: {dev: {suites: [judged]}}\n")
    run_command([harness, "run", suite], folder)
    candidate = run_command([harness, "runs", "list"], folder).splitlines()[1].split()[5].rstrip("…")
    return {
        "harness runs list": [harness, "runs", "list"],
        "harness runs explain": [harness, "runs", "explain", "latest"],
        "harness validate": [harness, "validate", suite],
        "harness gate": [harness, "gate", "dev", "--candidate", candidate],
        "harness run, 20 rows": [harness, "run", suite],
    }


def per_step(runs: int, folder: Path) -> list[float]:
    """Return, for each round, the cost of one further no-op step, ledger included, in milliseconds."""
    (folder / "pyproject.toml").write_text('[tool.harness]\nproject = "noop"\nplugins = ["noop"]\n')
    (folder / "noop.py").write_text(PLUGIN)
    (folder / "rows.csv").write_text("id,y\n1,0\n2,1\n")
    for steps in (1, 200):
        text = SUITE + "".join(STEP.replace("NUMBER", str(number)) for number in range(steps))
        (folder / f"{steps}.suite.yaml").write_text(text)
    commands = {str(steps): [BIN / "harness", "run", f"{steps}.suite.yaml", "--json"] for steps in (1, 200)}
    times = time_in_turn(commands, runs, folder, wall_seconds)
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
        times = time_in_turn(commands | recorded_commands(folder), runs, folder, cpu_seconds)
        floor = next(iter(times.values()))
        print(
            f"CPython {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}, {runs} rounds,",
            end=" ",
        )
        print(", ".join(f"{name} {version(name)}" for name in LIBRARIES), f"load {os.getloadavg()[0]:.1f}\n")
        print("| command | CPU, median | spread | ratio to the floor | spread |\n|---|---|---|---|---|")
        for command, seconds in times.items():
            print(table_row(command, seconds, floor))
        cost = per_step(max(5, runs // 3), folder)
    print(f"\none further no-op step, ledger included: median {statistics.median(cost):.2f} ms", end=" ")
    print(f"({min(cost):.2f}-{max(cost):.2f})")


if __name__ == "__main__":
    main()
