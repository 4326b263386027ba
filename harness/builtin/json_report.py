"""The `json` report: runs for machines, on standard output."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.hooks import Reporter, hookimpl
from harness.model import Run, worst
from harness.records import as_json, canonical_pretty


def report(runs: Sequence[Run], out: Path) -> str:
    """Return the runs as one JSON document."""
    outcome = worst([run.outcome for run in runs])
    return canonical_pretty({"outcome": outcome, "runs": [as_json(run) for run in runs]}).rstrip()


@hookimpl
def harness_reporters() -> Mapping[str, Reporter]:
    """Offer `--report json`."""
    return {"json": report}
