"""What commands cost while the ledger grows: CPU-seconds at 10, 1,000 and 10,000 recorded runs of other candidates.

Usage: python benchmarks/ledger.py [--rounds 7] [--sizes 10 1000 10000]
Each recorded run is about 45 KB; whole commands are measured, in turn, so that a slow minute hits all of them.
"""

import argparse
import compileall
import os
import platform
import resource
import statistics
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa

from harness import Identity, Measurement, Sample
from harness.records.entries import run_columns
from harness.records.ledger import Ledger
from harness.records.runs import as_json
from harness.values.canonical import canonical

HARNESS = Path(sys.executable).with_name("harness")
SUITE = """name: card
data: {rows: {source: rows.csv, id: id}}
target: {kind: table, config: {data: rows, model: m/2}}
steps:
  - {check: bench.rate, name: s, require: {rate: {at_least: 0.5}}}
"""
GATES = "ledger: sqlite:///ledger.db\ngates:\n  ci: {suites: [card]}\n"
PLUGIN = '''from harness import Dataset, Measurement, Sample, check, hookimpl

@check("bench.rate", metrics={"rate": "proportion"})
def rate(data: Dataset):
    """Measure the share of rows that are ok."""
    yield Measurement(metric="rate", sample=Sample(statistic="proportion", rows=data.observations(y="ok")))

@hookimpl
def harness_checks():
    return {rate.name: rate}
'''
COMMANDS = {
    "gate": ["gate", "ci", "--candidate", "m/2"],
    "run, 20 rows": ["run", "card.suite.yaml", "--gates", "ci/gates.yaml"],
    "runs list": ["runs", "list"],
}
BYTES = 45_000


def lay_out(folder: Path) -> None:
    """Write a project with one suite of 20 rows, and record its first run."""
    (folder / "ci").mkdir(parents=True)
    (folder / "pyproject.toml").write_text('[tool.harness]\nproject = "bench"\nplugins = ["bench"]\n')
    (folder / "bench.py").write_text(PLUGIN)
    (folder / "rows.csv").write_text("id,ok\n" + "".join(f"{number},1\n" for number in range(20)))
    (folder / "card.suite.yaml").write_text(SUITE)
    (folder / "ci" / "gates.yaml").write_text(GATES)
    cpu_seconds(COMMANDS["run, 20 rows"], folder)


def fill(folder: Path, count: int) -> None:
    """Record runs of other candidates on the same rows."""
    book = Ledger(f"sqlite:///{folder / 'ledger.db'}", "bench")
    (first,) = book.runs()
    sample = Sample(statistic="proportion", counts={"k": 20, "n": 20})
    many = [Measurement(metric="rate", sample=sample, step="s", labels={"part": str(n)}) for n in range(BYTES // 300)]
    grown = replace(first, id="ID", candidate=Identity(revision="WHO"), measurements=(*first.measurements, *many))
    body, columns = canonical(as_json(grown)), run_columns(grown)
    for number in range(count):
        who, key = f"other/{number}", f"other-{number:06}"
        own = body.replace('"WHO"', f'"{who}"').replace('"ID"', f'"{key}"')
        book.record("run", key, own, **{**columns, "revision": who})


def body_bytes(folder: Path) -> int:
    """Return the size of the largest record."""
    with sa.create_engine(f"sqlite:///{folder / 'ledger.db'}").connect() as connection:
        return int(connection.execute(sa.text("SELECT max(length(body)) FROM bodies")).scalar_one())


def cpu_seconds(arguments: Sequence[str], folder: Path) -> float:
    """Return what one command costs; one that could not do its work ends the benchmark."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([HARNESS, *arguments], cwd=folder, env=env, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode > 2:
        sys.exit(f"harness {' '.join(arguments)}: {done.stdout}{done.stderr}")
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def measure(folders: Mapping[int, Path], rounds: int) -> Mapping[tuple[str, int], Sequence[float]]:
    """Return the seconds of each command at each size; the first round warms up."""
    found: dict[tuple[str, int], list[float]] = {(name, size): [] for name in COMMANDS for size in folders}
    for number in range(rounds + 1):
        for name, arguments in COMMANDS.items():
            for size, folder in folders.items():
                seconds = cpu_seconds(arguments, folder)
                found[name, size] += [seconds] if number else []
    return found


def table_row(name: str, size: int, seconds: Sequence[float], smallest: Sequence[float]) -> str:
    """Return a row: the median with its spread, and the median of the ratios of one round with theirs."""
    ratios = [one / other for one, other in zip(seconds, smallest, strict=True)]
    spread = f"{min(seconds):.2f}-{max(seconds):.2f}"
    ratio = f"{statistics.median(ratios):.2f}x | {min(ratios):.2f}-{max(ratios):.2f}"
    return f"| {name} | {size:,} | {statistics.median(seconds):.2f} s | {spread} | {ratio} |"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 1000, 10_000])
    given = parser.parse_args()
    compileall.compile_dir(sysconfig.get_path("purelib"), quiet=2)
    compileall.compile_dir(Path(__file__).parents[1] / "harness", quiet=2)
    with tempfile.TemporaryDirectory() as name:
        folders = {size: Path(name) / str(size) for size in given.sizes}
        for size, folder in folders.items():
            lay_out(folder)
            fill(folder, size)
        size = body_bytes(folders[given.sizes[0]])
        found = measure(folders, given.rounds)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}"
    versions = f"CPython {platform.python_version()}, SQLAlchemy {sa.__version__}"
    print(f"{machine}; {versions}; records of {size:,} characters, {given.rounds} rounds\n")
    print("| command | runs of others | CPU-seconds, median | spread | ratio to the fewest, median | spread |")
    print("|---|---|---|---|---|---|")
    for (command, count), seconds in found.items():
        print(table_row(command, count, seconds, found[command, given.sizes[0]]))


if __name__ == "__main__":
    main()
