"""The `json` report: runs, or a gate's decision, for machines, on standard output."""

from collections.abc import Mapping
from pathlib import Path

from harness.plugins.hooks import hookimpl
from harness.plugins.reports import Report, Reporter
from harness.records.runs import as_json, decision_as_json
from harness.values.canonical import canonical_pretty


def report(found: Report, out: Path) -> str:
    """Return the decision of a gate, else the runs, as one JSON document."""
    if found.decision:
        return canonical_pretty(decision_as_json(found.decision)).rstrip()
    return canonical_pretty({"outcome": found.outcome, "runs": [as_json(run) for run in found.runs]}).rstrip()


@hookimpl
def harness_reporters() -> Mapping[str, Reporter]:
    """Offer `--report json`."""
    return {"json": report}
