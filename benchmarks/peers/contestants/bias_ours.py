"""Measures the rates of both columns' groups and of their intersections with `bias.group_rates`."""

from datetime import UTC, datetime
from pathlib import Path

from harness_bias import group_rates

import harness
from harness.testing import measure

ASKED = {
    "groups": ["sex", "age"],
    "reference": {"sex": "m", "age": "25-44"},
    "intersections": True,
    "rates": ["selection_rate", "tpr", "fpr", "fnr", "precision"],
}


def run(folder: Path) -> int:
    """Return how many numbers were measured: counts for rates, ratios and gaps."""
    data = harness.open_table("decisions.parquet", folder, datetime.now(UTC))
    message = data.with_roles(label="label", decision="decision")
    return len(measure(group_rates, message, **ASKED))


def whole(folder: Path) -> int:
    """Return how many verdicts a run of the suite gave, each with its interval."""
    verdicts = harness.run(folder / "bias.suite.yaml").verdicts
    if missing := [each.reason for each in verdicts if each.estimate is None]:
        raise RuntimeError(f"a verdict has no interval: {missing[0]}")
    return len(verdicts)
