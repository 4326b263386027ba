"""Asks the real gate about one unchanged candidate again and again, each time on fresh rows: is it of one mind?"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from harness.data.declarations import Source
from harness.data.row_filters import Clock
from harness.data.sources import open_dataset
from harness.errors import UsageError
from harness.gating.decide import GateQuestion, decide
from harness.gating.gates import Gate
from harness.plugins.discovery import Installed, Plugins, discover_plugins
from harness.records.evidence_store import open_bundle
from harness.records.ledger import Ledger
from harness.running.options import RunOptions, RunServices
from harness.running.runner import run_suite
from harness.selftests.resampled_rows import payments, resample_clusters
from harness.suite.steps import resolve
from harness.suite.suites import Suite, read_suite
from harness.values.outcomes import GateOutcome, Outcome
from harness.values.runs import Run

SUITE = """name: selftest
data: {rows: {source: rows.parquet, id: id, cluster: terminal}}
target: {kind: table, config: {data: rows, model: unchanged}}
steps:
  - check: selftest.classifier
    require:
      recall: {at_least: 0.75, plan_for: 0.80}
      roc_auc: {at_least: 0.85, plan_for: 0.90}
"""
WORLDS = {"good enough: 80 % of frauds caught, 75 % asked": 0.80, "on the edge: 75 % caught, 75 % asked": 0.75}


@dataclass(frozen=True, kw_only=True)
class Trials:
    """What the gate decided about one candidate on fresh samples, and what a bare threshold would have said."""

    name: str
    decisions: Sequence[GateOutcome]
    bare: Sequence[Outcome]

    @property
    def flips(self) -> float:
        """Return the share of pairs of decisions that differ."""
        return _share(self.decisions, lambda one, other: one != other)

    @property
    def contradictions(self) -> float:
        """Return the share of pairs of decisions of which one passes and one fails."""
        return _share(self.decisions, lambda one, other: {one, other} == {"pass", "fail"})

    @property
    def bare_contradictions(self) -> float:
        """Return the same share of a bare threshold."""
        return _share(self.bare, lambda one, other: {one, other} == {"pass", "fail"})


def simulate_trials(folder: Path, times: int, seed: int) -> Iterator[Trials]:
    """Yield the trials of a candidate that is good enough and of one that is exactly at the threshold."""
    path = folder / "selftest.suite.yaml"
    path.write_text(SUITE, encoding="utf-8")
    own = Installed(name="selftest", module="harness.builtin.selftest", distribution="promotion-harness", version="")
    plugins = Plugins({**discover_plugins(), own.name: own})
    for number, (name, rate) in enumerate(WORLDS.items()):
        chance = np.random.default_rng([seed, number])
        draw = payments(rate)
        yield _run_trials(name, read_suite(path), plugins, folder, "rows", [draw(chance) for _ in range(times)])


def resample_trials(suite: Suite, plugins: Plugins, folder: Path, times: int, seed: int) -> Trials:
    """Return the trials of a suite's own candidate on its own rows, drawn again by cluster."""
    name = suite.target.config.get("data")
    if not isinstance(name, str) or name not in suite.data:
        raise UsageError(f"suite {suite.name!r}: the self-test draws rows of the target's `data`, and it names none")
    moment = datetime.now(UTC)
    source = suite.data[name]
    rows = open_dataset(name, source, suite.folder, Clock(as_of=moment)).rows()
    chance = np.random.default_rng(seed)
    draws = [resample_clusters(rows, source, chance) for _ in range(times)]
    whole = suite.model_copy(update={"data": {**suite.data, name: _plain(source)}})
    return _run_trials(
        f"{suite.name}: its own {rows.num_rows:,} rows, drawn again", whole, plugins, folder, name, draws
    )


def _plain(source: Source) -> Source:
    """Return a source whose labels are joined and whose rows are chosen already."""
    label = source.label or (source.labels.column if source.labels else None)
    key = source.id or (source.labels.on if source.labels else None)
    changes: dict[str, object] = {
        "id": key,
        "label": label,
        "labels": None,
        "mature_after": None,
        "window": None,
        "exclude": {},
    }
    return source.model_copy(update=changes)


def _run_trials(
    name: str, suite: Suite, plugins: Plugins, folder: Path, data: str, draws: Sequence[pa.Table]
) -> Trials:
    trial = name.split()[0].strip(":")
    found = [_run_trial(suite, plugins, folder, data, rows, f"{trial}-{number}") for number, rows in enumerate(draws)]
    return Trials(name=name, decisions=[decision for decision, _ in found], bare=[bare for _, bare in found])


def _run_trial(
    suite: Suite, plugins: Plugins, folder: Path, data: str, rows: pa.Table, project: str
) -> tuple[GateOutcome, Outcome]:
    """Run, record and decide as the commands do; every trial is a project of its own, and so a first look."""
    file, now = folder / f"{data}-{project}.parquet", datetime.now(UTC)
    pq.write_table(rows, file)
    source = suite.data[data].model_copy(update={"source": str(file)})
    book = Ledger(f"sqlite:///{folder}/ledger.db", project)
    options = RunOptions(project=project, as_of=now)
    services = RunServices(evidence_store=open_bundle(folder / "evidence"), ledger=book)
    resolved = resolve(suite.model_copy(update={"data": {**suite.data, data: source}}), plugins)
    book.record_run(run_suite(resolved, plugins, options, services))
    file.unlink()
    (run,) = book.runs(suite.name)
    decision = decide(
        GateQuestion(
            gate=Gate(suites=[suite.name]), candidate=run.candidate, stage="selftest", project=project, now=run.finished
        ),
        [run],
    )
    book.record_decision(decision)
    return decision.outcome, _bare(run)


def _bare(run: Run) -> Outcome:
    """Return what comparing values with thresholds would have said."""
    for verdict in run.verdicts:
        if verdict.requirement.severity == "must" and verdict.estimate is not None:
            threshold, better = verdict.requirement.sought(verdict.better)
            value = verdict.estimate.value
            if value < threshold if better == "higher" else value > threshold:
                return "fail"
    return "pass"


def _share(outcomes: Sequence[str], apart: Callable[[str, str], bool]) -> float:
    counts = Counter(outcomes)
    pairs = sum(counts[one] * counts[other] for one, other in combinations(counts, 2) if apart(one, other))
    return 2 * pairs / (len(outcomes) * (len(outcomes) - 1)) if len(outcomes) > 1 else 0.0
