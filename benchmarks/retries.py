"""How often trying again lets a candidate at the threshold through: the real run path, ledger and evidence.

Usage: python benchmarks/retries.py [--trials 1000] [--tries 5] [--rows 200] [--seed 1]; about 3 minutes.
"""

import argparse
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from harness import samples
from harness.judging.judge import judge
from harness.plugins.discovery import Plugins, discover
from harness.records.evidence_store import open_bundle
from harness.records.ledger import Ledger
from harness.running.options import RunOptions, RunServices
from harness.running.runner import run_suite
from harness.settings import find_settings
from harness.suite.steps import resolve
from harness.suite.suites import Suite, read_suite
from harness.values.measurements import Measurement
from harness.values.requirements import Requirement

AT = 0.75
SUITE = """name: retries
data: {rows: {source: rows.parquet, id: id}}
target: {kind: table, config: {data: rows, model: candidate}}
steps:
  - {check: rows.rate, with: {column: ok}, require: {rate: {at_least: AT, looks: LOOKS}}}
"""


def main() -> None:
    """Print the share of candidates at the threshold that pass within some tries, by rule."""
    given = _arguments()
    chance = np.random.default_rng(given.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "retries.suite.yaml"
        path.write_text(SUITE.replace("AT", str(AT)).replace("LOOKS", str(given.tries)))
        suite, plugins = read_suite(path), discover(find_settings(folder))
        rules = {"pooled, counted looks": 0, "interval, fresh each time": 0, "bare threshold": 0}
        for trial in range(given.trials):
            tries = [(chance.random(given.rows) < AT).astype(int) for _ in range(given.tries)]
            rules["pooled, counted looks"] += _passes(suite, plugins, folder, tries, f"trial-{trial}")
            rules["interval, fresh each time"] += any(_is_fresh_pass(ok) for ok in tries)
            rules["bare threshold"] += any(ok.mean() >= AT for ok in tries)
    for rule, count in rules.items():
        share = count / given.trials
        error = 2 * (share * (1 - share) / given.trials) ** 0.5
        print(f"{rule:<28} {100 * share:5.1f} % +- {100 * error:.1f} pass within {given.tries} tries")


def _passes(suite: Suite, plugins: Plugins, folder: Path, tries: Sequence[np.ndarray], project: str) -> bool:
    """Try until it passes, each time on new rows, and tell whether it did."""
    book = Ledger(f"sqlite:///{folder}/{project}.db", project)
    for attempt, ok in enumerate(tries):
        ids = np.arange(len(ok)) + attempt * len(ok)
        file = folder / f"{project}-{attempt}.parquet"
        pq.write_table(pa.table({"id": ids, "ok": ok}), file)
        source = suite.data["rows"].model_copy(update={"source": str(file)})
        fresh = suite.model_copy(update={"data": {"rows": source}})
        options = RunOptions(project=project, as_of=datetime.now(UTC))
        services = RunServices(evidence_store=open_bundle(folder / "evidence"), ledger=book)
        run = run_suite(resolve(fresh, plugins), plugins, options, services)
        book.record_run(run)
        if run.outcome == "pass":
            return True
    return False


def _is_fresh_pass(ok: np.ndarray) -> bool:
    sample = samples.proportion(k=int(ok.sum()), n=len(ok))
    asked = Requirement(metric="rate", at_least=AT, looks=1)
    return judge(asked, Measurement(metric="rate", sample=sample)).outcome == "pass"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--tries", type=int, default=5)
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
