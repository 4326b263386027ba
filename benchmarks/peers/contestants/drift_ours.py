"""Measures every distance of every column with `drift.columns`."""

from datetime import UTC, datetime
from pathlib import Path

from harness_drift import columns

import harness
from harness.testing import measure

SUITE = """name: drift
data: {current: {source: current.parquet}, reference: {source: reference.parquet}}
target: {kind: table, config: {data: current}}
steps:
  - check: drift.columns
    with: {reference: reference}
    require:
      psi: {at_most: 0.1}
      js: {at_most: 0.1}
      ks: {at_most: 0.1}
      wasserstein: {at_most: 0.1, severity: info}
      missing: {at_most: 0.01}
"""


def run(folder: Path) -> int:
    """Return how many distances were measured."""
    now = datetime.now(UTC)
    reference, current = (harness.open_table(f"{name}.parquet", folder, now) for name in ("reference", "current"))
    return len(measure(columns, current, reference=reference))


def whole(folder: Path) -> int:
    """Return how many verdicts a run of a suite gave."""
    path = folder / "drift.suite.yaml"
    path.write_text(SUITE)
    verdicts = harness.run(path).verdicts
    if missing := [each.reason for each in verdicts if each.estimate is None]:
        raise RuntimeError(f"a verdict has no estimate: {missing[0]}")
    return len(verdicts)
