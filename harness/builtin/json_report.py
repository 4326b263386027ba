"""The `json` report: runs for machines, on standard output."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.plugins.hooks import Reporter, hookimpl
from harness.records.runs import as_json, canonical_pretty
from harness.values.outcomes import worst
from harness.values.runs import Run


def report(runs: Sequence[Run], out: Path) -> str:
    """Return the runs as one JSON document."""
    outcome = worst([run.outcome for run in runs])
    return canonical_pretty({"outcome": outcome, "runs": [as_json(run) for run in runs]}).rstrip()


@hookimpl
def harness_reporters() -> Mapping[str, Reporter]:
    """Offer `--report json`."""
    return {"json": report}
